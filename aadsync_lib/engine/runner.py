"""Runs one sync: plans under the leases, checks the plan, applies it and records what came of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event

from aadsync_lib.apply.executor import Executor
from aadsync_lib.clock import new_run_id
from aadsync_lib.engine.applied import applied_earlier
from aadsync_lib.engine.incremental import Incremental
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.engine.record import Recorder, untouched
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.stale import differences, stale
from aadsync_lib.errors import DeclinedError, PartialError, ScopeEmptyError, StoreError
from aadsync_lib.model.carried import DAY, Checkpoint, RunRecord
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.ports import Progress, Store, Target
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.reconcile.matching.renames import renamed_links
from aadsync_lib.reconcile.state.retries import keys_of
from aadsync_lib.report.as_json import run_to_json
from aadsync_lib.report.escape import visible
from aadsync_lib.report.next_steps import finding_nothing

Leave = Callable[[Planning, RunReport], Checkpoint | None]
Consent = Callable[[Plan, Verdict], bool]

log = logging.getLogger(__name__)


class Runner:
    """Applies what a planner plans. Both walk the same code up to the guard."""

    def __init__(
        self,
        planner: Planner,
        store: Store,
        progress: Progress | None = None,
        consent: Consent | None = None,
    ) -> None:
        """``consent`` is asked before the first write of a plan that the guard allows."""
        self._planner = planner
        self._settings = planner.settings
        self._targets = planner.targets
        self._clock = planner.clock
        self._store = store
        self._progress = progress
        self._consent = consent
        self._stop = Event()

    def sync(
        self,
        *,
        approve: str | None = None,
        full: bool = False,
        user: str | None = None,
        group: str | None = None,
    ) -> RunReport:
        """Plan, guard, apply and record. Raises ``RefusedError`` before the first write.

        Unless ``full``, or one plan is approved, both sides are read only where something may have changed.
        With a ``user`` or ``group``, only what concerns that one is done, and the rest is left for the next run.
        """
        if user is not None or group is not None:
            make = partial(self._planner.plan, full=full, user=user, group=group)
            return self._run(make, approve)
        asked = "it is asked to" if full or approve else None
        incremental = Incremental(self._planner, self._store, asked)
        make = partial(incremental.plan, partial(self._planner.plan, full=full))
        return self._run(partial(self._checked, make), approve, leave=incremental.checkpoint)

    def _checked(self, make: Callable[[], Planning]) -> Planning:
        """Plan a sync. Raises ``ScopeEmptyError`` where a first one finds nothing by one of its selectors."""
        first, planning = self._store.latest_run() is None, make()
        if first and (empty := finding_nothing(planning.plan.targets)):
            raise ScopeEmptyError(map(visible, empty))
        return planning

    def apply(self, saved: Plan, *, approve: str | None = None) -> RunReport:
        """Apply exactly this plan. Raises ``StalePlanError`` when planning now gives another one."""
        if saved.undoes:
            return self._run(partial(self._planner.plan_undo, saved.undoes), approve, saved)
        changes = (change for target in saved.targets for change in target.changes)
        keys = frozenset(key for change in changes for key in keys_of(change))
        return self._run(partial(self._planner.plan, anyway=keys), approve, saved)

    def undo(self, run_id: str, *, approve: str | None = None) -> RunReport:
        """Plan the inverse of a run, guard, apply and record it; what changed since is left alone."""
        return self._run(partial(self._planner.plan_undo, run_id), approve)

    def align(self, *, approve: str | None = None) -> RunReport:
        """Fill in externalIds alone, under the same guard and journal as a sync."""
        return self._run(self._planner.plan_alignment, approve)

    def history(self) -> tuple[RunRecord, ...]:
        """Return the runs of this sync, newest first."""
        return self._store.runs()

    def stop(self) -> None:
        """Let what is in flight finish and be recorded, and start nothing more."""
        self._stop.set()

    def _run(
        self,
        make: Callable[[], Planning],
        approve: str | None,
        saved: Plan | None = None,
        leave: Leave = lambda *_: None,
    ) -> RunReport:
        """Make a plan under the leases, check it, and apply it; ``leave`` says where the next run goes on."""
        began = self._clock.monotonic()
        recorder = Recorder(self._store, new_run_id(self._clock), self._clock)
        with ExitStack() as leases:
            for target in self._targets:
                leases.enter_context(self._store.lease(target.name, recorder.run_id))
            planning = make()
            if saved and differences(saved, planning.plan):
                raise stale(saved, planning, applied_earlier(saved, planning, self._store))
            verdict = replace(planning.verdict, approve=approve)
            self._ask(planning.plan, verdict)
            report, error = self._carry_out(recorder, planning, verdict, began, leave)
        self._prune()
        if not verdict.allowed:
            raise RefusedError(verdict, planning.plan, report)
        if error:
            raise _broken_off(report.run_id, error) from error
        log.info("run %s ended: %s", report.run_id, report.status)
        return report

    def _ask(self, plan: Plan, verdict: Verdict) -> None:
        """Raise ``DeclinedError`` unless whoever is asked wants the plan; nobody is asked of nothing."""
        idle = plan.empty or not verdict.allowed
        if self._consent and not idle and not self._consent(plan, verdict):
            raise DeclinedError

    def _carry_out(
        self,
        recorder: Recorder,
        planning: Planning,
        verdict: Verdict,
        began: float,
        leave: Leave,
    ) -> tuple[RunReport, BaseException | None]:
        """Apply what the guard allows; record the run's beginning and its end, whatever happens."""
        run_id, plan = recorder.run_id, planning.plan
        self._store.begin_run(
            run_id, plan.digest, plan.settings_digest, full=plan.full, undoes=plan.undoes
        )
        reports: tuple[TargetReport, ...] = ()
        error: BaseException | None = None
        checkpoint: Checkpoint | None = None
        try:
            recorder.keep_reads(planning)
            if verdict.allowed:
                reports, error = self._apply(recorder, planning)
                done = self._report(run_id, plan, verdict, reports, began)
                checkpoint = leave(planning, done)
            else:
                recorder.keep_quarantine(planning.parts.values())
                reports = tuple(untouched(target, Status.REFUSED) for target in plan.targets)
        finally:
            report = self._report(run_id, plan, verdict, reports, began)
            status = report.status if reports else Status.FAILED
            self._store.end_run(run_id, status, json.dumps(run_to_json(report)), checkpoint)
        return report, error

    def _apply(
        self, recorder: Recorder, planning: Planning
    ) -> tuple[tuple[TargetReport, ...], BaseException | None]:
        """Apply to all targets; an error on one of them does not hide what became of the others."""
        with ThreadPoolExecutor(len(self._targets)) as pool:
            running = {
                target.name: pool.submit(self._apply_to, recorder, target, planning)
                for target in self._targets
            }
        errors = {name: future.exception() for name, future in running.items()}
        reports = tuple(
            _broken(planning.parts[name].plan) if errors[name] else future.result()
            for name, future in running.items()
        )
        return reports, next(filter(None, errors.values()), None)

    def _apply_to(self, recorder: Recorder, target: Target, planning: Planning) -> TargetReport:
        part = planning.parts[target.name]
        self._settle_earlier_runs(part)
        executor = Executor(
            target,
            self._store,
            self._clock,
            AdoptionRule.of(self._settings.for_target(target.name).policy),
            self._stop,
            self._progress,
            self._planner.assignments.get(target.name),
        )
        outcomes = executor.execute(recorder.run_id, part.plan, part.links)
        recorder.keep_result(part, outcomes)
        complete = part.view.snapshot.complete if part.view else planning.plan.complete
        return _reported(part.plan, outcomes, complete=complete)

    def _settle_earlier_runs(self, part: TargetPlanning) -> None:
        """Record what became of writes that a run which died had announced."""
        known = {e: o for e, o in part.resolved_pending.items() if o.result is not Result.UNKNOWN}
        if known:
            recovered = part.recovered
            renamed = renamed_links(known.values(), part.links.by_external)
            linked = (*recovered.linked, *renamed)
            self._store.settle(part.plan.target, known, linked=linked, unlinked=recovered.unlinked)

    def _prune(self) -> None:
        """Let go of old records; a run that could not is as good as one that could."""
        days = self._settings.store.retention_days
        if days is None:
            return
        try:
            self._store.prune(self._clock.now() - days * DAY)
        except StoreError as error:
            log.warning("old records were not deleted, the next run tries again: %s", error)

    def _report(
        self,
        run_id: str,
        plan: Plan,
        verdict: Verdict,
        reports: tuple[TargetReport, ...],
        began: float,
    ) -> RunReport:
        sent = sum(target.requests for target in self._targets)
        sent += sum(workspaces.requests for workspaces in self._planner.assignments.values())
        return RunReport(
            run_id=run_id,
            sync=self._settings.name,
            digest=plan.digest,
            full=plan.full,
            targets=reports,
            requests=Requests(self._planner.source.requests, sent),
            seconds=round(self._clock.monotonic() - began, 1),
            undoes=plan.undoes,
            over=() if verdict.allowed else verdict.objections,
            head=plan.head,
            plan=plan,
        )


def _broken_off(run_id: str, error: BaseException) -> BaseException:
    """Return what to raise for an error after the first write: not everything was done."""
    if not isinstance(error, Exception):
        return error
    return PartialError(
        f"The run {run_id} was broken off by {type(error).__name__}: {error}\nEverything sent until "
        f"then is recorded. Mend the cause and run sync again; it goes on from there."
    )


def _broken(plan: TargetPlan) -> TargetReport:
    return TargetReport(plan.target, Status.FAILED, address=plan.address)


def _reported(plan: TargetPlan, outcomes: tuple[Outcome, ...], *, complete: bool) -> TargetReport:
    undone = any(outcome.result is not Result.DONE for outcome in outcomes)
    partial = undone or plan.quarantined or plan.on_hold or not complete
    status = Status.PARTIAL if partial else Status.SUCCEEDED
    return replace(untouched(plan, status), outcomes=outcomes)
