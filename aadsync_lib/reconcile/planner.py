"""From a case to the plan of one target."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import ORDER, Change
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Managed, Quarantined, TargetPlan
from aadsync_lib.model.rates import ACCOUNT_RATES
from aadsync_lib.reconcile.case import Case
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.estimate import estimate
from aadsync_lib.reconcile.groups import group_changes
from aadsync_lib.reconcile.principals import (
    PEOPLE,
    leaver_changes,
    principal_changes,
    renamed_users,
)


@uncollected()
def plan_target(name: str, case: Case, pace: float = 1.0) -> TargetPlan:
    """Plan the changes that make one target match what is desired.

    An incomplete read never removes anyone: who is missing from it is unknown, not gone.
    """
    groups = group_changes(case)
    people = sorted((*principal_changes(case), *leaver_changes(case)), key=_by_name)
    changes = tuple(sorted((*people, *groups.changes), key=lambda change: ORDER[change.action]))
    return TargetPlan(
        target=name,
        changes=changes,
        quarantined=_quarantined(case),
        held=(*_held_leavers(case), *groups.held),
        warnings=(*case.desired.notices, *_warnings(case)),
        managed=_managed(case),
        estimate=estimate(changes, ACCOUNT_RATES, pace),
        emptied=tuple(sorted(groups.emptied)),
        retired=tuple(sorted(groups.retired)),
        protected=case.protected,
    )


def _by_name(change: Change) -> tuple[str, str]:
    return change.name, change.external_id or ""


def _quarantined(case: Case) -> tuple[Quarantined, ...]:
    unmatched = (match.quarantined for match in case.correlation.matches.values())
    everybody = (*renamed_users(case), *unmatched, *case.desired.quarantined.values())
    found = {one.external_id: one for one in everybody if one}
    return tuple(sorted(found.values(), key=lambda one: (one.name, one.external_id or "")))


def _held_leavers(case: Case) -> Iterator[Quarantined]:
    """Yield who may have left, but perhaps only was not read."""
    if case.desired.complete or not case.mirrors:
        return
    reason = "not seen in this run, but a part of the source could not be read: kept until it is"
    for link, account in case.leavers(*PEOPLE, Kind.GROUP):
        if account.id not in case.protected and _would_change(case, account):
            yield Quarantined(link.external_id, account.name, reason)


def _would_change(case: Case, account: Account) -> bool:
    """Return whether anything would happen to this leaver, were it certain that it is one."""
    if account.kind is Kind.GROUP:
        empty = case.current(account) == frozenset() and case.policy.retired_groups == "empty"
        return case.policy.retired_groups != "keep" and not empty
    done = not account.active and case.policy.leavers == "deactivate"
    return case.policy.leavers != "keep" and not done


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
    members = sum(len(m) for m in case.members.values() if isinstance(m, frozenset))
    return Managed(len(linked) - groups, groups, members)
