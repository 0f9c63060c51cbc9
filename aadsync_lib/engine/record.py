"""Records in the store what a run leaves for the next one, and runs that wrote nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aadsync_lib.clock import new_run_id
from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.model.account import Members
from aadsync_lib.model.carried import CarriedState, Membership, QuarantineRecord
from aadsync_lib.model.link import Link
from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.ports import Clock, Store
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.state.carried import missing, quarantine_after, retries_after
from aadsync_lib.reconcile.state.memberships import (
    MembershipTracker,
    managed_groups,
    touched_groups,
)
from aadsync_lib.reconcile.state.provenance import Provenance
from aadsync_lib.report.as_json import run_to_json

AT_ONCE = 200_000  # memberships in memory; on Delta each portion reads the journal once
Groups = Sequence[tuple[Link, Members | None]]


@dataclass(frozen=True)
class Recorder:
    """Keeps what one run leaves behind. A part that was planned without Entra leaves nothing."""

    store: Store
    run_id: str
    clock: Clock

    def keep_reads(self, planning: Planning) -> None:
        """Keep what the reads showed, whatever becomes of the plan: the roots, who is missing, who is where."""
        if planning.snapshot:
            self.store.keep_roots(planning.roots)
        for part, context in _of_entra(planning.parts.values()):
            groups = managed_groups(context, _unsettled(part) | part.not_read)
            memberships = self._memberships(part.plan.target, context, groups)
            self._keep(
                part, CarriedState(missing=missing(context, part.only), memberships=memberships)
            )

    def keep_quarantine(self, parts: Iterable[TargetPlanning]) -> None:
        """Keep what is in quarantine of a plan that was not carried out."""
        for part, context in _of_entra(parts):
            self._keep(part, CarriedState(quarantine=self._quarantine(part, context, ())))

    def keep_result(self, part: TargetPlanning, outcomes: Sequence[Outcome]) -> None:
        """Keep what has to wait, and who was in the groups that this run adopted."""
        context, target = part.context, part.plan.target
        if context is None:
            return
        retries = retries_after(
            context.retry_policy.retries,
            part.deferred_keys,
            outcomes,
            self.clock.now(),
            complete=_tells_all(part, context),
        )
        links = self.store.links(target).by_external
        groups = touched_groups(context, links, outcomes, _unsettled(part))
        others = context.desired.names.items()
        names = {key: names for key, names in others if key in links and not links[key].names}
        state = CarriedState(
            retries=retries,
            quarantine=self._quarantine(part, context, outcomes),
            memberships=self._memberships(target, context, groups),
            names=names,
        )
        self._keep(part, state)

    def _quarantine(
        self, part: TargetPlanning, context: TargetContext, outcomes: Sequence[Outcome]
    ) -> tuple[QuarantineRecord, ...] | None:
        refused = (_as_quarantined(o) for o in outcomes if o.result is Result.QUARANTINED)
        held = (*part.plan.quarantined, *refused)
        before = self.store.quarantine(part.plan.target)
        complete = _tells_all(part, context)
        return quarantine_after(before, held, self.clock.now(), complete=complete)

    def _memberships(
        self, target: str, context: TargetContext, groups: Groups
    ) -> tuple[Membership, ...]:
        tracker = MembershipTracker(target, context, self.run_id, self.clock.now())
        seen: list[Membership] = []
        for chunk in _chunks(groups):
            ids = [link.external_id for link, _ in chunk]
            seen.extend(tracker.seen(chunk, Provenance(self.store.memberships(target, ids))))
        return tuple(seen)

    def _keep(self, part: TargetPlanning, state: CarriedState) -> None:
        if state != CarriedState():
            self.store.remember(self.run_id, part.plan.target, state)


def _of_entra(parts: Iterable[TargetPlanning]) -> Iterator[tuple[TargetPlanning, TargetContext]]:
    return ((part, part.context) for part in parts if part.context)


def _tells_all(part: TargetPlanning, context: TargetContext) -> bool:
    """Return whether what is not planned is not to be done."""
    return context.desired.complete and part.only is None


def _chunks(groups: Groups) -> Iterator[Groups]:
    chunk: list[tuple[Link, Members | None]] = []
    size = 0
    for group in groups:
        chunk.append(group)
        size += len(group[1]) if isinstance(group[1], frozenset) else 1
        if size >= AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _unsettled(part: TargetPlanning) -> frozenset[str]:
    """Return the groups of which a run that died may have changed the members."""
    changes = (outcome.change for outcome in part.resolved_pending.values())
    return frozenset(change.external_id for change in changes if change.external_id)


def _as_quarantined(outcome: Outcome) -> Quarantined:
    change = outcome.change
    return Quarantined(change.external_id, change.name, outcome.error or "")


def untouched(plan: TargetPlan, status: Status) -> TargetReport:
    """Return the report of a target that nothing was sent to."""
    return TargetReport(
        target=plan.target,
        status=status,
        quarantined=plan.quarantined,
        on_hold=plan.on_hold,
        warnings=plan.warnings,
        unowned=plan.unowned,
        unapplied=plan.unapplied,
        address=plan.address,
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
    report = RunReport(
        run_id,
        plan.sync,
        plan.digest,
        plan.full,
        tuple(reports),
        Requests(),
        0.0,
        plan.undoes,
        over,
        plan.head,
    )
    store.begin_run(run_id, plan.digest, plan.settings_digest, full=plan.full, undoes=plan.undoes)
    store.end_run(run_id, report.status, json.dumps(run_to_json(report)))
    return run_id
