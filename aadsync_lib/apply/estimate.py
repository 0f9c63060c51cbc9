"""The cost of applying a plan, at the rates of its target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from math import ceil

from aadsync_lib.apply.access_tasks import of_access
from aadsync_lib.apply.schedule import lone_task, schedule
from aadsync_lib.apply.tasks import DELETES, Phase, Task, creates
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import MEMBERS, Action, Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Estimate, TargetPlan
from aadsync_lib.model.rates import (
    ACCESS_RATES,
    CREATE_MEMBERS,
    PATCH_REMOVES,
    PATCH_VALUES,
    Verb,
)

Lane = tuple[Verb, WorkspaceId]
Joining = Mapping[tuple[str | None, str | None], int]
GROUPS = frozenset(action for action in Action if action.kind is Kind.GROUP)


def estimate(plan: TargetPlan, rates: Mapping[Verb, float]) -> Estimate:
    """Count the writes as the executor sends them; each class of request has a pace of its own.

    The phases come one after the other; in each of them the slowest class counts.
    """
    joining = {_place(c): len(c.members) for c in plan.changes if c.action is Action.ADD_MEMBERS}
    paces = {**ACCESS_RATES, **rates}
    sent: dict[Phase, Counter[Lane]] = {phase: Counter() for phase in Phase}
    for task in _tasks(plan):
        sent[task.phase].update(_lanes(task, joining))
    seconds = sum(
        max((count / paces[verb] for (verb, _), count in counts.items()), default=0.0)
        for counts in sent.values()
    )
    return Estimate(sum(counts.total() for counts in sent.values()), round(seconds, 1))


def _tasks(plan: TargetPlan) -> Iterator[Task]:
    """Yield the tasks of a plan; of who joins a group, those who have no part in the order are left out."""
    changes = Counter(_place(change) for change in plan.changes if change.action not in GROUPS)
    rest: list[Change] = []
    for change in plan.changes:
        if change.action not in GROUPS and changes[_place(change)] == 1:
            yield lone_task(change)
        else:
            rest.append(_outlined(change))
    paths = frozenset((path.group, path.member) for path in plan.replacement_paths)
    yield from schedule(rest, paths)


def _outlined(change: Change) -> Change:
    """Return an addition with its groups and one of its people: the others make no other task of it."""
    if change.action is not Action.ADD_MEMBERS:
        return change
    people = (member for member in change.members if member.type is not Kind.GROUP)
    groups = (member for member in change.members if member.type is Kind.GROUP)
    return replace(change, members=(*islice(people, 1), *groups))


def _place(change: Change) -> tuple[str | None, str | None]:
    subject = change.external_id or change.target_id or change.name
    return subject, change.target_id if change.action in MEMBERS else None


def _lanes(task: Task, joining: Joining) -> Mapping[Lane, int]:
    """Count the requests of a task by what limits them: entitlements have a pace in each workspace."""
    if not of_access(task.changes):
        return {(verb, None): count for verb, count in _requests(task, joining).items()}
    workspace = task.changes[0].workspace_id
    verb = Verb.PATCH if workspace is None else task.verb  # the target itself, whose pace it shares
    revokes = task.verb is Verb.ENTITLEMENT and any(c.takes_access for c in task.changes)
    return {(verb, workspace if verb is Verb.ENTITLEMENT else None): 1, (Verb.GET, None): revokes}


def _requests(task: Task, joining: Joining) -> Mapping[Verb, int]:
    """Count the requests of a task that meets no error."""
    adds = sum(joining[_place(c)] for c in task.changes if c.action is Action.ADD_MEMBERS)
    removes = sum(len(c.members) for c in task.changes if c.action is Action.REMOVE_MEMBERS)
    if creates(task.changes):
        return {Verb.WRITE: 1, Verb.PATCH: ceil(max(0, adds - CREATE_MEMBERS) / PATCH_VALUES)}
    if task.changes[0].action in DELETES:
        return {Verb.WRITE: 1}
    differs = any(c.before != c.after for c in task.changes if c.action not in MEMBERS)
    chunks = max(ceil(adds / PATCH_VALUES), ceil(removes / PATCH_REMOVES))
    return {Verb.PATCH: max(int(differs), chunks)}
