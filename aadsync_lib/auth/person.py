"""Sign-in of the person who registers an application."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from aadsync_lib.auth.cached import CachedCredential, Login
from aadsync_lib.auth.entra import AUTHORITIES, ask_for_code, authority_options, graph_credential
from aadsync_lib.config.settings import Settings
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SETTING = "--sign-in"
AZURE_CLI, DEVICE_CODE, SETTINGS = "azure_cli", "device_code", "settings"
SIGN_INS = (AZURE_CLI, DEVICE_CODE, SETTINGS)
OF_PERSONS = frozenset({"azure_cli", "device_code", "access_token"})


def person_credential(
    settings: Settings, secrets: SecretResolver, sign_in: str | None = None, *, dbutils: Any = None
) -> TokenCredential:
    """Return the credential of whoever registers: Azure CLI, a device code, or the settings' own login.

    Without ``sign_in`` it is the settings' own where that is a person's or a token; else Azure CLI where
    it is installed, a device code on a terminal, and the settings' own login anywhere else.
    """
    from azure import identity

    source = settings.source
    method = sign_in or usual_sign_in(settings)
    if method == SETTINGS:
        return graph_credential(source, secrets, dbutils=dbutils, folder=settings.folder)
    if method == AZURE_CLI:
        inner: Any = identity.AzureCliCredential(tenant_id=source.tenant_id)
    else:
        inner = identity.DeviceCodeCredential(
            tenant_id=source.tenant_id,
            prompt_callback=ask_for_code,
            **authority_options(AUTHORITIES[source.cloud]),
        )
    return CachedCredential(inner, Login(SETTING, method, source.tenant_id), secrets)


def usual_sign_in(settings: Settings) -> str:
    """Return how somebody signs in who does not say."""
    if settings.source.auth.method in OF_PERSONS:
        return SETTINGS
    if shutil.which("az"):
        return AZURE_CLI
    return DEVICE_CODE if sys.stderr.isatty() else SETTINGS


def vault_credential(settings: Settings, sign_in: str | None, credential: Any) -> Any:
    """Return what writes a key vault: the same sign-in, unless that is a token for Graph alone."""
    method = sign_in or usual_sign_in(settings)
    if method != SETTINGS or settings.source.auth.method != "access_token":
        return credential
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
