"""A secret in a scope of a Databricks workspace, as a place for a credential."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from aadsync_lib.connector.registration.place import Content, patiently
from aadsync_lib.errors import CredentialError
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import Secret

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.workspace import SecretScope

PROBE_KEY = "aadsync-write-check"
UNCHANGED = "Nothing was changed."

T = TypeVar("T")


class ScopePlace:
    """``scope/key`` of the workspace behind ``client``."""

    def __init__(self, client: WorkspaceClient, scope: str, key: str, clock: Clock) -> None:
        self._secrets = client.secrets
        self._host = client.config.host
        self._scope = scope
        self._key = key
        self._clock = clock

    @property
    def reference(self) -> str:
        """``secret: scope/key``."""
        return f"secret: {self._scope}/{self._key}"

    @property
    def address(self) -> str:
        """The reference, and the host of the workspace."""
        return f"{self.reference} {urlsplit(self._host).netloc.lower()}"

    def check(self) -> None:
        """Raise where the scope is not there, or only shows the secrets of a key vault."""
        scopes = {scope.name: scope for scope in self._call("list", self._list)}
        scope = scopes.get(self._scope)
        if scope is None:
            raise CredentialError(
                f"{self.reference}: {self._host} has no secret scope {self._scope} that this login "
                f"sees. {UNCHANGED} Make it (databricks secrets create-scope {self._scope}), or name "
                f"another one, or another workspace by --workspace."
            )
        if getattr(scope.backend_type, "value", None) == "AZURE_KEYVAULT":
            raise CredentialError(self._backed_by_vault(scope))

    def read(self) -> Content:
        """Return the text of the secret."""
        from databricks.sdk.errors import NotFound, PermissionDenied

        read = partial(self._secrets.get_secret, self._scope, self._key)
        try:
            value = patiently(read, _status_of, self._clock).value
        except NotFound:
            return Content()
        except PermissionDenied:
            return Content(readable=False)
        except Exception as error:
            raise self._refused("read", error) from error
        try:
            return Content(Secret(base64.b64decode(value or "", validate=True).decode()))
        except (binascii.Error, UnicodeDecodeError):  # of somebody else, as ours is text
            return Content(Secret(value or ""))

    def prepare(self) -> None:
        """Put a throw-away secret into the scope and delete it."""
        put = partial(self._secrets.put_secret, self._scope, PROBE_KEY, string_value="-")
        self._call("write", put)
        with suppress(Exception):  # it holds nothing
            self._secrets.delete_secret(self._scope, PROBE_KEY)

    def write(self, value: str, ends: float) -> None:  # noqa: ARG002  a scope knows no end
        """Put the secret there."""
        put = partial(self._secrets.put_secret, self._scope, self._key, string_value=value)
        self._call("write", put)

    def _list(self) -> list[SecretScope]:
        return list(self._secrets.list_scopes())

    def _call(self, verb: str, call: Callable[[], T]) -> T:
        try:
            return patiently(call, _status_of, self._clock)
        except Exception as error:
            raise self._refused(verb, error) from error

    def _refused(self, verb: str, error: Exception) -> CredentialError:
        from databricks.sdk.errors import PermissionDenied, Unauthenticated

        place = f"{self.reference}: the workspace {self._host}"
        if isinstance(error, PermissionDenied):
            return CredentialError(
                f"{place} does not let this login {verb} it. Ask for WRITE on the scope: "
                f"databricks secrets put-acl {self._scope} YOU WRITE."
            )
        if isinstance(error, Unauthenticated):
            return CredentialError(
                f"{place} does not know this login. Log in to it (databricks auth login, az login, or "
                f"DATABRICKS_TOKEN), or name another one by --workspace."
            )
        reason = " ".join(str(error).partition(" Config:")[0].split())[:300] or type(error).__name__
        return CredentialError(f"{place} cannot {verb} it: {reason.rstrip('.')}.")

    def _backed_by_vault(self, scope: SecretScope) -> str:
        vault = getattr(scope.keyvault_metadata, "dns_name", None) or "https://NAME.vault.azure.net"
        url = f"{vault.rstrip('/')}/secrets/{self._key}"
        return (
            f"{self.reference}: the scope {self._scope} is backed by a key vault, and Databricks only "
            f'reads it. {UNCHANGED} Store the credential in the vault itself: --store-in "key_vault: '
            f'{url}"; the scope shows it, too.'
        )


def open_scope(place: str, workspace: str | None, clock: Clock) -> ScopePlace:
    """Open ``scope/key`` in a workspace, by its address, or in the one of ``DATABRICKS_HOST``.

    databricks-sdk logs in, in its own order: ``DATABRICKS_TOKEN``, profiles, Azure CLI.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    from aadsync_lib.auth.single_attempt import SINGLE_ATTEMPT

    options: dict[str, Any] = {**SINGLE_ATTEMPT, **({"host": workspace} if workspace else {})}
    try:
        config = Config(**options)
    except ValueError as error:
        reason = " ".join(str(error).partition(" Config:")[0].split()).rstrip(".")
        raise CredentialError(
            f"secret: {place}: no workspace to store it in: {reason}. {UNCHANGED} Name one by --workspace "
            f"or DATABRICKS_HOST, and log in to it (databricks auth login, az login, or DATABRICKS_TOKEN)."
        ) from error
    scope, _, key = place.partition("/")
    return ScopePlace(WorkspaceClient(config=config), scope, key, clock)


def _status_of(error: Exception) -> int:
    """Return the status that a failure of databricks-sdk stands for; -1 is one that stays."""
    import requests
    from databricks.sdk import errors

    if isinstance(error, (requests.RequestException, TimeoutError)):
        return 0
    for status, kinds in {
        429: (errors.TooManyRequests,),
        500: (errors.InternalError,),
        503: (errors.TemporarilyUnavailable,),
        504: (errors.DeadlineExceeded,),
    }.items():
        if isinstance(error, kinds):
            return status
    return -1
