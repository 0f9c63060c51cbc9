"""Order of removals: nobody leaves a group before what takes their place is there."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from aadsync_lib.apply.tasks import (
    END,
    ITSELF,
    LATER,
    UNNEST,
    Part,
    Parts,
    Phase,
    Task,
    adoption,
    makers,
    only,
)
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.rates import Verb

Departure = tuple[str | None, str | None]  # a group and who leaves it, by target id


def replace_members(parts: Parts) -> tuple[dict[str, Part], list[Task], frozenset[str]]:
    """Return the rest, what takes the replaced out of groups, and the tasks that replace them.

    Who is replaced by another object loses nothing before that one is in the group.
    """
    successors = frozenset(key for key in parts if key.endswith(ITSELF) and _replaces(key, parts))
    if not successors:
        return dict(parts), [], successors
    tasks = [task for key, part in parts.items() for task in _taken_over(key, part, successors)]
    kept = {
        key: only(part, lambda member: not _successor(member, successors))
        for key, part in parts.items()
    }
    return {key: part for key, part in kept.items() if part}, tasks, successors


def defer_removals(
    parts: Parts, replacement_paths: Set[Departure]
) -> tuple[dict[str, Part], list[Task]]:
    """Return the rest, and the removals that wait until all additions have ended."""
    if not replacement_paths:
        return dict(parts), []
    tasks: list[Task] = []
    rest: dict[str, Part] = {}
    for key, part in parts.items():
        late = _leavers(part, replacement_paths)
        if late:
            tasks.append(_later(key, part, late, parts))
        if sooner := _without(part, late):
            rest[key] = sooner
    return rest, tasks


def _replaces(key: str, parts: Parts) -> bool:
    """Return whether an object is made, or adopted, in place of one that ends."""
    begins = any(change.action.verb in ("create", "adopt") for change in parts[key])
    return begins and key.removesuffix(ITSELF) + END in parts


def _taken_over(key: str, part: Part, successors: Set[str]) -> Iterator[Task]:
    """Take the replaced out of a group once their successors are in it."""
    for change in part:
        if change.action is Action.REMOVE_MEMBERS:
            for member in change.members:
                if successor := _successor(member, successors):
                    alone = (replace(change, members=(member,)),)
                    name = f"{key}/{member.target_id}"
                    yield Task(
                        name, Phase.REMOVE, Verb.PATCH, alone, needs=frozenset(successor | {key})
                    )


def _successor(member: MemberRef, successors: Set[str]) -> Set[str]:
    return {f"{member.external_id}{ITSELF}"} & successors


def _leavers(part: Part, replacement_paths: Set[Departure]) -> frozenset[MemberRef]:
    """Return who leaves at the end: with those who have another way in, whoever else leaves.

    Groups without one are taken out early, see ``unnest``.
    """
    removals = (change for change in part if change.action is Action.REMOVE_MEMBERS)
    leaving = [(change.target_id, member) for change in removals for member in change.members]
    late = {member for group, member in leaving if (group, member.target_id) in replacement_paths}
    rest = {member for _, member in leaving if member.type is not Kind.GROUP}
    return frozenset(late | rest if late else ())


def _later(key: str, part: Part, leavers: Set[MemberRef], parts: Parts) -> Task:
    removals = tuple(change for change in part if change.action is Action.REMOVE_MEMBERS)
    changes = only(removals, lambda member: member in leavers)
    return Task(f"{key}{LATER}", Phase.REMOVE, Verb.PATCH, changes, needs=adoption(key, parts))


def _without(part: Part, leavers: Set[MemberRef]) -> Part:
    return only(part, lambda member: member not in leavers) if leavers else part


def unnest(parts: Parts) -> Iterator[Task]:
    """Take groups out of groups first where groups go into others.

    Otherwise turning A-in-B into B-in-A could pass through a cycle. A group that gets people alone gets
    them by the same request.
    """
    if not any(nests(part) for part in parts.values()):
        return
    for key, part in parts.items():
        first = tuple(
            replace(change, members=groups)
            for change in part
            if change.action is Action.REMOVE_MEMBERS and (groups := _groups(change))
        )
        if first and _gets_people_alone(part):
            needs = adoption(key, parts)
            yield Task(f"{key}{UNNEST}", Phase.BUILD, Verb.PATCH, part, makers(part, parts), needs)
        elif first:
            yield Task(f"{key}{UNNEST}", Phase.BUILD, Verb.PATCH, first)


def _gets_people_alone(part: Part) -> bool:
    additions = [change for change in part if change.action is Action.ADD_MEMBERS]
    return bool(additions) and not any(_groups(change) for change in additions)


def nests(part: Part) -> bool:
    """Return whether a group that exists is nested, or gets another one into it."""
    return any(
        change.target_id or member.target_id
        for change in part
        if change.action is Action.ADD_MEMBERS
        for member in _groups(change)
    )


def _groups(change: Change) -> tuple[MemberRef, ...]:
    return tuple(member for member in change.members if member.type is Kind.GROUP)


def after_unnesting(part: Part, first: Task | None) -> Part:
    """Return what is left of a part once ``unnest`` has taken its own."""
    if first is None:
        return part
    return () if first.changes == part else only(part, lambda m: m.type is not Kind.GROUP)
