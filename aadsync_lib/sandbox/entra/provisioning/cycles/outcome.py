"""The outcome of provisioning one object, with its steps: as the log and provisionOnDemand show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.provisioning.cycles.source import Entry

REDUNDANT = "RedundantExport"
NOT_ENTITLED = "NotEffectivelyEntitled"
TARGET = "Databricks"
SOURCE = "Microsoft Entra ID"
_STATUS_CODES = {
    0: "Timeout",
    400: "SystemForCrossDomainIdentityManagementBadRequest",
    403: "InsufficientRights",
    404: "InvalidAnchor",
    405: "MethodNotAllowed",
    409: "Conflict",
    429: "TooManyRequests",
    501: "NotImplemented",
}


@dataclass
class Outcome:
    """What became of one object."""

    entry: Entry
    began: str
    action: str = "other"
    status: str = "success"
    code: str | None = None
    reason: str | None = None
    target_id: str = ""
    modified: list[JsonObject] = field(default_factory=list)
    steps: list[JsonObject] = field(default_factory=list)
    references: int = 0
    """References to members that failed with it."""

    @property
    def failed(self) -> bool:
        return self.status == "failure"

    @property
    def redundant(self) -> bool:
        return self.code == REDUNDANT

    def step(self, name: str, sort: str, status: str, words: str, **details: str) -> None:
        self.steps.append(
            {"name": name, "type": sort, "status": status, "description": words}
            | {"details": details}
        )

    def change(self, name: str, old: str | None, new: str | None) -> None:
        self.modified.append({"displayName": name, "oldValue": old, "newValue": new})

    def skip(self, code: str, reason: str) -> Outcome:
        self.status, self.code, self.reason = "skipped", code, reason
        self.step("EntrySynchronizationSkip", "Export", "Skipped", reason, SkipReason=code)
        return self

    def fail(self, code: str, reason: str, step: str = "EntryExport") -> Outcome:
        self.status, self.code, self.reason = "failure", code, reason
        sort = "Export" if step.startswith("EntryExport") else "Matching"
        self.step(step, sort, "Failure", reason, ReportableIdentifier=self.entry.name)
        return self

    def refused(self, status: int, body: JsonObject, step: str) -> Outcome:
        """A failure because of what the target answered."""
        code = _STATUS_CODES.get(status, "InternalServerError" if status > 499 else "InternalError")
        said = body.get("detail") or body.get("message") or "no answer"
        words = f"Message: {TARGET} returned an error response with the HTTP status code {status}: {said}"
        return self.fail(code, words if status else f"{TARGET} did not answer in time.", step)


def _error(outcome: Outcome) -> JsonObject | None:
    if outcome.code is None:
        return None
    anchor = "Restart the job with the scope Full." if outcome.code == "InvalidAnchor" else None
    return {
        "errorCode": outcome.code,
        "reason": outcome.reason,
        "additionalDetails": None,
        "errorCategory": "nonServiceFailure" if outcome.failed else "success",
        "recommendedAction": anchor,
    }


def identities(outcome: Outcome, kind: str) -> JsonObject:
    """Both sides of an outcome; ``kind`` is the name of the member with the type."""
    entry = outcome.entry
    source = {"id": entry.key, "displayName": entry.name, kind: entry.kind, "details": {}}
    name = entry.name if outcome.target_id else ""
    target = {"id": outcome.target_id, "displayName": name, kind: entry.kind, "details": {}}
    return {"sourceIdentity": source, "targetIdentity": target}


def row(outcome: Outcome, now: str, job: str, cycle: str, principal: JsonObject) -> JsonObject:
    """A row of the provisioning log, as v1.0 names its members."""
    steps = [
        {**{k: v for k, v in step.items() if k != "type"}, "status": step["status"].lower()}
        | {"provisioningStepType": step["type"][0].lower() + step["type"][1:]}
        for step in outcome.steps
    ]
    return {
        "id": str(uuid4()),
        "activityDateTime": now,
        "jobId": job,
        "cycleId": cycle,
        "changeId": str(uuid4()),
        "provisioningAction": outcome.action,
        "durationInMilliseconds": 120,
        "provisioningStatusInfo": {"status": outcome.status, "errorInformation": _error(outcome)},
        "provisioningSteps": steps,
        "modifiedProperties": outcome.modified,
        "servicePrincipal": {k: principal.get(k) for k in ("id", "displayName")},
        "sourceSystem": {"id": str(uuid4()), "displayName": SOURCE, "details": {}},
        "targetSystem": {"id": str(uuid4()), "displayName": TARGET, "details": {}},
        "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service"}
        | {"initiatorType": "system"},
        **identities(outcome, "identityType"),
    }


def on_demand(outcome: Outcome, now: str) -> JsonObject:
    """One object of the answer to provisionOnDemand."""
    error: dict[str, Any] = _error(outcome) or dict.fromkeys(
        ("errorCode", "reason", "additionalDetails", "errorCategory", "recommendedAction")
    )
    return {
        "action": outcome.action.capitalize(),
        "changeId": str(uuid4()),
        "startTime": outcome.began,
        "endTime": now,
        "modifiedProperties": outcome.modified,
        "provisioningSteps": [{**step, "timestamp": now} for step in outcome.steps],
        "reportableIdentifier": outcome.entry.name,
        "statusInfo": {"status": outcome.status.capitalize(), **error},
        "sourceSystem": {"id": None, "name": SOURCE, "details": None},
        "targetSystem": {"id": None, "name": TARGET, "details": None},
        **identities(outcome, "type"),
    }
