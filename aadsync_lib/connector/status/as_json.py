"""The ``connector_status`` document of the public contract."""

from __future__ import annotations

from dataclasses import asdict

from aadsync_lib.connector.status.model import (
    Application,
    ConnectorStatus,
    Cycle,
    Failure,
    Quarantine,
    TargetStatus,
)
from aadsync_lib.responses import JsonObject

VERSION = 1
JOB = ("counts", "last", "last_success", "progress", "interval_seconds", "quarantine")


def status_to_json(status: ConnectorStatus) -> JsonObject:
    """Return the document; what is absent is ``null``."""
    targets = [_target(target) for target in status.targets]
    return {
        "kind": "connector_status",
        "version": VERSION,
        "sync": status.sync,
        "targets": targets,
    }


def _target(target: TargetStatus) -> JsonObject:
    failures = target.failures
    return {
        "target": target.target,
        "state": target.state,
        "application": _application(target.application),
        "job": target.job.id if target.job else None,
        "assigned": dict(target.assigned) if target.assigned is not None else None,
        **_job(target),
        "failures": None if failures is None else [_failure(failure) for failure in failures],
    }


def _application(application: Application | None) -> JsonObject | None:
    return asdict(application) if application else None


def _job(target: TargetStatus) -> JsonObject:
    job = target.job
    if job is None:
        return dict.fromkeys(JOB)
    return {
        "counts": dict(job.counts),
        "last": _cycle(job.last),
        "last_success": job.last_success,
        "progress": round(job.units.share, 4) if job.units else None,
        "interval_seconds": _plain(job.interval),
        "quarantine": _quarantine(job.quarantine),
    }


def _plain(seconds: float | None) -> float | int | None:
    return int(seconds) if seconds is not None and seconds == int(seconds) else seconds


def _cycle(cycle: Cycle | None) -> JsonObject | None:
    return asdict(cycle) if cycle else None


def _quarantine(quarantine: Quarantine | None) -> JsonObject | None:
    if quarantine is None:
        return None
    return {
        "reason": quarantine.reason,
        "since": quarantine.since,
        "next_attempt": quarantine.next_attempt,
        "error": quarantine.error,
        "remedy": quarantine.remedy,
    }


def _failure(failure: Failure) -> JsonObject:
    return asdict(failure)
