"""Changes of groups: those in scope, and those of ours that left it."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Attributes, Kind, Principal, name_key
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.members import Roster, by_name, member_changes, removable, unseen
from aadsync_lib.reconcile.diff.principals import adoption, why_made
from aadsync_lib.reconcile.matching.correlate import Situation
from aadsync_lib.reconcile.matching.renames import rename
from aadsync_lib.reconcile.split import Held


def group_changes(context: TargetContext, roster: Roster) -> Iterator[Change | Held]:
    """Yield what every group in scope, and every group of ours that left it, needs."""
    for group in sorted(context.desired.groups.values(), key=_children_first):
        yield from _itself(context, group)
        yield from member_changes(context, group, roster)
    if context.policy.retired_groups != "keep":
        for link, account in context.leavers(Kind.GROUP):
            untouched = account.id in context.protected or account.id in context.absent
            if not untouched and context.certainly_left(link):
                yield from _retired(context, link, account)


def _children_first(group: DesiredGroup) -> tuple[int, str, str]:
    return group.height, name_key(group.principal.name), group.principal.external_id


def _itself(context: TargetContext, group: DesiredGroup) -> Iterator[Change]:
    match = context.correlation.matches[group.principal.external_id]
    principal, account = match.principal, match.account
    if account is None or account.id in context.protected:
        return
    if match.situation is not Situation.LINKED:
        yield adoption(match, account)
    if principal.name != account.name and match.reason is None:
        yield rename(principal, account, context.links.by_external.get(principal.external_id))


def new_groups(context: TargetContext) -> Iterator[Change]:
    """Yield the groups in scope that are not there, children first."""
    for group in sorted(context.desired.groups.values(), key=_children_first):
        match = context.correlation.matches[group.principal.external_id]
        if match.situation is Situation.ABSENT:
            yield _create(context, group.principal)


def _create(context: TargetContext, principal: Principal) -> Change:
    after = Attributes(display_name=principal.name, external_id=principal.external_id)
    reason, by_hand = why_made(context, principal, None)
    return Change(
        Action.CREATE_GROUP,
        principal.external_id,
        None,
        principal.name,
        reason,
        None,
        after,
        drift=by_hand,
    )


def _retired(context: TargetContext, link: Link, account: Account) -> Iterator[Change | Held]:
    """Empty or delete a group of ours that left the scope; the protected keep their membership."""
    current = context.current(account)
    if not isinstance(current, frozenset):
        yield unseen(link.external_id, account.name, current)
        return
    delete = context.policy.retired_groups == "delete" and link.origin is Origin.CREATED
    if delete and not current & context.exempt_from_removal:
        yield _deletion(context, link, account, current)
    elif removed := removable(context, current):
        yield _removal(link, account, removed)


def _deletion(
    context: TargetContext, link: Link, account: Account, current: frozenset[str]
) -> Change:
    before = Attributes(display_name=account.name, external_id=account.external_id)
    members = tuple(sorted(map(context.ref, current), key=by_name))
    return Change(
        Action.DELETE_GROUP,
        link.external_id,
        account.id,
        account.name,
        "left the scope",
        before,
        members=members,
    )


def _removal(link: Link, account: Account, removed: list[MemberRef]) -> Change:
    members = tuple(sorted(removed, key=by_name))
    why = "the group left the scope"
    return Change(
        Action.REMOVE_MEMBERS, link.external_id, account.id, account.name, why, members=members
    )
