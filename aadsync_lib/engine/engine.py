"""One sync, from reading to reporting."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event

from aadsync_lib.apply.executor import Executor, Progress
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.carried import Remember, remember_held, remember_read, remember_result
from aadsync_lib.engine.explain.explainer import Explainer
from aadsync_lib.engine.fingerprint import fingerprinted
from aadsync_lib.engine.planning import Planning, TargetPlanning, plan_all
from aadsync_lib.engine.record import new_run_id, untouched
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.stale import check_current
from aadsync_lib.engine.undo import plan_undo
from aadsync_lib.errors import PartialError, StoreError
from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.ports import Clock, Source, Store, Target
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.reconcile.holds.retries import Everything, keys_of
from aadsync_lib.reconcile.matching.renames import renamed_links
from aadsync_lib.report.as_json import run_to_json

DAY = 86_400.0

log = logging.getLogger(__name__)


class Engine:
    """Plans and applies one sync. Both walk the same code up to the guard."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        targets: Sequence[Target],
        store: Store,
        clock: Clock,
        progress: Progress | None = None,
    ) -> None:
        self._settings = settings
        self._source = source
        self._targets = tuple(targets)
        self._store = store
        self._clock = clock
        self._progress = progress
        self._stop = Event()
        self.planned: Plan | None = None  # what the last run was about to do

    def plan(self, *, full: bool = False, fingerprint: bool = False) -> Plan:
        """Read both sides and return every change. Has no side effects.

        ``full`` tries what failed before now, however often it did. ``fingerprint`` is for a plan that
        is saved: it can tell later on which side the world has moved.
        """
        planned = self._plan(full=full)
        return fingerprinted(planned) if fingerprint else planned.plan

    def sync(self, *, approve: str | None = None, full: bool = False) -> RunReport:
        """Plan, guard, apply and record. Raises ``RefusedError`` before the first write."""
        return self._run(partial(self._plan, full=full), approve)

    def apply(self, saved: Plan, *, approve: str | None = None) -> RunReport:
        """Apply exactly this plan. Raises ``StalePlanError`` when planning now gives another one."""
        if saved.undoes:
            return self._run(partial(self._plan_undo, saved.undoes), approve, saved)
        changes = (change for one in saved.targets for change in one.changes)
        keys = frozenset(key for change in changes for key in keys_of(change))
        return self._run(partial(self._plan, anyway=keys), approve, saved)

    def plan_undo(self, run_id: str) -> Plan:
        """Return the exact inverse of a run against today's state. Has no side effects."""
        return self._plan_undo(run_id).plan

    def undo(self, run_id: str, *, approve: str | None = None) -> RunReport:
        """Plan the inverse of a run, guard, apply and record it; what changed since is left alone."""
        return self._run(partial(self._plan_undo, run_id), approve)

    def history(self) -> tuple[RunRecord, ...]:
        """Return the runs of this sync, newest first."""
        return self._store.runs()

    def explain(self, user: str | None = None, group: str | None = None) -> Explanation:
        """Explain a person, a group, or why the person is in the group. Has no side effects."""
        explainer = Explainer(self._settings, self._source, self._targets, self._store, self._clock)
        return explainer.explain(user, group)

    def stop(self) -> None:
        """Let what is in flight finish and be recorded, and start nothing more."""
        self._stop.set()

    def _plan(self, *, full: bool = False, anyway: Container[str] = frozenset()) -> Planning:
        tried = Everything() if full else anyway
        return plan_all(
            self._settings, self._source, self._targets, self._store, self._clock, tried
        )

    def _plan_undo(self, run_id: str) -> Planning:
        return plan_undo(self._settings, self._targets, self._store, run_id)

    def _run(
        self, make: Callable[[], Planning], approve: str | None, saved: Plan | None = None
    ) -> RunReport:
        """Make a plan under the leases, check it, and apply it."""
        run_id, began = new_run_id(self._clock), self._clock.monotonic()
        with ExitStack() as leases:
            for target in self._targets:
                leases.enter_context(self._store.lease(target.name, run_id))
            planned = make()
            if saved:
                check_current(saved, planned.plan, partial(fingerprinted, planned))
            plan = self.planned = planned.plan
            verdict = judge(plan, self._settings.policy.limits, approve)
            self._store.begin_run(
                run_id, plan.digest, plan.settings_digest, full=True, undoes=plan.undoes
            )
            reports: tuple[TargetReport, ...] = ()
            error: BaseException | None = None
            try:
                self._remember(remember_read, run_id, planned)
                if verdict.allowed:
                    reports, error = self._apply(run_id, planned)
                else:
                    self._remember(remember_held, run_id, planned)
                    reports = _refused(plan)
            finally:
                over = () if verdict.allowed else verdict.objections
                report = replace(self._report(run_id, plan, reports, began), over=over)
                status = report.status if reports else Status.FAILED
                self._store.end_run(run_id, status, json.dumps(run_to_json(report)))
        self._prune()
        if not verdict.allowed:
            raise RefusedError(verdict, plan, report)
        if error:
            raise _broken_off(run_id, error) from error
        log.info("run %s ended: %s", run_id, report.status)
        return report

    def _apply(
        self, run_id: str, planned: Planning
    ) -> tuple[tuple[TargetReport, ...], BaseException | None]:
        """Apply to all targets; an error on one of them does not hide what became of the others."""
        with ThreadPoolExecutor(len(self._targets)) as pool:
            running = {
                target.name: pool.submit(self._apply_to, run_id, target, planned)
                for target in self._targets
            }
        errors = {name: one.exception() for name, one in running.items()}
        reports = tuple(
            TargetReport(name, Status.FAILED) if errors[name] else one.result()
            for name, one in running.items()
        )
        return reports, next(filter(None, errors.values()), None)

    def _apply_to(self, run_id: str, target: Target, planned: Planning) -> TargetReport:
        part = planned.parts[target.name]
        self._settle_earlier_runs(part)
        executor = Executor(
            target,
            self._store,
            self._clock,
            self._settings.policy.adopt,
            self._stop,
            self._progress,
        )
        outcomes = executor.execute(run_id, part.plan, part.links)
        remember_result(self._store, run_id, part, self._clock.now(), outcomes)
        return _reported(part.plan, outcomes, complete=planned.plan.complete)

    def _remember(self, remember: Remember, run_id: str, planned: Planning) -> None:
        for part in planned.parts.values():
            remember(self._store, run_id, part, self._clock.now())

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
        self, run_id: str, plan: Plan, reports: tuple[TargetReport, ...], began: float
    ) -> RunReport:
        sent = sum(target.requests for target in self._targets)
        return RunReport(
            run_id=run_id,
            sync=self._settings.name,
            digest=plan.digest,
            full=True,
            targets=reports,
            requests=Requests(self._source.requests, sent),
            seconds=round(self._clock.monotonic() - began, 1),
            undoes=plan.undoes,
        )


def _broken_off(run_id: str, error: BaseException) -> BaseException:
    """Return what to raise for an error after the first write: not everything was done."""
    if not isinstance(error, Exception):
        return error
    return PartialError(
        f"The run {run_id} was broken off by {type(error).__name__}: {error}\nEverything sent until "
        f"then is recorded. Mend the cause and run sync again; it goes on from there."
    )


def _refused(plan: Plan) -> tuple[TargetReport, ...]:
    return tuple(untouched(one, Status.REFUSED) for one in plan.targets)


def _reported(plan: TargetPlan, outcomes: tuple[Outcome, ...], *, complete: bool) -> TargetReport:
    undone = any(outcome.result is not Result.DONE for outcome in outcomes)
    partial = undone or plan.quarantined or plan.on_hold or not complete
    status = Status.PARTIAL if partial else Status.SUCCEEDED
    return replace(untouched(plan, status), outcomes=outcomes)
