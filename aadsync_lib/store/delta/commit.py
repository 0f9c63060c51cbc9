"""Group commit: calls that wait while a commit is under way go into the next one, together.

A commit of Delta takes a second or two on cloud storage, whatever is in it, and many threads announce
and settle at once. Whoever finds no commit under way commits for everybody who waits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from threading import Condition

from aadsync_lib.errors import StoreError
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.lease import Lease, read_claims
from aadsync_lib.store.delta.rows import COLUMNS
from aadsync_lib.store.delta.session import Tables
from aadsync_lib.store.delta.state import TargetState
from aadsync_lib.store.delta.steps import Announce, CommitStep
from aadsync_lib.store.leasing import TTL
from aadsync_lib.store.records import Row

log = logging.getLogger(__name__)


class Committer:
    """Records the steps of many threads. ``leases`` are those held, by target; its owner changes it."""

    def __init__(
        self, tables: Tables, sync: str, clock: Clock, leases: Mapping[str, Lease]
    ) -> None:
        self._tables = tables
        self._sync = sync
        self._clock = clock
        self._leases = leases
        self._waiting: list[CommitStep] = []
        self._busy = False
        self._changed = Condition()
        self._states: dict[str, tuple[Lease, TargetState]] = {}

    def record(self, step: CommitStep) -> None:
        """Return when the step is recorded; raise what kept it from being so."""
        with self._changed:
            self._waiting.append(step)
            self._changed.wait_for(lambda: step.done or not self._busy)
            if not step.done:  # else somebody has taken it along
                together, self._waiting = self._waiting, []
                self._busy = True
        if not step.done:
            self._together(together)
        if step.error:
            raise step.error

    def _together(self, steps: list[CommitStep]) -> None:
        try:
            self._commit(steps)
        except BaseException as error:
            for step in steps:  # each thread raises an error of its own
                step.error = step.error or _again(error)
            if not isinstance(error, Exception):
                raise
        finally:
            with self._changed:
                for step in steps:
                    step.done = True
                self._busy = False
                self._changed.notify_all()

    def _commit(self, steps: list[CommitStep]) -> None:
        """Record all steps that can be; the others get their error and hinder nobody."""
        announces = [step for step in steps if isinstance(step, Announce)]
        with _failing(announces):
            self._renew_expired(announces)
        written = self._write([step for step in steps if not step.error])
        announced = [step for step in written if isinstance(step, Announce)]
        with _failing(announced):
            self._check(announced)

    def _write(self, steps: list[CommitStep]) -> list[CommitStep]:
        """Add the rows of these steps in one commit and return the steps that had any to add."""
        now = self._clock.now()
        states: dict[str, TargetState] = {}
        rows: list[list[Row]] = []
        written: list[CommitStep] = []
        for step in steps:
            try:
                if step.target not in states:
                    states[step.target] = self._state(step.target, now)
                rows.append(step.rows(states[step.target], now))
                written.append(step)
            except StoreError as error:
                step.error = error
        try:
            self._tables.append("journal", COLUMNS, [*chain.from_iterable(rows)])
        except BaseException:
            for target in states:  # their state by the tables is not known now
                self._states.pop(target, None)
            raise
        return written

    def _state(self, target: str, now: float) -> TargetState:
        """Return the state of a target; without the lease, others may be writing, too."""
        lease = self._leases.get(target)
        known = self._states.get(target)
        if lease and known and known[0] is lease and lease.trusted(now):
            return known[1]
        state = TargetState.load(self._tables, self._sync, target)
        if lease:
            self._states[target] = (lease, state)
        return state

    def _renew_expired(self, announces: Iterable[Announce]) -> None:
        now = self._clock.now()
        for step in announces:
            if step.lease.trusted(now) or step.lease.renew(self._tables, now):
                continue
            step.error = step.lease.error

    def _check(self, announced: list[Announce]) -> None:
        """See who still holds the lease, now that the intents are there for others to read."""
        if not announced:
            return
        now = self._clock.now()
        leases = {id(step.lease): step.lease for step in announced}.values()
        for lease in leases:
            if lease.expires_at < now + TTL / 2:
                lease.renew(self._tables, now)
        claims = read_claims(self._tables, self._sync)
        for lease in leases:
            lease.check(claims)
        losers = [step for step in announced if step.lease.taken]
        for step in losers:
            step.error = step.lease.error
        if losers:
            self._withdraw(losers)

    def _withdraw(self, losers: list[Announce]) -> None:
        try:
            self._write([step.withdrawn() for step in losers])
        except StoreError as error:  # the next run looks up on the target what became of them
            log.warning("changes that were not sent are left open: %s", error)


@contextmanager
def _failing(steps: Sequence[CommitStep]) -> Iterator[None]:
    """Let an error of the store fail these steps and no others."""
    try:
        yield
    except StoreError as error:
        for step in steps:
            step.error = step.error or _again(error)


def _again(error: BaseException) -> BaseException:
    if not isinstance(error, StoreError):
        return error
    other = StoreError(str(error))
    other.__cause__ = error.__cause__
    return other
