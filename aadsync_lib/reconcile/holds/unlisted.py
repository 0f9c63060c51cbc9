"""Defers removals and re-creations while the target was not listed in full, or did not answer."""

from __future__ import annotations

from collections.abc import Sequence

from aadsync_lib.model.change import REMOVING, Change
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.split import Held, Split

REMOVAL = "the target was not listed in full, so that nothing is taken from anybody: {} waits"
CREATION = "the target was not listed in full, and may have it still: it is not made anew"
UNANSWERED = "no listing has it, and its look-up by id did not answer: it is not made anew: {}"


def hold_unlisted(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Leave out what waits until all of the target was listed.

    Who is protected is not known then, nor is who is gone: nobody loses anything, and what is linked
    is not made anew. What somebody gains goes on.
    """
    if context.target.complete and not context.absent:
        return Split(changes)
    return Split.of(_held(context, change) or change for change in changes)


def _held(context: TargetContext, change: Change) -> Held | None:
    link = context.links.by_external.get(change.external_id or "")
    again = link is not None and change.action.verb == "create"
    unread = context.absent.get(link.target_id) if link and again else None
    if unread:
        reason = UNANSWERED.format(unread.reason)
    elif context.target.complete:
        return None
    elif change.action in REMOVING:
        reason = REMOVAL.format(change.action.value)
    elif again:
        reason = CREATION
    else:
        return None
    return Held(Quarantined(change.external_id, change.name, reason))
