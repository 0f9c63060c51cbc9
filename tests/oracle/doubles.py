"""A target that can be shut, and Entra that counts what it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aadsync_lib.errors import TargetError
from aadsync_lib.model.directory import Snapshot
from tests.oracle.ledger import Shared
from tests.oracle.tenant import UNREAD, Tenant, TenantSource
from tests.oracle.watched import WatchedTarget


class ShutError(TargetError):
    """Nothing can be read of a target, for the test."""


class DoorTarget(WatchedTarget):
    """``shut_at`` is the request of a plan from which on nothing can be read, ``None`` for never."""

    shut_at: int | None = None

    def read(self) -> Any:
        self._knock()
        return super().read()

    def members(self, group_ids: Any) -> Any:
        self._knock()
        return super().members(group_ids)

    def look_up(self, ids: Any) -> Any:
        self._knock()
        return super().look_up(ids)

    def _knock(self) -> None:
        if self.shut_at is not None:
            self.shut_at -= 1
            if self.shut_at < 0:
                raise ShutError(UNREAD)


class NoOther:
    """No other sync of the same place."""

    def sync(self) -> None: ...

    def shared(self) -> Mapping[str, Shared]:
        return {}


class CountedSource(TenantSource):
    """Entra, of which no run has to ask anything twice, however many targets there are."""

    def __init__(self, tenant: Tenant, read: Callable[[], Snapshot]) -> None:
        super().__init__(tenant, read)
        self.asked: Counter[str] = Counter()

    def read(self, known: Any = ()) -> Any:
        self.asked.update(["everything"])
        return super().read(known)

    def look_up(self, ids: Any) -> Any:
        self.asked.update(f"where {oid} is" for oid in ids)
        return super().look_up(ids)

    def names(self, ids: Any) -> Any:
        self.asked.update(f"the names of {oid}" for oid in ids)
        return super().names(ids)

    def twice(self) -> Iterator[str]:
        """Yield what was asked more than once since this was last called."""
        asked, self.asked = self.asked, Counter()
        yield from (f"asked twice: {what}" for what, count in asked.items() if count > 1)
