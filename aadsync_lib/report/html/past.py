"""A run as the store has it, made a report again for its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.run import Outcome, Requests, RunReport, Status, TargetReport
from aadsync_lib.report.items_json import found_from_json, left_from_json, quarantined_from_json


def past_run(sync: str, run: RunRecord, entries: Sequence[JournalEntry]) -> RunReport:
    """Return what a run did; of one that was killed, what it got to record."""
    outcomes: dict[str, list[Outcome]] = {}
    for entry in entries:
        outcomes.setdefault(entry.target, []).append(entry.outcome)
    document = json.loads(run.report) if run.report else {}
    told = tuple(_target(raw, outcomes) for raw in document.get("targets", ()))
    broken = tuple(
        TargetReport(name, Status.FAILED, tuple(found)) for name, found in outcomes.items()
    )
    return RunReport(
        run_id=run.run_id,
        sync=sync,
        digest=run.digest,
        full=run.full,
        targets=told or broken or (TargetReport("no target", Status.FAILED),),
        requests=Requests(**document.get("requests", {})),
        seconds=document.get("seconds", 0.0),
        undoes=document.get("undoes"),
        over=tuple(document.get("over", ())),
    )


def _target(raw: Mapping[str, Any], outcomes: Mapping[str, list[Outcome]]) -> TargetReport:
    return TargetReport(
        target=raw["target"],
        status=Status(raw["status"]),
        outcomes=tuple(outcomes.get(raw["target"], ())),
        quarantined=tuple(map(quarantined_from_json, raw["quarantined"])),
        on_hold=tuple(map(quarantined_from_json, raw["held"])),
        warnings=tuple(Notice(one["code"], one["message"]) for one in raw["warnings"]),
        # A report that an earlier version kept has none of these.
        unowned=found_from_json(raw.get("found", ())),
        unapplied=left_from_json(raw.get("left", ())),
    )
