"""The result of an operation on connectors as a document."""

from __future__ import annotations

from aadsync_lib.model.connector import ConnectorResult, Ending, TargetResult
from aadsync_lib.own_words import own
from aadsync_lib.report.document import BAD, BENT, GOOD, Document, Part, Table

TITLES = {
    "start": "Start",
    "stop": "Stop",
    "restart": "Restart",
    "provision": "Provision",
    "remove": "Remove",
}
ENDS = {
    Ending.DONE: "done",
    Ending.UNCHANGED: "nothing to do",
    Ending.SKIPPED: "skipped",
    Ending.FAILED: "failed",
}
TONES = {Ending.DONE: GOOD, Ending.UNCHANGED: GOOD, Ending.SKIPPED: BENT, Ending.FAILED: BAD}


def result_document(result: ConnectorResult) -> Document:
    """Show each step on each target."""
    worst = max((target.status for target in result.targets), key=list(TONES).index)
    title = TITLES.get(result.action, result.action.capitalize())
    return Document(
        f"{title} the connector of {result.sync}",
        state=ENDS[worst],
        tone=TONES[worst],
        parts=tuple(_part(target) for target in result.targets),
        next=own("Next: aadsync connector status shows where it is."),
    )


def _part(target: TargetResult) -> Part:
    rows = tuple((step.name, step.status, step.detail) for step in target.steps)
    tables = (Table("Steps", ("Step", "Result", "What"), rows),) if rows else ()
    return Part(f"{target.target}: {ENDS[target.status]}", target.target, tables=tables)
