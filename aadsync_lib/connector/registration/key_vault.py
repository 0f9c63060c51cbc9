"""A secret in Azure Key Vault, as a place for a credential."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aadsync_lib.auth.vault import codes_of, vault_client
from aadsync_lib.connector.registration.place import Content, patiently
from aadsync_lib.errors import CredentialError
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import Secret

ROLE = "Key Vault Secrets Officer"
GRANT = (
    f"Give whoever signs in the role {ROLE} on the vault, or in its access policies Get and Set."
)
PLACEHOLDER = "aadsync has not stored a credential here yet"
REMEDIES = {
    "ForbiddenByFirewall": "the vault's firewall lets this address not in. Allow its network, or run this elsewhere.",
    "ForbiddenByConnection": "the vault takes private connections only. Run this where its private endpoint is reached.",
    "ObjectIsDeletedButRecoverable": "a secret of that name was deleted and can be recovered. Recover or purge it, or take another name.",
}
CONFLICT = "Conflict"

T = TypeVar("T")


class VaultPlace:
    """A secret by its address, reached with a credential."""

    def __init__(self, url: str, credential: Any, clock: Clock) -> None:
        parts = urlsplit(url)
        self._url = url
        self._host = parts.netloc
        self._name = parts.path.removeprefix("/secrets/").strip("/")
        self._client = vault_client(url, f"https://{parts.netloc}", credential, retry_total=0)
        self._clock = clock

    @property
    def reference(self) -> str:
        """``key_vault: URL``."""
        return f"key_vault: {self._url}"

    @property
    def address(self) -> str:
        """The reference: the host is in it."""
        return self.reference.lower()

    def check(self) -> None:
        """Raise where the address is of one version, or the vault cannot be reached at all."""
        if "/" in self._name:
            raise CredentialError(
                f"{self.reference} is one version of a secret, which nobody writes. Nothing was changed. "
                f"Leave its last part out."
            )
        self.read()

    def read(self) -> Content:
        """Return the value of the newest version; a disabled one counts as none."""
        from azure.core.exceptions import HttpResponseError

        try:
            secret = self._patiently(partial(self._client.get_secret, self._name))
        except HttpResponseError as error:
            codes = codes_of(error)
            if error.status_code == 404 or "SecretDisabled" in codes:
                return Content()
            if error.status_code == 403 and not any(code in REMEDIES for code in codes):
                return Content(readable=False)
            raise self._refused("read", error) from error
        return Content(Secret(secret.value) if secret.value else None)

    def prepare(self) -> None:
        """Touch the secret that is there, or set a disabled one: either needs the permission to set."""
        from azure.core.exceptions import HttpResponseError

        try:
            self._patiently(partial(self._client.update_secret_properties, self._name))
        except HttpResponseError as error:
            if error.status_code != 404:
                raise self._refused("write", error) from error
            put = partial(self._client.set_secret, self._name, PLACEHOLDER, enabled=False)
            self._call("write", put)

    def write(self, value: str, ends: float) -> None:
        """Set a new version, with its end."""
        end = datetime.fromtimestamp(ends, UTC)
        put = partial(self._client.set_secret, self._name, value, enabled=True, expires_on=end)
        self._call("write", put)

    def _call(self, verb: str, call: Callable[[], T]) -> T:
        from azure.core.exceptions import HttpResponseError

        try:
            return self._patiently(call)
        except HttpResponseError as error:
            raise self._refused(verb, error) from error

    def _patiently(self, call: Callable[[], T]) -> T:
        from azure.core import exceptions

        try:
            return patiently(call, _status_of, self._clock)
        except exceptions.ClientAuthenticationError as error:
            raise CredentialError(
                f"{self.reference}: the vault does not take this login: {_first_line(error)}. Check that "
                f"it is of the vault's tenant and cloud."
            ) from error
        except exceptions.HttpResponseError:
            raise
        except exceptions.AzureError as error:
            raise CredentialError(
                f"{self.reference}: the vault {self._host} cannot be reached ({type(error).__name__}). "
                f"Check its name, the network and its proxy, and the vault's firewall."
            ) from error

    def _refused(self, verb: str, error: Any) -> CredentialError:
        codes = codes_of(error)
        for code, remedy in REMEDIES.items():
            if code in codes:
                return CredentialError(f"{self.reference}: {remedy}")
        if error.status_code == 403:
            return CredentialError(f"{self.reference}: this login may not {verb} it. {GRANT}")
        what = f"{error.status_code} {codes[0] if codes else ''}".rstrip()
        remedy = (
            REMEDIES["ObjectIsDeletedButRecoverable"] if CONFLICT in codes else "Try again later."
        )
        return CredentialError(f"{self.reference}: the vault answers {what}: {remedy}")


def _status_of(error: Exception) -> int:
    """Return the status of a failure of the vault's client, 0 where there was no answer."""
    from azure.core import exceptions

    if isinstance(error, exceptions.HttpResponseError):
        return error.status_code or 0
    lost = (exceptions.ServiceRequestError, exceptions.ServiceResponseError)
    return 0 if isinstance(error, lost) else -1


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
