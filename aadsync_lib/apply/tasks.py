"""Tasks: changes of one object that are sent together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from aadsync_lib.model.change import DEPROVISIONS, MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
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
RELEASES = frozenset(Action.on("release", kind) for kind in Kind)
OF_MEMBERS, ITSELF, END = "/members", "/itself", "/end"
UNNEST, LATER = "/unnest", "/later"  # parts of what changes of the members

Part = tuple[Change, ...]
Parts = Mapping[str, Part]


def parts_of(changes: Iterable[Change]) -> dict[str, Part]:
    """Group the changes that go into one request: what an object is, and whom a group contains.

    An identity may have two objects, one in place of the other.
    """
    parts: dict[str, list[Change]] = {}
    for change in changes:
        subject = change.external_id or change.target_id or change.name
        key = f"{subject}/{_aspect(change)}"
        if key in parts and parts[key][0].target_id != change.target_id:
            key = f"{subject}/{change.target_id}/{_aspect(change)}"
        parts.setdefault(key, []).append(change)
    for key in [key for key in parts if key.endswith(OF_MEMBERS)]:
        group = parts.get(itself(key))
        if group and creates(group):
            group.extend(parts.pop(key))
    return {key: tuple(part) for key, part in parts.items()}


def _aspect(change: Change) -> str:
    if change.action in MEMBERS:
        return "members"
    return "end" if change.action in DEPROVISIONS | DELETES | RELEASES else "itself"


def itself(key: str) -> str:
    """Return the key of what a group is, by that of whom it contains."""
    return key.removesuffix(OF_MEMBERS) + ITSELF


def about(key: str) -> str:
    """Return the object id, or what stands for it."""
    return key.partition("/")[0]


def creates(part: Iterable[Change]) -> bool:
    return any(change.action.verb == "create" for change in part)


def adoption(key: str, parts: Parts) -> frozenset[str]:
    """Members of a group are not touched before it is adopted."""
    group = parts.get(itself(key), ()) if key.endswith(OF_MEMBERS) else ()
    adopts = any(change.action is Action.ADOPT_GROUP for change in group)
    return frozenset({itself(key)}) if adopts else frozenset()


def makers(part: Part, parts: Parts) -> frozenset[str]:
    """Return the tasks that create the members this one adds."""
    keys = {
        f"{member.external_id}{ITSELF}"
        for change in part
        if change.action is Action.ADD_MEMBERS
        for member in change.members
        if member.target_id is None
    }
    return frozenset(key for key in keys if key in parts)


def only(part: Part, stays: Callable[[MemberRef], bool]) -> Part:
    """Leave out of removals who does not stay in them."""

    def rest(change: Change) -> Change | None:
        if change.action is not Action.REMOVE_MEMBERS:
            return change
        members = tuple(member for member in change.members if stays(member))
        return replace(change, members=members) if members else None

    return tuple(kept for change in part if (kept := rest(change)))
