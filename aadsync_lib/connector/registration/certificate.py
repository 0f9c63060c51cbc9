"""Certificates for logins: made, and recognised in what is stored."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aadsync_lib.connector.registration.credential import CredentialKind

KEY_BITS = 2048
SLACK = timedelta(minutes=10)  # by which clocks may differ
UNKNOWN = "?"  # the mark of something that is no credential of this kind


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key: ``pem`` is both, ``der`` the certificate in base64."""

    key_id: str
    der: str
    begins: datetime
    ends: datetime
    pem: str = field(repr=False)


def new_certificate(name: str, now: float, lifetime: float) -> Certificate:
    """Make a certificate that is signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    moment = datetime.fromtimestamp(int(now), UTC)
    begins, ends = moment - SLACK, moment + timedelta(seconds=lifetime)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = (private + made.public_bytes(serialization.Encoding.PEM)).decode()
    der = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    return Certificate(str(uuid.uuid4()), der, begins, ends, pem)


def mark_of(kind: CredentialKind, value: str | None) -> str:
    """Return the mark of what is stored: Graph's hint of a secret, the thumbprint of a certificate.

    Empty where nothing is.
    """
    if not value:
        return ""
    if kind is CredentialKind.CLIENT_SECRET:
        return value[:3]
    return _thumbprint(value) or UNKNOWN


def _thumbprint(value: str) -> str | None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        certificates = x509.load_pem_x509_certificates(value.replace("\\n", "\n").encode())
    except ValueError:
        return None
    return certificates[0].fingerprint(hashes.SHA1()).hex()  # noqa: S303 - Entra knows it by that
