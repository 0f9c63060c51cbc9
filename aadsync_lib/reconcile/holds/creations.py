"""Leaves out creations that the policy does not want, that have no room, or that failed before."""

from __future__ import annotations

from collections.abc import Sequence

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Unapplied, UnappliedBy
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.holds.capacity import over_capacity
from aadsync_lib.reconcile.holds.retries import defer_failed
from aadsync_lib.reconcile.holds.unlisted import hold_unlisted
from aadsync_lib.reconcile.split import Held, Split


def hold_creations(context: TargetContext, creations: Sequence[Change]) -> Split:
    """Split what is missing on the target into what is made in this run, and what is not."""
    listed = hold_unlisted(context, creations)
    full = over_capacity(context)
    unwanted = {
        change.external_id
        for change in listed.changes
        if change.drift and context.policy.drift == "report"
    }
    out = full.keys() | unwanted
    tried = defer_failed(
        context, [change for change in listed.changes if change.external_id not in out]
    )
    unapplied = (
        Unapplied(change, UnappliedBy.DRIFT)
        for change in listed.changes
        if change.external_id in unwanted
    )
    crowded = (Held(entry, quarantined=True) for entry in full.values())
    return Split(tried.changes, (*unapplied, *crowded, *tried.deferred, *listed.deferred))
