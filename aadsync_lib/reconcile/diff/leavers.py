"""Changes of the accounts of those who left the scope, or have another account by now."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.carried import DAY
from aadsync_lib.model.change import Change
from aadsync_lib.model.directory import Notice, Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.principals import PEOPLE, deactivation, deletion
from aadsync_lib.reconcile.split import Held

NOT_SEEN = "not seen in this run, but a part of the source could not be read: kept until it is"
SHARED = "{} left the scope, but the sync {} has it in scope: its account stays"
GRACE = "{} is not in scope any more: its account stays until {} UTC (policy.grace_days: {})"
JUMPED = (
    "the clock went back, or more than 30 days ahead, since the last run: no grace ends by that. If the "
    "clock is right now, the next run goes on"
)
WHY = {
    Presence.PRESENT: "left the scope",
    Presence.DISABLED: "left the scope and is disabled in Entra",
    Presence.DELETED: "deleted in Entra",
    Presence.GONE: "deleted in Entra",
}


def leavers_to_verify(
    context: TargetContext, entering: Container[str] = frozenset()
) -> Mapping[str, Kind]:
    """Return who has to be looked up in Entra before anything of theirs may be touched.

    ``entering`` are those, by target id, to whom this sync has given access to a workspace.
    """
    if not context.mirrors:
        return {}
    people = {link.external_id: link.kind for link, account in _people(context) if account.active}
    deleted = {link.external_id: link.kind for link, _ in _due(context)}
    if context.desired.complete:
        return people | deleted
    groups = {link.external_id: link.kind for link, _ in _groups(context)}
    left = context.leavers(*Kind)
    access = {link.external_id: link.kind for link, each in left if each.id in entering}
    return people | deleted | groups | access


def leaver_changes(context: TargetContext) -> Iterator[Change]:
    """Yield what happens to the accounts of leavers, as far as Entra says that they are.

    Whoever is disabled in Entra is deactivated at once, leaver or not: an account follows that.
    """
    due = {link.external_id for link, _ in _due(context)}
    for link, account in _people(context):
        asked = context.presences.get(link.external_id) if context.mirrors else Presence.PRESENT
        if not isinstance(asked, Presence):
            continue
        if link.external_id in due and context.certainly_left(link):
            yield _end(context, link, account, WHY[asked])
        elif asked is Presence.DISABLED and account.active:
            yield deactivation(link.external_id, account, "disabled in Entra")


def former_changes(context: TargetContext) -> Iterator[Change]:
    """Yield the end of the accounts that identities had under a former user name.

    Those that an earlier run left active, too: it may have died before.
    """
    for external_id, account in context.replaced.items():
        if account.active and external_id not in context.withheld:
            name = context.desired.principals[external_id].name
            yield deactivation(external_id, account, f"{name} takes its place")
    taken = {match.account.id for match in context.correlation.matches.values() if match.account}
    for link in context.former:
        old = context.target.accounts.get(link.target_id)
        if old and old.active and _abandoned(context, old, taken):
            yield deactivation(link.external_id, old, "another user has taken its place")


def _abandoned(context: TargetContext, account: Account, taken: set[str]) -> bool:
    others = context.links.by_target.keys() | context.shared.keys() | context.protected | taken
    return account.kind in PEOPLE and account.id not in others


def held_leavers(context: TargetContext) -> Iterator[Held]:
    """Yield who may have left, but perhaps only was not read, or is protected."""
    if not context.mirrors:
        return
    yield from _perhaps_protected(context)
    for link, account in (*_due(context), *_groups(context)):
        presence = context.presences.get(link.external_id, Unread("Entra was not asked"))
        if link.kind is Kind.GROUP and context.certainly_left(link):
            continue
        if isinstance(presence, Unread):
            reason = f"not in scope, but whether Entra still has it is unknown: {presence.reason}"
        elif context.certainly_left(link) or presence is Presence.DISABLED:
            continue
        else:
            reason = NOT_SEEN
        yield Held(Quarantined(link.external_id, account.name, reason))


def _perhaps_protected(context: TargetContext) -> Iterator[Held]:
    for link, account in context.leavers(*Kind):
        why = context.absent.get(account.id)
        if isinstance(why, Unread) and account.id not in context.protected:
            reason = (
                f"not in scope, but whether it is protected could not be looked up: {why.reason}"
            )
            yield Held(Quarantined(link.external_id, account.name, reason))


def leaver_notices(context: TargetContext) -> Iterator[Notice]:
    """Yield who is out of scope and keeps the account: for a while, or because another sync has them."""
    if not context.mirrors:
        return
    for _, account in context.leavers(*PEOPLE):
        sharer = context.sharer(account)
        if sharer and account.active and account.id not in context.protected:
            yield Notice("shared", SHARED.format(account.name, sharer.sync))
    if context.clock_jumped:
        yield Notice("clock", JUMPED)
    for link, account in _people(context):
        if _would_change(context, account) and _in_grace(context, link):
            until = datetime.fromtimestamp(_until(context, link), UTC)
            days = context.policy.grace_days
            yield Notice("grace", GRACE.format(account.name, f"{until:%Y-%m-%d %H:%M}", days))


def _people(context: TargetContext) -> Iterator[tuple[Link, Account]]:
    """Yield the people out of scope, by all syncs of the store, whose account may be touched at all."""
    for link, account in context.leavers(*PEOPLE):
        untouched = account.id in context.protected or account.id in context.absent
        if not untouched and not context.sharer(account):
            yield link, account


def _due(context: TargetContext) -> Iterator[tuple[Link, Account]]:
    """Yield the leavers whose account would change now, were it certain that they are."""
    for link, account in _people(context):
        if _would_change(context, account) and not _in_grace(context, link):
            yield link, account


def _groups(context: TargetContext) -> Iterator[tuple[Link, Account]]:
    for link, account in context.leavers(Kind.GROUP):
        if account.id not in context.protected and _would_change(context, account):
            yield link, account


def _would_change(context: TargetContext, account: Account) -> bool:
    """Return whether anything would happen to this leaver, were it certain that it is one."""
    if account.kind is Kind.GROUP:
        empty = context.current(account) == frozenset() and context.policy.retired_groups == "empty"
        return context.policy.retired_groups != "keep" and not empty
    if context.policy.leavers == "keep":
        return False
    return account.active or _deletes(context, account)


def _deletes(context: TargetContext, account: Account) -> bool:
    link = context.links.by_target[account.id]
    return context.policy.leavers == "delete" and link.origin is Origin.CREATED


def _end(context: TargetContext, link: Link, account: Account, why: str) -> Change:
    if _deletes(context, account):
        return deletion(link.external_id, account, why)
    return deactivation(link.external_id, account, why)


def _in_grace(context: TargetContext, link: Link) -> bool:
    return context.policy.grace_days > 0 and context.plausible_now < _until(context, link)


def _until(context: TargetContext, link: Link) -> float:
    return context.missing_since(link.external_id) + context.policy.grace_days * DAY
