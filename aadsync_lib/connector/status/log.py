"""Failures of the provisioning log: of each object the newest entry, grouped by cause.

The same failure is logged again in every retry. Rows of v1.0, and of beta where their names differ.
Sources: provisioning_api.md, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from aadsync_lib.connector.status.job import text
from aadsync_lib.connector.status.model import Cause, Failure
from aadsync_lib.connector.status.recommended import recommendation
from aadsync_lib.responses import JsonObject

FAILED = "failure"
NO_CODE = "no code"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def failures_of(rows: Iterable[JsonObject], job: str | None = None) -> tuple[Failure, ...]:
    """Return the objects whose newest entry is a failure, the newest first.

    ``job``: rows of other jobs do not count. Rows may come in any order.
    """
    own = (row for row in rows if job is None or _job(row) in (None, job))
    newest: dict[str, JsonObject] = {}
    for row in sorted(own, key=when_of):  # stable: of two of one moment, the later row counts
        newest[_object_of(row)] = row
    failed = [row for row in newest.values() if _status(row) == FAILED]
    return tuple(_failure(row) for row in sorted(failed, key=when_of, reverse=True))


def causes(failures: Iterable[Failure]) -> tuple[Cause, ...]:
    """Return failures of one code and one remedy together, the most objects first."""
    groups: dict[tuple[str, str | None], list[Failure]] = {}
    for failure in failures:
        key = failure.code or NO_CODE, failure.recommended
        groups.setdefault(key, []).append(failure)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0][0]))
    return tuple(Cause(code, action, tuple(each)) for (code, action), each in ordered)


def when_of(row: JsonObject) -> datetime:
    """Return when a row was written; Graph gives up to seven digits of a second, or none."""
    return moment_of(text(row.get("activityDateTime")) or "") or LONG_AGO


def moment_of(written: str) -> datetime | None:
    """Return a time as Graph writes it; ``None`` where it is none."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _job(row: JsonObject) -> str | None:
    return text(row.get("jobId"))


def _object_of(row: JsonObject) -> str:
    """Return what tells the object of a row from others: its id in Entra, else whatever there is."""
    source = _part(row, "sourceIdentity")
    name = text(source.get("id")) or text(source.get("displayName"))
    target = _part(row, "targetIdentity")
    other = text(target.get("id")) or text(target.get("displayName"))
    return (name or other or text(row.get("changeId")) or text(row.get("id")) or "").lower()


def _failure(row: JsonObject) -> Failure:
    information = _part(_info(row), "errorInformation") or _info(row)
    code = text(information.get("errorCode"))
    reason = text(information.get("reason")) or text(information.get("additionalDetails"))
    return Failure(
        name=_name(row),
        action=_text_of(row, "provisioningAction", "action"),
        code=code,
        reason=reason,
        recommended=text(information.get("recommendedAction")) or recommendation(code),
        when=text(row.get("activityDateTime")),
    )


def _name(row: JsonObject) -> str:
    names = (
        text(_part(row, side).get(key))
        for side in ("sourceIdentity", "targetIdentity")
        for key in ("displayName", "id")
    )
    return next(filter(None, names), "unknown object")


def _status(row: JsonObject) -> str:
    return (text(_info(row).get("status")) or "").lower()


def _info(row: JsonObject) -> JsonObject:
    return _part(row, "provisioningStatusInfo") or _part(row, "statusInfo")


def _text_of(row: JsonObject, *keys: str) -> str | None:
    return next(filter(None, (text(row.get(key)) for key in keys)), None)


def _part(row: JsonObject, key: str) -> JsonObject:
    """Return a member of a row that is an object; where a list came, its first one."""
    return next(_objects(row.get(key)), {})


def _objects(value: object) -> Iterator[JsonObject]:
    values = value if isinstance(value, list) else [value]
    return (each for each in values if isinstance(each, dict))
