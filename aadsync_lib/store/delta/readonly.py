"""The Delta store as ``plan`` reads it: no table is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from aadsync_lib.store.delta.lease import read_claims
from aadsync_lib.store.delta.schema import tables_of, version_of
from aadsync_lib.store.delta.session import Spark
from aadsync_lib.store.leasing import Held
from aadsync_lib.store.reader import SqlReader
from aadsync_lib.store.records import Row

T = TypeVar("T")


def open_delta_for_plan(
    spark: Spark, schema: str, sync: str, places: Mapping[str, str] | None = None
) -> DeltaPlanStore:
    """Return the store to plan with. Tables that are not there are an empty store, and stay away."""
    reader = DeltaPlanStore(spark, schema, sync, places)
    reader.check()
    return reader


class DeltaPlanStore(SqlReader):
    """Implements ``ports.HistoryReader``."""

    def __init__(
        self, spark: Spark, schema: str, sync: str, places: Mapping[str, str] | None = None
    ) -> None:
        self._tables = tables_of(spark, schema)
        self.sync = sync
        self.places = places or {}
        self._there = False

    def check(self) -> bool:
        """Return whether there is a store. Raises ``StoreError`` for one that cannot be read."""
        self._there = self._there or version_of(self._tables) > 0
        return self._there

    def leases(self) -> tuple[Held, ...]:
        """Leases that are held, or whose holder died."""
        if not self.check():
            return ()
        claims = read_claims(self._tables, self.sync)
        highest = {claim.target: claim.fence for claim in reversed(claims)}
        return tuple(
            Held(claim.target, str(claim.holder), claim.since, claim.expires_at)
            for claim in claims
            if claim.fence == highest[claim.target] and not claim.released
        )

    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        return build(self._tables.query(statement, **args) if self.check() else ())
