"""The store in Delta tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from aadsync_lib.model.carried import CarriedState, Checkpoint
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import ConnectorRecord
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.commit import Committer
from aadsync_lib.store.delta.lease import Lease, take
from aadsync_lib.store.delta.prune import prune
from aadsync_lib.store.delta.rows import as_json
from aadsync_lib.store.delta.schema import migrate, tables_of
from aadsync_lib.store.delta.session import Spark, micros, moment
from aadsync_lib.store.delta.steps import OF_THE_SYNC, Announce, Note, Remember, Settle
from aadsync_lib.store.leasing import RENEW, LeasingStore
from aadsync_lib.store.process import Process
from aadsync_lib.store.records import Row, checkpoint_to_text, connector_rows, storable, unknown_run

T = TypeVar("T")

RUN = (
    "run_id STRING, sync STRING, digest STRING, settings_digest STRING, `full` BOOLEAN,"
    " undoes STRING, host STRING, `user` STRING, started_at TIMESTAMP, status STRING"
)

CONNECTOR = (
    "sync STRING, target STRING, seen_at TIMESTAMP, state STRING, problems STRING, failing BIGINT,"
    " document STRING"
)

MIRROR = "sync STRING, digest STRING, mirror STRING"
CHECKPOINT = "sync STRING, run_id STRING, state STRING, watched STRING"
RUN_NUMBER = "sync STRING, run_id STRING, number BIGINT"
LAST_NUMBER = "SELECT max(number) FROM {run_numbers} WHERE sync = :sync"


class DeltaStore(LeasingStore[Lease]):
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
        places: Mapping[str, str] | None = None,
        holder: Process | None = None,
        renew_every: float = RENEW,
    ) -> None:
        super().__init__(sync, clock, places, holder, renew_every)
        self._tables = tables_of(spark, schema, clock)
        self._committer = Committer(self._tables, sync, clock, self._leases)
        migrate(self._tables, clock)

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
        (last,) = self._tables.query(LAST_NUMBER, sync=self.sync)
        number = 1 + (last[0] or 0)
        self._tables.append("run_numbers", RUN_NUMBER, [(self.sync, run_id, number)])
        self._tables.append("runs", RUN, [(*row, now, "running")])

    def end_run(
        self, run_id: str, status: str, report: str, checkpoint: Checkpoint | None = None
    ) -> None:
        """Record how a run ended, and where the next one may go on; ``report`` is its JSON.

        The latter is recorded first, and holds only once the run has ended well.
        """
        run = {"run_id": run_id, "sync": self.sync}
        there = self._tables.query(
            "SELECT 1 FROM {runs} WHERE run_id = :run_id AND sync = :sync", **run
        )
        if not there:
            raise unknown_run(self._tables.schema, self.sync, run_id)
        if checkpoint:
            self._keep_checkpoint(run_id, checkpoint)
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
        step = Announce(target, self._required(target, run_id), changes)
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
        lease, now = self._held(target, run_id), self._clock.now()
        if lease and not lease.trusted(now):
            lease.renew(self._tables, now)
            if lease.error:
                raise lease.error
        self._committer.record(Remember(target, memory))

    def keep_connectors(self, records: Sequence[ConnectorRecord]) -> None:
        """Add what was seen of connectors, all or nothing: it is one commit."""
        rows = [
            (sync, target, moment(seen_at), *more)
            for sync, target, seen_at, *more in connector_rows(self.sync, records)
        ]
        self._tables.append("connector_states", CONNECTOR, rows)

    def _keep_checkpoint(self, run_id: str, checkpoint: Checkpoint) -> None:
        """Keep the mirror first: until the checkpoint has its digest, it belongs to nothing."""
        if checkpoint.mirror is not None:
            row = (self.sync, checkpoint.mirror_digest, checkpoint.mirror)
            self._tables.append("mirrors", MIRROR, [row])
        self._move_checkpoint(run_id, checkpoint)
        if checkpoint.mirror is not None:
            others = "DELETE FROM {mirrors} WHERE sync = :sync AND digest <> :digest"
            self._tables.execute(others, sync=self.sync, digest=checkpoint.mirror_digest)

    def _move_checkpoint(self, run_id: str, checkpoint: Checkpoint) -> None:
        about = {"sync": self.sync, "run_id": run_id}
        state = checkpoint_to_text(checkpoint)
        if checkpoint.watched is None:
            move = (
                "UPDATE {checkpoints} SET run_id = :run_id, state = :state"
                " WHERE sync = :sync AND run_id = :of_run"
            )
            self._tables.execute(move, state=state, of_run=checkpoint.run_id, **about)
        else:
            row = (self.sync, run_id, state, checkpoint.watched)
            self._tables.append("checkpoints", CHECKPOINT, [row])
            old = "DELETE FROM {checkpoints} WHERE sync = :sync AND run_id <> :run_id"
            self._tables.execute(old, **about)

    def _prune(self, before: float) -> None:
        prune(self._tables, self.sync, before, self._clock.now())

    def close(self) -> None:
        """Leave the session to its owner. A lease that is still held then ends by itself."""

    def _keep_place(self, target: str, place: str) -> None:
        statement = "SELECT place FROM {places} WHERE sync = :sync AND target = :target"
        if self._tables.query(statement, sync=self.sync, target=target) != [(place,)]:
            self._committer.record(Note(target, "place", {"name": place}))

    def _replace_roots(self, roots: Iterable[KnownRoot]) -> None:
        whole = [{"selector": r.selector, "external_id": r.id, "name": r.name} for r in roots]
        self._committer.record(Note(OF_THE_SYNC, "roots", {"change": as_json(whole)}))

    def _take(self, target: str, run_id: str) -> Lease:
        return take(self._tables, self.sync, target, run_id, self._holder, self._clock)

    def _renew(self, lease: Lease) -> bool:
        return lease.renew(self._tables, self._clock.now())

    def _release(self, lease: Lease) -> None:
        lease.release(self._tables, self._clock.now())

    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        return build(self._tables.query(statement, **args))
