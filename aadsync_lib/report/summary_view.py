"""What a page says of a plan or a run. Holds names as they are; the template cleans them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report import in_notebook, wording
from aadsync_lib.report.plan_rows import ADD, REMOVE, Row, shortened
from aadsync_lib.report.wording import Section

LINES = 10  # lines of a table that is not the list of changes
MEMBERS = frozenset({Action.ADD_MEMBERS, Action.REMOVE_MEMBERS})
TONES = {ADD: "in", REMOVE: "out"}
COMING = (Action.CREATE_USER, Action.ACTIVATE_USER)
GOING = (Action.DEACTIVATE_USER, Action.DELETE_USER)


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that is read first. ``tone`` colours one that is not zero."""

    label: str
    value: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """What has to be read before everything else."""

    tone: str
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A target with its changes by action."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A change in the list of all targets."""

    target: str
    row: Row

    @property
    def tone(self) -> str:
        """What colours its sign."""
        return TONES.get(self.row.symbol, "change")


@dataclass(frozen=True, slots=True)
class Table:
    """A section of all targets together: ``size`` lines, of which ``more`` are left out."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int
    more: int


@dataclass(frozen=True, slots=True)
class View:
    """A page. ``changes`` is ``None`` where no change is listed, ``approve`` where none is asked for."""

    title: str
    ending: str
    tone: str
    tiles: tuple[Tile, ...]
    cards: tuple[Card, ...]
    tables: tuple[Table, ...]
    facts: tuple[str, ...]
    next: str
    digest: str
    alerts: tuple[Alert, ...] = ()
    changes: tuple[Listed, ...] = ()
    approve: bool = False
    kept: str = ""  # the path of the full report

    @property
    def several(self) -> bool:
        """Whether a line has to say which target it is about."""
        return len(self.cards) > 1


def plan_alerts(plan: Plan, verdict: Verdict | None) -> Iterator[Alert]:
    """Say what could not be read, and everything the guard has against the plan."""
    if not plan.complete:
        yield Alert("warn", wording.INCOMPLETE)
    if verdict and not verdict.allowed:
        wrong = verdict.approve if verdict.approvable else None
        note = (in_notebook.of_another_plan(wrong),) if wrong else ()
        yield Alert("bad", wording.OVER, (*verdict.objections, *note))
    elif verdict and verdict.breaches:
        yield Alert("warn", wording.OVER_AND_APPROVED, verdict.objections)


def counted(parts: Iterable[Mapping[str, int]]) -> Counter[Action]:
    """Return the number of changes by action on all targets."""
    found: Counter[Action] = Counter()
    for part in parts:
        found.update({Action(action): number for action, number in part.items()})
    return found


def change_tiles(counts: Mapping[Action, int], added: int, removed: int) -> Iterator[Tile]:
    """Say who comes and who goes."""
    yield tile("People in", sum(counts.get(action, 0) for action in COMING), "in")
    yield tile("People out", sum(counts.get(action, 0) for action in GOING), "out")
    services = _of_kind(counts, Kind.SERVICE_PRINCIPAL)
    if services:
        yield tile("Service principals", services)
    yield tile("Groups", _of_kind(counts, Kind.GROUP))
    yield tile("Members added", added, "in")
    yield tile("Members removed", removed, "out")


def tile(label: str, number: int, tone: str = "") -> Tile:
    """Return a tile whose colour only shows when there is something to count."""
    return Tile(label, f"{number:,}", tone if number else "")


def tables(parts: Iterable[tuple[str, Iterable[Section]]]) -> tuple[Table, ...]:
    """Return the sections of all targets, each section once; with several targets, a line names its own."""
    found: dict[str, list[tuple[str, ...]]] = {}
    heads: dict[str, tuple[str, ...]] = {}
    known = [(target, tuple(sections)) for target, sections in parts]
    for target, sections in known:
        for section in sections:
            heads[section.title] = section.head
            found.setdefault(section.title, []).extend((*row, target) for row in section.rows)
    return tuple(
        _table(title, heads[title], rows, several=len(known) > 1)
        for title, rows in found.items()
        if rows
    )


def _table(
    title: str, head: tuple[str, ...], rows: list[tuple[str, ...]], *, several: bool
) -> Table:
    shown, more = shortened(tuple(rows), LINES)
    if several:
        return Table(title, (*head, "Target"), shown, len(rows), more)
    return Table(title, head, tuple(row[:-1] for row in shown), len(rows), more)


def _of_kind(counts: Mapping[Action, int], kind: Kind) -> int:
    return sum(
        number for action, number in counts.items() if action.kind is kind and action not in MEMBERS
    )
