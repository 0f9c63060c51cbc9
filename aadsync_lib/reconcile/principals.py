"""Changes of users and service principals."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Principal, same_name
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.case import Case
from aadsync_lib.reconcile.correlate import Match, Situation

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


def principal_changes(case: Case) -> Iterator[Change]:
    """Yield what users and service principals in scope need."""
    for external_id, principal in case.desired.principals.items():
        match = case.correlation.matches[external_id]
        if match.account is None:
            if match.situation is Situation.ABSENT and principal.active:
                yield _create(principal, case.via.get(external_id, "an assigned application"))
        elif match.account.id not in case.protected and external_id not in case.bystanders:
            yield from _align(match, match.account)


def leaver_changes(case: Case) -> Iterator[Change]:
    """Yield what happens to the accounts of those who left the scope or are disabled in Entra."""
    if not case.mirrors or case.policy.leavers == "keep":
        return
    for external_id, principal in case.desired.principals.items():
        match = case.correlation.matches[external_id]
        if match.situation is Situation.LINKED and match.account and not principal.active:
            yield from _deactivate(case, external_id, match.account, "disabled in Entra")
    if case.desired.complete:
        for link, account in case.leavers(*PEOPLE):
            yield from _leave(case, link, account)


def renamed_users(case: Case) -> Iterator[Quarantined]:
    """Yield linked identities whose name in Entra is no longer the one the target has.

    SCIM ignores a change of userName in silence (Databricks API, patch account user).
    """
    for external_id, principal in case.desired.principals.items():
        account = case.account(external_id)
        if account and not same_name(account.name, principal.name):
            key = "userName" if principal.kind is Kind.USER else "applicationId"
            reason = (
                f"its {key} on the target is {account.name}, and Databricks cannot change it; everything "
                f"else of it is kept in step. Ask Databricks to rename it, or delete {account.id} to have "
                f"it made anew"
            )
            yield Quarantined(external_id, principal.name, reason)


def _create(principal: Principal, via: str) -> Change:
    is_user = principal.kind is Kind.USER
    after = Attributes(
        user_name=principal.name if is_user else None,
        application_id=None if is_user else principal.name,
        display_name=principal.display_name,
        external_id=principal.external_id,
        active=True,
    )
    action = Action.on("create", principal.kind)
    reason = f"in scope through {via}"
    return Change(action, principal.external_id, None, principal.name, reason, None, after)


def _align(match: Match, account: Account) -> Iterator[Change]:
    principal = match.principal
    if match.situation is not Situation.LINKED:
        yield adoption(match, account)
    if principal.active and not account.active:
        why = "enabled in Entra and in scope"
        yield _change(
            "activate", match, account, Attributes(active=False), Attributes(active=True), why
        )
    if principal.display_name != account.display_name:
        before = Attributes(display_name=account.display_name)
        after = Attributes(display_name=principal.display_name)
        yield _change("update", match, account, before, after, "display name differs from Entra's")


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


def _leave(case: Case, link: Link, account: Account) -> Iterator[Change]:
    if case.policy.leavers == "delete" and link.origin is Origin.CREATED:
        if account.id not in case.protected:
            yield _end("delete", link.external_id, account, "left the scope", None)
    else:
        yield from _deactivate(case, link.external_id, account, "left the scope")


def _deactivate(case: Case, external_id: str, account: Account, why: str) -> Iterator[Change]:
    if account.active and account.id not in case.protected:
        yield _end("deactivate", external_id, account, why, Attributes(active=False))


def _end(
    verb: str, external_id: str, account: Account, why: str, after: Attributes | None
) -> Change:
    action = Action.on(verb, account.kind)
    is_user = account.kind is Kind.USER
    before = (
        Attributes(active=True)
        if after
        else Attributes(
            user_name=account.name if is_user else None,
            application_id=None if is_user else account.name,
            display_name=account.display_name,
            external_id=account.external_id,
            active=account.active,
        )
    )
    return Change(action, external_id, account.id, account.name, why, before, after)
