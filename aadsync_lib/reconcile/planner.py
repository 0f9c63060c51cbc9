"""Planner of one target: compares both sides, then holds back what may not be done now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain

from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Managed, Quarantined, TargetPlan
from aadsync_lib.reconcile.assignments.diff import plan_access
from aadsync_lib.reconcile.assignments.given import access_managed
from aadsync_lib.reconcile.assignments.notices import access_notices
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.groups import group_changes, new_groups
from aadsync_lib.reconcile.diff.leavers import (
    former_changes,
    held_leavers,
    leaver_changes,
    leaver_notices,
)
from aadsync_lib.reconcile.diff.members import Roster, absent_members
from aadsync_lib.reconcile.diff.principals import (
    new_principals,
    principal_changes,
    renamed_users,
)
from aadsync_lib.reconcile.diff.unowned import list_unowned
from aadsync_lib.reconcile.holds.automatic import hold_automatic
from aadsync_lib.reconcile.holds.capacity import within_direct_groups
from aadsync_lib.reconcile.holds.creations import hold_creations, names_still_taken
from aadsync_lib.reconcile.holds.drift import apply_drift_policy
from aadsync_lib.reconcile.holds.indirect_access import keep_access_on_move
from aadsync_lib.reconcile.holds.retries import defer_failed
from aadsync_lib.reconcile.holds.unlisted import hold_unlisted
from aadsync_lib.reconcile.losses import losses, managed
from aadsync_lib.reconcile.narrowing import narrowed
from aadsync_lib.reconcile.split import Split
from aadsync_lib.reconcile.state.provenance import ProvenanceReader
from aadsync_lib.reconcile.warnings import warnings_of

HOLDS = (
    hold_automatic,
    hold_unlisted,
    apply_drift_policy,
    defer_failed,
    within_direct_groups,
    keep_access_on_move,
)
OF_GROUPS = frozenset(action for action in Action if action.kind is Kind.GROUP)


@dataclass(frozen=True)
class Drafted:
    """A plan, and by their keys the changes that wait in it because they failed before."""

    plan: TargetPlan
    deferred_keys: frozenset[str] = frozenset()


@uncollected()
def draft(
    name: str,
    context: TargetContext,
    reader: ProvenanceReader | None = None,
    only: Collection[str] | None = None,
) -> Drafted:
    """Plan the changes that make one target match what is desired, and say what waits.

    ``only``: no others than those that concern these object ids.

    An incomplete read never removes anyone: who is missing from it is unknown, not gone.
    """
    taken: dict[str | None, Quarantined] = {}
    split = _split(context, reader, taken)
    while more := names_still_taken(context, split.changes):
        taken |= more  # who waits for them may keep others from being deleted
        split = _split(context, reader, taken)
    if only is None:
        return Drafted(_plan(name, context, split), split.retry_keys)
    split = narrowed(split, only)
    plan = _plan(name, context, split)
    quarantined = tuple(entry for entry in plan.quarantined if entry.external_id in only)
    return Drafted(replace(plan, quarantined=quarantined), split.retry_keys)


def _split(
    context: TargetContext, reader: ProvenanceReader | None, taken: Mapping[str | None, Quarantined]
) -> Split:
    """Return what changes and what waits; ``taken`` are new groups whose names are not to be had."""
    missing = (*new_principals(context), *new_groups(context))
    made = hold_creations(context, missing, taken)
    withheld = _ids(missing) - _ids(made.changes)  # nothing else of them is planned
    context = replace(context, withheld=withheld, provenance=reader)
    roster = Roster(context)
    rest = diff(context, roster)
    context = replace(context, most_joined=roster.most_joined)
    split = Split((*made.changes, *rest.changes), (*rest.deferred, *made.deferred))
    for hold in HOLDS:
        part = hold(context, split.changes)
        split = Split(part.changes, (*split.deferred, *part.deferred))
    access = plan_access(context, split.changes)
    return Split((*split.changes, *access.changes), (*split.deferred, *access.deferred))


def diff(context: TargetContext, roster: Roster) -> Split:
    """Compare both sides: everything but what is made."""
    return Split.of(
        chain(
            principal_changes(context),
            leaver_changes(context),
            former_changes(context),
            held_leavers(context),
            group_changes(context, roster),
            absent_members(context),
        )
    )


def _plan(name: str, context: TargetContext, split: Split) -> TargetPlan:
    changes = _in_order(split.changes)
    return TargetPlan(
        target=name,
        changes=changes,
        quarantined=_quarantined(context, split.quarantined),
        on_hold=split.on_hold,
        warnings=(
            *context.desired.notices,
            *warnings_of(context),
            *leaver_notices(context),
            *access_notices(context),
        ),
        managed=_managed(context),
        emptied=_emptied(context, changes),
        retired=_retired(context, changes),
        losing=losses(changes, context.members, context.target.accounts),
        protected=context.protected,
        unowned=list_unowned(context),
        unapplied=split.unapplied,
        replacement_paths=split.replacement_paths,
    )


def _ids(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.external_id for change in changes if change.external_id)


def _in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort by action; people by name, groups as they come, which is children first."""
    people: list[Change] = []
    groups: list[Change] = []
    for change in changes:
        (groups if change.action in OF_GROUPS else people).append(change)
    in_order = (*sorted(people, key=_by_name), *groups)
    return tuple(sorted(in_order, key=lambda change: ORDER[change.action]))


