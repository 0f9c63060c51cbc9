"""A Delta store as ``plan`` reads it: no table is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from aadsync_lib.model.link import Links
from aadsync_lib.ports import Pending
from aadsync_lib.store.delta.lease import read_takings
from aadsync_lib.store.delta.read import read_added, read_links, read_pending
from aadsync_lib.store.delta.schema import tables_of, version_of
from aadsync_lib.store.delta.session import Spark
from aadsync_lib.store.read import Held

T = TypeVar("T")


def open_delta_for_plan(spark: Spark, schema: str, sync: str) -> DeltaPlanStore:
    """Return the store to plan with. Tables that are not there are an empty store, and stay away."""
    reader = DeltaPlanStore(spark, schema, sync)
    reader.check()
    return reader


class DeltaPlanStore:
    """Implements ``ports.StoreReader``."""

    def __init__(self, spark: Spark, schema: str, sync: str) -> None:
        self._tables = tables_of(spark, schema)
        self._sync = sync
        self._there = False

    def check(self) -> bool:
        """Return whether there is a store. Raises ``StoreError`` for one that cannot be read."""
        self._there = self._there or version_of(self._tables) > 0
        return self._there

    def links(self, target: str) -> Links:
        """Who owns what on this target."""
        return self._read(lambda: read_links(self._tables, self._sync, target), Links())

    def pending(self, target: str) -> tuple[Pending, ...]:
        """Writes announced without an outcome, oldest first."""
        return self._read(lambda: read_pending(self._tables, self._sync, target), ())

    def added(self, target: str) -> Mapping[str, frozenset[str]]:
        """Members, as target ids, that this sync added and did not remove, by the group's object id."""
        return self._read(lambda: read_added(self._tables, self._sync, target), {})

    def leases(self) -> tuple[Held, ...]:
        """Who holds a target, or held it and died."""
        return self._read(self._leases, ())

    def _leases(self) -> tuple[Held, ...]:
        takings = read_takings(self._tables, self._sync)
        highest = {one.target: one.fence for one in reversed(takings)}
        return tuple(
            Held(one.target, str(one.holder), one.since, one.expires_at)
            for one in takings
            if one.fence == highest[one.target] and not one.released
        )

    def _read(self, fetch: Callable[[], T], absent: T) -> T:
        """Read, if a run has made the tables by now."""
        return fetch() if self.check() else absent
