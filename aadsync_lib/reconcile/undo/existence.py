"""The inverse of what a run made and deleted."""

from __future__ import annotations

from dataclasses import replace

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, merged, name_key
from aadsync_lib.model.link import Link
from aadsync_lib.reconcile.diff.members import by_name
from aadsync_lib.reconcile.undo.context import BY_HAND, RELEASED, Inverse, UndoContext, since
from aadsync_lib.reconcile.undo.effects import Effect
from aadsync_lib.reconcile.undo.ownership import taken_back


def undo_creation(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse
) -> None:
    if account is None:
        return
    made = effect.ends["create"]
    why = _grown(context, effect, account)
    if why:
        inverse.leave(made, "not deleted", why)
        return
    there = (context.target.accounts.get(member) for member in _members(context, account))
    refs = tuple(sorted((context.ref(account) for account in there if account), key=by_name))
    action = Action.on("delete", account.kind)
    deletion = Change(
        action, made.external_id, account.id, account.name, "the run made it",
        before=_all_of(account), members=refs,
    )  # fmt: skip
    if context.additive:
        inverse.spared.add(account.id)
        inverse.changes.append(deletion)
        return
    inverse.doomed.add(account.id)
    former = context.predecessor(made.external_id)
    linked = account.id in context.links.by_target  # not where an undo that broke off took it back
    if linked and former and not context.untouchable(former.id):
        inverse.changes.append(taken_back(made, former))
    inverse.changes.append(deletion)


def _grown(context: UndoContext, effect: Effect, account: Account) -> str | None:
    """Return why something that the run made is not as the run left it."""
    made = effect.ends["create"]
    later = context.touched.object(account.id)
    shown = account.name if account.kind is Kind.GROUP else account.display_name
    wanted = merged((made.after, Attributes(**effect.after)))
    assert wanted
    if not context.ours(account.id, made.external_id):
        return RELEASED
    if why := context.untouchable(account.id):
        return why
    if later:
        return since(later)
    if wanted.display_name not in (None, shown) or (wanted.active is not False) != account.active:
        return BY_HAND
    return _mixed(context, account)


def _mixed(context: UndoContext, account: Account) -> str | None:
    """Return why memberships keep something that the run made."""
    if context.unread:
        return f"who is in {context.names(context.unread)} could not be read, and it may be"
    if others := context.groups_of.get(account.id, set()) - context.entered.get(account.id, set()):
        return f"it has been put into {context.names(others)} since"
    moves = context.effects.moves.get(account.id, {})
    first = {member for member, move in moves.items() if move.added}
    if strangers := _members(context, account) - first:
        return f"it has got members since: {context.names(strangers)}"
    return None


def _members(context: UndoContext, account: Account) -> frozenset[str]:
    if account.kind is not Kind.GROUP:
        return frozenset()
    current = context.members.get(account.id)
    return current if isinstance(current, frozenset) else frozenset()


def _all_of(account: Account) -> Attributes:
    group = account.kind is Kind.GROUP
    return Attributes(
        user_name=account.name if account.kind is Kind.USER else None,
        application_id=account.name if account.kind is Kind.SERVICE_PRINCIPAL else None,
        display_name=account.name if group else account.display_name,
        external_id=account.external_id,
        active=None if group else account.active,
    )


def undo_deletion(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse
) -> None:
    lost = effect.ends["delete"]
    assert lost.external_id  # only what is linked is deleted
    link = context.links.by_external.get(lost.external_id)
    if account or (link and not adopted_instead(context, link)):
        return
    later = context.touched.identities.get(lost.external_id)
    known = merged((lost.before, Attributes(**effect.before)))
    before = known or Attributes()
    name = _name(effect.kind, before) or lost.name
    group = effect.kind is Kind.GROUP  # whose name may become free in this very undo
    holder = None if group else context.by_name.get((effect.kind, name_key(name)))
    if later or holder:
        taken = f"its name belongs to {holder.id} now" if holder else ""
        inverse.leave(lost, "not made anew", taken or since(later or ""))
        return
    inverse.reborn.add(lost.external_id)
    if link:
        inverse.replaced.add(link.target_id)
    after = replace(before, external_id=lost.external_id)
    action = Action.on("create", effect.kind)
    why = "the run deleted it"
    inverse.changes.append(Change(action, lost.external_id, None, name, why, None, after))


def adopted_instead(context: UndoContext, link: Link) -> bool:
    """Return whether the run gave an identity this object in place of the one it deleted."""
    effect = context.effects.objects.get(link.target_id)
    return effect is not None and "adopt" in effect.ends


def _name(kind: Kind, attributes: Attributes) -> str | None:
    names = {Kind.USER: attributes.user_name, Kind.SERVICE_PRINCIPAL: attributes.application_id}
    return names.get(kind, attributes.display_name)
