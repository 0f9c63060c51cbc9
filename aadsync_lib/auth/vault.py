"""Secrets in Azure Key Vault, read with the login of the source."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aadsync_lib.auth.entra import SETTING, graph_credential
from aadsync_lib.config.settings import SourceSettings
from aadsync_lib.errors import CredentialError, install_extra
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

ROLE = "Key Vault Secrets User"
GRANT = f"Give {{who}} the role {ROLE} on the vault, or in its access policies the permission Get."
# By the code that the vault gives, and for disabled secrets and firewalls inside of "Forbidden".
REMEDIES = {
    "SecretNotFound": "there is no such secret, or no such version. Check the address, and that it was not deleted.",
    "SecretDisabled": "it is disabled. Enable it, or refer to another version.",
    "SecretNotYetValid": "it is not valid yet. Change its activation date, or refer to another version.",
    "SecretExpired": "it has expired. Store a new version, or change its expiration date.",
    "ForbiddenByFirewall": "the vault's firewall lets this address not in. Allow its network, or a private endpoint.",
    "ForbiddenByConnection": "the vault takes private connections only. Run this where its private endpoint is reached.",
}
CALLER = {True: "the identity this runs as", False: "the login of the source"}


def read_vaults(
    secrets: SecretResolver, source: SourceSettings, *, dbutils: Any = None, folder: Path = Path()
) -> None:
    """Let these secrets be read from key vaults with the login of the source.

    The secret of that login itself is read with the managed or workload identity that this runs as.
    """
    secrets.read_vaults_by(_Vaults(secrets, source, dbutils, folder).read)


class _Vaults:
    """The vaults that a sync reads from, each with a client of its own."""

    def __init__(
        self, secrets: SecretResolver, source: SourceSettings, dbutils: Any, folder: Path
    ) -> None:
        self._log_in = partial(graph_credential, source, secrets, dbutils=dbutils, folder=folder)
        self._source = source
        self._lock = threading.RLock()
        self._credentials: dict[bool, Any] = {}

    def read(self, url: str, setting: str) -> str:
        """Return the text of the secret at an address. Raises ``CredentialError``."""
        from azure.core import exceptions

        of_login = setting.startswith(f"{SETTING}.")
        parts = urlsplit(url)
        name, version = (*parts.path.removeprefix("/secrets/").split("/"), None)[:2]
        client = vault_client(url, f"https://{parts.netloc}", self._credential(of_login=of_login))
        try:
            secret = client.get_secret(name, version)
        except exceptions.ClientAuthenticationError as error:
            raise _no_login(url, CALLER[of_login], error) from error
        except exceptions.HttpResponseError as error:
            raise _refused(url, error, CALLER[of_login]) from error
        except exceptions.AzureError as error:
            raise CredentialError(
                f"key_vault {url}: the vault {parts.netloc} cannot be reached ({type(error).__name__}). "
                f"Check its name, the network and its proxy, and the vault's firewall."
            ) from error
        begins = secret.properties.not_before
        if begins and begins.timestamp() > time.time():
            raise CredentialError(f"key_vault {url}: {REMEDIES['SecretNotYetValid']}")
        return secret.value or ""

    def _credential(self, *, of_login: bool) -> Any:
        with self._lock:
            if of_login not in self._credentials:
                self._credentials[of_login] = _own_identity() if of_login else self._of_source()
            return self._credentials[of_login]

    def _of_source(self) -> Any:
        if self._source.auth.method == "access_token":
            raise CredentialError(
                f"a key vault cannot be read with {SETTING}: access_token, which is a token for Graph "
                f"alone. Choose another method of login, or another place for this secret."
            )
        return self._log_in()


def _own_identity() -> Any:
    """Return the managed or workload identity that this runs as, and no other login."""
    from azure.identity import DefaultAzureCredential

    others = (
        "environment", "shared_token_cache", "visual_studio_code", "cli", "developer_cli",
        "powershell", "interactive_browser", "broker",
    )  # fmt: skip
    return DefaultAzureCredential(**{f"exclude_{name}_credential": True for name in others})


def vault_client(url: str, vault: str, credential: Any, **options: Any) -> Any:
    """Return the client of a vault, by its address, for the secret at ``url``."""
    try:
        from azure.keyvault.secrets import SecretClient
    except ImportError as error:
        raise CredentialError(
            f"key_vault {url} needs a package that is not installed: {install_extra('keyvault')}"
        ) from error
    return SecretClient(vault, credential, **options)


def _refused(url: str, error: HttpResponseError, who: str) -> CredentialError:
    codes = codes_of(error)
    for code, remedy in REMEDIES.items():
        if code in codes:
            return CredentialError(f"key_vault {url}: {remedy}")
    if error.status_code == 403:
        grant = GRANT.format(who=who)
        return CredentialError(f"key_vault {url}: {who} may not read it. {grant}")
    if error.status_code == 401:
        return _no_login(url, who, error)
    what = f"the vault answers {error.status_code} {codes[0] if codes else ''}".rstrip()
    return CredentialError(f"key_vault {url}: {what}. Try it again later.")


def _no_login(url: str, who: str, error: Exception) -> CredentialError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return CredentialError(
        f"key_vault {url}: {who} could not log in to the vault: {reason.rstrip('.')}. "
        f"Check that it is there, and of the vault's tenant and cloud."
    )


def codes_of(error: HttpResponseError) -> list[str]:
    """Return the codes of the vault's answer, from the outermost in."""
    codes, inner = [], error.error
    while inner is not None:
        codes.append(str(getattr(inner, "code", None) or ""))
        details = getattr(inner, "innererror", None)
        inner = None
        while isinstance(details, dict):
            codes.append(str(details.get("code") or ""))
            details = details.get("innererror")
    return [code for code in codes if code]
