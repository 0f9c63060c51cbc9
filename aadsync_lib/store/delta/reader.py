"""Everything that a Delta store tells, whether its tables are there or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from aadsync_lib.model.carried import JournalEntry, Membership, QuarantineRecord, Retry, RunRecord
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Pending
from aadsync_lib.store.delta.read import (
    read_done,
    read_entries,
    read_former,
    read_links,
    read_pending,
    read_runs,
    read_shared,
    read_targets,
)
from aadsync_lib.store.delta.recall import (
    read_at,
    read_latest,
    read_missing,
    read_quarantine,
    read_retries,
)
from aadsync_lib.store.delta.session import Tables

T = TypeVar("T")


class DeltaReader:
    """Implements ``ports.HistoryReader``."""

    sync: str
    _tables: Tables

    def links(self, target: str) -> Links:
        """Who owns what on this target."""
        return self._read(lambda: read_links(self._tables, self.sync, target), Links())

    def pending(self, target: str) -> tuple[Pending, ...]:
        """Writes announced without an outcome by any run, oldest first."""
        return self._read(lambda: read_pending(self._tables, self.sync, target), ())

    def shared(self, target: str) -> Mapping[str, str]:
        """Target ids that other syncs of this schema manage under the same target name, with their sync."""
        return self._read(lambda: read_shared(self._tables, self.sync, target), {})

    def former(self, target: str) -> tuple[Link, ...]:
        """Links whose Entra object has another target object by now."""
        return self._read(lambda: read_former(self._tables, self.sync, target), ())

    def memberships(self, target: str, groups: Collection[str]) -> tuple[Membership, ...]:
        """The latest membership, open or ended, of each member of these groups (object ids)."""
        return self._read(lambda: read_latest(self._tables, self.sync, target, groups), ())

    def missing(self, target: str) -> Mapping[str, float]:
        """Since when linked objects are missing from complete reads, by object id."""
        return self._read(lambda: read_missing(self._tables, self.sync, target), {})

    def retries(self, target: str) -> tuple[Retry, ...]:
        """Changes that failed when they were last tried, in order of their keys."""
        return self._read(lambda: read_retries(self._tables, self.sync, target), ())

    def quarantine(self, target: str) -> tuple[QuarantineRecord, ...]:
        """What the last run held back, in order of names."""
        return self._read(lambda: read_quarantine(self._tables, self.sync, target), ())

    def done(self, target: str, ids: Collection[str]) -> tuple[Change, ...]:
        """What was done to these objects, members apart, as far as the journal goes back."""
        return self._read(lambda: read_done(self._tables, self.sync, target, ids), ())

    def targets(self) -> tuple[str, ...]:
        """Names of the targets that this sync has written to."""
        return self._read(lambda: read_targets(self._tables, self.sync), ())

    def runs(self) -> tuple[RunRecord, ...]:
        """Every run of this sync, newest first."""
        return self._read(lambda: read_runs(self._tables, self.sync), ())

    def entries(
        self, run_id: str | None = None, *, after: float | None = None
    ) -> tuple[JournalEntry, ...]:
        """Settled entries of one run or of all, settled ``after`` a time or ever, as announced."""
        return self._read(lambda: read_entries(self._tables, self.sync, run_id, after), ())

    def outcomes(self, run_id: str) -> tuple[Outcome, ...]:
        """What a run did, in order."""
        return tuple(entry.outcome for entry in self.entries(run_id))

    def members_at(self, at: float) -> tuple[Membership, ...]:
        """Every membership that was open at a time, on all targets."""
        return self._read(lambda: read_at(self._tables, self.sync, at), ())

    def _read(self, fetch: Callable[[], T], absent: T) -> T:
        """Return what ``fetch`` reads, ``absent`` where there are no tables."""
        raise NotImplementedError
