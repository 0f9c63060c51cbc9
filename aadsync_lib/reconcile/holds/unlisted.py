"""Holds back what a target that was not listed in full cannot bear out."""

from __future__ import annotations

from collections.abc import Iterable

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.holds.drift import REMOVING

REMOVAL = "the target was not listed in full, so that nothing is taken from anybody: {} waits"
CREATION = "the target was not listed in full, and may have it still: it is not made anew"


def hold_unlisted(
    context: TargetContext, changes: Iterable[Change]
) -> tuple[list[Change], list[Quarantined]]:
    """Split changes into those that go on and those that wait until all of the target was listed.

    Who is protected is not known then, nor is who is gone: nobody loses anything, and what is linked
    is not made anew. What somebody gains goes on.
    """
    going: list[Change] = []
    held: list[Quarantined] = []
    for change in changes:
        reason = None if context.target.complete else _reason(context, change)
        if reason is None:
            going.append(change)
        else:
            held.append(Quarantined(change.external_id, change.name, reason))
    return going, held


def _reason(context: TargetContext, change: Change) -> str | None:
    if change.action in REMOVING:
        return REMOVAL.format(change.action.value)
    made = change.action.verb == "create" and change.external_id in context.links.by_external
    return CREATION if made else None
