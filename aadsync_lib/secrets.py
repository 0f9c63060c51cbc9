"""Secrets: looked up where they live, at the moment of use, and never shown."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from urllib.parse import quote, quote_plus

from aadsync_lib.config.base import SecretRef
from aadsync_lib.errors import CredentialError

HIDDEN = "***"
SHORTEST = (
    4  # characters of a secret: a shorter one is a part of words, and hiding it there would tell it
)
LONG_LINE = 16  # characters from which on one line of a certificate is hidden by itself


class Secret:
    """A value that shows itself to nobody who does not ask for it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


class NotebookSecrets(Protocol):
    """``dbutils.secrets``."""

    def get(self, scope: str, key: str) -> str:
        """Return a secret of a scope."""


Lookup = Callable[[str], str]
"""Finds the text of a secret. Raises ``CredentialError`` or what its client raises."""

VaultLookup = Callable[[str, str], str]
"""Finds the text of a secret of a key vault, by its address and the setting that refers to it."""


class SecretResolver:
    """The secrets of one run, each looked up once.

    ``lookups`` replaces a way to look up, by the key of its references: env, secret, key_vault.
    """

    def __init__(
        self,
        *,
        dbutils_secrets: NotebookSecrets | None = None,
        lookups: Mapping[str, Lookup] | None = None,
    ) -> None:
        scope = _from_workspace if dbutils_secrets is None else _from_notebook(dbutils_secrets)
        self._lookups: dict[str, Lookup] = {
            "env": _from_environment,
            "secret": scope,
            **(lookups or {}),
        }
        self._vaults: VaultLookup = _no_vaults
        self._secrets: dict[SecretRef, Secret] = {}
        self._hidden: set[str] = set()
        self._lock = threading.RLock()

    def resolve(self, ref: SecretRef, setting: str) -> Secret:
        """Return the secret that ``setting``, a dotted key, refers to."""
        with self._lock:
            if ref not in self._secrets:
                self._secrets[ref] = Secret(self._look_up(ref, setting))
            return self._secrets[ref]

    def read_vaults_by(self, lookup: VaultLookup) -> None:
        """Find secrets of key vaults by this: it takes a login, which only the settings tell."""
        self._vaults = lookup

    def hide(self, value: str) -> None:
        """Have ``redact`` hide a value that came by another way, such as an access token."""
        with self._lock:
            self._hidden.update(_forms(value))

    def redact(self, text: str) -> str:
        """Return the text with every secret of this run replaced."""
        with self._lock:
            hidden = sorted(self._hidden, key=len, reverse=True)
        for value in hidden:
            text = text.replace(value, HIDDEN)
        return text

    def _look_up(self, ref: SecretRef, setting: str) -> str:
        kind, place = next((name, value) for name, value in ref if value is not None)
        try:
            lookup = self._lookups.get(kind)
            value = lookup(place) if lookup else self._vaults(place, setting)
        except CredentialError as error:
            raise CredentialError(f"{setting}: {error}") from error.__cause__
        except Exception as error:  # each store of secrets fails with errors of its own
            raise CredentialError(
                f"{setting}: {ref} could not be read ({type(error).__name__}). Check that it "
                f"exists and that the identity this runs as may read it."
            ) from error
        value = value.rstrip("\r\n")  # a pipe into the store leaves one, and no secret ends so
        if not value:
            raise CredentialError(f"{setting}: {ref} is empty. Store the secret there.")
        if len(value) < SHORTEST:
            raise CredentialError(
                f"{setting}: {ref} is shorter than {SHORTEST} characters, which nothing could keep out of "
                f"messages. Store the whole secret there, or a longer one."
            )
        self.hide(value)
        return value


class RedactingFilter(logging.Filter):
    """Takes the secrets of a run out of log records; to be added to handlers."""

    def __init__(self, secrets: SecretResolver) -> None:
        super().__init__()
        self._redact = secrets.redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        record.msg, record.args = self._redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)
        return True


def _forms(value: str) -> Iterable[str]:
    """Return the forms in which a value turns up in a message, a body or an address."""
    if not value:
        return ()
    lines = [line for line in value.splitlines() if len(line) >= LONG_LINE]
    return {
        form
        for text in (value, *lines)
        for form in (text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1])
    }


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise CredentialError(
            f"the environment variable {name} is not set. Set it, or change the reference."
        )
    return value


def _from_notebook(secrets: NotebookSecrets) -> Lookup:
    return lambda place: secrets.get(*place.split("/"))


def _from_workspace(place: str) -> str:
    from databricks.sdk import WorkspaceClient

    scope, key = place.split("/")
    value = WorkspaceClient().secrets.get_secret(scope, key).value
    try:
        return base64.b64decode(value or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        # The cause would carry the value.
        raise CredentialError(
            f"secret {place} is not text. Store a certificate as PEM or base64."
        ) from None


def _no_vaults(url: str, _: str) -> str:
    raise CredentialError(f"key_vault {url}: is not read here, as no login is known for it")
