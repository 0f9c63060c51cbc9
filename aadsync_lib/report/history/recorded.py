"""Runs as the store has them, read back into reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.run import Outcome, Requests, RunReport, Status, TargetReport
from aadsync_lib.report.as_json import run_from_json


def document_of(run: RunRecord) -> JsonObject | None:
    """Return the ``run`` document that a run left behind; one that has not ended has none."""
    document: JsonObject | None = json.loads(run.report) if run.report else None
    return document


def report_of(run: RunRecord, sync: str = "") -> RunReport:
    """Return what a run did; nothing is known of one that has not ended. ``sync`` is for that one."""
    document = document_of(run)
    if document is not None:
        return run_from_json(document)
    return RunReport(run.run_id, sync, run.digest, run.full, (), Requests(), 0.0, run.undoes)


def with_outcomes(report: RunReport, entries: Iterable[JournalEntry]) -> RunReport:
    """Add what the journal says of each change; of a run that was killed it is all there is."""
    outcomes: dict[str, list[Outcome]] = {}
    for entry in entries:
        outcomes.setdefault(entry.target, []).append(entry.outcome)
    targets = tuple(
        replace(target, outcomes=tuple(outcomes[target.target]), recap=None)
        if target.target in outcomes
        else target
        for target in report.targets
    )
    killed = tuple(
        TargetReport(name, Status.FAILED, tuple(settled)) for name, settled in outcomes.items()
    )
    nothing = (TargetReport("no target", Status.FAILED),)
    return replace(report, targets=targets or killed or nothing)


def shown_time(seconds: float) -> str:
    """Return a time in UTC as a person reads it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def iso_time(seconds: float) -> str:
    """Return a time in UTC as machines read it."""
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}Z"
