"""Changes of groups and their members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Attributes, Kind, Principal, name_key
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.case import Case
from aadsync_lib.reconcile.correlate import Situation
from aadsync_lib.reconcile.principals import adoption


@dataclass(slots=True)
class GroupChanges:
    """The changes of all groups, with what the guard counts and what waits."""

    changes: list[Change] = field(default_factory=list)
    held: list[Quarantined] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


def group_changes(case: Case) -> GroupChanges:
    """Work out what every group in scope, and every group of ours that left it, needs."""
    found = GroupChanges()
    refs = _refs(case)
    for group in sorted(case.desired.groups.values(), key=_children_first):
        found.changes.extend(_itself(case, group))
        _members(case, group, refs, found)
    if case.mirrors and case.desired.complete and case.policy.retired_groups != "keep":
        for link, account in case.leavers(Kind.GROUP):
            if account.id not in case.protected:
                _retire(case, link, account, found)
    return found


def _children_first(group: DesiredGroup) -> tuple[int, str, str]:
    return group.height, name_key(group.principal.name), group.principal.external_id


def _refs(case: Case) -> dict[str, MemberRef]:
    """Describe, by Entra object id, everybody who is or will be there to be a member."""
    refs: dict[str, MemberRef] = {}
    for external_id, match in case.correlation.matches.items():
        principal, account = match.principal, match.account
        if account is None and (match.situation is not Situation.ABSENT or not principal.active):
            continue
        target_id = account.id if account else None
        refs[external_id] = MemberRef(external_id, target_id, principal.name, principal.kind)
    return refs


def _itself(case: Case, group: DesiredGroup) -> Iterator[Change]:
    match = case.correlation.matches[group.principal.external_id]
    principal, account = match.principal, match.account
    if account is None:
        if match.situation is Situation.ABSENT:
            yield _create(principal, case.via.get(principal.external_id))
        return
    if account.id in case.protected:
        return
    if match.situation is not Situation.LINKED:
        yield adoption(match, account)
    if principal.name != account.name and match.reason is None:
        before, after = (
            Attributes(display_name=account.name),
            Attributes(display_name=principal.name),
        )
        yield Change(
            Action.RENAME_GROUP,
            principal.external_id,
            account.id,
            principal.name,
            f"{account.name} in Entra is now called {principal.name}",
            before,
            after,
        )


def _create(principal: Principal, via: str | None) -> Change:
    after = Attributes(display_name=principal.name, external_id=principal.external_id)
    reason = f"in scope through {via}" if via else "in scope"
    return Change(
        Action.CREATE_GROUP, principal.external_id, None, principal.name, reason, None, after
    )


def _members(
    case: Case, group: DesiredGroup, refs: dict[str, MemberRef], found: GroupChanges
) -> None:
    match = case.correlation.matches[group.principal.external_id]
    principal, account = match.principal, match.account
    if group.unread:
        reason = f"its members could not all be read, so that nobody is removed: {group.unread}"
        found.held.append(Quarantined(principal.external_id, principal.name, reason))
    if account and account.id in case.protected:
        return
    if account is None and match.situation is not Situation.ABSENT:
        return
    current = case.current(group) if account else frozenset[str]()
    if not isinstance(current, frozenset):
        why = current.reason if isinstance(current, Unread) else "the group is gone"
        reason = f"its members on the target could not be read: {why}"
        found.held.append(Quarantined(principal.external_id, principal.name, reason))
        return
    wanted = [refs[member] for member in group.members if member in refs]
    there = {ref.target_id for ref in wanted if ref.target_id}
    missing = (ref for ref in wanted if ref.target_id is None or ref.target_id not in current)
    added = [ref for ref in missing if ref.external_id not in case.bystanders]
    surplus = current - there
    removed = (
        [] if group.unread or not account else _removable(case, principal.external_id, surplus)
    )
    found.changes.extend(_member_changes(principal, account, added, removed))
    if current and not added and len(removed) == len(current):
        found.emptied.append(principal.name)


def _removable(case: Case, external_id: str, surplus: frozenset[str]) -> list[MemberRef]:
    """Leave out those who are protected, in question, or not this sync's to remove."""
    if not case.mirrors or not surplus:
        return []
    removable = surplus - case.spared
    if case.policy.members == "managed":
        removable &= case.added.get(external_id, frozenset())
    return [case.ref(target_id) for target_id in removable]


def _member_changes(
    principal: Principal,
    account: Account | None,
    added: list[MemberRef],
    removed: list[MemberRef],
) -> Iterator[Change]:
    for action, members, why in (
        (Action.ADD_MEMBERS, added, "members in Entra"),
        (Action.REMOVE_MEMBERS, removed, "not members in Entra"),
    ):
        if members:
            yield Change(
                action,
                principal.external_id,
                account.id if account else None,
                principal.name,
                why,
                members=tuple(sorted(members, key=_by_name)),
            )


def _by_name(member: MemberRef) -> tuple[str, str, str]:
    return member.name, member.external_id or "", member.target_id or ""


def _retire(case: Case, link: Link, account: Account, found: GroupChanges) -> None:
    if case.policy.retired_groups == "delete" and link.origin is Origin.CREATED:
        before = Attributes(display_name=account.name, external_id=account.external_id)
        found.retired.append(account.name)
        found.changes.append(
            Change(
                Action.DELETE_GROUP,
                link.external_id,
                account.id,
                account.name,
                "left the scope",
                before,
            )
        )
        return
    current = case.current(account)
    if not isinstance(current, frozenset):
        return
    removed = _removable(case, link.external_id, current)
    if removed:
        found.retired.append(account.name)
        members = tuple(sorted(removed, key=_by_name))
        found.changes.append(
            Change(
                Action.REMOVE_MEMBERS,
                link.external_id,
                account.id,
                account.name,
                "the group left the scope",
                members=members,
            )
        )