def _by_name(change: Change) -> tuple[str, str]:
    return change.name, change.external_id or ""


def _emptied(context: TargetContext, changes: Sequence[Change]) -> tuple[str, ...]:
    """Name the groups in scope that would lose their last member, be it together with its account."""
    gaining = {change.target_id for change in changes if change.action is Action.ADD_MEMBERS}
    deleted = {change.target_id for change in changes if change.action.verb == "delete"}
    removed: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for change in changes:
        if change.action is Action.REMOVE_MEMBERS:
            removed[change.target_id].update(member.target_id for member in change.members)
    names = []
    for external_id, group in context.desired.groups.items():
        account = context.account(external_id)
        if account is None or account.id in gaining:
            continue
        members = context.members.get(account.id)
        if isinstance(members, frozenset) and _all_go(members, removed.get(account.id), deleted):
            names.append(group.principal.name)
    return tuple(sorted(names))


def _all_go(
    members: frozenset[str], removed: Set[str | None] | None, deleted: Set[str | None]
) -> bool:
    """Return whether somebody is a member, and everybody who is will not be."""
    if not members or not (removed or deleted):
        return False
    return all(member in deleted or (removed and member in removed) for member in members)


def _retired(context: TargetContext, changes: Iterable[Change]) -> tuple[str, ...]:
    """Name the groups that left the scope and lose something because of it."""
    names = {
        change.target_id: change.name
        for change in changes
        if change.action in (Action.REMOVE_MEMBERS, Action.DELETE_GROUP)
        and change.external_id not in context.desired.groups
    }
    return tuple(sorted(names.values()))


def _quarantined(context: TargetContext, more: Sequence[Quarantined]) -> tuple[Quarantined, ...]:
    unmatched = (match.quarantined for match in context.correlation.matches.values())
    everybody = (*renamed_users(context), *unmatched, *context.desired.quarantined.values())
    by_id = {entry.external_id: entry for entry in everybody if entry}
    whole = dict.fromkeys((*by_id.values(), *more))
    return tuple(
        sorted(whole, key=lambda entry: (entry.name, entry.external_id or "", entry.reason))
    )


def _managed(context: TargetContext) -> Managed:
    members = {group: context.members.get(group) for group in context.editable_groups()}
    counted = managed(context.links, context.target, members)
    return replace(counted, access=access_managed(context.access))
