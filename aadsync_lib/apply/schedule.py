"""Schedule of a plan: its tasks, and the order between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain

from aadsync_lib.apply.access_tasks import access_tasks
from aadsync_lib.apply.joining import join
from aadsync_lib.apply.leaving import (
    Departure,
    after_unnesting,
    defer_removals,
    nests,
    replace_members,
    unnest,
)
from aadsync_lib.apply.tasks import (
    DELETES,
    END,
    ITSELF,
    RELEASES,
    UNNEST,
    Part,
    Parts,
    Phase,
    Task,
    about,
    adoption,
    creates,
    makers,
    parts_of,
)
from aadsync_lib.model.change import ACCESS, DEPROVISIONS, Action, Change
from aadsync_lib.model.identity import Attributes, fold_key
from aadsync_lib.model.rates import Verb

LONGEST_ASIDE = 200  # so that the name with its mark stays below 255 characters


def temporary_renames(parts: Parts) -> Iterator[Task]:
    """Move one group of each circle of renames (A to B, B to A) out of the way for a moment.

    Two groups can have names that only look alike: whoever takes either waits for both.
    """
    renames = dict(_renames(parts))
    holders = _by_name((_old(change), key) for key, change in renames.items())
    ahead = {
        key: [other for other in holders.get(fold_key(change.name), ()) if other != key]
        for key, change in renames.items()
    }
    for key in _closing_circles(ahead):
        change = renames[key]
        away = _away(_old(change), key)
        moved = replace(change, name=away, after=Attributes(display_name=away))
        yield Task(f"{key}/aside", Phase.BUILD, Verb.PATCH, (moved,))


def _closing_circles(ahead: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Return, once each, those at which the ways ``ahead`` come back to where they have been."""
    on_path: dict[str, bool] = {}
    closing: dict[str, None] = {}
    for start in ahead:
        path = [] if start in on_path else [(start, iter(ahead[start]))]
        on_path.setdefault(start, True)
        while path:
            key, rest = path[-1]
            following = next(rest, None)
            if following is None:
                on_path[key] = False
                path.pop()
            elif following not in on_path:
                on_path[following] = True
                path.append((following, iter(ahead[following])))
            elif on_path[following]:
                closing[following] = None
    return closing


def _by_name(keys: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Return keys by the names that go with them, those of names that look alike together."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, key in keys:
        by_name[fold_key(name)].append(key)
    return by_name


def made_way(parts: Parts) -> Iterator[Task]:
    """Move groups that end out of the way of those that are made under their names: nobody has none of both."""
    wanted = {
        fold_key(c.name) for part in parts.values() for c in part if c.action is Action.CREATE_GROUP
    }
    for key, part in parts.items() if wanted else ():
        for change in part:
            if change.action is Action.DELETE_GROUP and fold_key(change.name) in wanted:
                away = _away(change.name, key)
                before, after = Attributes(display_name=change.name), Attributes(display_name=away)
                rename = Change(
                    Action.RENAME_GROUP, change.external_id, change.target_id, away, change.reason,
                    before, after,
                )  # fmt: skip
                yield Task(f"{key}/aside", Phase.BUILD, Verb.PATCH, (rename,))


def _away(name: str, key: str) -> str:
    return f"{name[:LONGEST_ASIDE]} (aadsync {key[:8]})"


def freed_by(parts: Parts, stepping: Mapping[str, Task]) -> Mapping[str, list[str]]:
    """Return, by the name a group has now, the tasks that rename it, or what looks like it, away from it."""
    freeing = {key: _old(change) for key, task in stepping.items() for change in task.changes}
    for key, change in _renames(parts):
        if f"{key}/aside" not in stepping:
            freeing[key] = _old(change)
    return _by_name((name, key) for key, name in freeing.items())


def names_freed(key: str, part: Part, freed: Mapping[str, list[str]]) -> Set[str]:
    """Return the tasks that give up the names which this one takes, its own step aside included."""
    takes = (Action.RENAME_GROUP, Action.CREATE_GROUP)
    names = {fold_key(change.name) for change in part if change.action in takes}
    own = f"{key}/aside"
    waits = {task for name in names for task in freed.get(name, ())}
    return waits | ({own} & set(chain.from_iterable(freed.values())))


def after_deletions(tasks: list[Task]) -> list[Task]:
    """Put off the renames to a name that a deletion frees, and those that wait for such a rename."""
    freed = _by_name(
        (change.name, task.key)
        for task in tasks
        for change in task.changes
        if change.action is Action.DELETE_GROUP
    )
    late: dict[str, frozenset[str]] = {}
    for task in tasks if freed else ():
        names = {fold_key(c.name) for c in task.changes if c.action is Action.RENAME_GROUP}
        if wanted := names & freed.keys():
            late[task.key] = frozenset(key for name in wanted for key in freed[name])
    while more := [t for t in tasks if t.key not in late and _renames_after(t, late)]:
        late |= {task.key: frozenset() for task in more}
    return [
        replace(task, phase=Phase.DELETE, after=task.after | late[task.key])
        if task.key in late
        else task
        for task in tasks
    ]


def _renames_after(task: Task, late: Mapping[str, object]) -> bool:
    renames = any(change.action is Action.RENAME_GROUP for change in task.changes)
    return renames and not task.after.isdisjoint(late)


def _renames(parts: Parts) -> Iterator[tuple[str, Change]]:
    for key, part in parts.items():
        yield from ((key, change) for change in part if change.action is Action.RENAME_GROUP)


def _old(rename: Change) -> str:
    assert rename.before
    assert rename.before.display_name
    return rename.before.display_name


def schedule(
    changes: Iterable[Change], replacement_paths: Set[Departure] = frozenset()
) -> tuple[Task, ...]:
    """Return the tasks in an order that respects what they wait for.

    People first, then groups from the inmost, each created with its members; additions before
    removals, so that nobody who moves is without access in between; deletions last. Who is replaced by
    another object loses nothing before that one is there. ``replacement_paths`` are those who leave a group
    because another way leads into it: never before all additions have ended.
    """
    changes = tuple(changes)
    access = [change for change in changes if change.action in ACCESS]
    everything = parts_of(change for change in changes if change.action not in ACCESS)
    parts, replaced, successors = replace_members(everything)
    parts, later = defer_removals(parts, replacement_paths)
    aside = {task.key: task for task in (*temporary_renames(parts), *made_way(parts))}
    first = {task.key: task for task in unnest(parts)}
    freed = freed_by(parts, aside)
    tasks: list[Task] = [*aside.values(), *first.values(), *replaced, *later]
    tasks += access_tasks(access, parts)
    for key, part in parts.items():
        rest = after_unnesting(part, first.get(f"{key}{UNNEST}"))
        if rest:
            after = makers(rest, parts) | names_freed(key, rest, freed)
            after |= first.keys() if nests(rest) else frozenset()
            successor = {about(key) + ITSELF} & successors if key.endswith(END) else frozenset()
            tasks.append(_task(key, rest, after, adoption(key, parts) | successor))
    tasks = join(_releases_last(after_deletions(tasks)))
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


def lone_task(change: Change) -> Task:
    """Return the task of a person of whom nothing else changes: it waits for nobody."""
    return _task(
        change.external_id or change.target_id or change.name, (change,), set(), frozenset()
    )


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
