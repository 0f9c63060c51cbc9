"""Control of jobs by a test: cycles that run, and quarantines."""

from __future__ import annotations

from typing import Any

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.provisioning.cycles import quarantine, run
from aadsync_lib.sandbox.entra.state import EntraState


async def control(state: EntraState, wanted: dict[str, Any]) -> JsonObject:
    """Run ``cycles`` (1) of a ``job`` or of all, up to ``objects`` each; or impose a ``quarantine``.

    ``ValueError`` on a reason that is none, ``KeyError`` on a job that is not there.
    """
    provisioning = state.provisioning
    jobs = [provisioning.jobs[wanted["job"]]] if "job" in wanted else [*provisioning.jobs.values()]
    reason = wanted.get("quarantine")
    if reason is not None and reason not in quarantine.REASONS:
        raise ValueError(f"{reason!r} is no reason of a quarantine")
    ran: list[str] = []
    for job in jobs:
        if reason is not None:
            quarantine.impose(job, reason, state.now(), wanted.get("error"))
            continue
        times = range(int(wanted.get("cycles", 1)))
        ran += [job.id for _ in times if await run.run(state, job, wanted.get("objects"))]
    return {"ran": ran, "jobs": [job.shown() for job in jobs]}
