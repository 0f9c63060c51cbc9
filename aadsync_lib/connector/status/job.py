"""A synchronization job, read from what Graph answers.

Values that are not known stay as they came. Sources: provisioning_api.md, section 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aadsync_lib.connector.status.model import (
    ACTIVE,
    NOT_CONFIGURED,
    NOT_RUN,
    PAUSED,
    QUARANTINE,
    Cycle,
    Job,
    Quarantine,
    Units,
)
from aadsync_lib.connector.status.quarantine import explained
from aadsync_lib.responses import JsonObject

STATES = {"notconfigured": NOT_CONFIGURED, "notrun": NOT_RUN, "active": ACTIVE, "paused": PAUSED}
SCHEDULES = frozenset({"active", "disabled", "paused"})
NEVER = "0001-01-01"  # how Graph writes the date of something that has not happened
LONGEST_INTERVAL = 366 * 86_400.0  # seconds; Graph writes "never" as ten million days
DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
SECONDS = {"weeks": 604_800.0, "days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


def job_of(row: JsonObject) -> Job:
    """Return a job from its JSON."""
    status, schedule = _object(row.get("status")), _object(row.get("schedule"))
    quarantine = quarantine_of(status)
    code, planned = text(status.get("code")), text(schedule.get("state"))
    runs = planned.lower() == "active" if planned else (code or "").lower() == "active"
    succeeded = cycle_of(status.get("lastSuccessfulExecution"))
    return Job(
        id=str(row.get("id") or ""),
        state=QUARANTINE if quarantine else _state(code, planned, runs=runs),
        runs=runs,
        last=cycle_of(status.get("lastExecution")),
        last_success=(succeeded.ended or succeeded.began) if succeeded else None,
        units=_units(status.get("progress")),
        counts=dict(_counts(status.get("synchronizedEntryCountByType"))),
        interval=seconds_of(text(schedule.get("interval"))),
        quarantine=quarantine,
        waits=status.get("escrowsPruned") is True and not runs,
        lingers=not runs and (code or "").lower() == "active",
    )


def _state(code: str | None, schedule: str | None, *, runs: bool) -> str:
    """Return the state of a job outside of quarantine: active or paused as its schedule is.

    A job that has not been configured or has not run yet is that, running or not.
    """
    known = STATES.get((code or "").lower())
    if known is None and code:
        return code
    if known in (NOT_CONFIGURED, NOT_RUN):
        return str(known)
    if schedule and schedule.lower() not in SCHEDULES:
        return schedule
    return ACTIVE if runs else PAUSED


def quarantine_of(status: JsonObject) -> Quarantine | None:
    """Return the quarantine that a status shows, by its code or by what it says of one."""
    row = _object(status.get("quarantine"))
    reason, code = text(row.get("reason")), text(status.get("code")) or ""
    if not (reason or moment(row.get("currentBegan")) or code.lower() == "quarantine"):
        return None
    error = error_of(row.get("error"))
    cause, remedy = explained(reason, error)
    return Quarantine(
        reason,
        moment(row.get("currentBegan")) or moment(row.get("seriesBegan")),
        moment(row.get("nextAttempt")),
        error,
        cause,
        remedy,
    )


def cycle_of(row: Any) -> Cycle | None:
    """Return a cycle; ``None`` where there was none."""
    if not isinstance(row, dict):
        return None
    cycle = Cycle(
        text(row.get("state")),
        moment(row.get("timeBegan")),
        moment(row.get("timeEnded")),
        error_of(row.get("error")),
    )
    return cycle if any((cycle.state, cycle.began, cycle.ended)) else None


def error_of(row: Any) -> str | None:
    """Return an error as one line: its code, and its message."""
    if not isinstance(row, dict):
        return text(row)
    code, message = text(row.get("code")), text(row.get("message"))
    return ": ".join(filter(None, (code, message))) or None


def seconds_of(duration: str | None) -> float | None:
    """Return an ISO 8601 duration in seconds; ``None`` for none, and for one that means never."""
    match = DURATION.fullmatch(duration or "")
    if match is None:
        return None
    seconds = sum(float(match[unit] or 0) * factor for unit, factor in SECONDS.items())
    return seconds if 0 < seconds < LONGEST_INTERVAL else None


def moment(value: Any) -> str | None:
    """Return a time as Graph writes it; ``None`` for the one that stands for never."""
    written = text(value)
    return None if written is None or written.startswith(NEVER) else written


def text(value: Any) -> str | None:
    """Return text that says something."""
    return value.strip() or None if isinstance(value, str) else None


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _units(rows: Any) -> Units | None:
    """Return the progress of all kinds of units together; ``None`` where nothing is to be counted."""
    pairs = [
        (whole(row.get("completedUnits")), whole(row.get("totalUnits")))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    total = sum(pair[1] for pair in pairs)
    return Units(sum(pair[0] for pair in pairs), total) if total > 0 else None


def _counts(rows: Any) -> Iterator[tuple[str, int]]:
    if isinstance(rows, Mapping):
        rows = [{"key": key, "value": value} for key, value in rows.items()]
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("key"):
            yield str(row["key"]), whole(row.get("value"))


def whole(value: Any) -> int:
    """Return a whole number that is no less than 0; Graph also writes them as text."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0
