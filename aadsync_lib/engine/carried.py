"""Keeps what a run leaves behind for the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aadsync_lib.engine.planning import TargetPlanning
from aadsync_lib.model.account import Members
from aadsync_lib.model.carried import CarriedState, Membership, QuarantineRecord
from aadsync_lib.model.link import Link
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Store
from aadsync_lib.reconcile.state.carried import missing, quarantine_after, retries_after
from aadsync_lib.reconcile.state.memberships import (
    MembershipTracker,
    managed_groups,
    touched_groups,
)
from aadsync_lib.reconcile.state.provenance import Provenance

Remember = Callable[[Store, str, TargetPlanning, float], None]
AT_ONCE = 200_000  # memberships in memory; on Delta each portion reads the journal once
Groups = Sequence[tuple[Link, Members | None]]


def remember_read(store: Store, run_id: str, part: TargetPlanning, now: float) -> None:
    """Record what the reads showed, whatever becomes of the plan: who is missing, who is where."""
    if part.context is None:
        return
    groups = managed_groups(part.context, _unsettled(part))
    state = CarriedState(
        missing=missing(part.context), memberships=_seen(store, run_id, part, groups, now)
    )
    _keep(store, run_id, part, state)


def remember_held(store: Store, run_id: str, part: TargetPlanning, now: float) -> None:
    """Record what is in quarantine of a plan that was not carried out."""
    if part.context is not None:
        _keep(store, run_id, part, CarriedState(quarantine=_quarantine(store, part, (), now)))


def remember_result(
    store: Store, run_id: str, part: TargetPlanning, now: float, outcomes: Sequence[Outcome]
) -> None:
    """Record what has to wait, and who was in the groups that this run adopted."""
    context, target = part.context, part.plan.target
    if context is None:
        return
    complete = context.desired.complete
    retries = retries_after(
        context.retry_policy.retries, part.deferred_keys, outcomes, now, complete=complete
    )
    links = store.links(target).by_external
    groups = touched_groups(context, links, outcomes, _unsettled(part))
    state = CarriedState(
        retries=retries,
        quarantine=_quarantine(store, part, outcomes, now),
        memberships=_seen(store, run_id, part, groups, now),
    )
    _keep(store, run_id, part, state)


def _quarantine(
    store: Store, part: TargetPlanning, outcomes: Sequence[Outcome], now: float
) -> tuple[QuarantineRecord, ...] | None:
    refused = (_as_quarantined(one) for one in outcomes if one.result is Result.QUARANTINED)
    held = (*part.plan.quarantined, *refused)
    before = store.quarantine(part.plan.target)
    complete = part.context is not None and part.context.desired.complete
    return quarantine_after(before, held, now, complete=complete)


def _seen(
    store: Store, run_id: str, part: TargetPlanning, groups: Groups, now: float
) -> tuple[Membership, ...]:
    assert part.context
    tracker = MembershipTracker(part.plan.target, part.context, run_id, now)
    found: list[Membership] = []
    for chunk in _chunks(groups):
        ids = [link.external_id for link, _ in chunk]
        known = Provenance(store.memberships(part.plan.target, ids))
        found.extend(tracker.seen(chunk, known))
    return tuple(found)


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


def _keep(store: Store, run_id: str, part: TargetPlanning, state: CarriedState) -> None:
    if state != CarriedState():
        store.remember(run_id, part.plan.target, state)
