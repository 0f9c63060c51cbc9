"""A history as tidy pandas frames, with the columns that ``aadsync_lib.history.History`` documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pandas as pd

from aadsync_lib.model.carried import JournalEntry, Membership, QuarantineRecord, RunRecord
from aadsync_lib.model.change import Change
from aadsync_lib.model.frames import CHANGE, MEMBER, Columns
from aadsync_lib.report.history.as_json import report_of

TIME = "%Y-%m-%dT%H:%M:%S.%f"
NUMBERS = ("changes", "members_added", "members_removed", "failed", "quarantined", "held")
RUNS = (
    *("run_id", "status", "started_at", "ended_at", "user", "host", "digest", "settings_digest"),
    *("undoes", *NUMBERS),
)
OUTCOMES = ("run_id", "settled_at", *CHANGE, "result", "error", "reason", "drift")
MEMBERSHIPS = (
    *("target", "group", "group_external_id", *MEMBER, "how", "since", "run_id"),
    *("until", "ending", "ended_by"),
)
QUARANTINE = ("target", "name", "external_id", "reason", "first_seen", "last_seen", "times")
DRIFT = ("run_id", "seen_at", *CHANGE, "result", "reason")
LEFT = "left"


def runs_frame(runs: Iterable[RunRecord]) -> pd.DataFrame:
    """See ``History.runs``."""
    columns = Columns(RUNS)
    for run in runs:
        columns.add(
            {
                "run_id": run.run_id,
                "status": run.status,
                "started_at": _time(run.started_at),
                "ended_at": _time(run.ended_at),
                "user": run.user,
                "host": run.host,
                "digest": run.digest,
                "settings_digest": run.settings_digest,
                "undoes": run.undoes,
                **_numbers(run),
            }
        )
    return _typed(columns, times=("started_at", "ended_at"), numbers=NUMBERS)


def outcomes_frame(entries: Iterable[JournalEntry]) -> pd.DataFrame:
    """See ``History.outcomes``."""
    columns = Columns(OUTCOMES)
    for entry in entries:
        columns.change(
            entry.outcome.change,
            run_id=entry.run_id,
            settled_at=_time(entry.settled_at),
            target=entry.target,
            result=entry.outcome.result.value,
            error=entry.outcome.error,
        )
    return _typed(columns, times=("settled_at",))


def memberships_frame(memberships: Iterable[Membership]) -> pd.DataFrame:
    """See ``History.memberships``."""
    columns = Columns(MEMBERSHIPS)
    for membership in memberships:
        about = {
            "target": membership.target,
            "group": membership.group_name,
            "group_external_id": membership.group,
            "how": membership.how.value,
            "since": _time(membership.since),
            "run_id": membership.run_id,
            "until": _time(membership.until),
            "ending": membership.ending.value if membership.ending else None,
            "ended_by": membership.ended_by,
        }
        columns.add(about, (membership.member,))
    return _typed(columns, times=("since", "until"))


def quarantine_frame(found: Iterable[tuple[str, QuarantineRecord]]) -> pd.DataFrame:
    """See ``History.quarantine``."""
    columns = Columns(QUARANTINE)
    for target, record in found:
        columns.add(
            {
                "target": target,
                "name": record.name,
                "external_id": record.external_id,
                "reason": record.reason,
                "first_seen": _time(record.first_seen),
                "last_seen": _time(record.last_seen),
                "times": str(record.times),
            }
        )
    return _typed(columns, times=("first_seen", "last_seen"), numbers=("times",))


def drift_frame(entries: Iterable[JournalEntry], runs: Sequence[RunRecord]) -> pd.DataFrame:
    """See ``History.drift``."""
    columns = Columns(DRIFT)
    for entry in entries:
        change, result = entry.outcome.change, entry.outcome.result.value
        if change.drift:
            _drift(columns, change, entry.run_id, entry.settled_at, entry.target, result)
    for run in runs:
        seen = run.ended_at or run.started_at
        for target in report_of(run).targets:
            for left in target.unapplied:
                if left.change.drift:
                    _drift(columns, left.change, run.run_id, seen, target.target, LEFT)
    order = {run.run_id: -place for place, run in enumerate(runs)}  # the newest comes first
    return _typed(columns, times=("seen_at",)).sort_values(
        "run_id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True
    )


def _drift(
    columns: Columns, change: Change, run_id: str, seen: float, target: str, result: str
) -> None:
    columns.change(change, run_id=run_id, seen_at=_time(seen), target=target, result=result)


def _numbers(run: RunRecord) -> dict[str, str | None]:
    """Return the numbers of a run that has ended; one that has not has none."""
    if run.report is None:
        return {}
    report = report_of(run)
    undone = map(len, (report.failed, report.in_quarantine, report.on_hold))
    values = (report.applied.total(), report.members_added, report.members_removed, *undone)
    return dict(zip(NUMBERS, map(str, values), strict=True))


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):{TIME}}"


def _typed(columns: Columns, times: tuple[str, ...], numbers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the frame, with the columns that are no text in their own dtype."""
    frame = columns.frame()
    for name in times:
        found = pd.to_datetime(frame[name].astype(object), format=TIME, utc=True)
        frame[name] = found.astype("datetime64[ns, UTC]")
    for name in numbers:
        frame[name] = frame[name].astype("Int64")
    return frame
