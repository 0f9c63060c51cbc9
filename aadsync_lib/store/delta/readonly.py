"""A Delta store as ``plan`` reads it: no table is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aadsync_lib.store.delta.lease import read_claims
from aadsync_lib.store.delta.reader import DeltaReader
from aadsync_lib.store.delta.schema import tables_of, version_of
from aadsync_lib.store.delta.session import Spark
from aadsync_lib.store.read import Held

T = TypeVar("T")


def open_delta_for_plan(spark: Spark, schema: str, sync: str) -> DeltaPlanStore:
    """Return the store to plan with. Tables that are not there are an empty store, and stay away."""
    reader = DeltaPlanStore(spark, schema, sync)
    reader.check()
    return reader


class DeltaPlanStore(DeltaReader):
    """Implements ``ports.HistoryReader``."""

    def __init__(self, spark: Spark, schema: str, sync: str) -> None:
        self._tables = tables_of(spark, schema)
        self.sync = sync
        self._there = False

    def check(self) -> bool:
        """Return whether there is a store. Raises ``StoreError`` for one that cannot be read."""
        self._there = self._there or version_of(self._tables) > 0
        return self._there

    def leases(self) -> tuple[Held, ...]:
        """Who holds a target, or held it and died."""
        return self._read(self._leases, ())

    def _leases(self) -> tuple[Held, ...]:
        takings = read_claims(self._tables, self.sync)
        highest = {one.target: one.fence for one in reversed(takings)}
        return tuple(
            Held(one.target, str(one.holder), one.since, one.expires_at)
            for one in takings
            if one.fence == highest[one.target] and not one.released
        )

    def _read(self, fetch: Callable[[], T], absent: T) -> T:
        """Read, if a run has made the tables by now."""
        return fetch() if self.check() else absent
