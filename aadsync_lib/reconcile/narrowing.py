"""Narrowing of a plan to some identities, on demand; whatever it leaves out waits for the next run.

Only what is planned anyway is done, and less of it: nothing is added, and whoever would leave a group for another
one that this does not bring about stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from aadsync_lib.model.change import MEMBERS, Action, Change
from aadsync_lib.model.identity import name_key
from aadsync_lib.model.plan import Quarantined, ReplacementPath, Step, Unapplied
from aadsync_lib.reconcile.split import Deferral, Held, Split

STAYS = "{0} stays until another way into it is there, which the next run of the whole sync makes"
NAME_TAKEN = "its name is free only once {0} is done, which the next run of the whole sync does"


def narrowed(split: Split, ids: Collection[str]) -> Split:
    """Return what of these changes concerns some identities (object ids): theirs, and their memberships.

    What a membership needs to be there is made, too: the group, or the member.
    """
    own = {id(change): part for change in split.changes for part in _of(change, ids)}
    needed = _needed(split.changes, own.values())
    kept = [
        own.get(id(change), change) for change in split.changes if id(change) in own.keys() | needed
    ]
    rest = [change for change in split.changes if id(change) not in own.keys() | needed]
    if waits := tuple(_waiting_for_names(kept, rest)):
        return Split((), waits)
    deferred = tuple(part for part in split.deferred if _concerns(part, ids))
    return _without_gaps(Split(kept, deferred), split.replacement_paths)


def _of(change: Change, ids: Collection[str]) -> Iterator[Change]:
    """Yield a change, or the part of it, that is about one of them."""
    if change.external_id in ids:
        yield change
    elif change.action in MEMBERS:
        members = tuple(member for member in change.members if member.external_id in ids)
        if members:
            yield replace(change, members=members)


def _needed(changes: Sequence[Change], own: Collection[Change]) -> frozenset[int]:
    """Return the changes that make whatever is put together."""
    added = [change for change in own if change.action is Action.ADD_MEMBERS]
    groups = {change.external_id for change in added}
    both = groups | {member.external_id for change in added for member in change.members}
    made = (c for c in changes if c.action.verb in ("create", "adopt") and c.external_id in both)
    return frozenset(map(id, made))


def _waiting_for_names(kept: Sequence[Change], rest: Sequence[Change]) -> Iterator[Held]:
    """Yield whose name another change, which is left out, is still to give free."""
    freed = {(change.kind, name_key(name)): change for change in rest for name in _freed(change)}
    for change in kept:
        name = _taken(change)
        other = freed.get((change.kind, name_key(name))) if name else None
        if other:
            what = f"{other.action.value} {other.name}"
            yield Held(Quarantined(change.external_id, change.name, NAME_TAKEN.format(what)))


def _freed(change: Change) -> Iterator[str]:
    if change.action.verb == "delete":
        yield change.name
    elif change.action is Action.RENAME_GROUP and change.before and change.before.display_name:
        yield change.before.display_name


def _taken(change: Change) -> str | None:
    if change.action.verb not in ("create", "rename", "adopt") or change.after is None:
        return None
    return change.after.user_name or change.after.display_name


def _concerns(part: Deferral, ids: Collection[str]) -> bool:
    if isinstance(part, Held):
        return part.entry.external_id in ids
    return isinstance(part, Unapplied) and any(True for _ in _of(part.change, ids))


def _without_gaps(split: Split, paths: Sequence[ReplacementPath]) -> Split:
    """Hold back who leaves a group for another way in that is not opened; keep the paths of the others."""
    steps: set[Step] = {
        (str(change.external_id), str(member.external_id))
        for change in split.changes
        if change.action is Action.ADD_MEMBERS
        for member in change.members
    }
    open_ = tuple(path for path in paths if steps.issuperset(path.through))
    closed = {(path.group, path.member) for path in paths} - {(p.group, p.member) for p in open_}
    parts = [part for change in split.changes for part in _leaving(change, closed)]
    gone = Split.of(parts)
    return Split(gone.changes, (*split.deferred, *gone.deferred, *open_))


def _leaving(
    change: Change, closed: Collection[tuple[str | None, str | None]]
) -> Iterator[Change | Held]:
    if change.action not in (Action.REMOVE_MEMBERS, Action.DELETE_GROUP):
        yield change
        return
    stay = [member for member in change.members if (change.target_id, member.target_id) in closed]
    for member in stay:
        reason = STAYS.format(member.name)
        yield Held(Quarantined(change.external_id, change.name, reason))
    rest = tuple(member for member in change.members if member not in stay)
    if not stay:
        yield change
    elif rest and change.action is Action.REMOVE_MEMBERS:
        yield replace(change, members=rest)
