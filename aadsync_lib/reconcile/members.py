"""Changes of who is in a group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.case import Case
from aadsync_lib.reconcile.correlate import Situation


@dataclass(slots=True)
class GroupChanges:
    """The changes of all groups, with what the guard counts and what waits."""

    changes: list[Change] = field(default_factory=list)
    held: list[Quarantined] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


def member_refs(case: Case) -> dict[str, MemberRef]:
    """Describe, by Entra object id, everybody who is or will be there to be a member."""
    refs: dict[str, MemberRef] = {}
    for external_id, match in case.correlation.matches.items():
        principal, account = match.principal, match.account
        if account is None and (match.situation is not Situation.ABSENT or not principal.active):
            continue
        target_id = account.id if account else None
        refs[external_id] = MemberRef(external_id, target_id, principal.name, principal.kind)
    return refs


def align_members(
    case: Case, group: DesiredGroup, refs: dict[str, MemberRef], found: GroupChanges
) -> None:
    """Work out who joins and who leaves a group in scope."""
    match = case.correlation.matches[group.principal.external_id]
    principal, account = match.principal, match.account
    if group.unread:
        found.held.append(_held(principal, group.unread))
    absent = account is None and match.situation is Situation.ABSENT
    if not absent and (account is None or account.id in case.protected):
        return
    current = case.current(account) if account else frozenset[str]()
    if not isinstance(current, frozenset):
        found.held.append(unseen(principal.external_id, principal.name, current))
        return
    wanted = [refs[member] for member in group.members if member in refs]
    missing = (ref for ref in wanted if ref.target_id is None or ref.target_id not in current)
    added = [ref for ref in missing if ref.external_id not in case.bystanders]
    surplus = current.difference(ref.target_id for ref in wanted)
    removed = [] if group.unread else removable(case, principal.external_id, surplus)
    if removed and not case.desired.complete and any(ref.type is Kind.GROUP for ref in added):
        found.held.append(_held(principal, "other groups are nested in it in this very run"))
        removed = []
    found.changes.extend(_member_changes(principal, account, added, removed))
    if current and not added and len(removed) == len(current):
        found.emptied.append(principal.name)


def _held(principal: Principal, why: str) -> Quarantined:
    """Return what waits for a whole read.

    What a group gets nested instead of people counts as unread, too: a group that could not be read
    may have hidden a cycle, and the nesting then is not what it was.
    """
    reason = f"a part of the source could not be read, so that nobody is removed: {why}"
    return Quarantined(principal.external_id, principal.name, reason)


def removable(case: Case, external_id: str, surplus: frozenset[str]) -> list[MemberRef]:
    """Leave out those who are protected, in question, or not this sync's to remove."""
    if not case.mirrors or not surplus:
        return []
    found = surplus - case.spared
    if case.policy.members == "managed":
        found &= case.added.get(external_id, frozenset())
    return [case.ref(target_id) for target_id in found]


def _member_changes(
    principal: Principal,
    account: Account | None,
    added: list[MemberRef],
    removed: list[MemberRef],
) -> Iterator[Change]:
    target_id = account.id if account else None
    for action, refs, why in (
        (Action.ADD_MEMBERS, added, "members in Entra"),
        (Action.REMOVE_MEMBERS, removed, "not members in Entra"),
    ):
        if refs:
            members = tuple(sorted(refs, key=by_name))
            yield Change(
                action, principal.external_id, target_id, principal.name, why, members=members
            )


def by_name(member: MemberRef) -> tuple[str, str, str]:
    """Return the order in which members are listed."""
    return member.name, member.external_id or "", member.target_id or ""


def unseen(external_id: str, name: str, current: Unread | None) -> Quarantined:
    """Return what waits because the target did not show who is in a group."""
    why = current.reason if current else "the group is gone"
    reason = f"its members on the target could not be read: {why}"
    return Quarantined(external_id, name, reason)
