"""Plans and runs of connectors as documents, which every format writes."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import (
    ConnectorPlan,
    ConnectorRun,
    ConnectorTargetPlan,
    settings_in,
)
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.run import Status, TargetReport
from aadsync_lib.own_words import own
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Document, Part, Table
from aadsync_lib.report.wording import count

EQUAL = "Entra is as the settings want it."
TONES = {
    Status.SUCCEEDED: GOOD,
    Status.PARTIAL: BENT,
    Status.FAILED: BAD,
    Status.REFUSED: BAD,
}


def plan_document(plan: ConnectorPlan) -> Document:
    """Show every difference."""
    changes = sum(len(target.changes) for target in plan.targets)
    return Document(
        f"Plan of the connector of {plan.sync}",
        state=count(changes, "change") if changes else "nothing to do",
        tone=GOOD,
        alerts=_alerts(target.warnings for target in plan.targets),
        lines=() if changes else (EQUAL,),
        parts=tuple(_planned(target) for target in plan.targets if target.changes),
        next=own("Next: aadsync connector setup makes them equal.") if changes else "",
    )


def run_document(run: ConnectorRun) -> Document:
    """Show what was done and what failed."""
    changed = any(target.outcomes for target in run.targets)
    return Document(
        f"Setup of the connector of {run.sync}",
        state=run.status.value if changed else "nothing to do",
        tone=TONES[run.status],
        alerts=_alerts(target.warnings for target in run.targets),
        lines=() if changed else (EQUAL,),
        parts=tuple(_reported(target) for target in run.targets if target.outcomes),
        run_id=run.run_id,
        next=own("Next: aadsync connector status shows where it is.") if changed else "",
    )


def _alerts(warnings: Iterable[tuple[Notice, ...]]) -> tuple[Alert, ...]:
    lines = tuple(notice.message for notices in warnings for notice in notices)
    return (Alert(BENT, "Worth knowing", lines),) if lines else ()


def _planned(target: ConnectorTargetPlan) -> Part:
    head = ("Name", "Action", "Values", "Reason")
    return Part(
        target.target,
        target.target,
        tables=(Table("Changes", head, tuple(map(_row, target.changes))),),
    )


def _reported(target: TargetReport) -> Part:
    done = tuple((action, f"{number:,}") for action, number in target.applied.items())
    tables = [Table("Done", ("Action", "Number"), tuple((_words(a), n) for a, n in done))]
    tables.append(
        Table(
            "Not done",
            ("Name", "Action", "Error"),
            tuple((o.change.name, _words(o.change.action), o.reason) for o in target.failed),
        )
    )
    shown = tuple(table for table in tables if table.rows)
    return Part(f"{target.target}: {target.status.value}", target.target, tables=shown)


def _row(change: Change) -> tuple[str, ...]:
    before, after = _values(change.before), _values(change.after)
    values = f"{before} -> {after or 'none'}" if before else after
    return change.name, _words(change.action), values, change.reason


def _words(action: str) -> str:
    return str(action).replace("_", " ")


def _values(attributes: Attributes | None) -> str:
    if attributes is None:
        return ""
    return ", ".join(f"{key} {_value(value)}" for key, value in settings_in(attributes).items())


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return " or ".join(" and ".join(map(str, each)) for each in value)
    return value if isinstance(value, str) else json.dumps(value)
