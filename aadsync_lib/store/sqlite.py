"""The store in one SQLite file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from aadsync_lib.errors import StoreError
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock, Pending
from aadsync_lib.store.database import Database
from aadsync_lib.store.lease import RENEW, Lease, beating, take
from aadsync_lib.store.process import Process
from aadsync_lib.store.read import (
    RunRecord,
    read_added,
    read_links,
    read_outcomes,
    read_pending,
    read_runs,
)
from aadsync_lib.store.write import (
    add_entry,
    add_link,
    note_members,
    prune,
    remove_link,
    settle_entry,
    storable,
)


class SqliteStore:
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
        holder: Process | None = None,
        renew_every: float = RENEW,
    ) -> None:
        self._database = Database(Path(path), clock)
        self._sync = sync
        self._clock = clock
        self._holder = holder or Process.here()
        self._renew_every = renew_every
        self._leases: dict[str, Lease] = {}

    def links(self, target: str) -> Links:
        """Who owns what on this target."""
        with self._database.reading() as connection:
            return read_links(connection, self._sync, target)

    def pending(self, target: str) -> tuple[Pending, ...]:
        """Writes announced without an outcome by any run, oldest first."""
        with self._database.reading() as connection:
            return read_pending(connection, self._sync, target)

    def added(self, target: str) -> Mapping[str, frozenset[str]]:
        """Members, as target ids, that this sync added and did not remove, by the group's object id."""
        with self._database.reading() as connection:
            return read_added(connection, self._sync, target)

    def runs(self) -> tuple[RunRecord, ...]:
        """Every run of this sync, newest first."""
        with self._database.reading() as connection:
            return read_runs(connection, self._sync)

    def outcomes(self, run_id: str) -> tuple[Outcome, ...]:
        """What a run did, in order."""
        with self._database.reading() as connection:
            return read_outcomes(connection, self._sync, run_id)

    @contextmanager
    def lease(self, target: str, run_id: str) -> Iterator[None]:
        """Hold the target for this run and renew it until the block ends."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            lease = take(connection, self._sync, target, run_id, self._holder, now)
        self._leases[target] = lease
        try:
            renew, release = partial(self._renew, lease), partial(self._release, lease)
            with beating(target, renew, release, self._renew_every):
                yield
        finally:
            if self._leases.get(target) is lease:
                del self._leases[target]

    def begin_run(self, run_id: str, digest: str, settings_digest: str, *, full: bool) -> None:
        """Record that a run begins to write."""
        values = (
            run_id,
            self._sync,
            digest,
            settings_digest,
            full,
            self._holder.host,
            self._holder.user,
            self._clock.now(),
        )
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO runs (run_id, sync, digest, settings_digest, "full", host, "user",'
                " started_at, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running')",
                values,
            )

    def end_run(self, run_id: str, status: str, report: str) -> None:
        """Record how a run ended; ``report`` is its JSON."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "UPDATE runs SET status = ?, report = ?, ended_at = ?"
                " WHERE run_id = ? AND sync = ?",
                (status, storable(report), self._clock.now(), run_id, self._sync),
            )
            if done.rowcount != 1:
                raise StoreError(
                    f"{self._database.path}: sync {self._sync} has no run {run_id}, so its end was "
                    f"not recorded. Was the store replaced during the run?"
                )

    def announce(self, run_id: str, target: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent, and return their journal entries.

        Raises ``StoreError`` unless this run holds the lease at this moment.
        """
        lease = self._leases.get(target)
        if lease is None or lease.run_id != run_id:
            raise StoreError(
                f"{target}: run {run_id} does not hold the lease, so nothing was recorded and "
                f"nothing may be sent. Take the lease first."
            )
        now = self._clock.now()
        with self._database.transaction() as connection:
            lease.check(connection, now)
            return tuple(
                add_entry(connection, self._sync, target, run_id, change, now) for change in changes
            )

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
        now = self._clock.now()
        lease = self._leases.get(target)
        made_by: dict[str | None, str] = {}
        with self._database.transaction() as connection:
            for entry, outcome in outcomes.items():
                run_id = settle_entry(connection, self._sync, target, entry, outcome, now)
                made_by[outcome.change.external_id] = run_id
            for external_id in unlinked:
                remove_link(connection, self._sync, target, external_id)
            for link in linked:
                maker = made_by.get(link.external_id, lease.run_id if lease else None)
                add_link(connection, self._sync, target, link, maker, now)
            for outcome in outcomes.values():
                run_id = made_by[outcome.change.external_id]
                note_members(connection, self._sync, target, outcome, run_id, now)

    def _renew(self, lease: Lease) -> bool:
        with self._database.transaction() as connection:
            return lease.renew(connection, self._clock.now())

    def _release(self, lease: Lease) -> None:
        with self._database.transaction() as connection:
            lease.release(connection, self._clock.now())

    def prune(self, before: float) -> None:
        """Delete outcomes and ended runs that are older; links, members and what is open stay."""
        with self._database.transaction() as connection:
            prune(connection, self._sync, before)

    def close(self) -> None:
        """Close the file. A lease that is still held then ends by itself."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
