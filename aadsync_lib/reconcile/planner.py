"""From a case to the plan of one target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Managed, Quarantined, TargetPlan
from aadsync_lib.model.rates import ACCOUNT_RATES
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.context import Case
from aadsync_lib.reconcile.diff.groups import group_changes
from aadsync_lib.reconcile.diff.leavers import (
    former_changes,
    grace_notices,
    held_leavers,
    leaver_changes,
)
from aadsync_lib.reconcile.diff.principals import PEOPLE, principal_changes, renamed_users
from aadsync_lib.reconcile.diff.unowned import found
from aadsync_lib.reconcile.estimate import estimate
from aadsync_lib.reconcile.holds.capacity import within_direct_groups
from aadsync_lib.reconcile.holds.creations import creations
from aadsync_lib.reconcile.holds.drift import permitted
from aadsync_lib.reconcile.holds.indirect_access import departures
from aadsync_lib.reconcile.holds.retries import sift
from aadsync_lib.reconcile.state.provenance import Recall, remembered

OF_GROUPS = frozenset(action for action in Action if action.kind is Kind.GROUP)


@dataclass(frozen=True)
class Drafted:
    """A plan, and by their keys the changes that wait in it because they failed before."""

    plan: TargetPlan
    waiting: frozenset[str] = frozenset()


def plan_target(
    name: str, case: Case, pace: float = 1.0, recall: Recall | None = None
) -> TargetPlan:
    """Plan the changes that make one target match what is desired.

    An incomplete read never removes anyone: who is missing from it is unknown, not gone.
    """
    return draft(name, case, pace, recall).plan


@uncollected()
def draft(name: str, case: Case, pace: float, recall: Recall | None) -> Drafted:
    """Plan, see ``plan_target``, and say what waits."""
    new = creations(case)
    case = replace(case, withheld=new.names)
    groups = group_changes(case)
    people = (*principal_changes(case), *leaver_changes(case), *former_changes(case))
    wanted = (*new.made, *people, *groups.changes)
    known = remembered(case.links, wanted, recall, case.past.former)
    policy = permitted(case, known, wanted)
    tried = sift(case.tries, policy.changes)
    kept, crowded = within_direct_groups(case, tried.changes, groups.most)
    leaving = departures(case, kept)
    changes = _in_order(leaving.changes)
    failing = (*new.waits.quarantined, *tried.quarantined)
    plan = TargetPlan(
        target=name,
        changes=changes,
        quarantined=_quarantined(case, (*new.quarantined, *failing, *crowded)),
        held=(*held_leavers(case), *groups.held, *new.waits.held, *tried.held, *leaving.held),
        warnings=(*case.desired.notices, *_warnings(case), *grace_notices(case)),
        managed=_managed(case),
        estimate=estimate(changes, ACCOUNT_RATES, pace),
        emptied=_emptied(case, changes),
        retired=_retired(case, changes),
        protected=case.protected,
        found=found(case),
        left=(*new.left, *policy.left),
        detours=tuple(leaving.detours),
    )
    return Drafted(plan, frozenset(new.waits.waiting | tried.waiting))


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


def _emptied(case: Case, changes: Iterable[Change]) -> tuple[str, ...]:
    """Name the groups in scope that would lose their last member."""
    lost: Counter[str] = Counter()
    names, gains = {}, set()
    for change in changes:
        if change.action is Action.ADD_MEMBERS:
            gains.add(change.target_id)
        if change.action is Action.REMOVE_MEMBERS and change.external_id in case.desired.groups:
            assert change.target_id
            lost[change.target_id] += len(change.members)
            names[change.target_id] = change.name
    left = (one for one, count in lost.items() if count == _size(case, one) and one not in gains)
    return tuple(sorted(names[one] for one in left))


def _size(case: Case, group: str) -> int:
    members = case.members[group]
    return len(members) if isinstance(members, frozenset) else -1


def _retired(case: Case, changes: Iterable[Change]) -> tuple[str, ...]:
    """Name the groups that left the scope and lose something because of it."""
    names = {
        change.target_id: change.name
        for change in changes
        if change.action in (Action.REMOVE_MEMBERS, Action.DELETE_GROUP)
        and change.external_id not in case.desired.groups
    }
    return tuple(sorted(names.values()))


def _quarantined(case: Case, more: Sequence[Quarantined]) -> tuple[Quarantined, ...]:
    unmatched = (match.quarantined for match in case.correlation.matches.values())
    everybody = (*renamed_users(case), *unmatched, *case.desired.quarantined.values())
    by_id = {one.external_id: one for one in everybody if one}
    whole = dict.fromkeys((*by_id.values(), *more))
    return tuple(sorted(whole, key=lambda one: (one.name, one.external_id or "", one.reason)))


def _warnings(case: Case) -> Iterator[Notice]:
    for external_id in sorted(case.bystanders):
        account = case.account(external_id)
        if account and account.active:
            text = f"{account.name} is disabled in Entra, but not managed by this sync: left alone"
            yield Notice("disabled_unmanaged", text)
    for external_id, principal in sorted(case.desired.principals.items()):
        account = case.account(external_id)
        if account and account.id in case.protected and not principal.active and account.active:
            text = f"{account.name} is disabled in Entra, but protected: left active"
            yield Notice("protected", text)
    for external_id in sorted(case.desired.groups):
        account = case.account(external_id)
        if account and account.id in case.protected:
            text = f"{account.name} is in scope, but protected: its name and members are left alone"
            yield Notice("protected", text)
    for _, account in case.leavers(*PEOPLE):
        if case.mirrors and account.id in case.protected and account.active:
            yield Notice(
                "protected", f"{account.name} left the scope, but is protected: left active"
            )


def _managed(case: Case) -> Managed:
    accounts = case.target.accounts
    linked = [
        accounts[link.target_id]
        for link in case.links.by_external.values()
        if link.target_id in accounts
    ]
    groups = sum(account.kind is Kind.GROUP for account in linked)
    in_play = (case.members.get(group) for group in case.groups_in_play())
    members = sum(len(m) for m in in_play if isinstance(m, frozenset))
    return Managed(len(linked) - groups, groups, members)
