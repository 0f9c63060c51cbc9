"""From a plan to tasks: what goes into one request, and what waits for what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from enum import IntEnum

from aadsync_lib.model.change import DEPROVISIONS, Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind, name_key
from aadsync_lib.model.rates import Verb


class Phase(IntEnum):
    """Nothing of a later phase starts before the earlier one has ended."""

    BUILD = 0
    REMOVE = 1
    DELETE = 2


@dataclass(frozen=True, slots=True)
class Task:
    """The changes of one object that are sent together.

    ``after`` are tasks to wait for, whatever becomes of them; without those in ``needs`` done, this one
    is skipped.
    """

    key: str
    phase: Phase
    verb: Verb
    changes: tuple[Change, ...]
    after: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


DELETES = frozenset({Action.DELETE_USER, Action.DELETE_SERVICE_PRINCIPAL, Action.DELETE_GROUP})
RELEASES = frozenset(
    {Action.on("release", kind) for kind in Kind}
)  # last: only what is ours is changed
MEMBERS = frozenset({Action.ADD_MEMBERS, Action.REMOVE_MEMBERS})
OF_MEMBERS, ITSELF, END = "/members", "/itself", "/end"
LONGEST_ASIDE = 200  # so that the name with its mark stays below 255 characters

NOBODY: frozenset[MemberRef] = frozenset()

Part = tuple[Change, ...]
Departure = tuple[str | None, str | None]  # a group and who leaves it, by target id


def schedule(changes: Iterable[Change], detours: Set[Departure] = frozenset()) -> tuple[Task, ...]:
    """Return the tasks in an order that respects what they wait for.

    People first, then groups from the inmost, each created with its members; additions before
    removals, so that nobody who moves is without access in between; deletions last. Who is replaced by
    another object loses nothing before that one is there. ``detours`` are those who leave a group
    because another way leads into it: never before all additions have ended.
    """
    parts = _parts(changes)
    heirs = frozenset(key for key in parts if key.endswith(ITSELF) and _replaces(key, parts))
    replaced = [task for key, part in parts.items() for task in _taken_over(key, part, heirs)]
    parts = {key: rest for key, part in parts.items() if (rest := _kept(part, heirs))}
    leavers = {key: _leavers(part, detours) for key, part in parts.items()} if detours else {}
    later = [_later(key, parts[key], some, parts) for key, some in leavers.items() if some]
    parts = {
        key: rest
        for key, part in parts.items()
        if (rest := _sooner(part, leavers.get(key, NOBODY)))
    }
    asides = {task.key: task for task in _asides(parts)}
    unnest = {task.key: task for task in _unnest(parts)}
    givers = _givers(parts, asides)
    tasks: list[Task] = [*asides.values(), *unnest.values(), *replaced, *later]
    for key, part in parts.items():
        rest = _without_groups(part) if unnest else part
        if rest:
            after = _makers(rest, parts) | _names_freed(key, rest, givers)
            after |= unnest.keys() if _nests(rest) else frozenset()
            heir = {_about(key) + ITSELF} & heirs if key.endswith(END) else frozenset()
            tasks.append(_task(key, rest, after, _adoption(key, parts) | heir))
    tasks = _releases_last(_after_deletions(tasks))
    return tuple(sorted(tasks, key=lambda task: task.phase))


def _releases_last(tasks: list[Task]) -> list[Task]:
    """Let an object go only once everything else of it is done: nobody could finish it afterwards."""
    last = {_about(task.key) for task in tasks if _releases(task)}
    others: dict[str, set[str]] = {about: set() for about in last}
    for task in tasks if last else ():
        if _about(task.key) in last and not _releases(task):
            others[_about(task.key)].add(task.key)
    return [
        replace(task, needs=task.needs | others[_about(task.key)]) if _releases(task) else task
        for task in tasks
    ]


def _releases(task: Task) -> bool:
    return any(change.action in RELEASES for change in task.changes)


def _about(key: str) -> str:
    return key.partition("/")[0]


def _replaces(key: str, parts: Mapping[str, Part]) -> bool:
    """Return whether an object is made, or adopted, in place of one that ends."""
    begins = any(change.action.verb in ("create", "adopt") for change in parts[key])
    return begins and key.removesuffix(ITSELF) + END in parts


def _heir(member: MemberRef, heirs: Set[str]) -> Set[str]:
    return {f"{member.external_id}{ITSELF}"} & heirs


def _taken_over(key: str, part: Part, heirs: Set[str]) -> Iterator[Task]:
    """Take the replaced out of a group once their heirs are in it."""
    for change in part if heirs else ():
        if change.action is Action.REMOVE_MEMBERS:
            for member in change.members:
                if heir := _heir(member, heirs):
                    alone = (replace(change, members=(member,)),)
                    name = f"{key}/{member.target_id}"
                    yield Task(name, Phase.REMOVE, Verb.PATCH, alone, needs=frozenset(heir | {key}))


def _kept(part: Part, heirs: Set[str]) -> Part:
    """Leave out of removals what ``_taken_over`` takes."""
    return _only(part, lambda member: not _heir(member, heirs)) if heirs else part


def _leavers(part: Part, detours: Set[Departure]) -> frozenset[MemberRef]:
    """Return who leaves at the end: with those who have another way in, whoever else leaves.

    Groups without one are taken out early, see ``_unnest``.
    """
    removals = (change for change in part if change.action is Action.REMOVE_MEMBERS)
    leaving = [(change.target_id, member) for change in removals for member in change.members]
    found = {member for group, member in leaving if (group, member.target_id) in detours}
    rest = {member for _, member in leaving if member.type is not Kind.GROUP}
    return frozenset(found | rest if found else ())


def _later(key: str, part: Part, leavers: Set[MemberRef], parts: Mapping[str, Part]) -> Task:
    removals = tuple(change for change in part if change.action is Action.REMOVE_MEMBERS)
    changes = _only(removals, lambda member: member in leavers)
    return Task(f"{key}/later", Phase.REMOVE, Verb.PATCH, changes, needs=_adoption(key, parts))


def _sooner(part: Part, leavers: Set[MemberRef]) -> Part:
    """Leave out of removals what ``_later`` takes."""
    return _only(part, lambda member: member not in leavers) if leavers else part


def _task(key: str, part: Part, after: Set[str], needs: frozenset[str]) -> Task:
    writes = _creates(part) or part[0].action in DELETES
    verb = Verb.WRITE if writes else Verb.PATCH
    return Task(key, _phase(part), verb, part, frozenset(after) - {key}, needs)


def _phase(part: Part) -> Phase:
    actions = {change.action for change in part}
    if actions & (DELETES | RELEASES):
        return Phase.DELETE
    if actions <= DEPROVISIONS | {Action.REMOVE_MEMBERS}:
        return Phase.REMOVE
    return Phase.BUILD


def _parts(changes: Iterable[Change]) -> dict[str, Part]:
    """Group the changes that go into one request: what an object is, and whom a group contains.

    An identity may have two objects, one in place of the other.
    """
    parts: dict[str, list[Change]] = {}
    for change in changes:
        about = change.external_id or change.target_id or change.name
        key = f"{about}/{_aspect(change)}"
        if key in parts and parts[key][0].target_id != change.target_id:
            key = f"{about}/{change.target_id}/{_aspect(change)}"
        parts.setdefault(key, []).append(change)
    for key in [key for key in parts if key.endswith(OF_MEMBERS)]:
        itself = parts.get(_itself(key))
        if itself and _creates(itself):
            itself.extend(parts.pop(key))
    return {key: tuple(part) for key, part in parts.items()}


def _aspect(change: Change) -> str:
    if change.action in MEMBERS:
        return "members"
    return "end" if change.action in DEPROVISIONS | DELETES | RELEASES else "itself"


def _itself(key: str) -> str:
    return key.removesuffix(OF_MEMBERS) + "/itself"


def _creates(part: Iterable[Change]) -> bool:
    return any(change.action.verb == "create" for change in part)


def _adoption(key: str, parts: Mapping[str, Part]) -> frozenset[str]:
    """Members of a group are not touched before it is adopted."""
    itself = parts.get(_itself(key), ()) if key.endswith(OF_MEMBERS) else ()
    adopts = any(change.action is Action.ADOPT_GROUP for change in itself)
    return frozenset({_itself(key)}) if adopts else frozenset()


def _makers(part: Part, parts: Mapping[str, Part]) -> Set[str]:
    """Return the tasks that create the members this one adds."""
    return {
        f"{member.external_id}{ITSELF}"
        for change in part
        if change.action is Action.ADD_MEMBERS
        for member in change.members
        if member.target_id is None
    } & parts.keys()


def _givers(parts: Mapping[str, Part], asides: Mapping[str, Task]) -> Mapping[str, str]:
    """Return, by the name a group has now, the task that renames it away from that name."""
    givers: dict[str, str] = {}
    for key, change in _renames(parts):
        aside = f"{key}/aside"
        givers[name_key(_old(change))] = aside if aside in asides else key
    return givers


def _names_freed(key: str, part: Part, givers: Mapping[str, str]) -> Set[str]:
    takes = (Action.RENAME_GROUP, Action.CREATE_GROUP)
    names = {name_key(change.name) for change in part if change.action in takes}
    own = f"{key}/aside"
    return {givers[name] for name in names & givers.keys()} | ({own} & set(givers.values()))


def _after_deletions(tasks: list[Task]) -> list[Task]:
    """Put off the renames to a name that a deletion frees, and those that wait for such a rename."""
    freed = {
        name_key(change.name): task.key
        for task in tasks
        for change in task.changes
        if change.action is Action.DELETE_GROUP
    }
    late: dict[str, frozenset[str]] = {}
    for task in tasks if freed else ():
        names = {name_key(c.name) for c in task.changes if c.action is Action.RENAME_GROUP}
        if found := names & freed.keys():
            late[task.key] = frozenset(freed[name] for name in found)
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


def _asides(parts: Mapping[str, Part]) -> Iterator[Task]:
    """Move one group of each circle of renames (A to B, B to A) out of the way for a moment."""
    by_old = {name_key(_old(change)): (key, change) for key, change in _renames(parts)}
    seen: set[str] = set()
    for start in by_old:
        path: list[str] = []
        name = start
        while name in by_old and name not in seen:
            seen.add(name)
            path.append(name)
            name = name_key(by_old[name][1].name)
        if name in path and name != path[-1]:
            key, change = by_old[name]
            away = f"{_old(change)[:LONGEST_ASIDE]} (aadsync {key[:8]})"
            moved = replace(change, name=away, after=Attributes(display_name=away))
            yield Task(f"{key}/aside", Phase.BUILD, Verb.PATCH, (moved,))


def _renames(parts: Mapping[str, Part]) -> Iterator[tuple[str, Change]]:
    for key, part in parts.items():
        yield from ((key, change) for change in part if change.action is Action.RENAME_GROUP)


def _old(rename: Change) -> str:
    assert rename.before
    assert rename.before.display_name
    return rename.before.display_name


def _unnest(parts: Mapping[str, Part]) -> Iterator[Task]:
    """Take groups out of groups first where groups go into others.

    Otherwise turning A-in-B into B-in-A could pass through a cycle.
    """
    if not any(_nests(part) for part in parts.values()):
        return
    for key, part in parts.items():
        first = tuple(
            replace(change, members=groups)
            for change in part
            if change.action is Action.REMOVE_MEMBERS and (groups := _groups(change))
        )
        if first:
            yield Task(f"{key}/unnest", Phase.BUILD, Verb.PATCH, first)


def _nests(part: Part) -> bool:
    """Return whether a group that exists is nested, or gets another one into it."""
    return any(
        change.target_id or member.target_id
        for change in part
        if change.action is Action.ADD_MEMBERS
        for member in _groups(change)
    )


def _groups(change: Change) -> tuple[MemberRef, ...]:
    return tuple(member for member in change.members if member.type is Kind.GROUP)


def _without_groups(part: Part) -> Part:
    """Leave out of removals what ``_unnest`` takes."""
    return _only(part, lambda member: member.type is not Kind.GROUP)


def _only(part: Part, stays: Callable[[MemberRef], bool]) -> Part:
    """Leave out of removals who does not stay in them."""

    def rest(change: Change) -> Change | None:
        if change.action is not Action.REMOVE_MEMBERS:
            return change
        members = tuple(member for member in change.members if stays(member))
        return replace(change, members=members) if members else None

    return tuple(kept for change in part if (kept := rest(change)))
