"""One writer at a time, by nothing but appending rows and reading them again.

Whoever wants the lease adds a row with a fence one above the highest, and reads again. It has won if
nobody else's row has that fence and the holder before has not renewed meanwhile: of two who try at
once, at least the later one sees the other, so both may lose and try again, and never do both win.
Renewing, releasing and giving way add rows, too. So nothing here depends on how Delta tells conflicts
of UPDATEs, which differs between its versions.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from aadsync_lib.clock import utc
from aadsync_lib.errors import LeaseHeldError, StoreError
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.session import Tables, jitter, micros, moment
from aadsync_lib.store.leasing import TTL, lost, watch
from aadsync_lib.store.process import Process

ROUNDS = 8  # of taking, while others take at the same moment
FEW = 24  # rows of one target that are kept before the old ones are deleted

COLUMNS = (
    "sync STRING, target STRING, fence BIGINT, token STRING, run_id STRING, holder STRING,"
    " since TIMESTAMP, renewed_at TIMESTAMP, expires_at TIMESTAMP"
)

HIGHEST = """
SELECT target, fence, token, run_id, holder, {seconds:since}, {seconds:expires_at},
  renewed_at IS NULL
FROM {leases} WHERE sync = :sync AND (:target IS NULL OR target = :target)
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """All rows of one taking of the lease, together."""

    target: str
    fence: int
    token: str
    holder: Process
    since: float
    expires_at: float
    released: bool
    rows: int

    def held(self, now: float, here: Process) -> bool:
        """Return whether somebody works under it."""
        return not self.released and self.expires_at > now and not self.holder.gone(here)

    def conflicts_with(self, lease: Lease) -> bool:
        """Return whether it bars that lease; who has released that fence is through."""
        same = self.fence == lease.fence and self.token != lease.token and not self.released
        return same or self.fence > lease.fence


def read_claims(tables: Tables, sync: str, target: str | None = None) -> list[LeaseClaim]:
    """Return the claims that nobody withdrew, by target, of the highest fence first."""
    claims: dict[str, LeaseClaim] = {}
    rows = tables.query(HIGHEST, sync=sync, target=target)
    withdrawn = {token for _, _, token, *_, undone in rows if undone}
    for of, fence, token, run_id, holder, since, expires, _ in rows:
        if token in withdrawn:
            continue
        before = claims.get(token)
        claims[token] = LeaseClaim(
            of,
            fence,
            token,
            Process.from_json(holder),
            since,
            max(expires, before.expires_at if before else 0.0),
            run_id is None or (before is not None and before.released),
            1 + (before.rows if before else 0),
        )
    return sorted(claims.values(), key=lambda claim: (claim.target, -claim.fence, claim.released))


@dataclass(slots=True)
class Lease:
    """A lease this process took. ``expires_at`` and ``taken`` (by another) are what it knows of it."""

    sync: str
    target: str
    run_id: str
    fence: int
    holder: Process
    since: float
    expires_at: float
    token: str = field(default_factory=lambda: uuid4().hex)
    taken: LeaseClaim | None = None

    def row(self, now: float, *, until: float, released: bool = False) -> tuple[object, ...]:
        """Return the row that takes, renews or releases it."""
        run_id = None if released else self.run_id
        times: tuple[datetime, ...] = (moment(self.since), moment(now), moment(until))
        return (self.sync, self.target, self.fence, self.token, run_id, self.holder.to_json(), *times)  # fmt: skip

    def trusted(self, now: float) -> bool:
        """Return whether nobody else can have taken it by now."""
        return self.taken is None and now < self.expires_at

    @property
    def error(self) -> StoreError | None:
        """The error to raise when it is lost."""
        if self.taken is None:
            return None
        return lost(self.target, self.run_id, self.taken.holder, self.taken.since)

    def renew(self, tables: Tables, now: float) -> bool:
        """Extend it and return True, unless somebody else has taken it."""
        if self.taken is None:
            tables.append("leases", COLUMNS, [self.row(now, until=now + TTL)])
            claims = read_claims(tables, self.sync, self.target)
            self.check(claims)
            if self.taken is None:
                self.expires_at = max(self.expires_at, now + TTL)
                _forget(tables, self, claims)
        return self.taken is None

    def check(self, claims: list[LeaseClaim]) -> None:
        """Note whether it is lost by what the table says."""
        ours = [claim for claim in claims if claim.target == self.target]
        if ours and ours[0].fence > self.fence:
            self.taken = self.taken or ours[0]

    def release(self, tables: Tables, now: float) -> None:
        """End it now."""
        tables.append("leases", COLUMNS, [self.row(now, until=now, released=True)])

    def withdraw(self, tables: Tables, now: float) -> None:
        """Undo the taking: a row without ``renewed_at`` says that nobody ever worked under it."""
        *row, _, until = self.row(now, until=now, released=True)
        tables.append("leases", COLUMNS, [(*row, None, until)])


def take(tables: Tables, sync: str, target: str, run_id: str, here: Process, clock: Clock) -> Lease:
    """Take the lease that is free, expired, held by a process that died on this host, or watched in vain.

    One whose holder's clock is ahead is watched: a claim that gets no row meanwhile is nobody's.
    """
    watched: list[LeaseClaim] = []
    for round_ in range(ROUNDS):
        now = clock.now()
        before = read_claims(tables, sync, target)
        held = [claim for claim in _highest(before, before) if claim.held(now, here)]
        if held := [claim for claim in held if claim not in watched]:
            claim = held[0]
            if watched or claim.expires_at <= now + TTL:
                until = min(claim.expires_at, now + TTL)
                raise LeaseHeldError(target, str(claim.holder), utc(claim.since), utc(until))
            watch(clock, target)
            watched = held
            continue
        if before and not before[0].released:
            log.info("taking over the lease of a run that ended without releasing it",
                     extra={"target": target})  # fmt: skip
        fence = 1 + (before[0].fence if before else 0)
        lease = Lease(sync, target, run_id, fence, here, now, now + TTL)
        tables.append("leases", COLUMNS, [lease.row(now, until=now + TTL)])
        after = read_claims(tables, sync, target)
        now = clock.now()
        renewed = (claim for claim in _highest(after, before) if claim not in watched)
        if not any(claim.conflicts_with(lease) for claim in after) and not any(
            claim.held(now, here) for claim in renewed
        ):
            _forget(tables, lease, after)
            return lease
        lease.withdraw(tables, now)
        clock.sleep(jitter(round_))
    raise StoreError(
        f"{target}: others kept taking the lease at the same moment. Nothing was changed. Run again."
    )


def _highest(claims: list[LeaseClaim], before: list[LeaseClaim]) -> list[LeaseClaim]:
    """Return the claims of the fence that was the highest before."""
    return [claim for claim in claims if claim.fence == before[0].fence] if before else []


def _forget(tables: Tables, lease: Lease, claims: list[LeaseClaim]) -> None:
    """Delete old rows when there are many. The highest fence and the last renewals stay."""
    if sum(claim.rows for claim in claims) <= FEW:
        return
    try:
        tables.execute(
            "DELETE FROM {leases} WHERE sync = :sync AND target = :target AND (fence < :fence"
            " OR (token = :token AND renewed_at < timestamp_micros(:long_ago)))",
            sync=lease.sync,
            target=lease.target,
            fence=lease.fence,
            token=lease.token,
            long_ago=micros(lease.expires_at - 2 * TTL),
        )
    except StoreError as error:  # it only takes space
        log.warning("old rows of leases were not deleted: %s", error)
