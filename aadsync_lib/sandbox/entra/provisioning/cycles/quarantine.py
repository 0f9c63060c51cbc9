"""Quarantine of a job: put into it, tried again ever more seldom, and ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import SETTING, Job
from aadsync_lib.sandbox.entra.memory.provisioning import Provisioning
from aadsync_lib.sandbox.entra.memory.switches import ProvisioningSwitches
from aadsync_lib.sandbox.entra.provisioning.secret_routes import NOTICE, notice_of

CREDENTIALS = "EncounteredQuarantineException"
DELETES = "TooManyDeletes"
BY_HAND = "QuarantinedOnDemand"
REASONS = frozenset(
    {
        "EncounteredBaseEscrowThreshold",
        "EncounteredTotalEscrowThreshold",
        "EncounteredEscrowProportionThreshold",
        CREDENTIALS,
        "Unknown",
        BY_HAND,
        DELETES,
        "IngestionInterrupted",
    }
)
_RETRIES = (
    timedelta(minutes=5),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
LONGEST = timedelta(days=28)


def impose(job: Job, reason: str, now: str, error: JsonObject | None = None) -> None:
    """Put a job into quarantine, or go on with the one it is in; after four weeks it is disabled."""
    former = job.quarantine or {}
    count = former.get("seriesCount", 0) + 1
    began = former.get("seriesBegan", now)
    job.due = later(now, _RETRIES[min(count, len(_RETRIES)) - 1])
    job.quarantine = {
        "currentBegan": now,
        "nextAttempt": job.due,
        "reason": reason,
        "seriesBegan": began,
        "seriesCount": count,
        "error": error or _error(reason),
    }
    if datetime.fromisoformat(now) - datetime.fromisoformat(began) >= LONGEST:
        job.state = "Disabled"
    job.settle()


def later(now: str, wait: timedelta) -> str:
    return (datetime.fromisoformat(now) + wait).strftime("%Y-%m-%dT%H:%M:%SZ")


def _error(reason: str) -> JsonObject | None:
    if reason in {BY_HAND, "Unknown"}:
        return None
    return {"code": reason, "message": f"The job is in quarantine: {reason}."} | {
        "tenantActionable": reason != "IngestionInterrupted"
    }


def by_failures(job: Job, exports: int, references: int, switches: ProvisioningSwitches) -> str:
    """The reason that a cycle's failures give for a quarantine; empty is none."""
    failed = len(job.escrows)
    if failed >= switches.base_escrows:
        return "EncounteredBaseEscrowThreshold"
    if failed + references >= switches.total_escrows:
        return "EncounteredTotalEscrowThreshold"
    enough = exports >= switches.escrow_share_from
    if enough and failed > switches.escrow_share * exports:
        return "EncounteredEscrowProportionThreshold"
    return ""


def threshold(provisioning: Provisioning, job: Job) -> int | None:
    """How many may be taken away in one cycle; ``None`` is any number."""
    source = provisioning.switches.threshold_from
    notice = notice_of(provisioning.secret(job.principal, NOTICE)) or {}
    if source != "settings" and notice.get("DeleteThresholdEnabled"):
        return int(notice.get("DeleteThresholdValue", 500))
    setting = job.settings.get(SETTING, "") if source != "secrets" else ""
    return int(setting) if setting.isdigit() else None
