"""Objects on the target that an identity in scope would be, and that are not ours."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Unowned
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.adoption import adopt_setting
from aadsync_lib.reconcile.matching.correlate import Match, Situation
from aadsync_lib.reconcile.matching.index import Index

ADOPTABLE = (Situation.SAME_ID, Situation.SAME_NAME)


def list_unowned(context: TargetContext) -> tuple[Unowned, ...]:
    """List what is there and not ours, by name.

    An object that this very plan adopts is left out, unless it looks as if somebody else would go on
    changing it.
    """
    index = Index(context.desired, context.target, context.links, context.shared)
    matches = context.correlation.matches.values()
    rows = (row for match in matches for row in _found(context, match, index))
    return tuple(sorted(rows, key=lambda row: (row.name, row.target_id, row.external_id)))


def groups_to_inspect(context: TargetContext) -> frozenset[str]:
    """Return the groups, by target id, of which only their members tell who owns them."""
    matches = context.correlation.matches
    taken = (matches[gid] for gid in context.desired.groups if _is_taken(matches[gid]))
    index = Index(context.desired, context.target, context.links, context.shared)
    return frozenset(
        account.id
        for match in taken
        for account in index.same_id(match.principal)
        if account.id not in context.links.by_target
    )


def _is_taken(match: Match) -> bool:
    return match.situation is Situation.TAKEN


def _found(context: TargetContext, match: Match, index: Index) -> Iterator[Unowned]:
    if match.situation is Situation.ABSENT or (
        match.situation is Situation.LINKED and not match.reason
    ):
        return
    principal, setting = match.principal, match.setting
    adopting = _adopting(context, match)
    if adopting:
        setting = adopt_setting(principal.kind, context.policy.adopt.of(principal.kind))
    for account in dict.fromkeys(index.candidates(principal)):
        if account.id in context.links.by_target:
            continue
        if not adopting or (
            account is match.account and _looks_automatic(context, principal, account)
        ):
            owner = _owner(context, principal, account)
            yield Unowned(
                principal.kind, principal.external_id, account.id, account.name, owner, setting
            )
        setting = None  # it is about the first one, which decided


def _adopting(context: TargetContext, match: Match) -> bool:
    return bool(
        match.situation in ADOPTABLE
        and match.account
        and match.account.id not in context.protected
        and match.principal.external_id not in context.disabled_unmanaged
    )


def _owner(context: TargetContext, principal: Principal, account: Account) -> str:
    if account.id in context.shared:
        asleep = principal.active and not account.active
        return f"the sync {context.shared[account.id].sync}" + (
            ", which has it inactive" if asleep else ""
        )
    if account.local:
        return "a workspace: it is local to it"
    if account.external_id is None:
        return "nobody: it has no externalId"
    if _looks_automatic(context, principal, account):
        return (
            "looks managed by automatic identity management: its externalId is the object id, and "
            "SCIM shows none of its members"
        )
    if account.external_id == principal.external_id:
        return "another tool: its externalId is the object id"
    return f"another externalId: {account.external_id}"


def _looks_automatic(context: TargetContext, principal: Principal, account: Account) -> bool:
    """Return whether SCIM shows no member of a group of Entra that has some there.

    The account's console would show them: automatic identity management keeps them out of SCIM.
    """
    return (
        principal.kind is Kind.GROUP
        and account.external_id == principal.external_id
        and context.current(account) == frozenset()
        and bool(context.desired.groups[principal.external_id].members)
    )
