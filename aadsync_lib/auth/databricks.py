"""Logins to Databricks, by method."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

from aadsync_lib.auth.cached import CachedCredential, Login, refused
from aadsync_lib.auth.entra import AUTHORITIES, authority_options
from aadsync_lib.auth.hosts import host_of
from aadsync_lib.config.auth import (
    AzureCliAuth,
    AzureClientSecretAuth,
    DefaultAuth,
    ManagedIdentityAuth,
    OAuthM2MAuth,
    PatAuth,
)
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from databricks.sdk.core import ApiClient, Config

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
# By the end of the host name: the cloud, and what databricks-sdk calls its Azure.
SOVEREIGN = {
    ".azuredatabricks.us": ("usgov", "USGOVERNMENT"),
    ".databricks.azure.us": ("usgov", "USGOVERNMENT"),
    ".azuredatabricks.cn": ("china", "CHINA"),
    ".databricks.azure.cn": ("china", "CHINA"),
}
Headers = Callable[[], dict[str, str]]


def login_of(target: TargetSettings, secrets: SecretResolver) -> str | None:
    """Return what tells a login from others without a request: its application, or the digest of its token."""
    if not isinstance(target.auth, PatAuth):
        return getattr(target.auth, "client_id", None)
    token = secrets.resolve(target.auth.token, f"targets.{target.name}.auth.token").reveal()
    return hashlib.sha256(token.encode()).hexdigest()


def databricks_api(target: TargetSettings, secrets: SecretResolver) -> ApiClient:
    """Return the client to reach a target with. Sends each request once; logs in at its first use.

    Only ``default`` looks at the environment, the profiles and the notebook it runs in.
    """
    from databricks.sdk.core import ApiClient, Config

    from aadsync_lib.auth.single_attempt import SINGLE_ATTEMPT

    login = Login(f"targets.{target.name}.auth", target.auth.method)
    # On the host of a workspace databricks-sdk logs in to that, whatever account it belongs to.
    account_id = None if host_of(target.host) == "workspace" else target.account_id
    options = {"host": target.host, "account_id": account_id, **SINGLE_ATTEMPT}
    options |= _azure(target.host)
    headers = _headers(target, login, secrets)
    config: type[Config] = Config
    if headers is not None:
        config = _stated()
        strategy = _Strategy(target.auth.method.replace("_", "-"), headers)
        options = {**_nothing_else(), **options, "credentials_strategy": strategy}
        options["auth_type"] = strategy.name
    try:
        return ApiClient(config(**options))
    except ValueError as error:
        raise refused(login, error, secrets) from error


@dataclass(frozen=True, slots=True)
class _Strategy:
    """A login of our own, in the form that databricks-sdk takes."""

    name: str
    headers: Headers

    def auth_type(self) -> str:
        return self.name

    def __call__(self, _config: Any) -> Headers:
        return self.headers


def _headers(target: TargetSettings, login: Login, secrets: SecretResolver) -> Headers | None:
    match target.auth:
        case OAuthM2MAuth() as auth:
            return _machine_to_machine(target, auth, login, secrets)
        case PatAuth(token=ref):
            token = secrets.resolve(ref, f"{login.setting}.token").reveal()
            return lambda: {"Authorization": f"Bearer {token}"}
        case AzureClientSecretAuth() | AzureCliAuth() | ManagedIdentityAuth() as auth:
            return _by_entra(target.host, auth, login, secrets)
        case DefaultAuth():
            return None
        case _:
            assert_never(target.auth)


def _machine_to_machine(
    target: TargetSettings, auth: OAuthM2MAuth, login: Login, secrets: SecretResolver
) -> Headers:
    from databricks.sdk.oauth import ClientCredentials

    secret = secrets.resolve(auth.client_secret, f"{login.setting}.client_secret").reveal()
    sources = [
        ClientCredentials(
            client_id=auth.client_id,
            client_secret=secret,
            token_url=url,
            endpoint_params={
                "scope": "all-apis"
            },  # its own parameter changed type between versions
            use_header=True,
        )
        for url in _token_urls(target)
    ]

    def headers() -> dict[str, str]:
        errors: list[Exception] = []
        for source in tuple(sources):
            try:
                token = source.token().access_token
            # A refusal, an answer without a token, an answer that is no form: each has a class of its own.
            except (ValueError, KeyError, NotImplementedError) as error:
                errors.append(error)
            else:
                sources[:] = [source]
                secrets.hide(token)
                return {"Authorization": f"Bearer {token}"}
        raise refused(login, errors[0], secrets) from errors[0]

    return headers


def _token_urls(target: TargetSettings) -> tuple[str, ...]:
    """Return where a token may be had, the likeliest first where the name of the host does not tell."""
    of_workspace = f"{target.host}/oidc/v1/token"
    if target.level == "workspace":
        return (of_workspace,)
    of_account = f"{target.host}/oidc/accounts/{target.account_id}/v1/token"
    match host_of(target.host):
        case "account":
            return (of_account,)
        case "workspace":
            return (of_workspace,)
        case _:
            return (of_account, of_workspace)


def _by_entra(
    host: str,
    auth: AzureClientSecretAuth | AzureCliAuth | ManagedIdentityAuth,
    login: Login,
    secrets: SecretResolver,
) -> Headers:
    from azure import identity

    cloud, _ = _sovereign(host) or ("public", "")
    inner: Any
    match auth:
        case AzureClientSecretAuth(tenant_id=tenant, client_id=client_id, client_secret=ref):
            secret = secrets.resolve(ref, f"{login.setting}.client_secret").reveal()
            options = authority_options(AUTHORITIES[cloud])
            inner = identity.ClientSecretCredential(tenant, client_id, secret, **options)
        case AzureCliAuth():
            inner = identity.AzureCliCredential()
        case ManagedIdentityAuth(client_id=identity_id):
            inner = identity.ManagedIdentityCredential(client_id=identity_id)
        case _:
            assert_never(auth)
    credential = CachedCredential(inner, login, secrets)
    return lambda: {"Authorization": f"Bearer {credential.get_token(DATABRICKS).token}"}


def _nothing_else() -> dict[str, Any]:
    """Blanks for everything that databricks-sdk would take from the environment."""
    from databricks.sdk.core import Config

    texts = {item.name: "" for item in Config.attributes() if item.env and item.transform is str}
    return {**texts, "azure_use_msi": False, "debug_headers": False}


def _stated() -> type[Config]:
    """Return a configuration that goes by what it is given alone, and asks the host nothing before it is used.

    What the host would tell, where to log in and of which account it is, is in the settings.
    """
    from databricks.sdk.core import Config

    Config.attributes()  # are remembered by the class that is asked first

    class Stated(Config):
        def _resolve_host_metadata(self) -> None:
            pass

    return Stated


def _azure(host: str) -> dict[str, Any]:
    """Name the cloud of the hosts that databricks-sdk takes for AWS."""
    sovereign = _sovereign(host)
    if sovereign is None:
        return {}
    from databricks.sdk.environments import (
        ARM_DATABRICKS_RESOURCE_ID,
        ENVIRONMENTS,
        Cloud,
        DatabricksEnvironment,
    )

    zone = next(end for end in SOVEREIGN if (urlsplit(host).hostname or "").endswith(end))
    environment = DatabricksEnvironment(
        Cloud.AZURE, zone, ARM_DATABRICKS_RESOURCE_ID, ENVIRONMENTS[sovereign[1]]
    )
    return {"databricks_environment": environment, "cloud": Cloud.AZURE}


def _sovereign(host: str) -> tuple[str, str] | None:
    name = urlsplit(host).hostname or ""
    return next((cloud for end, cloud in SOVEREIGN.items() if name.endswith(end)), None)
