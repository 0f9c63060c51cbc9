"""The inverse of what a run did to memberships."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.reconcile.diff.members import by_name
from aadsync_lib.reconcile.undo.context import GONE, RELEASED, Inverse, UndoContext, since
from aadsync_lib.reconcile.undo.effects import Move
from aadsync_lib.reconcile.undo.existence import adopted_instead

WHY = {Action.ADD_MEMBERS: "the run took them out", Action.REMOVE_MEMBERS: "the run put them in"}


def undo_memberships(context: UndoContext, inverse: Inverse) -> None:
    """Take out whom the run put in, and put back whom it took out."""
    for group, moves in context.effects.moves.items():
        if group not in inverse.doomed | inverse.spared and moves:
            _undo_group(context, inverse, group, moves)
    for effect in context.effects.objects.values():
        lost = effect.ends.get("delete")
        if lost and lost.members:
            there = None if lost.external_id in inverse.reborn else _made_anew(context, lost)
            if there or lost.external_id in inverse.reborn:
                refs = _returning(context, inverse, lost, _missing(context, inverse, lost, there))
                _change(inverse, Action.ADD_MEMBERS, lost, there, refs)


def _made_anew(context: UndoContext, lost: Change) -> Account | None:
    """Return the group that an undo which was not finished has made in place of a deleted one."""
    link = context.links.by_external.get(lost.external_id or "")
    if (
        link is None
        or lost.external_id in context.touched.identities
        or adopted_instead(context, link)
    ):
        return None
    readable = isinstance(context.members.get(link.target_id), frozenset)
    if not readable or context.untouchable(link.target_id):
        return None
    return context.target.accounts.get(link.target_id)


def _missing(
    context: UndoContext, inverse: Inverse, lost: Change, there: Account | None
) -> list[MemberRef]:
    """Return who was in a deleted group and is not in the one that stands in its place."""
    current = context.members.get(there.id) if there else None
    members = current if isinstance(current, frozenset) else frozenset()
    return [
        member
        for member in lost.members
        if _now(context, inverse, member) not in members
        and not (there and context.touched.membership(there.id, member))
    ]


def _undo_group(context: UndoContext, inverse: Inverse, group: str, moves: dict[str, Move]) -> None:
    about = context.effects.groups[group]
    account, current = context.target.accounts.get(group), context.members.get(group)
    there = current if isinstance(current, frozenset) else None
    standing = [
        move for member, move in moves.items() if _stands(context, inverse, member, move, there)
    ]
    if account is None:
        standing = [move for move in standing if not move.added]
    why = _fixed(context, inverse, account, current, about)
    if standing and (why or account is None):
        inverse.leave(about, "its members stay", why or GONE)
    elif standing and account and there is not None:
        moved = [move for move in standing if _free(context, inverse, about, account, move)]
        _move_back(context, inverse, about, account, there, moved)


def _move_back(
    context: UndoContext,
    inverse: Inverse,
    about: Change,
    account: Account,
    current: frozenset[str],
    moved: list[Move],
) -> None:
    out = [move.member for move in moved if move.added]
    back = _returning(context, inverse, about, (m.member for m in moved if not m.added))
    _change(inverse, Action.ADD_MEMBERS, about, account, back)
    _change(inverse, Action.REMOVE_MEMBERS, about, account, out)
    if current and not back and len(out) == len(current):
        inverse.emptied.append(account.name)


def _fixed(
    context: UndoContext,
    inverse: Inverse,
    account: Account | None,
    current: frozenset[str] | Unread | None,
    about: Change,
) -> str | None:
    """Return why nobody may be put into this group or taken out of it."""
    if account is None:
        return GONE
    if why := context.untouchable(account.id):
        return why
    if account.id not in inverse.regained and not context.ours(account.id, about.external_id):
        return RELEASED
    if not isinstance(current, frozenset):
        return f"they could not be read: {current.reason if current else GONE}"
    return None


def _stands(
    context: UndoContext, inverse: Inverse, member: str, move: Move, current: frozenset[str] | None
) -> bool:
    """Return whether a membership still is as the run left it, or may be."""
    if current is None:
        return True
    now = _now(context, inverse, move.member)
    return (member in current or (not move.added and now in current)) is move.added


def _now(context: UndoContext, inverse: Inverse, member: MemberRef) -> str | None:
    """Return the object that a member is today: an identity may have been made anew since."""
    if member.target_id in context.target.accounts:
        return member.target_id
    link = context.links.by_external.get(member.external_id or "")
    if link is None or link.target_id not in context.target.accounts:
        return None
    return None if link.target_id in inverse.doomed | inverse.replaced else link.target_id


def _free(
    context: UndoContext, inverse: Inverse, about: Change, account: Account, move: Move
) -> bool:
    """Return whether nobody else has a say in a membership; list it otherwise."""
    later = context.touched.membership(account.id, move.member)
    why = since(later) if later else None
    if move.added and move.member.target_id in context.protected:
        why = "the member is protected"
    if why:
        side = "in it" if move.added else "out of it"
        inverse.leave(about, f"{move.member.name} stays {side}", why)
    return why is None


def _returning(
    context: UndoContext, inverse: Inverse, about: Change, members: Iterable[MemberRef]
) -> list[MemberRef]:
    """Return who can be put back: whoever is there still, or is made anew."""
    refs: list[MemberRef] = []
    for member in members:
        now = _now(context, inverse, member)
        stands = now == member.target_id and now not in inverse.doomed | inverse.replaced
        if member.external_id in inverse.reborn and not stands:
            refs.append(replace(member, target_id=None))
        elif now and now not in inverse.doomed:
            refs.append(replace(member, target_id=now))
        else:
            inverse.leave(about, f"{member.name} stays out of it", GONE)
    return refs


def _change(
    inverse: Inverse,
    action: Action,
    about: Change,
    account: Account | None,
    members: Iterable[MemberRef],
) -> None:
    refs = tuple(sorted(members, key=by_name))
    if refs:
        target_id, name = (account.id, account.name) if account else (None, about.name)
        inverse.changes.append(
            Change(action, about.external_id, target_id, name, WHY[action], members=refs)
        )
