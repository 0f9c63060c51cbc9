"""Changes of a plan or a run one by one, and the tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import attributes_to_json
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan, UnappliedBy
from aadsync_lib.model.run import Outcome, Result, RunReport
from aadsync_lib.model.wording import and_more
from aadsync_lib.report.escape import label, visible
from aadsync_lib.report.html.grid import Column, Detail, Grid, cleaned
from aadsync_lib.report.plan_rows import (
    MEMBERS,
    REMOVALS_FIRST,
    SETTINGS,
    TONES,
    details,
    sign_of,
    words,
)
from aadsync_lib.report.plans import counted_as

NOT_DONE = "not done"


@dataclass(frozen=True, slots=True)
class Line:
    """A change on a target; ``result`` is empty in a plan, ``why`` may be an error."""

    target: str
    change: Change
    result: str = ""
    why: str = ""
    left: UnappliedBy | None = None


def planned_lines(plan: Plan) -> tuple[Line, ...]:
    """Return the changes of a plan, removals first."""
    lines = (Line(target.target, change) for target in plan.targets for change in target.changes)
    return tuple(sorted(lines, key=lambda line: REMOVALS_FIRST.index(sign_of(line.change.action))))


def run_lines(report: RunReport, plan: Plan | None) -> tuple[Line, ...]:
    """Return what came of each change; of a target that nothing was sent to, what was planned."""
    planned = {target.target: target.changes for target in plan.targets} if plan else {}
    return tuple(
        line
        for target in report.targets
        for line in _ended(target.target, target.outcomes, planned.get(target.target, ()))
    )


def left_lines(source: Plan | RunReport) -> tuple[Line, ...]:
    """Return the differences that the policy leaves as they are."""
    return tuple(
        Line(target.target, left.change, left=left.by)
        for target in source.targets
        for left in target.unapplied
    )


def _ended(target: str, outcomes: Sequence[Outcome], planned: Sequence[Change]) -> Iterator[Line]:
    for outcome in outcomes:
        yield Line(target, outcome.change, outcome.result.value, outcome.reason)
    if not outcomes:
        for change in planned:
            yield Line(target, change, NOT_DONE)


NAMES = 3  # members named in a row; it opens to all of them
PILLS = {
    Result.DONE: "good",
    Result.FAILED: "bad",
    Result.SKIPPED: "warn",
    Result.QUARANTINED: "warn",
    Result.UNKNOWN: "warn",
}
INSTEAD = {
    UnappliedBy.ADDITIVE: "policy.mode: mirror would make it.",
    UnappliedBy.MANAGED: "policy.members: exact would make it.",
    UnappliedBy.DRIFT: "policy.drift: repair would make it.",
}
BY_HAND = "by hand"


def changes_grid(lines: Sequence[Line], *, several: bool) -> Grid:
    """Return the table of changes."""
    drift = any(line.change.drift for line in lines)
    columns = (
        Column("Name", "name"),
        Column("Change", "tone", filtered=True),
        Column("Kind", shown=False, filtered=True),
        Column("Result", "pill", shown=any(line.result for line in lines), filtered=True),
        Column("What"),
        Column("Why", "quiet"),
        Column("Cause", "pill", shown=drift, filtered=True),
        Column("Target", "quiet", shown=several, filtered=True),
        Column("Counted as", shown=False, filtered=True),
    )
    return _grid("changes", "Changes", "", columns, lines, map(_change_row, lines))


def left_grid(lines: Sequence[Line], *, several: bool) -> Grid:
    """Return the table of what the policy leaves alone."""
    columns = (
        Column("Name", "name"),
        Column("Change", "tone", filtered=True),
        Column("What"),
        Column("Left alone by", "code", filtered=True),
        Column("What to do", "quiet"),
        Column("Cause", "pill", filtered=True),
        Column("Target", "quiet", shown=several, filtered=True),
    )
    intro = "Differences that the policy does not touch, and the setting that would."
    return _grid("left", "Left alone", intro, columns, lines, map(_left_row, lines))


def _grid(
    name: str,
    title: str,
    intro: str,
    columns: tuple[Column, ...],
    lines: Sequence[Line],
    rows: Iterable[tuple[str, ...]],
) -> Grid:
    return Grid(
        name,
        title,
        intro,
        columns,
        cleaned(columns, rows),
        tuple(_detail(line.change) for line in lines),
        dict(_tones(lines)),
    )


def _change_row(line: Line) -> tuple[str, ...]:
    change = line.change
    return (
        change.name,
        words(change.action),
        _kind(change),
        line.result,
        _what(change),
        line.why or change.reason,
        _cause(change),
        line.target,
        counted_as(change.action),
    )


def _left_row(line: Line) -> tuple[str, ...]:
    change = line.change
    return (
        change.name,
        words(change.action),
        _what(change),
        SETTINGS[line.left] if line.left else "",
        INSTEAD[line.left] if line.left else "",
        _cause(change),
        line.target,
    )


def _kind(change: Change) -> str:
    return change.kind.value.replace("_", " ")


def _cause(change: Change) -> str:
    return BY_HAND if change.drift else "Entra"


def _what(change: Change) -> str:
    """Say in a few words what changes: members by name, attributes from and to."""
    if change.action.verb == "create" and change.kind is not Kind.GROUP:
        return (change.after and change.after.display_name) or ""
    if change.action not in MEMBERS:
        return details(change).removeprefix(": ")
    names = ", ".join(label(member.name) for member in change.members[:NAMES])
    return names + and_more(len(change.members) - NAMES)


def _detail(change: Change) -> Detail:
    facts = (
        ("Why", visible(change.reason)),
        ("Object id in Entra", visible(change.external_id or "")),
        ("Id on the target", visible(change.target_id or "")),
    )
    return Detail(
        tuple(fact for fact in facts if fact[1]),
        tuple(_differences(change)),
        tuple(label(member.name) for member in change.members),
    )


def _differences(change: Change) -> Iterator[tuple[str, str, str]]:
    before = attributes_to_json(change.before) or {}
    after = attributes_to_json(change.after) or {}
    for key in dict.fromkeys((*before, *after)):
        yield key, _value(before, key), _value(after, key)


def _value(attributes: Mapping[str, object], key: str) -> str:
    match attributes.get(key):
        case None:
            return ""
        case bool(value):
            return "yes" if value else "no"
        case list(names):
            return label(", ".join(map(str, names)))
        case value:
            return label(str(value))


def _tones(lines: Iterable[Line]) -> Iterator[tuple[str, tuple[str, str]]]:
    for action in {line.change.action for line in lines}:
        sign = sign_of(action)
        yield words(action), (TONES[sign], sign)
    yield from ((result.value, (tone, "")) for result, tone in PILLS.items())
    yield NOT_DONE, ("warn", "")
    yield BY_HAND, ("warn", "")
