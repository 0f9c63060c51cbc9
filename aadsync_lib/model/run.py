"""Results of a run: outcomes, reports of targets, the report of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from aadsync_lib.model.change import MEMBERS, Action, Change
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.head import Address, Head
from aadsync_lib.model.plan import Plan, Quarantined, Unapplied, Unowned

if TYPE_CHECKING:
    import pandas as pd


class Result(StrEnum):
    """How one change ended.

    ``skipped``: something it depends on failed. ``unknown``: sent, and the answer never came.
    """

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    UNKNOWN = "unknown"


UNSAID: Mapping[Result, str] = {
    Result.FAILED: "refused without a reason",
    Result.SKIPPED: "not tried, because something it depends on failed",
    Result.UNKNOWN: "sent, but no answer came; the next run looks it up",
    Result.QUARANTINED: "held back until a person looks",
}
MISSED = frozenset({Result.FAILED, Result.SKIPPED, Result.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change. For members, ``change.members`` are the ones this outcome is about."""

    change: Change
    result: Result
    error: str | None = None

    @property
    def reason(self) -> str:
        """Why it was not done, in words; who alone was not added or removed comes first."""
        why = self.error or UNSAID.get(self.result, "")
        members = self.change.members if self.change.action in MEMBERS else ()
        at_fault = self.result is Result.FAILED and len(members) == 1
        return f"{members[0].name}: {why}" if at_fault else why


class Status(StrEnum):
    """How a run, or its part for one target, ended."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"

    @staticmethod
    def worst(statuses: Iterable[Status]) -> Status:
        """Return how a whole ended whose parts ended so."""
        endings = set(statuses)
        order = (Status.FAILED, Status.REFUSED, Status.PARTIAL)
        return next((status for status in order if status in endings), Status.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Recap:
    """Outcomes in short. Of a change that failed, an action and a name are all that is known."""

    applied: Mapping[str, int]
    members_added: int
    members_removed: int
    failed: tuple[Outcome, ...]
    drift: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What a run did on one target. One that was read back has a recap in place of outcomes."""

    target: str
    status: Status
    outcomes: tuple[Outcome, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    on_hold: tuple[Quarantined, ...] = ()
    warnings: tuple[Notice, ...] = ()
    unowned: tuple[Unowned, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()
    recap: Recap | None = None
    address: Address | None = None

    @property
    def applied(self) -> Mapping[str, int]:
        """Number of changes done, by action."""
        if self.recap:
            return self.recap.applied
        return Counter(o.change.action.value for o in self.outcomes if o.result is Result.DONE)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The changes that were not done, the ones that wait for another one included."""
        if self.recap:
            return self.recap.failed
        return tuple(o for o in self.outcomes if o.result in MISSED)

    @property
    def drift(self) -> tuple[Outcome, ...]:
        """What came of the changes that mend drift."""
        if self.recap:
            return self.recap.drift
        return tuple(o for o in self.outcomes if o.change.drift)

    @property
    def in_quarantine(self) -> tuple[Quarantined, ...]:
        """What planning quarantined, and what turned out to need a person while it was applied."""
        found = (
            Quarantined(o.change.external_id, o.change.name, o.reason)
            for o in self.outcomes
            if o.result is Result.QUARANTINED
        )
        return tuple(dict.fromkeys((*self.quarantined, *found)))

    @property
    def only_planned(self) -> tuple[Quarantined, ...]:
        """What planning quarantined, without what a change of the run says already."""
        refused = {
            (outcome.change.external_id, outcome.change.name, outcome.error)
            for outcome in self.outcomes
            if outcome.result is Result.QUARANTINED
        }
        return tuple(
            entry
            for entry in self.quarantined
            if (entry.external_id, entry.name, entry.reason) not in refused
        )

    @property
    def members_added(self) -> int:
        """Number of memberships added."""
        return self.recap.members_added if self.recap else self._members(Action.ADD_MEMBERS)

    @property
    def members_removed(self) -> int:
        """Number of memberships removed."""
        return self.recap.members_removed if self.recap else self._members(Action.REMOVE_MEMBERS)

    @property
    def clean(self) -> bool:
        """Whether nothing is left to be done or to be looked at."""
        unfinished = self.failed or self.on_hold or self.in_quarantine
        return self.status is Status.SUCCEEDED and not unfinished

    def _members(self, action: Action) -> int:
        done = (o.change for o in self.outcomes if o.result is Result.DONE)
        return sum(len(change.members) for change in done if change.action is action)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests sent, by side."""

    graph: int = 0
    databricks: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did. ``over`` is what the guard had against its plan, where it was refused.

    ``plan`` is the plan, where the run is of this process and not of the store.
    What several runs did together has no ``run_id``: it is empty.
    """

    run_id: str
    sync: str
    digest: str
    full: bool
    targets: tuple[TargetReport, ...]
    requests: Requests
    seconds: float
    undoes: str | None = None
    over: tuple[str, ...] = ()
    head: Head | None = None
    plan: Plan | None = field(default=None, compare=False, repr=False)

    @property
    def status(self) -> Status:
        """The worst status of its targets."""
        return Status.worst(target.status for target in self.targets)

    @property
    def applied(self) -> Counter[str]:
        """Number of changes done on all targets, by action."""
        applied: Counter[str] = Counter()
        for target in self.targets:
            applied.update(target.applied)
        return applied

    @property
    def members_added(self) -> int:
        """Number of memberships added on all targets."""
        return sum(target.members_added for target in self.targets)

    @property
    def members_removed(self) -> int:
        """Number of memberships removed on all targets."""
        return sum(target.members_removed for target in self.targets)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The changes that were not done on any target."""
        return tuple(outcome for target in self.targets for outcome in target.failed)

    @property
    def in_quarantine(self) -> tuple[Quarantined, ...]:
        """Everything in quarantine, of all targets."""
        return tuple(item for target in self.targets for item in target.in_quarantine)

    @property
    def on_hold(self) -> tuple[Quarantined, ...]:
        """Everything held back, of all targets."""
        return tuple(item for target in self.targets for item in target.on_hold)

    @property
    def clean(self) -> bool:
        """Whether nothing is left to be done or to be looked at on any target."""
        return all(target.clean for target in self.targets)

    def to_frame(self) -> pd.DataFrame:
        """Return what came of each change as a tidy frame, with the columns of ``Plan.to_frame`` and more.

        Every column has the dtype ``string``; what does not apply is missing (``pd.NA``).

        - ``run_id`` comes first
        - ``result``: ``done``, ``failed``, ``skipped``, ``quarantined`` or ``unknown``, see
          ``Result``; ``held`` for what waits until all of the source can be read
        - ``error``: what the target answered, or why the change is quarantined

        What planning quarantined or held back has a row without an ``action``; its ``reason`` says
        why. So all that somebody may have to look at is ``frame[frame["result"] != "done"]``.
        """
        from aadsync_lib.model.frames import RUN, Columns

        columns = Columns(RUN)
        for target in self.targets:
            where = {"run_id": self.run_id, "target": target.target}
            for outcome in target.outcomes:
                ending = {"result": outcome.result.value, "error": outcome.error}
                columns.change(outcome.change, **where, **ending)
            columns.rows(target.only_planned, result=Result.QUARANTINED.value, **where)
            columns.rows(target.on_hold, result="held", **where)
        return columns.frame()
