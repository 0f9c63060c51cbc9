"""A test certificate authority, and the loopback server certificate it signs."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_LIFE = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM texts: the authority to trust, and the server's chain with its key."""

    authority: bytes
    server: bytes


def make_certificates(*names: str) -> Certificates:
    """Make an authority and a server certificate for localhost, the loopback addresses and ``names``."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Contoso Sandbox Test Authority")
    authority = (
        _builder(name, name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder(_name("localhost"), name, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(_loopback_names(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    return Certificates(_pem(authority), _pem(server) + _key_pem(server_key))


@cache
def client_certificate() -> bytes:
    """A self-signed RSA certificate with its key, for certificate credentials.

    Made once in a process: an RSA key takes longer than everything else at start.
    """
    key = rsa.generate_private_key(65537, 2048)
    name = _name("Contoso Sandbox Client")
    certificate = _builder(name, name, key.public_key()).sign(key, hashes.SHA256())
    return _pem(certificate) + _key_pem(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _loopback_names(others: tuple[str, ...]) -> x509.SubjectAlternativeName:
    addresses = [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    return x509.SubjectAlternativeName(
        [
            *(x509.DNSName(name) for name in ("localhost", *others)),
            *(x509.IPAddress(address) for address in addresses),
        ]
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
