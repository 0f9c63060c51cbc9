"""What happens to the accounts of those who left the scope, or have another account by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.change import Change
from aadsync_lib.model.directory import Notice, Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import Case
from aadsync_lib.reconcile.diff.principals import PEOPLE, deactivation, deletion

DAY = 86_400.0
NOT_SEEN = "not seen in this run, but a part of the source could not be read: kept until it is"
WHY = {
    Presence.PRESENT: "left the scope",
    Presence.DISABLED: "left the scope and is disabled in Entra",
    Presence.DELETED: "deleted in Entra",
    Presence.GONE: "deleted in Entra",
}


def suspects(case: Case) -> Mapping[str, Kind]:
    """Return who has to be looked up in Entra before the account may be touched."""
    if not case.mirrors:
        return {}
    return {link.external_id: link.kind for link, _ in _due(case)}


def leaver_changes(case: Case) -> Iterator[Change]:
    """Yield what happens to the accounts of leavers, as far as Entra says that they are."""
    for link, account in _due(case):
        fate = case.fates.get(link.external_id) if case.mirrors else Presence.PRESENT
        if isinstance(fate, Presence):
            yield _end(case, link, account, WHY[fate])


def former_changes(case: Case) -> Iterator[Change]:
    """Yield the end of the accounts that identities had under a former user name.

    Those that an earlier run left active, too: it may have died before.
    """
    for external_id, account in case.replaced.items():
        if account.active and external_id not in case.withheld:
            name = case.desired.principals[external_id].name
            yield deactivation(external_id, account, f"{name} takes its place")
    taken = {match.account.id for match in case.correlation.matches.values() if match.account}
    for link in case.past.former:
        old = case.target.accounts.get(link.target_id)
        if old and old.active and _abandoned(case, old, taken):
            yield deactivation(link.external_id, old, "another user has taken its place")


def _abandoned(case: Case, account: Account, taken: set[str]) -> bool:
    others = case.links.by_target.keys() | case.shared.keys() | case.protected | taken
    return account.kind in PEOPLE and account.id not in others


def held_leavers(case: Case) -> Iterator[Quarantined]:
    """Yield who may have left, but perhaps only was not read."""
    if not case.mirrors:
        return
    if case.desired.complete:
        for link, account in _due(case):
            fate = case.fates.get(link.external_id, Unread("Entra was not asked"))
            if isinstance(fate, Unread):
                reason = f"not in scope, but whether Entra still has it is unknown: {fate.reason}"
                yield Quarantined(link.external_id, account.name, reason)
        return
    for link, account in case.leavers(*PEOPLE, Kind.GROUP):
        if account.id not in case.protected and _would_change(case, account):
            yield Quarantined(link.external_id, account.name, NOT_SEEN)


def grace_notices(case: Case) -> Iterator[Notice]:
    """Yield who has lost the memberships and keeps the account for a while."""
    if not case.mirrors or not case.desired.complete:
        return
    for link, account in case.leavers(*PEOPLE):
        if _open(case, account) and _in_grace(case, link):
            day = datetime.fromtimestamp(_until(case, link), UTC)
            text = (
                f"{account.name} is not in scope any more: its account stays until "
                f"{day:%Y-%m-%d %H:%M} UTC (policy.grace_days: {case.policy.grace_days})"
            )
            yield Notice("grace", text)


def _due(case: Case) -> Iterator[tuple[Link, Account]]:
    """Yield the leavers whose account would change now."""
    if not case.desired.complete:
        return
    for link, account in case.leavers(*PEOPLE):
        if _open(case, account) and not _in_grace(case, link):
            yield link, account


def _open(case: Case, account: Account) -> bool:
    return account.id not in case.protected and _would_change(case, account)


def _would_change(case: Case, account: Account) -> bool:
    """Return whether anything would happen to this leaver, were it certain that it is one."""
    if account.kind is Kind.GROUP:
        empty = case.current(account) == frozenset() and case.policy.retired_groups == "empty"
        return case.policy.retired_groups != "keep" and not empty
    if case.policy.leavers == "keep":
        return False
    return account.active or _deletes(case, account)


def _deletes(case: Case, account: Account) -> bool:
    link = case.links.by_target[account.id]
    return case.policy.leavers == "delete" and link.origin is Origin.CREATED


def _end(case: Case, link: Link, account: Account, why: str) -> Change:
    if _deletes(case, account):
        return deletion(link.external_id, account, why)
    return deactivation(link.external_id, account, why)


def _in_grace(case: Case, link: Link) -> bool:
    return case.now < _until(case, link)


def _until(case: Case, link: Link) -> float:
    since = case.past.missing.get(link.external_id, case.now)
    return since + case.policy.grace_days * DAY
