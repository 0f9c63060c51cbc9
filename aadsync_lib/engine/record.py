"""Runs that wrote nothing: found nothing to do, or were refused. The store keeps them, too."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Requests, RunReport, Status, TargetReport
from aadsync_lib.ports import Clock, Store
from aadsync_lib.report.as_json import run_to_json


def new_run_id(clock: Clock) -> str:
    """Return an id that sorts by time."""
    began = datetime.fromtimestamp(clock.now(), UTC)
    return f"{began:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def untouched(plan: TargetPlan, status: Status) -> TargetReport:
    """Return what there is to say of a target that nothing was sent to."""
    return TargetReport(
        target=plan.target,
        status=status,
        quarantined=plan.quarantined,
        on_hold=plan.on_hold,
        warnings=plan.warnings,
        unowned=plan.unowned,
        unapplied=plan.unapplied,
    )


def status_of(plan: TargetPlan, *, complete: bool) -> Status:
    """Return how a target without changes ended."""
    waiting = plan.quarantined or plan.on_hold or not complete
    return Status.PARTIAL if waiting else Status.SUCCEEDED


def record_unwritten(
    store: Store,
    clock: Clock,
    plan: Plan,
    reports: Iterable[TargetReport],
    over: tuple[str, ...] = (),
) -> str:
    """Record a run that sent nothing to these targets, and return its id.

    ``over`` is what the guard has against the plan.
    """
    run_id = new_run_id(clock)
    targets = tuple(reports)
    report = RunReport(
        run_id, plan.sync, plan.digest, True, targets, Requests(), 0.0, plan.undoes, over
    )
    store.begin_run(run_id, plan.digest, plan.settings_digest, full=True, undoes=plan.undoes)
    store.end_run(run_id, report.status, json.dumps(run_to_json(report)))
    return run_id
