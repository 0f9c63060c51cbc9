"""A history as JSON: the ``history`` document, and runs of the store read back into reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from aadsync_lib.model.carried import JournalEntry, Membership, QuarantineRecord, RunRecord
from aadsync_lib.model.codec import JsonObject, change_to_json, member_to_json
from aadsync_lib.model.run import Outcome, Requests, RunReport, Status, TargetReport
from aadsync_lib.report.as_json import VERSION, run_from_json


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


def document(sync: str, **parts: object) -> JsonObject:
    """Return the document with the parts that were asked for."""
    return {"kind": "history", "version": VERSION, "sync": sync, **parts}


def run_to_json(run: RunRecord, *, whole: bool = False) -> JsonObject:
    """Return a run; ``whole`` with the ``run`` document that it left behind."""
    report = report_of(run)
    found: JsonObject = {
        "run_id": run.run_id,
        "status": run.status,
        "started_at": iso_time(run.started_at),
        "ended_at": None if run.ended_at is None else iso_time(run.ended_at),
        "user": run.user,
        "host": run.host,
        "digest": run.digest,
        "settings_digest": run.settings_digest,
        "full": run.full,
        "undoes": run.undoes,
        "over": list(report.over),
        "applied": dict(report.applied),
        "members_added": report.members_added,
        "members_removed": report.members_removed,
        "failed": len(report.failed),
        "quarantined": len(report.in_quarantine),
        "held": len(report.on_hold),
    }
    return found | ({"report": document_of(run)} if whole else {})


def outcomes_to_json(entries: Iterable[JournalEntry]) -> list[JsonObject]:
    """Return what came of changes."""
    return [
        {
            "run_id": entry.run_id,
            "entry": entry.entry,
            "target": entry.target,
            "announced_at": iso_time(entry.announced_at),
            "settled_at": iso_time(entry.settled_at),
            "result": entry.outcome.result.value,
            "error": entry.outcome.error,
            **change_to_json(entry.outcome.change),
        }
        for entry in entries
    ]


def membership_to_json(membership: Membership, via: tuple[str, ...] | None = None) -> JsonObject:
    """Return a membership; ``via`` are the groups in between."""
    found: JsonObject = {
        "target": membership.target,
        "group": {"external_id": membership.group, "name": membership.group_name},
        "member": member_to_json(membership.member),
        "how": membership.how.value,
        "since": iso_time(membership.since),
        "run_id": membership.run_id,
        "until": None if membership.until is None else iso_time(membership.until),
        "ending": membership.ending and membership.ending.value,
        "ended_by": membership.ended_by,
    }
    return found if via is None else found | {"via": list(via)}


def quarantine_to_json(found: Iterable[tuple[str, QuarantineRecord]]) -> list[JsonObject]:
    """Return what is held back, by target."""
    return [
        {
            "target": target,
            "external_id": record.external_id,
            "name": record.name,
            "reason": record.reason,
            "first_seen": iso_time(record.first_seen),
            "last_seen": iso_time(record.last_seen),
            "times": record.times,
        }
        for target, record in found
    ]
