"""Check after the writes for members that were accepted, but are not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from threading import Event

from aadsync_lib.apply.announced import failed_member
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.apply.tasks import Task
from aadsync_lib.model.account import Members
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.plan import Step
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Clock, Target

PATIENCE = 60.0  # "REST API internals cache things for up to 60s"
FIRST_WAIT = 2.0
NOT_ADDED = "the target accepted it as a member, but does not list it; it is tried again next run"


class Confirmation:
    """Reads the groups that got members once more and corrects the record where some are missing.

    Databricks answers 200 to members it does not know. A group is read as soon as it is written,
    while others still are; reads can lag behind writes, so what is missing then is looked for again
    at the end, until the patience is over or the run is stopped. The additions that somebody's removal
    depends on are looked for before that.
    """

    def __init__(self, target: Target, run_log: RunLog, clock: Clock, stop: Event) -> None:
        self._target = target
        self._run_log = run_log
        self._clock = clock
        self._stop = stop
        self._seen: dict[str, Members] = {}

    def look(self, task: Task) -> None:
        """Read the group of a task that is done, if it got members."""
        for change in task.changes:
            group = change.target_id or self._run_log.target_id(change.external_id)
            if change.action is Action.ADD_MEMBERS and group:
                self._seen.update(self._target.members((group,)))

    def ways(self, steps: Set[Step]) -> None:
        """Look for the additions that open another way for who leaves a group, and correct the record.

        Without them there nobody leaves.
        """
        if steps:
            self._look_again(_added(self._run_log, steps))

    def finish(self) -> None:
        """Look again for what is still missing, and correct the record."""
        self._look_again(_added(self._run_log))

    def _look_again(self, expected: Expected) -> None:
        unread = [g for g in expected if not isinstance(self._seen.get(g), frozenset)]
        self._seen.update(self._target.members(unread) if unread else {})
        missing = _missing(expected, self._seen)
        deadline = self._clock.monotonic() + PATIENCE
        pause = FIRST_WAIT
        while missing and self._clock.monotonic() + pause < deadline and not self._stop.is_set():
            self._clock.sleep(pause)
            pause *= 2
            self._seen.update(self._target.members(missing))
            missing = _missing(missing, self._seen)
        for outcomes in missing.values():
            for outcome, ids in outcomes.items():
                members = (m for m in outcome.change.members if m.target_id in ids)
                failed = [failed_member(outcome.change, m, NOT_ADDED) for m in members]
                self._run_log.correct(outcome, failed)


Expected = Mapping[str, Mapping[Outcome, frozenset[str]]]


def _added(run_log: RunLog, steps: Set[Step] | None = None) -> Expected:
    """Return, by group, the outcomes that added members, with the ids of these: all, or those of ``steps``."""
    added: dict[str, dict[Outcome, frozenset[str]]] = defaultdict(dict)
    for outcome in run_log.outcomes:
        change = outcome.change
        if outcome.result is Result.DONE and change.action is Action.ADD_MEMBERS:
            group = change.target_id or run_log.target_id(change.external_id)
            assert group  # a group that was made is linked by the same record
            if ids := _ids(change, steps):
                added[group][outcome] = ids
    return added


def _ids(change: Change, steps: Set[Step] | None) -> frozenset[str]:
    """Return the target ids of the members of an addition: of all, or of those of ``steps``."""
    return frozenset(
        member.target_id
        for member in change.members
        if member.target_id
        if steps is None or (change.external_id, member.external_id) in steps
    )


def _missing(expected: Expected, current: Mapping[str, Members]) -> Expected:
    """Return what is expected and was not seen; an unread group tells nothing."""
    missing: dict[str, dict[Outcome, frozenset[str]]] = {}
    for group, outcomes in expected.items():
        there = current.get(group, frozenset[str]())
        if isinstance(there, frozenset):
            lost = {outcome: ids - there for outcome, ids in outcomes.items() if ids - there}
            if lost:
                missing[group] = lost
    return missing
