"""Marks changes that revert manual edits, and drops those the policy ignores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aadsync_lib.model.carried import EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import REMOVING, Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.link import Origin
from aadsync_lib.model.plan import Unapplied, UnappliedBy
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.correlate import Situation
from aadsync_lib.reconcile.split import Split
from aadsync_lib.reconcile.state.provenance import Provenance, Rows, provenance_of

OURS = (MembershipOrigin.ADDED, MembershipOrigin.FOUND)
BY_HAND = {
    Action.ADD_MEMBERS: "members in Entra; taken out on the target by hand",
    Action.REMOVE_MEMBERS: "not members in Entra; added on the target by hand",
}
MANUAL_CHANGE = {
    "activate": "it was deactivated on the target by hand",
    "deactivate": "it was activated on the target by hand",
    "update": "it was changed on the target by hand",
}


def apply_drift_policy(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Tell drift from what Entra changed, and leave alone what the policy says."""
    known = provenance_of(context.links, changes, context.provenance, context.former)
    parts = (part for change in changes for part in _parts(context, known, change))
    return Split.of(_looked_after(context, part) for part in parts)


def _looked_after(context: TargetContext, part: Change | Unapplied) -> Change | Unapplied:
    """Have a write read back at once where no later plan would repeat it.

    What it left undone would look like somebody's hand, which the policy leaves alone.
    """
    policy = context.policy
    if isinstance(part, Unapplied):
        return part
    spares = policy.members == "managed" and part.action is Action.REMOVE_MEMBERS
    return replace(part, verify=True) if spares or policy.drift == "report" else part


def _parts(
    context: TargetContext, known: Provenance, change: Change
) -> Iterator[Change | Unapplied]:
    if _is_plain(context, change):
        yield change
        return
    if context.retry_policy.failed_before(change):  # by nobody's hand, then
        part = replace(change, drift=False, verify=True)
        yield _permitted(part, _left_by(context, part))
        return
    if change.action.verb in MANUAL_CHANGE:
        taken_over = _taken_over(context, change)
        part = change if taken_over else _marked(change, known.last_set(change))
        yield _permitted(part, _left_by(context, part))
        return
    rows = known.of(change.external_id)
    followed = change.action in BY_HAND and _is_followed(context, change, rows)
    for spared, by_hand, again, members in _alike(context, change, rows, followed=followed):
        part = change if members == change.members else replace(change, members=members)
        if by_hand:
            part = replace(part, drift=True, reason=BY_HAND[change.action])
        if part.drift or again:
            part = replace(part, verify=True)
        yield _permitted(part, UnappliedBy.MANAGED if spared else _left_by(context, part))


def _is_plain(context: TargetContext, change: Change) -> bool:
    """Return whether a change only gives something to what is not ours yet: nothing tells on it."""
    return change.action not in REMOVING and change.external_id not in context.links.by_external


def _permitted(change: Change, by: UnappliedBy | None) -> Change | Unapplied:
    return Unapplied(change, by) if by else change


def _alike(
    context: TargetContext, change: Change, rows: Rows, *, followed: bool
) -> Iterator[tuple[bool, bool, bool, tuple[MemberRef, ...]]]:
    """Yield the members by whether they stay, whether somebody put or took them there, or a try failed."""
    retries = context.retry_policy
    spares = change.action is Action.REMOVE_MEMBERS and context.policy.members == "managed"
    if not spares and not (followed and (rows or change.action is Action.REMOVE_MEMBERS)):
        yield False, False, False, change.members
        return
    parts: dict[tuple[bool, bool, bool], list[MemberRef]] = {}
    for member in change.members:
        row, again = rows.get(_was(context, member) or ""), retries.failed_before(change, member)
        by_hand = followed and not again and _by_hand(change, row)
        parts.setdefault((spares and not _added(row), by_hand, again), []).append(member)
    for (stays, by_hand, again), members in sorted(parts.items()):
        yield stays, by_hand, again, tuple(members)


def _taken_over(context: TargetContext, change: Change) -> bool:
    """Return whether an object becomes the identity's in this very plan, in place of one that is gone."""
    match = context.correlation.matches.get(change.external_id or "")
    there = match.account if match else None
    return bool(
        there and there.id == change.target_id and match and match.situation is not Situation.LINKED
    )


def _marked(change: Change, last: Attributes) -> Change:
    """Mark what sets back an attribute to what this sync had set before."""
    after = change.after or Attributes()
    as_before = {
        "activate": last.active is True,
        "deactivate": last.active is False,
        "update": last.display_name is not None and last.display_name == after.display_name,
    }
    if not as_before[change.action.verb]:
        return change
    reason = f"{change.reason}; {MANUAL_CHANGE[change.action.verb]}"
    return replace(change, drift=True, verify=True, reason=reason)


def _left_by(context: TargetContext, change: Change) -> UnappliedBy | None:
    if not context.mirrors and change.action in REMOVING:
        return UnappliedBy.ADDITIVE
    return UnappliedBy.DRIFT if change.drift and context.policy.drift == "report" else None


def _is_followed(context: TargetContext, change: Change, rows: Rows) -> bool:
    """Return whether enough is known of a group to tell by whose hand it differs.

    A group is not ours before it is adopted; and where a run died right after that, nobody knows who
    was in it.
    """
    link = context.links.by_external.get(change.external_id or "")
    match = context.correlation.matches.get(change.external_id or "")
    if link is None or (match and match.account and match.situation is not Situation.LINKED):
        return False
    return bool(rows) or link.origin is Origin.CREATED


def _by_hand(change: Change, row: Membership | None) -> bool:
    ours = row is not None and row.how in OURS
    if change.action is Action.ADD_MEMBERS:
        return ours and row is not None and (row.until is None or row.ending is EndReason.LOST)
    return not ours or row is None or row.until is not None


def _added(row: Membership | None) -> bool:
    """Return whether this sync added a member, so that it may remove it where others may not."""
    return row is not None and row.until is None and row.how is MembershipOrigin.ADDED


def _was(context: TargetContext, member: MemberRef) -> str | None:
    """Return what a member is, or was before somebody deleted it by hand."""
    if member.target_id or member.external_id is None or member.external_id in context.replaced:
        return member.target_id
    link = context.links.by_external.get(member.external_id)
    return link.target_id if link else None
