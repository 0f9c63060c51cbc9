"""Changes of groups: those in scope, and those of ours that left it."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Attributes, Kind, Principal, name_key
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.reconcile.case import Case
from aadsync_lib.reconcile.correlate import Situation
from aadsync_lib.reconcile.members import (
    GroupChanges,
    Roster,
    align_members,
    by_name,
    removable,
    unseen,
)
from aadsync_lib.reconcile.principals import adoption


def group_changes(case: Case) -> GroupChanges:
    """Work out what every group in scope, and every group of ours that left it, needs."""
    found = GroupChanges()
    roster = Roster(case)
    for group in sorted(case.desired.groups.values(), key=_children_first):
        found.changes.extend(_itself(case, group))
        align_members(case, group, roster, found)
    if case.mirrors and case.desired.complete and case.policy.retired_groups != "keep":
        for link, account in case.leavers(Kind.GROUP):
            if account.id not in case.protected:
                _retire(case, link, account, found)
    return found


def _children_first(group: DesiredGroup) -> tuple[int, str, str]:
    return group.height, name_key(group.principal.name), group.principal.external_id


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


def _retire(case: Case, link: Link, account: Account, found: GroupChanges) -> None:
    """Empty or delete a group of ours that left the scope; the protected keep their membership."""
    current = case.current(account)
    if not isinstance(current, frozenset):
        found.held.append(unseen(link.external_id, account.name, current))
        return
    delete = case.policy.retired_groups == "delete" and link.origin is Origin.CREATED
    if delete and not current & case.protected:
        change = _deletion(link, account)
    else:
        removed = removable(case, link.external_id, current)
        if not removed:
            return
        change = _removal(link, account, removed)
    found.retired.append(account.name)
    found.changes.append(change)


def _deletion(link: Link, account: Account) -> Change:
    before = Attributes(display_name=account.name, external_id=account.external_id)
    why = "left the scope"
    return Change(Action.DELETE_GROUP, link.external_id, account.id, account.name, why, before)


def _removal(link: Link, account: Account, removed: list[MemberRef]) -> Change:
    members = tuple(sorted(removed, key=by_name))
    why = "the group left the scope"
    return Change(
        Action.REMOVE_MEMBERS, link.external_id, account.id, account.name, why, members=members
    )
