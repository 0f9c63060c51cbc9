"""A plan as rows, which every format shows. Holds names as they are; renderers clean them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.codec import SCIM
from aadsync_lib.model.plan import TargetPlan

T = TypeVar("T")

ADD, CHANGE, REMOVE = "+", "~", "-"
TONES = {ADD: "in", REMOVE: "out", CHANGE: "change"}
SYMBOLS = {"create": ADD, "activate": ADD, "deactivate": REMOVE, "delete": REMOVE}
MEMBERS = frozenset({Action.ADD_MEMBERS, Action.REMOVE_MEMBERS})


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a plan. ``added`` and ``removed`` are names of members."""

    symbol: str
    name: str
    what: str
    reason: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of memberships that change."""
        return len(self.added) + len(self.removed)


def rows(target: TargetPlan) -> tuple[Row, ...]:
    """Return the changes in plan order, with all member changes of a group in one row."""
    found: dict[tuple[str, ...], Row] = {}
    for number, change in enumerate(target.changes):
        if change.action in MEMBERS:
            key = _group(change)
            found[key] = _with_members(found.get(key) or _members_row(change), change)
        else:
            key = _group(change) if change.action is Action.CREATE_GROUP else (str(number),)
            found[key] = Row(
                SYMBOLS.get(change.action.verb, CHANGE),
                change.name,
                words(change.action) + details(change),
                change.reason,
            )
    return tuple(found.values())


def most_affected(changes: Iterable[Row], limit: int) -> tuple[tuple[Row, ...], int]:
    """Return the groups with the most member changes, and how many groups there are more."""
    groups = [row for row in changes if row.size]
    groups.sort(key=lambda row: (-row.size, row.name))
    return tuple(groups[:limit]), max(0, len(groups) - limit)


def words(action: Action) -> str:
    """Return the action as a person says it: ``create service principal``."""
    return action.value.replace("_", " ")


def details(change: Change) -> str:
    """Return what a change of attributes sets: ``: displayName Ada -> Ada L.``."""
    if change.action.verb not in ("update", "rename"):
        return ""
    pairs = ", ".join(_differences(change))
    return f": {pairs}" if pairs else ""


def shortened(items: tuple[T, ...], limit: int | None) -> tuple[tuple[T, ...], int]:
    """Return the first items and how many there are more; ``None`` is all of them."""
    return (items, 0) if limit is None else (items[:limit], max(0, len(items) - limit))


def first_names(names: Sequence[str], limit: int | None, clean: Callable[[str], str] = str) -> str:
    """Return the first names, cleaned, and how many more there are: ``ada, bob, 3 more``."""
    known, more = shortened(tuple(names), limit)
    return ", ".join((*map(clean, known), *((f"{more:,} more",) if more else ())))


def _group(change: Change) -> tuple[str, ...]:
    return ("group", change.external_id or change.target_id or change.name)


def _members_row(change: Change) -> Row:
    return Row(CHANGE, change.name, "", change.reason)


def _with_members(row: Row, change: Change) -> Row:
    names = tuple(member.name for member in change.members)
    adds = change.action is Action.ADD_MEMBERS
    changed = (
        replace(row, added=row.added + names) if adds else replace(row, removed=row.removed + names)
    )
    return replace(changed, reason=_joined(row.reason, change.reason))


def _joined(*reasons: str) -> str:
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _differences(change: Change) -> Iterator[str]:
    if change.after is None:
        return
    for field in fields(change.after):
        new = getattr(change.after, field.name)
        old = getattr(change.before, field.name) if change.before else None
        if new is not None and new != old:
            yield f"{SCIM[field.name]} {_value(old)} -> {_value(new)}"


def _value(value: str | bool | None) -> str:
    match value:
        case None:
            return "(none)"
        case bool():
            return "yes" if value else "no"
        case _:
            return f'"{value}"'
