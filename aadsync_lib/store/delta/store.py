"""The store in Delta tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import CarriedState
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.commit import Committer
from aadsync_lib.store.delta.lease import Lease, take
from aadsync_lib.store.delta.prune import prune
from aadsync_lib.store.delta.reader import DeltaReader
from aadsync_lib.store.delta.schema import migrate, tables_of
from aadsync_lib.store.delta.session import Spark, micros, moment
from aadsync_lib.store.delta.steps import Announce, Remember, Settle
from aadsync_lib.store.lease import RENEW, beating
from aadsync_lib.store.process import Process
from aadsync_lib.store.text import storable

T = TypeVar("T")

RUN = (
    "run_id STRING, sync STRING, digest STRING, settings_digest STRING, `full` BOOLEAN,"
    " undoes STRING, host STRING, `user` STRING, started_at TIMESTAMP, status STRING"
)


class DeltaStore(DeltaReader):
    """The memory of one sync; implements ``ports.Store``.

    Any number of threads may use it, and several processes and syncs may share the schema. What a call
    recorded is committed when it returns, all of it or nothing.
    """

    def __init__(
        self,
        spark: Spark,
        schema: str,
        sync: str,
        clock: Clock,
        *,
        holder: Process | None = None,
        renew_every: float = RENEW,
    ) -> None:
        self._tables = tables_of(spark, schema, clock)
        self.sync = sync
        self._clock = clock
        self._holder = holder or Process.here()
        self._renew_every = renew_every
        self._leases: dict[str, Lease] = {}
        self._committer = Committer(self._tables, sync, clock, self._leases)
        migrate(self._tables, clock)

    @contextmanager
    def lease(self, target: str, run_id: str) -> Iterator[None]:
        """Hold the target for this run and renew it until the block ends."""
        lease = take(self._tables, self.sync, target, run_id, self._holder, self._clock)
        self._leases[target] = lease

        def renew() -> bool:
            return lease.renew(self._tables, self._clock.now())

        def release() -> None:
            lease.release(self._tables, self._clock.now())

        try:
            with beating(target, renew, release, self._renew_every):
                yield
        finally:
            if self._leases.get(target) is lease:
                del self._leases[target]

    def begin_run(
        self,
        run_id: str,
        digest: str,
        settings_digest: str,
        *,
        full: bool,
        undoes: str | None = None,
    ) -> None:
        """Record that a run begins to write, and which run it undoes, if it does."""
        who = self._holder
        row = (run_id, self.sync, digest, settings_digest, full, undoes, who.host, who.user)
        now = moment(self._clock.now())
        self._tables.append("runs", RUN, [(*row, now, "running")])

    def end_run(self, run_id: str, status: str, report: str) -> None:
        """Record how a run ended; ``report`` is its JSON."""
        run = {"run_id": run_id, "sync": self.sync}
        there = self._tables.query(
            "SELECT 1 FROM {runs} WHERE run_id = :run_id AND sync = :sync", **run
        )
        if not there:
            raise StoreError(
                f"{self._tables.schema}: sync {self.sync} has no run {run_id}, so its end was not "
                f"recorded. Was the store replaced during the run?"
            )
        self._tables.execute(
            "UPDATE {runs} SET status = :status, report = :report,"
            " ended_at = timestamp_micros(:now) WHERE run_id = :run_id AND sync = :sync",
            status=status,
            report=storable(report),
            now=micros(self._clock.now()),
            **run,
        )

    def announce(self, run_id: str, target: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent, and return their journal entries.

        Raises ``StoreError`` unless this run holds the lease when they are recorded.
        """
        lease = self._leases.get(target)
        if lease is None or lease.run_id != run_id:
            raise StoreError(
                f"{target}: run {run_id} does not hold the lease, so nothing was recorded and "
                f"nothing may be sent. Take the lease first."
            )
        step = Announce(target, lease, changes)
        self._committer.record(step)
        return step.entries

    def settle(
        self,
        target: str,
        outcomes: Mapping[int, Outcome],
        *,
        linked: Iterable[Link] = (),
        unlinked: Iterable[str] = (),
    ) -> None:
        """Record outcomes together with the links they made or ended, all or nothing.

        Needs no lease: what was sent was sent. Links end before others are made, so that a target
        object can pass from one Entra object to another in one step.
        """
        lease = self._leases.get(target)
        run_id = lease.run_id if lease else None
        step = Settle(target, dict(outcomes), tuple(linked), tuple(unlinked), run_id)
        if step.outcomes or step.linked or step.unlinked:
            self._committer.record(step)

    def remember(self, run_id: str, target: str, memory: CarriedState) -> None:
        """Keep what a run leaves behind, all or nothing: it is one commit of the journal.

        Needs no lease, because a run that was refused remembers, too; but a run that lost its lease
        says nothing over what its successor says.
        """
        if memory == CarriedState():
            return
        lease, now = self._leases.get(target), self._clock.now()
        if lease and lease.run_id == run_id and not lease.trusted(now):
            lease.renew(self._tables, now)
            if lease.error:
                raise lease.error
        self._committer.record(Remember(target, memory))

    def _read(self, fetch: Callable[[], T], _: T) -> T:
        return fetch()

    def prune(self, before: float) -> None:
        """Delete outcomes and ended runs that are older; links, members and what is open stay."""
        prune(self._tables, self.sync, before)

    def close(self) -> None:
        """Leave the session to its owner. A lease that is still held then ends by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
