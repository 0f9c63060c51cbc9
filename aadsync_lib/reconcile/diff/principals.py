"""Changes of users and service principals."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Principal, same_name
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.correlate import Match, Situation

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


def principal_changes(context: TargetContext) -> Iterator[Change]:
    """Yield what users and service principals in scope need that are there already."""
    for external_id, principal in context.desired.principals.items():
        match = context.correlation.matches[external_id]
        account = match.account
        if account is None or account.id in context.protected:
            continue
        if external_id in context.disabled_unmanaged or _is_only_a_member(context, match, account):
            continue
        yield from _align(context, match, account)
        if match.situation is Situation.LINKED and not principal.active and account.active:
            yield deactivation(external_id, account, "disabled in Entra")


def _is_only_a_member(context: TargetContext, match: Match, account: Account) -> bool:
    """Return whether an object is another identity's, by what the sync that has it knows."""
    shared = match.situation is Situation.SHARED
    return shared and context.shared[account.id].link.external_id != match.principal.external_id


def new_principals(context: TargetContext) -> Iterator[Change]:
    """Yield the users and service principals in scope that are not there."""
    for external_id, principal in context.desired.principals.items():
        match = context.correlation.matches[external_id]
        if match.situation is Situation.ABSENT and principal.active:
            yield _create(context, principal)


def renamed_users(context: TargetContext) -> Iterator[Quarantined]:
    """Yield linked identities whose name in Entra is no longer the one the target has.

    SCIM ignores a change of userName in silence (Databricks API, patch account user).
    """
    matches = context.correlation.matches
    for external_id, principal in context.desired.principals.items():
        account = matches[external_id].account
        if account and principal.name and not same_name(account.name, principal.name):
            reason = _cannot_follow(context, principal, account)
            yield Quarantined(external_id, principal.name, reason)


def _cannot_follow(context: TargetContext, principal: Principal, account: Account) -> str:
    is_user = principal.kind is Kind.USER
    key = "userName" if is_user else "applicationId"
    way_out = f"Ask Databricks to rename it, or delete {account.id} to have it made anew"
    if is_user and context.policy.user_name_change == "quarantine":
        way_out += "; policy.user_name_change: recreate makes a new user that takes its place"
    return (
        f"its {key} on the target is {account.name}, and Databricks cannot change it; everything else "
        f"of it is kept in step. {way_out}"
    )


def _create(context: TargetContext, principal: Principal) -> Change:
    is_user = principal.kind is Kind.USER
    after = Attributes(
        user_name=principal.name if is_user else None,
        application_id=None if is_user else principal.name,
        display_name=principal.display_name,
        external_id=principal.external_id,
        active=True,
    )
    action = Action.on("create", principal.kind)
    reason, by_hand = why_made(context, principal, "an assigned application")
    return Change(
        action, principal.external_id, None, principal.name, reason, None, after, drift=by_hand
    )


def why_made(
    context: TargetContext, principal: Principal, otherwise: str | None
) -> tuple[str, bool]:
    """Return why an object is made, and whether somebody deleted it on the target by hand."""
    old = context.replaced.get(principal.external_id)
    via = context.via.get(principal.external_id, otherwise)
    reason = f"in scope through {via}" if via else "in scope"
    if old:
        return f"{old.name} in Entra is now called {principal.name}", False
    if principal.external_id in context.links.by_external:
        return f"{reason}; it was deleted on the target by hand", True
    return reason, False


def _align(context: TargetContext, match: Match, account: Account) -> Iterator[Change]:
    principal = match.principal
    if match.situation is Situation.SHARED:
        yield _join(context, match, account)
    elif match.situation is not Situation.LINKED:
        yield adoption(match, account)
    if principal.active and not account.active:
        why = "enabled in Entra and in scope"
        before, after = Attributes(active=False), Attributes(active=True)
        yield _change("activate", match, account, before, after, why)
    if principal.display_name != account.display_name:
        before = Attributes(display_name=account.display_name)
        after = Attributes(display_name=principal.display_name)
        why = "display name differs from Entra's"
        yield _change("update", match, account, before, after, why)


def _join(context: TargetContext, match: Match, account: Account) -> Change:
    """Return the link of this sync to what another one manages, too."""
    ids = Attributes(external_id=account.external_id)
    why = f"managed with the sync {context.shared[account.id].sync}"
    return _change("adopt", match, account, ids, ids, why)


def adoption(match: Match, account: Account) -> Change:
    """Return the change that makes an object ours that was there before."""
    same_id = match.situation is Situation.SAME_ID
    why = "its externalId is the object id" if same_id else "same name, adopted by policy.adopt"
    before = Attributes(external_id=account.external_id)
    after = Attributes(external_id=match.principal.external_id)
    return _change("adopt", match, account, before, after, why)


def _change(
    verb: str, match: Match, account: Account, before: Attributes, after: Attributes, why: str
) -> Change:
    action = Action.on(verb, account.kind)
    return Change(
        action, match.principal.external_id, account.id, match.principal.name, why, before, after
    )


def deactivation(external_id: str, account: Account, why: str) -> Change:
    """Return the change that takes access away and keeps the account."""
    action = Action.on("deactivate", account.kind)
    before, after = Attributes(active=True), Attributes(active=False)
    return Change(action, external_id, account.id, account.name, why, before, after)


def deletion(external_id: str, account: Account, why: str) -> Change:
    """Return the change that deletes an account, with what it was."""
    is_user = account.kind is Kind.USER
    before = Attributes(
        user_name=account.name if is_user else None,
        application_id=None if is_user else account.name,
        display_name=account.display_name,
        external_id=account.external_id,
        active=account.active,
    )
    action = Action.on("delete", account.kind)
    return Change(action, external_id, account.id, account.name, why, before)
