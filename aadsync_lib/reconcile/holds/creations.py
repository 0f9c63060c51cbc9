"""Leaves out creations that the policy does not want, that have no room, or that failed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.holds.capacity import over_capacity
from aadsync_lib.reconcile.holds.retries import defer_failed
from aadsync_lib.reconcile.holds.unlisted import hold_unlisted
from aadsync_lib.reconcile.split import Held, Split

NAME_TAKEN = (
    "its name belongs to {}, which left the scope and is not deleted now: rename or delete that one on the "
    "target, and the next run makes this one"
)


def names_still_taken(
    context: TargetContext, changes: Sequence[Change]
) -> Mapping[str | None, Quarantined]:
    """Return the new groups, by object id, whose name a group that left the scope was to give up and keeps."""
    deleted = {change.target_id for change in changes if change.action is Action.DELETE_GROUP}
    retired = (account for _, account in context.leavers(Kind.GROUP) if account.id not in deleted)
    holders = {name_key(account.name): account.id for account in retired}
    return {
        change.external_id: Quarantined(change.external_id, change.name, NAME_TAKEN.format(holder))
        for change in changes
        if change.action is Action.CREATE_GROUP and (holder := holders.get(name_key(change.name)))
    }


def hold_creations(
    context: TargetContext,
    creations: Sequence[Change],
    taken: Mapping[str | None, Quarantined],
) -> Split:
    """Split what is missing on the target into what is made in this run, and what is not.

    ``taken`` are the groups, by object id, whose names are not to be had.
    """
    free = [change for change in creations if change.external_id not in taken]
    listed = hold_unlisted(context, free)
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
    crowded = (Held(entry, quarantined=True) for entry in (*full.values(), *taken.values()))
    return Split(tried.changes, (*unapplied, *crowded, *tried.deferred, *listed.deferred))
