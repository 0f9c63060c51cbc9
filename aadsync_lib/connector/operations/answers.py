"""Answers of provisioning on demand: two shapes, JSON texts inside a pair of texts.

``key`` holds the result, or the name of a class; ``value`` one object, or a list of them. Sources:
provisioning_api.md, section 4.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aadsync_lib.connector.status.job import text
from aadsync_lib.connector.status.recommended import recommendation
from aadsync_lib.model.connector import Ending, Step, TargetResult
from aadsync_lib.own_words import joined, own
from aadsync_lib.responses import JsonObject

EQUAL = "redundantexport"  # everything is on the target as it should be
RESULTS = {
    "success": Ending.DONE,
    "succeeded": Ending.DONE,
    "warning": Ending.DONE,
    "skipped": Ending.SKIPPED,
    "failure": Ending.FAILED,
    "failed": Ending.FAILED,
}
STEPS = {
    "entryimportadd": "Read from Entra",
    "entryimportupdate": "Read from Entra",
    "entryimport": "Read from Entra",
    "import": "Read from Entra",
    "entrysynchronizationscoping": "Is it in scope",
    "scoping": "Is it in scope",
    "scopeevaluation": "Is it in scope",
    "entryimportobjectnotfound": "Match with Databricks",
    "matching": "Match with Databricks",
    "entrysynchronizationadd": "Work out the change",
    "entrysynchronizationupdate": "Work out the change",
    "processing": "Work out the change",
    "referenceresolution": "Look up members",
    "entryexportadd": "Write to Databricks",
    "entryexportupdate": "Write to Databricks",
    "entryexportdelete": "Write to Databricks",
    "export": "Write to Databricks",
}
EQUAL_WORDS = "everything is on Databricks already as it should be"
NEW_ASSIGNMENT = own(
    "whoever was assigned just now counts after some minutes: try again then. aadsync connector compare "
    "says who is assigned"
)
EMPTY = "Entra answered, and its answer says nothing"


def result_of(target: str, answer: JsonObject) -> TargetResult:
    """Return what became of a request, in words; values that are not known stay as they came."""
    head, bodies = _parsed(answer.get("key")), tuple(_bodies(_parsed(answer.get("value"))))
    head = head if isinstance(head, dict) else {}
    steps = tuple(step for body in bodies for step in _steps(body))
    ends = [_end(body) for body in bodies if _info(body)]
    result, details = text(head.get("result")), _object(head.get("details"))
    if result is None:
        if ends:
            return TargetResult(target, Ending.together(ends), steps)
        return TargetResult(target, Ending.FAILED, (*steps, Step("Result", "unknown", EMPTY)))
    code = text(details.get("errorCode"))
    if not steps or (code and not ends):
        words = _words(code, text(details.get("errorMessage")), None)
        steps = (*steps, Step("Result", result, words))
    return TargetResult(target, _ended(result, code), steps)


def _steps(body: JsonObject) -> Iterator[Step]:
    name = text(_object(body.get("sourceIdentity")).get("displayName"))
    changed = _changed(body.get("modifiedProperties"))
    rows = [row for row in _list(body.get("provisioningSteps")) if isinstance(row, dict)]
    for row in rows:
        yield _step(row, changed)
    info = _info(body)
    if info and (
        not rows or _end(body) in (Ending.FAILED, Ending.SKIPPED)
    ):  # success is in the steps
        words = _words(text(info.get("errorCode")), text(info.get("reason")), info)
        yield Step(name or "Object", str(text(info.get("status"))), words)


def _step(row: JsonObject, changed: str) -> Step:
    kind, name = (
        text(row.get("provisioningStepType")) or text(row.get("type")),
        text(row.get("name")),
    )
    known = STEPS.get((name or "").lower()) or STEPS.get((kind or "").lower())
    status = text(row.get("status")) or "unknown"
    details = [text(row.get("description")) or ""]
    if (kind or name or "").lower().startswith(("export", "entryexport")) and changed:
        details.append(changed)
    detail = "; ".join(filter(None, details))
    if known == STEPS["scoping"] and status.lower() != "success":
        detail = joined(f"{detail}; " if detail else "", NEW_ASSIGNMENT)
    return Step(known or name or kind or "Step", status, detail)


def _changed(rows: Any) -> str:
    """Return the attributes that a write sets, with their new values."""
    pairs = [
        f"{name} = {row.get('newValue')}"
        for row in _list(rows)
        if isinstance(row, dict) and (name := text(row.get("displayName")))
    ]
    return f"sets {', '.join(pairs)}" if pairs else ""


def _words(code: str | None, reason: str | None, info: JsonObject | None) -> str:
    """Return an error as a sentence, with what Microsoft recommends."""
    if (code or "").lower() == EQUAL:
        return EQUAL_WORDS
    recommended = text((info or {}).get("recommendedAction")) or recommendation(code)
    what = ": ".join(filter(None, (code, reason)))
    return ". ".join(part.rstrip(".") for part in (what, recommended) if part)


def _end(body: JsonObject) -> Ending:
    info = _info(body)
    return _ended(text(info.get("status")), text(info.get("errorCode")))


def _ended(result: str | None, code: str | None) -> Ending:
    """Return how something ended; a result that is not known is no success."""
    done = RESULTS.get((result or "").lower(), Ending.FAILED)
    return Ending.UNCHANGED if done is Ending.SKIPPED and (code or "").lower() == EQUAL else done


def _info(body: JsonObject) -> JsonObject:
    """Return the part that says how it ended; the body itself, where it is that part."""
    for key in ("statusInfo", "provisioningStatusInfo"):
        if isinstance(body.get(key), dict):
            info: JsonObject = body[key]
            inner = _object(info.get("errorInformation"))
            return {**inner, **info} if text(info.get("status")) else {}
    return body if text(body.get("status")) else {}


def _bodies(value: Any) -> Iterator[JsonObject]:
    for each in value if isinstance(value, list) else [value]:
        parsed = _parsed(each)
        if isinstance(parsed, dict) and parsed:
            yield parsed


def _parsed(value: Any) -> Any:
    """Return what a JSON text holds, and anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
