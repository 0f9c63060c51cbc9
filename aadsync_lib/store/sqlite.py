"""The store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import CarriedState
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Clock
from aadsync_lib.store.carried import keep_memory
from aadsync_lib.store.database import Database
from aadsync_lib.store.lease import RENEW, Lease, beating, take
from aadsync_lib.store.memberships import note_members
from aadsync_lib.store.process import Process
from aadsync_lib.store.reader import SqliteReader
from aadsync_lib.store.text import storable
from aadsync_lib.store.write import (
    add_entry,
    add_link,
    forget_former,
    prune,
    remove_link,
    settle_entry,
)

T = TypeVar("T")


class SqliteStore(SqliteReader):
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
        self.sync = sync
        self._clock = clock
        self._holder = holder or Process.here()
        self._renew_every = renew_every
        self._leases: dict[str, Lease] = {}

    @contextmanager
    def lease(self, target: str, run_id: str) -> Iterator[None]:
        """Hold the target for this run and renew it until the block ends."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            lease = take(connection, self.sync, target, run_id, self._holder, now)
        self._leases[target] = lease
        try:
            renew, release = partial(self._renew, lease), partial(self._release, lease)
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
        values = (
            run_id,
            self.sync,
            digest,
            settings_digest,
            full,
            undoes,
            self._holder.host,
            self._holder.user,
            self._clock.now(),
        )
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO runs (run_id, sync, digest, settings_digest, "full", undoes, host,'
                " \"user\", started_at, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running')",
                values,
            )

    def end_run(self, run_id: str, status: str, report: str) -> None:
        """Record how a run ended; ``report`` is its JSON."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "UPDATE runs SET status = ?, report = ?, ended_at = ?"
                " WHERE run_id = ? AND sync = ?",
                (status, storable(report), self._clock.now(), run_id, self.sync),
            )
            if done.rowcount != 1:
                raise StoreError(
                    f"{self._database.path}: sync {self.sync} has no run {run_id}, so its end was "
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
                add_entry(connection, self.sync, target, run_id, change, now) for change in changes
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
        own = lease.run_id if lease else None
        made_by: dict[str | None, str] = {}
        with self._database.transaction() as connection:
            for entry, outcome in outcomes.items():
                run_id = settle_entry(connection, self.sync, target, entry, outcome, now)
                made_by[outcome.change.external_id] = run_id
            for external_id in unlinked:
                ender = made_by.get(external_id, own)
                remove_link(connection, self.sync, target, external_id, ender, now)
            for link in linked:
                maker = made_by.get(link.external_id, own)
                add_link(connection, self.sync, target, link, maker, now)
            for outcome in outcomes.values():
                run_id = made_by[outcome.change.external_id]
                note_members(connection, self.sync, target, outcome, run_id, now)
                if outcome.change.action.verb == "delete" and outcome.result is Result.DONE:
                    forget_former(connection, self.sync, target, outcome.change.target_id)

    def remember(self, run_id: str, target: str, memory: CarriedState) -> None:
        """Keep what a run leaves behind, all or nothing.

        Needs no lease, because a run that was refused remembers, too; but a run that lost its lease
        says nothing over what its successor says.
        """
        if memory == CarriedState():
            return
        lease = self._leases.get(target)
        with self._database.transaction() as connection:
            if lease is not None and lease.run_id == run_id:
                lease.check(connection, self._clock.now())
            keep_memory(connection, self.sync, target, memory)

    def _renew(self, lease: Lease) -> bool:
        with self._database.transaction() as connection:
            return lease.renew(connection, self._clock.now())

    def _release(self, lease: Lease) -> None:
        with self._database.transaction() as connection:
            lease.release(connection, self._clock.now())

    def prune(self, before: float) -> None:
        """Delete outcomes and ended runs that are older; links, members and what is open stay."""
        with self._database.transaction() as connection:
            prune(connection, self.sync, before)

    def _read(self, fetch: Callable[[sqlite3.Connection], T], _: T) -> T:
        with self._database.reading() as connection:
            return fetch(connection)

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
