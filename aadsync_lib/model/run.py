"""One execution and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.directory import Notice
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change. For members, ``change.members`` are the ones this outcome is about."""

    change: Change
    result: Result
    error: str | None = None


class Status(StrEnum):
    """How a run, or its part for one target, ended."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"

    @staticmethod
    def worst(statuses: Iterable[Status]) -> Status:
        """Return how a whole ended whose parts ended so."""
        found = set(statuses)
        order = (Status.FAILED, Status.REFUSED, Status.PARTIAL)
        return next((status for status in order if status in found), Status.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What a run did on one target."""

    target: str
    status: Status
    outcomes: tuple[Outcome, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    on_hold: tuple[Quarantined, ...] = ()
    warnings: tuple[Notice, ...] = ()
    unowned: tuple[Unowned, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()

    @property
    def applied(self) -> Mapping[str, int]:
        """Number of changes done, by action."""
        return Counter(o.change.action.value for o in self.outcomes if o.result is Result.DONE)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The changes that were not done."""
        missed = {Result.FAILED, Result.SKIPPED, Result.UNKNOWN}
        return tuple(o for o in self.outcomes if o.result in missed)

    @property
    def members_added(self) -> int:
        """Number of memberships added."""
        return self._members(Action.ADD_MEMBERS)

    @property
    def members_removed(self) -> int:
        """Number of memberships removed."""
        return self._members(Action.REMOVE_MEMBERS)

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
    plan: Plan | None = field(default=None, compare=False, repr=False)

    @property
    def status(self) -> Status:
        """The worst status of its targets."""
        return Status.worst(target.status for target in self.targets)

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
        from aadsync_lib.model.frames import run_frame

        return run_frame(self)
