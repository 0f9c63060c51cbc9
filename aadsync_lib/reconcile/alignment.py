"""Alignment with automatic identity management, which matches by externalId alone.

Databricks matches an identity of Entra by its object id in externalId: what has none or another one is
provisioned a second time, and a group of its name that has another keeps it out (Databricks, "Migrate to
automatic identity management", and its enablement prep script).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.aim import AimTarget, MembershipGap, Mismatch
from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Principal, name_key
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.members import Roster, by_name
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.reconcile.matching.correlate import Match, Situation
from aadsync_lib.reconcile.matching.index import Index


def aim_target(name: str, context: TargetContext) -> AimTarget:
    """Say what automatic identity management would make of a target."""
    index = Index(context.desired, context.target, context.links, context.shared)
    known = {p.external_id: _objects(context, p, index) for p in _everybody(context)}
    mismatches = [
        _mismatch(principal, account)
        for principal in _everybody(context)
        for account in known[principal.external_id]
        if account.external_id != principal.external_id
    ]
    people = [p for p in context.desired.principals.values() if _doubles(p, known[p.external_id])]
    return AimTarget(
        target=name,
        missing=_listed(m for m in mismatches if m.has is None),
        wrong=_listed(m for m in mismatches if m.has is not None),
        doubled=_listed(_mismatch(p, a) for p in people for a in known[p.external_id]),
        blocked=_listed(_blocking(context)),
        memberships=tuple(_gaps(context, known)),
        managed=_listed(_managed(context)),
    )


def alignment(context: TargetContext) -> tuple[Change, ...]:
    """Return the changes that fill externalIds in, and nothing else.

    Those that are missing; a wrong one only where ``policy.adopt`` or ``adopt_names`` allow it. What is
    found by name is taken over only under the same policy as in a sync, and is ours from then on.
    """
    rule = AdoptionRule.of(context.policy)
    changes = (_filled(context, match, rule) for match in context.correlation.matches.values())
    return tuple(
        sorted(filter(None, changes), key=lambda change: (ORDER[change.action], change.name))
    )


def _filled(context: TargetContext, match: Match, rule: AdoptionRule) -> Change | None:
    principal, account = match.principal, match.account
    if account is None or account.id in context.protected or match.situation is Situation.SHARED:
        return None
    if account.external_id == principal.external_id:
        return None
    names = principal.name, principal.external_id
    if account.external_id and rule.word(account.kind, names) != "same_name":
        return None
    before = Attributes(external_id=account.external_id)
    after = Attributes(external_id=principal.external_id)
    had = f"instead of {account.external_id}" if account.external_id else "where there was none"
    why = f"its object id in Entra, {had}: automatic identity management matches by it"
    action = Action.on("adopt", account.kind)
    return Change(action, principal.external_id, account.id, principal.name, why, before, after)


def _everybody(context: TargetContext) -> Iterator[Principal]:
    yield from context.desired.principals.values()
    yield from (group.principal for group in context.desired.groups.values())


def _objects(context: TargetContext, principal: Principal, index: Index) -> tuple[Account, ...]:
    """Return every object that is this identity, by link, externalId or name."""
    linked = index.linked(principal)
    if linked:
        return (linked, *(a for a in index.same_id(principal) if a.id != linked.id))
    named = (a for a in index.same_name(principal) if not _of_another(context, principal, a, index))
    return tuple(dict.fromkeys((*index.same_id(principal), *named)))


def _of_another(
    context: TargetContext, principal: Principal, account: Account, index: Index
) -> bool:
    owner = index.owner_in_scope(account)
    linked = account.id in context.links.by_target
    return linked or owner not in (None, principal.external_id)


def _doubles(principal: Principal, accounts: tuple[Account, ...]) -> bool:
    matching = sum(account.external_id == principal.external_id for account in accounts)
    return bool(accounts) and matching != 1


def _blocking(context: TargetContext) -> Iterator[Mismatch]:
    """Yield groups that have the name of a group in Entra, by what it is called there, and another id."""
    groups: dict[str, list[Account]] = {}
    for account in context.target.accounts.values():
        if account.kind is Kind.GROUP:
            groups.setdefault(name_key(account.name), []).append(account)
    for external_id, group in context.desired.groups.items():
        named = (*context.desired.names.get(external_id, ()), group.principal.name)
        called = named[0]  # the display name, where the target calls it otherwise
        for account in groups.get(name_key(called), ()):
            if account.external_id != external_id:
                yield _mismatch(group.principal, account)


def _gaps(context: TargetContext, known: dict[str, tuple[Account, ...]]) -> Iterator[MembershipGap]:
    """Yield the groups whose members would be others, as far as their members were read."""
    roster = Roster(context)
    for external_id, group in sorted(
        context.desired.groups.items(), key=lambda item: item[1].principal.name
    ):
        for account in known[external_id][:1]:
            current = context.current(account)
            if account.id in context.automatic or not isinstance(current, frozenset):
                continue
            surplus, added = roster.compare(current, group.members)
            surplus = frozenset() if group.unread else surplus  # they may be in what was not read
            if surplus or added:
                refs = sorted(map(context.ref, surplus), key=by_name)
                joining = tuple(ref.name for ref in added)
                leaving = tuple(ref.name for ref in refs)
                yield MembershipGap(account.name, external_id, account.id, joining, leaving)


def _managed(context: TargetContext) -> Iterator[Mismatch]:
    for target_id in context.automatic:
        account = context.target.accounts[target_id]
        oid = account.external_id or ""
        yield Mismatch(account.kind, account.name, oid, target_id, account.external_id)


def _mismatch(principal: Principal, account: Account) -> Mismatch:
    return Mismatch(
        principal.kind, account.name, principal.external_id, account.id, account.external_id
    )


def _listed(mismatches: Iterable[Mismatch]) -> tuple[Mismatch, ...]:
    return tuple(sorted(dict.fromkeys(mismatches), key=lambda m: (m.kind, m.name, m.target_id)))
