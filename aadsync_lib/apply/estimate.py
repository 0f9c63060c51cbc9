"""The cost of applying a plan, at the rates of its target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil

from aadsync_lib.apply.access_tasks import of_access
from aadsync_lib.apply.schedule import schedule
from aadsync_lib.apply.tasks import DELETES, Phase, Task, creates
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import MEMBERS, Action
from aadsync_lib.model.plan import Estimate, TargetPlan
from aadsync_lib.model.rates import (
    ACCESS_RATES,
    CREATE_MEMBERS,
    PATCH_REMOVES,
    PATCH_VALUES,
    Verb,
)

Lane = tuple[Verb, WorkspaceId]


def estimate(plan: TargetPlan, rates: Mapping[Verb, float]) -> Estimate:
    """Count the writes as the executor sends them; each class of request has a pace of its own.

    The phases come one after the other; in each of them the slowest class counts.
    """
    paths = frozenset((path.group, path.member) for path in plan.replacement_paths)
    paces = {**ACCESS_RATES, **rates}
    sent: dict[Phase, Counter[Lane]] = {phase: Counter() for phase in Phase}
    for task in schedule(plan.changes, paths):
        sent[task.phase].update(_lanes(task))
    seconds = sum(
        max((count / paces[verb] for (verb, _), count in counts.items()), default=0.0)
        for counts in sent.values()
    )
    return Estimate(sum(counts.total() for counts in sent.values()), round(seconds, 1))


def _lanes(task: Task) -> Mapping[Lane, int]:
    """Count the requests of a task by what limits them: entitlements have a pace in each workspace."""
    if not of_access(task.changes):
        return {(verb, None): count for verb, count in _requests(task).items()}
    workspace = task.changes[0].workspace_id
    verb = Verb.PATCH if workspace is None else task.verb  # the target itself, whose pace it shares
    revokes = task.verb is Verb.ENTITLEMENT and any(c.takes_access for c in task.changes)
    return {(verb, workspace if verb is Verb.ENTITLEMENT else None): 1, (Verb.GET, None): revokes}


def _requests(task: Task) -> Mapping[Verb, int]:
    """Count the requests of a task that meets no error."""
    adds = sum(len(c.members) for c in task.changes if c.action is Action.ADD_MEMBERS)
    removes = sum(len(c.members) for c in task.changes if c.action is Action.REMOVE_MEMBERS)
    if creates(task.changes):
        return {Verb.WRITE: 1, Verb.PATCH: ceil(max(0, adds - CREATE_MEMBERS) / PATCH_VALUES)}
    if task.changes[0].action in DELETES:
        return {Verb.WRITE: 1}
    differs = any(c.before != c.after for c in task.changes if c.action not in MEMBERS)
    chunks = max(ceil(adds / PATCH_VALUES), ceil(removes / PATCH_REMOVES))
    return {Verb.PATCH: max(int(differs), chunks)}
