"""Logins to Microsoft Entra ID, by method."""

from __future__ import annotations

import base64
import binascii
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

from aadsync_lib.auth.cached import CachedCredential, Login, claim, refused
from aadsync_lib.config.auth import (
    AccessTokenAuth,
    AzureCliAuth,
    CertificateAuth,
    ClientSecretAuth,
    DeviceCodeAuth,
    ManagedIdentityAuth,
    ServiceCredentialAuth,
    WorkloadIdentityAuth,
)
from aadsync_lib.config.base import LOOPBACK
from aadsync_lib.config.settings import SourceSettings
from aadsync_lib.errors import CredentialError
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SETTING = "source.auth"
GRAPH = {
    "public": "https://graph.microsoft.com",
    "usgov": "https://graph.microsoft.us",
    "usgov-dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
# None leaves it to azure-identity, which honours AZURE_AUTHORITY_HOST.
AUTHORITIES = {
    "public": None,
    "usgov": "https://login.microsoftonline.us",
    "usgov-dod": "https://login.microsoftonline.us",
    "china": "https://login.chinacloudapi.cn",
}
UNSTATED_LIFETIME = 3600  # seconds that a token got elsewhere is trusted when it does not say


def graph_endpoint(source: SourceSettings) -> tuple[str, str]:
    """Return Graph's root and the scope of its tokens, which stays the cloud's own behind a proxy."""
    root = GRAPH[source.cloud]
    return source.endpoint or root, f"{root}/.default"


def graph_credential(
    source: SourceSettings,
    secrets: SecretResolver,
    *,
    dbutils: Any = None,
    folder: Path = Path(),
) -> TokenCredential:
    """Return the credential to read Graph with. Logs in at its first use.

    ``folder`` is where a relative ``token_file`` begins.
    """
    login = Login(SETTING, source.auth.method, source.tenant_id)
    try:
        inner = _by_method(source, secrets, dbutils, folder)
    except ValueError as error:
        raise refused(login, error, secrets) from error
    return CachedCredential(inner, login, secrets)


def authority_options(authority: str | None) -> dict[str, Any]:
    """Return the authority for azure-identity; one on this machine is not looked up in Azure."""
    options: dict[str, Any] = {} if authority is None else {"authority": authority}
    host = urlsplit(authority or os.environ.get("AZURE_AUTHORITY_HOST", "")).hostname
    return options | ({"disable_instance_discovery": True} if host in LOOPBACK else {})


def _by_method(source: SourceSettings, secrets: SecretResolver, dbutils: Any, folder: Path) -> Any:
    from azure import identity

    tenant, options = source.tenant_id, authority_options(AUTHORITIES[source.cloud])
    match source.auth:
        case ClientSecretAuth(client_id=client_id, client_secret=ref):
            secret = secrets.resolve(ref, f"{SETTING}.client_secret")
            return identity.ClientSecretCredential(tenant, client_id, secret.reveal(), **options)
        case CertificateAuth(client_id=client_id) as auth:
            return identity.CertificateCredential(
                tenant, client_id, **_certificate(auth, secrets), **options
            )
        case ManagedIdentityAuth(client_id=identity_id):
            return identity.ManagedIdentityCredential(client_id=identity_id)
        case WorkloadIdentityAuth(client_id=client_id, token_file=path):
            return identity.WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client_id, token_file_path=str(folder / path), **options
            )
        case AzureCliAuth():
            return identity.AzureCliCredential(tenant_id=tenant)
        case DeviceCodeAuth(client_id=client_id):
            return identity.DeviceCodeCredential(
                client_id, tenant_id=tenant, prompt_callback=ask_for_code, **options
            )
        case ServiceCredentialAuth(name=name):
            return _ScopesOnly(_service_credential(name, dbutils))
        case AccessTokenAuth(access_token=ref):
            return _Given(secrets.resolve(ref, f"{SETTING}.access_token").reveal())
        case _:
            assert_never(source.auth)


def _certificate(auth: CertificateAuth, secrets: SecretResolver) -> dict[str, Any]:
    text = secrets.resolve(auth.certificate, f"{SETTING}.certificate").reveal()
    password = auth.password and secrets.resolve(auth.password, f"{SETTING}.password").reveal()
    return {"certificate_data": _certificate_bytes(text), "password": password}


def _certificate_bytes(text: str) -> bytes:
    if "-----BEGIN" in text:
        # An environment variable often holds the line ends in writing.
        return text.replace("\\n", "\n").encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise CredentialError(
            f"{SETTING}.certificate: is neither PEM nor a PFX in base64. Store the certificate "
            f"with its private key in one of the two."
        ) from None


def ask_for_code(address: str, code: str, _expires: datetime) -> None:
    """Tell the person at the terminal, away from the results on stdout."""
    sys.stderr.write(f"To log in, open {address} and enter the code {code}\n")
    sys.stderr.flush()


def _service_credential(name: str, dbutils: Any) -> Any:
    if dbutils is None:
        raise CredentialError(
            f"{SETTING}: service_credential works in a Databricks notebook or job only. Run the "
            f"notebook there, or choose another method."
        )
    try:
        return dbutils.credentials.getServiceCredentialsProvider(name)
    except Exception as error:  # what Databricks raises here is not documented
        raise CredentialError(
            f"{SETTING}: the service credential {name!r} could not be used "
            f"({type(error).__name__}). Check its name, that whoever runs this has ACCESS to it, "
            f"and that the runtime is 16.2 or later."
        ) from error


@dataclass(frozen=True, slots=True)
class _ScopesOnly:
    """A credential of which nothing is known but that it gives tokens for scopes."""

    provider: Any

    def get_token(self, *scopes: str, **_: Any) -> Any:
        give = getattr(self.provider, "get_token", None) or self.provider.get_token_info
        return give(*scopes)


@dataclass(frozen=True, slots=True)
class _Given:
    """A token got elsewhere, for as long as it says."""

    token: str

    def __repr__(self) -> str:
        return "_Given(***)"

    @property
    def expires_on(self) -> int:
        return int(claim(self.token, "exp") or time.time() + UNSTATED_LIFETIME)

    def get_token(self, *_scopes: str, **_: Any) -> _Given:
        if self.expires_on <= time.time():
            end = datetime.fromtimestamp(self.expires_on, UTC)
            raise CredentialError(
                f"{SETTING}.access_token: the token expired at {end:%Y-%m-%d %H:%M} UTC. Get a new "
                f"one and store it."
            )
        return self
