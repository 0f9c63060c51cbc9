"""From a plan to tasks, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

from aadsync_lib.apply.leaving import (
    Departure,
    defer_removals,
    nests,
    replace_members,
    unnest,
    without_groups,
)
from aadsync_lib.apply.names import after_deletions, freed_by, names_freed, temporary_renames
from aadsync_lib.apply.tasks import (
    DELETES,
    END,
    ITSELF,
    RELEASES,
    Part,
    Parts,
    Phase,
    Task,
    about,
    adoption,
    creates,
    parts_of,
)
from aadsync_lib.model.change import DEPROVISIONS, Action, Change
from aadsync_lib.model.rates import Verb


def schedule(
    changes: Iterable[Change], replacement_paths: Set[Departure] = frozenset()
) -> tuple[Task, ...]:
    """Return the tasks in an order that respects what they wait for.

    People first, then groups from the inmost, each created with its members; additions before
    removals, so that nobody who moves is without access in between; deletions last. Who is replaced by
    another object loses nothing before that one is there. ``replacement_paths`` are those who leave a group
    because another way leads into it: never before all additions have ended.
    """
    parts, replaced, successors = replace_members(parts_of(changes))
    parts, later = defer_removals(parts, replacement_paths)
    aside = {task.key: task for task in temporary_renames(parts)}
    first = {task.key: task for task in unnest(parts)}
    freed = freed_by(parts, aside)
    tasks: list[Task] = [*aside.values(), *first.values(), *replaced, *later]
    for key, part in parts.items():
        rest = without_groups(part) if first else part
        if rest:
            after = _makers(rest, parts) | names_freed(key, rest, freed)
            after |= first.keys() if nests(rest) else frozenset()
            successor = {about(key) + ITSELF} & successors if key.endswith(END) else frozenset()
            tasks.append(_task(key, rest, after, adoption(key, parts) | successor))
    tasks = _releases_last(after_deletions(tasks))
    return tuple(sorted(tasks, key=lambda task: task.phase))


def _releases_last(tasks: list[Task]) -> list[Task]:
    """Let an object go only once everything else of it is done: nobody could finish it afterwards."""
    last = {about(task.key) for task in tasks if _releases(task)}
    others: dict[str, set[str]] = {about: set() for about in last}
    for task in tasks if last else ():
        if about(task.key) in last and not _releases(task):
            others[about(task.key)].add(task.key)
    return [
        replace(task, needs=task.needs | others[about(task.key)]) if _releases(task) else task
        for task in tasks
    ]


def _releases(task: Task) -> bool:
    return any(change.action in RELEASES for change in task.changes)


def _task(key: str, part: Part, after: Set[str], needs: frozenset[str]) -> Task:
    writes = creates(part) or part[0].action in DELETES
    verb = Verb.WRITE if writes else Verb.PATCH
    return Task(key, _phase(part), verb, part, frozenset(after) - {key}, needs)


def _phase(part: Part) -> Phase:
    actions = {change.action for change in part}
    if actions & (DELETES | RELEASES):
        return Phase.DELETE
    if actions <= DEPROVISIONS | {Action.REMOVE_MEMBERS}:
        return Phase.REMOVE
    return Phase.BUILD


def _makers(part: Part, parts: Parts) -> Set[str]:
    """Return the tasks that create the members this one adds."""
    return {
        f"{member.external_id}{ITSELF}"
        for change in part
        if change.action is Action.ADD_MEMBERS
        for member in change.members
        if member.target_id is None
    } & parts.keys()
