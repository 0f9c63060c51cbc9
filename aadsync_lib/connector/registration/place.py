"""A place where a new credential is put: a Databricks secret or a secret in Azure Key Vault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aadsync_lib.config.base import SecretRef
from aadsync_lib.errors import UsageError
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import Secret

TRIES = 4  # of a request that may be repeated
FIRST_DELAY = 1.0  # seconds, doubled with each try
TRANSIENT = frozenset({0, 429, 500, 502, 503, 504})  # statuses; 0 is no answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a place: nothing (``value`` is ``None``), a value, or what this login may not read."""

    value: Secret | None = None
    readable: bool = True


class Place(Protocol):
    """A place for a secret. Every call but ``prepare`` and ``write`` only reads.

    All raise ``CredentialError`` with what to do.
    """

    @property
    def reference(self) -> str:
        """The reference as it is written after ``--store-in``."""

    @property
    def address(self) -> str:
        """The reference with the host, the same for the same place."""

    def check(self) -> None:
        """Raise where it is plain that nothing can be written there."""

    def read(self) -> Content:
        """Return what is there."""

    def prepare(self) -> None:
        """Prove by a write that nobody reads that the place can be written."""

    def write(self, value: str, ends: float) -> None:
        """Put the credential there; ``ends`` is in seconds since the epoch. Safe to repeat."""


def reference_of(ref: SecretRef) -> str:
    """Return a reference as ``--store-in`` takes it: ``secret: scope/key``."""
    kind, value = next((name, value) for name, value in ref if value is not None)
    return f"{kind}: {value}"


def parse_reference(text: str) -> SecretRef:
    """Read ``secret: scope/key`` or ``key_vault: URL``. Raises ``UsageError`` for anything else."""
    kind, sign, value = text.strip().removeprefix("{").removesuffix("}").partition(":")
    value = value.strip().strip("\"'")
    problem = (
        f"--store-in {text.strip()!r}: expected secret: scope/key, or key_vault: "
        f"https://NAME.vault.azure.net/secrets/KEY. Nothing was changed."
    )
    if not sign or kind.strip() not in {"secret", "key_vault"}:
        raise UsageError(problem)
    try:
        return SecretRef.model_validate({kind.strip(): value})
    except ValueError:
        raise UsageError(problem) from None


def patiently(call: Callable[[], T], status_of: Callable[[Exception], int], clock: Clock) -> T:
    """Make a call that may be repeated, again while it fails in passing.

    ``status_of`` returns the status of a failure, 0 for no answer, or raises what it does not know.
    """
    delay = FIRST_DELAY
    for _ in range(TRIES - 1):
        try:
            return call()
        except Exception as error:  # told apart by its status
            if status_of(error) not in TRANSIENT:
                raise
        clock.sleep(delay)
        delay *= 2
    return call()
