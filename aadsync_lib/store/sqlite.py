"""The store in one SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from aadsync_lib.model.carried import CarriedState, Checkpoint
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import ConnectorRecord
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Clock
from aadsync_lib.store.database import Database, TargetWriter, select
from aadsync_lib.store.lease import Lease, take
from aadsync_lib.store.leasing import RENEW, LeasingStore, watch
from aadsync_lib.store.memberships import note_members
from aadsync_lib.store.process import Process
from aadsync_lib.store.records import Row, checkpoint_to_text, connector_rows, storable, unknown_run
from aadsync_lib.store.write import (
    NEXT_RUN,
    add_entry,
    add_link,
    forget_former,
    keep_state,
    prune,
    remove_link,
    settle_entry,
)

T = TypeVar("T")

ADD_RUN = """
INSERT INTO runs (run_id, sync, digest, settings_digest, "full", undoes, host, "user", started_at,
  status, number)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', <next>)
""".replace("<next>", NEXT_RUN)
KEEP_CHECKPOINT = """
INSERT INTO checkpoints VALUES (:sync, :run_id, :state, :watched)
ON CONFLICT DO UPDATE SET run_id = excluded.run_id, state = excluded.state, watched = excluded.watched
"""
MOVE_CHECKPOINT = """
UPDATE checkpoints SET run_id = :run_id, state = :state WHERE sync = :sync AND run_id = :of_run
"""
KEEP_MIRROR = """
INSERT INTO mirrors VALUES (:sync, :digest, :mirror)
ON CONFLICT DO UPDATE SET digest = excluded.digest, mirror = excluded.mirror
"""
KEEP_PLACE = """
INSERT INTO places VALUES (:sync, :target, :place)
ON CONFLICT DO UPDATE SET place = excluded.place WHERE place <> excluded.place
"""


ADD_CONNECTOR = "INSERT INTO connector_states VALUES (?, ?, ?, ?, ?, ?, ?)"


class SqliteStore(LeasingStore[Lease]):
    """The memory of one sync; implements ``ports.Store``.

    Any number of threads may use it, and several processes and syncs may share the file. What a call
    recorded survives a kill at any moment; a power cut may take back the last calls, never part of one.
    """

    def __init__(
        self,
        path: Path,
        sync: str,
        clock: Clock,
        *,
        places: Mapping[str, str] | None = None,
        holder: Process | None = None,
        renew_every: float = RENEW,
    ) -> None:
        super().__init__(sync, clock, places, holder, renew_every)
        self._database = Database(Path(path), clock)

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
        run = (run_id, self.sync, digest, settings_digest, full, undoes, who.host, who.user)
        with self._database.transaction() as connection:
            connection.execute(ADD_RUN, (*run, self._clock.now()))

    def end_run(
        self, run_id: str, status: str, report: str, checkpoint: Checkpoint | None = None
    ) -> None:
        """Record how a run ended, together with where the next one may go on; ``report`` is its JSON."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "UPDATE runs SET status = ?, report = ?, ended_at = ?"
                " WHERE run_id = ? AND sync = ?",
                (status, storable(report), self._clock.now(), run_id, self.sync),
            )
            if done.rowcount != 1:
                raise unknown_run(self._database.path, self.sync, run_id)
            if checkpoint:
                moves = checkpoint.watched is None
                kept = {"of_run": checkpoint.run_id, "watched": checkpoint.watched}
                kept |= {
                    "sync": self.sync,
                    "run_id": run_id,
                    "state": checkpoint_to_text(checkpoint),
                }
                connection.execute(MOVE_CHECKPOINT if moves else KEEP_CHECKPOINT, kept)
                if checkpoint.mirror is not None:
                    digest = checkpoint.mirror_digest
                    mirror = {"sync": self.sync, "digest": digest, "mirror": checkpoint.mirror}
                    connection.execute(KEEP_MIRROR, mirror)

    def announce(self, run_id: str, target: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent, and return their journal entries.

        Raises ``StoreError`` unless this run holds the lease at this moment.
        """
        lease = self._required(target, run_id)
        with self._writing(target) as writer:
            lease.check(writer)
            return tuple(add_entry(writer, run_id, change) for change in changes)

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
        own = lease.run_id if lease else None
        made_by: dict[str | None, str] = {}
        with self._writing(target) as writer:
            for entry, outcome in outcomes.items():
                made_by[outcome.change.external_id] = settle_entry(writer, entry, outcome)
            for external_id in unlinked:
                remove_link(writer, external_id, made_by.get(external_id, own))
            for link in linked:
                add_link(writer, link, made_by.get(link.external_id, own))
            for outcome in outcomes.values():
                note_members(writer, outcome, made_by[outcome.change.external_id])
                if outcome.change.action.verb == "delete" and outcome.result is Result.DONE:
                    forget_former(writer, outcome.change.target_id)

    def remember(self, run_id: str, target: str, memory: CarriedState) -> None:
        """Keep what a run leaves behind, all or nothing.

        Needs no lease, because a run that was refused remembers, too; but a run that lost its lease
        says nothing over what its successor says.
        """
        if memory == CarriedState():
            return
        lease = self._held(target, run_id)
        with self._writing(target) as writer:
            if lease:
                lease.check(writer)
            keep_state(writer, memory)

    def keep_connectors(self, records: Sequence[ConnectorRecord]) -> None:
        """Add what was seen of connectors, all or nothing."""
        with self._database.transaction() as connection:
            connection.executemany(ADD_CONNECTOR, connector_rows(self.sync, records))

    def _prune(self, before: float) -> None:
        with self._database.transaction() as connection:
            prune(connection, self.sync, before)

    def close(self) -> None:
        """Close the file. A lease that is still held then ends by itself."""
        self._database.close()

    def _keep_place(self, target: str, place: str) -> None:
        with self._writing(target) as writer:
            writer.run(KEEP_PLACE, place=place)

    def _replace_roots(self, roots: Iterable[KnownRoot]) -> None:
        rows = [(self.sync, *map(storable, (root.selector, root.id, root.name))) for root in roots]
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM roots WHERE sync = ?", (self.sync,))
            connection.executemany("INSERT INTO roots VALUES (?, ?, ?, ?)", rows)

    def _take(self, target: str, run_id: str) -> Lease:
        watched = None
        while True:
            with self._writing(target) as writer:
                taken = take(writer, run_id, self._holder, watched)
            if isinstance(taken, Lease):
                return taken
            watch(self._clock, target)
            watched = taken

    def _renew(self, lease: Lease) -> bool:
        with self._writing(lease.target) as writer:
            return lease.renew(writer)

    def _release(self, lease: Lease) -> None:
        with self._writing(lease.target) as writer:
            lease.release(writer)

    @contextmanager
    def _writing(self, target: str) -> Iterator[TargetWriter]:
        with self._database.transaction() as connection:
            yield TargetWriter(connection, self.sync, target, self._clock.now())

    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        with self._database.reading() as connection:
            return build(select(connection, statement, args))
