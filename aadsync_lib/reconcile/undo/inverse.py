"""The exact inverse of what a run did on one target, as a plan against what is there today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.reconcile.assignments.given import access_managed
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.losses import losses, managed
from aadsync_lib.reconcile.undo.access import undo_access
from aadsync_lib.reconcile.undo.context import Inverse, UndoContext
from aadsync_lib.reconcile.undo.members import undo_memberships
from aadsync_lib.reconcile.undo.objects import undo_objects

ANEW = (
    "what is made anew gets a new id: memberships in groups that this sync does not manage, grants and "
    "workspace assignments of the old one do not come back"
)
AGAIN = "the next sync makes it again where Entra and the settings still ask for it"
DONE_AGAIN = "the run to undo was itself an undo of run {0}: this does again what {0} did; to leave it at that, stop here"
SPARED = (
    "policy.mode is additive, so this takes nothing from anybody; --set policy.mode=mirror for this one "
    "command takes back the rest"
)


@uncollected()
def undo_target(name: str, context: UndoContext) -> TargetPlan:
    """Plan the inverse of a run on one target.

    What is as it was before the run already needs nothing. What is no longer as the run left it has
    changed since: it is left alone, and listed in ``held``.
    """
    inverse = Inverse()
    undo_objects(context, inverse)
    undo_memberships(context, inverse)
    undo_access(context, inverse)
    inverse.hand_over()
    if context.additive:
        inverse.spare_all()
    changes = tuple(sorted(inverse.changes, key=_order))
    return TargetPlan(
        target=name,
        changes=changes,
        on_hold=tuple(sorted(inverse.held, key=lambda entry: (entry.name, entry.reason))),
        warnings=(*inverse.notices, *_caveats(context, inverse, changes)),
        managed=replace(
            managed(context.links, context.target, context.members),
            access=access_managed(context.access),
        ),
        emptied=tuple(sorted(inverse.emptied)),
        retired=tuple(sorted(c.name for c in changes if c.action is Action.DELETE_GROUP)),
        losing=losses(changes, context.members, context.target.accounts),
        protected=context.protected,
        unapplied=tuple(sorted(inverse.left, key=lambda unapplied: _order(unapplied.change))),
    )


def _order(change: Change) -> tuple[int, str, str]:
    return ORDER[change.action], change.name, change.external_id or ""


def _caveats(context: UndoContext, inverse: Inverse, changes: Sequence[Change]) -> Iterator[Notice]:
    """Yield what nobody should be surprised by later."""
    if inverse.reborn:
        yield Notice("new_ids", ANEW)
    if inverse.left:
        yield Notice("additive", SPARED)
    if changes and context.undoes:
        yield Notice("undo_of_undo", DONE_AGAIN.format(context.undoes))
    if changes:
        yield Notice("undo", AGAIN)
