"""The comparison of connector and sync as a document."""

from __future__ import annotations

from collections.abc import Iterable

from aadsync_lib.connector.compare.model import Comparison, Difference, TargetComparison
from aadsync_lib.report.document import BENT, GOOD, Alert, Document, Part, Table, Tile

INCOMPLETE = "Not all of Entra's scope could be read: who is missing here may only be unread."
HEAD = ("Name", "Kind", "Why")


def comparison_document(comparison: Comparison) -> Document:
    """Show who is on one side only, and why."""
    same = comparison.complete and all(target.same for target in comparison.targets)
    return Document(
        f"Connector and sync {comparison.sync}",
        state="the same" if same else "they differ",
        tone=GOOD if same else BENT,
        alerts=() if comparison.complete else (Alert(BENT, INCOMPLETE),),
        tiles=(
            Tile("On both sides", f"{sum(target.both for target in comparison.targets):,}"),
            Tile("Only the connector", _number(t.only_connector for t in comparison.targets), BENT),
            Tile("Only this sync", _number(t.only_sync for t in comparison.targets), BENT),
        ),
        parts=tuple(map(_part, comparison.targets)),
        next="Next: docs/connector.md says how the sync takes over from the connector, and back.",
    )


def _number(sides: Iterable[tuple[Difference, ...]]) -> str:
    return f"{sum(map(len, sides)):,}"


def _part(target: TargetComparison) -> Part:
    identities = f"{target.both:,} {'identity' if target.both == 1 else 'identities'}"
    lines = (
        (
            f"{identities} on both sides, {len(target.only_connector):,} only in {target.connector}, "
            f"{len(target.only_sync):,} only in this sync"
        ),
        *target.notices,
    )
    tables = (
        Table("Only the connector provisions", HEAD, _rows(target.only_connector)),
        Table("Only this sync provisions", HEAD, _rows(target.only_sync)),
    )
    filled = tuple(table for table in tables if table.rows)
    return Part(target.target, target.target, lines=lines, tables=filled)


def _rows(differences: Iterable[Difference]) -> tuple[tuple[str, ...], ...]:
    return tuple((each.name, each.kind.value.replace("_", " "), each.why) for each in differences)
