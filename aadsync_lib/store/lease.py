"""The lease on a target as a row of SQLite, guarded by a fence.

Whoever takes the lease raises its fence. A run that lost it, because it was stopped for longer than
the lease lasts, carries an old fence and can record nothing any more, and so write nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from aadsync_lib.clock import utc
from aadsync_lib.errors import LeaseHeldError
from aadsync_lib.store.database import TargetWriter
from aadsync_lib.store.leasing import TTL, lost
from aadsync_lib.store.process import Process

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease this process took. ``renew`` tells if it still has it."""

    target: str
    run_id: str
    fence: int

    def renew(self, writer: TargetWriter) -> bool:
        """Extend the lease and return True, unless somebody else has taken it."""
        return self._until(writer, writer.now + TTL, self.run_id)

    def release(self, writer: TargetWriter) -> None:
        """End the lease now. The row stays, so that the fence only ever grows."""
        self._until(writer, writer.now, None)

    def check(self, writer: TargetWriter) -> None:
        """Raise ``StoreError`` when the lease is lost. Belongs inside the transaction it protects."""
        if self.renew(writer):
            return
        holder, since = writer.run(
            "SELECT holder, since FROM leases WHERE sync = :sync AND target = :target"
        ).fetchone()
        raise lost(self.target, self.run_id, Process.from_json(holder), since)

    def _until(self, writer: TargetWriter, expires: float, holder: str | None) -> bool:
        done = writer.run(
            "UPDATE leases SET renewed_at = :now, expires_at = :expires, run_id = :holder"
            " WHERE sync = :sync AND target = :target AND run_id = :run_id AND fence = :fence",
            expires=expires,
            holder=holder,
            run_id=self.run_id,
            fence=self.fence,
        )
        return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A lease as it stands. ``run_id`` is ``None`` when it was released; times are the holder's."""

    fence: int
    run_id: str | None
    holder: Process
    since: float
    renewed_at: float
    expires_at: float

    def held(self, now: float, here: Process) -> bool:
        """Return whether somebody works under it."""
        return self.run_id is not None and self.expires_at > now and not self.holder.gone(here)


def take(
    writer: TargetWriter, run_id: str, here: Process, watched: LeaseRow | None = None
) -> Lease | LeaseRow:
    """Take the lease that is free, expired, held by a process that died on this host, or ``watched`` in vain.

    Returns the lease of another one that has to be watched for ``WATCH`` seconds, because its holder's
    clock is ahead. Raises ``LeaseHeldError`` for one that is held.
    """
    row = _row(writer)
    if row and row != watched and row.held(writer.now, here):
        if watched is None and row.expires_at > writer.now + TTL:
            return row
        until = min(row.expires_at, writer.now + TTL)
        raise LeaseHeldError(writer.target, str(row.holder), utc(row.since), utc(until))
    if row and row.run_id is not None:
        log.info(
            "taking over the lease of a run that ended without releasing it",
            extra={"target": writer.target, "run_id": row.run_id},
        )
    writer.run(
        "INSERT INTO leases (sync, target, fence, run_id, holder, since, renewed_at, expires_at)"
        " VALUES (:sync, :target, 1, :run_id, :holder, :now, :now, :expires)"
        " ON CONFLICT (sync, target) DO UPDATE SET fence = leases.fence + 1,"
        " run_id = excluded.run_id, holder = excluded.holder, since = excluded.since,"
        " renewed_at = excluded.renewed_at, expires_at = excluded.expires_at",
        run_id=run_id,
        holder=here.to_json(),
        expires=writer.now + TTL,
    )
    return Lease(writer.target, run_id, row.fence + 1 if row else 1)


def _row(writer: TargetWriter) -> LeaseRow | None:
    row = writer.run(
        "SELECT fence, run_id, holder, since, renewed_at, expires_at FROM leases"
        " WHERE sync = :sync AND target = :target"
    ).fetchone()
    if row is None:
        return None
    fence, run_id, holder, *times = row
    return LeaseRow(fence, run_id, Process.from_json(holder), *times)
