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
from aadsync_lib.store.delta.session import Row, Tables
from aadsync_lib.store.delta.steps import Announce, Step
from aadsync_lib.store.delta.view import View
from aadsync_lib.store.lease import TTL

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
        self._waiting: list[Step] = []
        self._busy = False
        self._changed = Condition()
        self._views: dict[str, tuple[Lease, View]] = {}

    def record(self, step: Step) -> None:
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

    def _together(self, steps: list[Step]) -> None:
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

    def _commit(self, steps: list[Step]) -> None:
        """Record all steps that can be; the others get their error and hinder nobody."""
        announces = [step for step in steps if isinstance(step, Announce)]
        with _failing(announces):
            self._renew_expired(announces)
        written = self._write([step for step in steps if not step.error])
        announced = [step for step in written if isinstance(step, Announce)]
        with _failing(announced):
            self._check(announced)

    def _write(self, steps: list[Step]) -> list[Step]:
        """Add the rows of these steps in one commit and return the steps that had any to add."""
        now = self._clock.now()
        views: dict[str, View] = {}
        rows: list[list[Row]] = []
        written: list[Step] = []
        for step in steps:
            try:
                if step.target not in views:
                    views[step.target] = self._view(step.target, now)
                rows.append(step.rows(views[step.target], now))
                written.append(step)
            except StoreError as error:
                step.error = error
        try:
            self._tables.append("journal", COLUMNS, [*chain.from_iterable(rows)])
        except BaseException:
            for target in views:  # what the tables say now is not known
                self._views.pop(target, None)
            raise
        return written

    def _view(self, target: str, now: float) -> View:
        """Return what the journal says of a target; without the lease, others may be writing, too."""
        lease = self._leases.get(target)
        known = self._views.get(target)
        if lease and known and known[0] is lease and lease.trusted(now):
            return known[1]
        view = View.load(self._tables, self._sync, target)
        if lease:
            self._views[target] = (lease, view)
        return view

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
        takings = read_claims(self._tables, self._sync)
        for lease in leases:
            lease.check(takings)
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
def _failing(steps: Sequence[Step]) -> Iterator[None]:
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
