"""Checks of when the credentials end that applications log in to Entra with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aadsync_lib.auth import graph_endpoint
from aadsync_lib.certificates import validity
from aadsync_lib.config.auth import AzureClientSecretAuth, CertificateAuth, ClientSecretAuth
from aadsync_lib.config.base import SecretRef
from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.registration.certificate import mark_of
from aadsync_lib.connector.registration.credential import (
    DAY,
    RENEWED_BEFORE,
    Credential,
    CredentialKind,
)
from aadsync_lib.connector.registration.registry import Registry
from aadsync_lib.doctor.finding import CheckContext, Finding
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.calls import GraphCalls
from aadsync_lib.own_words import own

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class _Secret:
    """A client secret of an application of the tenant, by the login that uses it."""

    owner: str
    client_id: str
    ref: SecretRef

    @property
    def setting(self) -> str:
        return f"{self.owner}.client_secret"


def check_credentials(context: CheckContext) -> Iterator[Finding]:
    if context.credential is None:
        return
    auth = context.settings.source.auth
    if isinstance(auth, CertificateAuth):
        yield from _certificate(context, auth)
    secrets = [each for each in _secrets(context) if each.owner not in context.unresolved]
    if secrets:
        endpoint, scope = graph_endpoint(context.settings.source)
        calls = GraphCalls(context.credential, context.clock, endpoint=endpoint, token_scope=scope)
        with calls:
            registry = Registry(Entra(calls, context.clock))
            for each in secrets:
                yield from _secret(context, registry, each)


def _secrets(context: CheckContext) -> Iterator[_Secret]:
    source = context.settings.source
    if isinstance(source.auth, ClientSecretAuth):
        yield _Secret("source.auth", source.auth.client_id, source.auth.client_secret)
    for target in context.settings.targets:
        auth = target.auth
        if isinstance(auth, AzureClientSecretAuth) and auth.tenant_id == source.tenant_id:
            yield _Secret(f"targets.{target.name}.auth", auth.client_id, auth.client_secret)


def _secret(context: CheckContext, registry: Registry, secret: _Secret) -> Iterator[Finding]:
    """Look up the end of a secret, as far as this login may: Entra tells it by its first letters."""
    try:
        application = registry.by_app_id(secret.client_id)
        value = context.secrets.resolve(secret.ref, secret.setting).reveal()
    except AadsyncError:
        return  # it may not read applications, which is a finding of its own
    mark, now = mark_of(CredentialKind.CLIENT_SECRET, value), context.clock.now()
    passwords = application.passwords if application else ()
    ends = [each.ends for each in _lasting(passwords, mark, now)]
    if ends:
        yield _finding(secret.setting, min(ends), now, secret.ref)


def _lasting(credentials: tuple[Credential, ...], mark: str, now: float) -> Iterator[Credential]:
    return (each for each in credentials if each.mark == mark and each.ends > now)


def _certificate(context: CheckContext, auth: CertificateAuth) -> Iterator[Finding]:
    setting = "source.auth.certificate"
    text = context.secrets.resolve(auth.certificate, setting).reveal()
    password = context.secrets.resolve(auth.password, setting).reveal() if auth.password else None
    ends = _end_of(text, password)
    if ends is not None:
        yield _finding(setting, ends, context.clock.now(), auth.certificate)


def _end_of(text: str, password: str | None) -> float | None:
    """Return when a certificate ends, PEM or PFX in base64; ``None`` where it cannot be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        if "-----BEGIN" in text:
            pem = text.replace("\\n", "\n").encode()
            return _ends(x509.load_pem_x509_certificates(pem)[0])
        raw = base64.b64decode("".join(text.split()), validate=True)
        _, found, _ = pkcs12.load_key_and_certificates(raw, password.encode() if password else None)
    except (ValueError, binascii.Error):
        return None
    return _ends(found) if found else None


def _ends(certificate: Certificate) -> float:
    return validity(certificate)[1].timestamp()


def _finding(setting: str, ends: float, now: float, ref: SecretRef) -> Finding:
    return ending(setting, ends, now, _remedy(setting, ref))


def ending(setting: str, ends: float, now: float, remedy: str, more: str = "") -> Finding:
    """Say when a credential ends, a warning in its last 30 days; ``more`` follows the time."""
    check, day = f"end of {setting}", datetime.fromtimestamp(ends, UTC)
    if ends > now + RENEWED_BEFORE:
        return Finding(check, "ok", f"{day:%Y-%m-%d}{more}.")
    left = int((ends - now) / DAY)
    when = f"{day:%Y-%m-%d}, in {left} days" if left else f"{day:%Y-%m-%d %H:%M} UTC, today"
    return Finding(check, "warning", f"{when}{more}.", remedy)


def _remedy(setting: str, ref: SecretRef) -> str:
    if not setting.startswith("source.auth."):
        return "Make a new one in Entra and store it."
    if ref.env:
        return own("Make a new one and store it: aadsync register does both, with --store-in.")
    kind, _, place = str(ref).partition(" ")
    return own(
        f'Run aadsync register --store-in "{kind}: {place}", which makes and stores a new one.'
    )
