"""Plans as rows, and differences that are no change, which every format shows. Names are as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from aadsync_lib.model.change import ACCESS, Action, Change
from aadsync_lib.model.codec import SCIM
from aadsync_lib.model.plan import TargetPlan, Unapplied, UnappliedBy, Unowned
from aadsync_lib.model.run import Result, TargetReport
from aadsync_lib.report.access_words import access_words

T = TypeVar("T")

ADD, CHANGE, REMOVE = "+", "~", "-"
TONES = {ADD: "in", REMOVE: "out", CHANGE: "change"}
SYMBOLS = {
    **dict.fromkeys(("create", "activate", "assign", "grant"), ADD),
    **dict.fromkeys(("deactivate", "delete", "unassign", "revoke"), REMOVE),
}
MEMBERS = frozenset({Action.ADD_MEMBERS, Action.REMOVE_MEMBERS})
REMOVALS_FIRST = (REMOVE, CHANGE, ADD)


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


def sign_of(action: Action) -> str:
    """Return whether an action brings, takes or changes."""
    if action in MEMBERS:
        return ADD if action is Action.ADD_MEMBERS else REMOVE
    return SYMBOLS.get(action.verb, CHANGE)


def total_line(counts: Iterable[Mapping[str, int]]) -> str:
    """Return how many changes bring, change and take: ``+14 ~2 -0``."""
    totals = dict.fromkeys((ADD, CHANGE, REMOVE), 0)
    for count in counts:
        for action, number in count.items():
            totals[sign_of(Action(action))] += number
    return " ".join(f"{sign}{number:,}" for sign, number in totals.items())


def removals_first(row: Row) -> tuple[int, int]:
    """Return what sorts rows: what takes, then what changes, then what brings."""
    return REMOVALS_FIRST.index(row.symbol), 0 if row.removed else 1


def rows(target: TargetPlan) -> tuple[Row, ...]:
    """Return the changes, removals first, with all member changes of a group in one row."""
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
    return tuple(sorted(found.values(), key=removals_first))


def most_affected(changes: Iterable[Row], limit: int) -> tuple[tuple[Row, ...], int]:
    """Return the groups with the most member changes, and how many groups there are more."""
    groups = [row for row in changes if row.size]
    groups.sort(key=lambda row: (-row.size, row.name))
    return tuple(groups[:limit]), max(0, len(groups) - limit)


def words(action: Action) -> str:
    """Return the action as a person says it: ``create service principal``."""
    return action.value.replace("_", " ")


def details(change: Change) -> str:
    """Return what a change of attributes sets: ``: displayName Ada -> Ada L.``; of access, what and where."""
    if change.action in ACCESS:
        return f": {access_words(change)}"
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


NAMES = 5  # members named for each difference
REPAIRED = "repaired"
SETTINGS: Mapping[UnappliedBy, str] = {
    UnappliedBy.ADDITIVE: "policy.mode: additive",
    UnappliedBy.MANAGED: "policy.members: managed",
    UnappliedBy.DRIFT: "policy.drift: report",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A change that would make both sides equal, and what becomes of it in words."""

    change: Change
    ending: str

    @property
    def cells(self) -> tuple[str, str, str]:
        """The line of a table: name, change, what becomes of it."""
        listed = first_names(tuple(member.name for member in self.change.members), NAMES)
        what = words(self.change.action) + details(self.change)
        return self.change.name, f"{what}: {listed}" if listed else what, self.ending


def drift_in_plan(target: TargetPlan) -> tuple[Difference, ...]:
    """Return every difference that nobody made in Entra."""
    mended = (Difference(change, REPAIRED) for change in target.changes if change.drift)
    return (*mended, *drift_left(target.unapplied))


def drift_repaired(target: TargetReport) -> tuple[Difference, ...]:
    """Return what came of the changes of a run that mend drift."""
    return tuple(
        Difference(outcome.change, ending(outcome.result.value)) for outcome in target.drift
    )


def ending(result: str) -> str:
    """Say what became of a change that mends drift."""
    return REPAIRED if result == Result.DONE else result


def drift_left(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    """Return the drift that the policy leaves alone."""
    return _left(difference for difference in left if difference.change.drift)


def left_alone(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    """Return what Entra made and the policy does not carry over."""
    return _left(difference for difference in left if not difference.change.drift)


def found_cells(unowned: Unowned) -> tuple[str, str, str, str]:
    """Return the line of a table: name, id, who seems to own it, what would adopt it."""
    return unowned.name, unowned.target_id, unowned.owner, unowned.setting or "no setting"


def _left(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    return tuple(
        Difference(unapplied.change, f"left alone, {SETTINGS[unapplied.by]}") for unapplied in left
    )
