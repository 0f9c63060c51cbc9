"""The head of a plan or a run: when, by whom, from which settings; and the address of each target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target is. An account has its id; a workspace has one where its host tells it."""

    host: str
    account_id: str | None = None
    workspace_id: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for the same place, however it is spelled."""
        workspace = "" if self.workspace_id is None else str(self.workspace_id)
        return self.host.lower().rstrip("/"), (self.account_id or "").lower(), workspace

    def __str__(self) -> str:
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        yield self.host
        if self.account_id is not None:
            yield f"account {self.account_id}"
        if self.workspace_id is not None:
            yield f"workspace {self.workspace_id}"


@dataclass(frozen=True, slots=True)
class Head:
    """When (UTC, ISO 8601, to the second) and by whom something was planned, and from what.

    ``settings`` is the file as it was named, ``version`` that of aadsync.
    """

    time: str
    by: str
    settings: str
    tenant_id: str
    version: str
