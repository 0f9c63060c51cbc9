"""One writer at a time: a lease on a target, kept alive by a heartbeat, guarded by a fence.

Whoever takes the lease raises its fence. A run that lost it, because it was stopped for longer than
the lease lasts, carries an old fence and can record nothing any more, and so write nothing.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aadsync_lib.errors import LeaseHeldError, StoreError
from aadsync_lib.store.process import Process

TTL = 60.0
RENEW = 15.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease this process took. Whether it still has it, ``renew`` tells."""

    sync: str
    target: str
    run_id: str
    fence: int

    def renew(self, connection: sqlite3.Connection, now: float) -> bool:
        """Extend the lease and return True, unless somebody else has taken it."""
        return self._until(connection, now, now + TTL, self.run_id)

    def release(self, connection: sqlite3.Connection, now: float) -> None:
        """End the lease now. The row stays, so that the fence only ever grows."""
        self._until(connection, now, now, None)

    def check(self, connection: sqlite3.Connection, now: float) -> None:
        """Raise ``StoreError`` when the lease is lost. Belongs inside the transaction it protects."""
        if self.renew(connection, now):
            return
        holder, since = connection.execute(
            "SELECT holder, since FROM leases WHERE sync = ? AND target = ?",
            (self.sync, self.target),
        ).fetchone()
        raise lost(self.target, self.run_id, Process.from_json(holder), since)

    def _until(
        self, connection: sqlite3.Connection, now: float, expires: float, run_id: str | None
    ) -> bool:
        done = connection.execute(
            "UPDATE leases SET renewed_at = ?, expires_at = ?, run_id = ?"
            " WHERE sync = ? AND target = ? AND run_id = ? AND fence = ?",
            (now, expires, run_id, self.sync, self.target, self.run_id, self.fence),
        )
        return done.rowcount == 1


def take(
    connection: sqlite3.Connection, sync: str, target: str, run_id: str, here: Process, now: float
) -> Lease:
    """Take the lease that is free, expired or held by a process that died on this host."""
    row = connection.execute(
        "SELECT fence, run_id, holder, since, expires_at FROM leases WHERE sync = ? AND target = ?",
        (sync, target),
    ).fetchone()
    fence = 0
    if row is not None:
        fence, held_by, text, since, expires = row
        holder = Process.from_json(text)
        if held_by is not None and expires > now and not holder.gone(here):
            raise LeaseHeldError(target, str(holder), utc(since), utc(expires))
        if held_by is not None:
            log.info(
                "taking over the lease of a run that ended without releasing it",
                extra={"target": target, "run_id": held_by},
            )
    connection.execute(
        "INSERT INTO leases (sync, target, fence, run_id, holder, since, renewed_at, expires_at)"
        " VALUES (?, ?, 1, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sync, target) DO UPDATE SET fence = leases.fence + 1,"
        " run_id = excluded.run_id, holder = excluded.holder, since = excluded.since,"
        " renewed_at = excluded.renewed_at, expires_at = excluded.expires_at",
        (sync, target, run_id, here.to_json(), now, now, now + TTL),
    )
    return Lease(sync, target, run_id, fence + 1)


@contextmanager
def beating(
    target: str, renew: Callable[[], bool], release: Callable[[], None], every: float
) -> Iterator[None]:
    """Renew the lease of a target from a thread until the block ends, then release it.

    ``renew`` returns False when the lease is lost.
    """
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(every):
            try:
                if not renew():
                    return  # lost: the next announce says so
            except StoreError as error:
                log.warning("the lease was not renewed, trying again: %s", error)

    thread = threading.Thread(target=beat, name=f"lease of {target}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        try:
            release()
        except (
            StoreError
        ) as error:  # must not hide why the block ended; the lease expires by itself
            log.warning("the lease was not released, it ends by itself: %s", error)


def lost(target: str, run_id: str, holder: Process, since: float) -> StoreError:
    """Return what to raise when a run finds its lease taken by another one."""
    return StoreError(
        f"{target}: run {run_id} lost its lease to {holder} at {utc(since)}, because it was stopped "
        f"for more than {TTL:.0f} s. It sends no further change. What it did is recorded; run it "
        f"again after the other run."
    )


def utc(seconds: float) -> str:
    """Return a time as an operator reads it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
