"""Signed tokens: those of the tenant, and what clients sign with a certificate."""

import base64
import hmac
import json
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_PADDINGS: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
}


def sign_token(claims: dict[str, Any], secret: str) -> str:
    """A token that only this tenant can have made."""
    head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    body = f"{head}.{_encode(json.dumps(claims).encode())}"
    return f"{body}.{_encode(hmac.digest(secret.encode(), body.encode(), 'sha256'))}"


def read_token(token: str, secret: str) -> dict[str, Any] | None:
    """The claims of a token of ``issue``; ``None`` for any other text."""
    body, _, signature = token.rpartition(".")
    expected = _encode(hmac.digest(secret.encode(), body.encode(), "sha256"))
    if not body or not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    return _claims(body)


def read_assertion(assertion: str, certificate: bytes) -> dict[str, Any] | None:
    """The claims of a client assertion, when the certificate's key has signed it."""
    body, _, signature = assertion.rpartition(".")
    try:
        algorithm = json.loads(_decode(body.partition(".")[0]))["alg"]
        key = x509.load_pem_x509_certificate(certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(_decode(signature), body.encode(), _PADDINGS[algorithm], hashes.SHA256())
        return _claims(body)
    except (InvalidSignature, KeyError, ValueError):
        return None


def _claims(body: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(_decode(body.partition(".")[2]))
    return claims


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token: str) -> dict[str, Any]:
    """The claims that a token makes, whoever signed it; none where it is no token."""
    try:
        return _claims(token.rpartition(".")[0])
    except (IndexError, ValueError):
        return {}
