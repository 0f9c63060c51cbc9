"""The inverse of what a run adopted and released."""

from __future__ import annotations

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.reconcile.undo.context import BY_HAND, UNDONE, Inverse, UndoContext, kept, since
from aadsync_lib.reconcile.undo.effects import LINK, Effect

STAYS = (
    "keeps the externalId that the run gave it, because Databricks clears that of groups only; it "
    "is no longer managed by this sync all the same"
)


def undo_adoption(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse
) -> None:
    """Give up the link, and the externalId that came with it."""
    taken = effect.ends["adopt"]
    link = context.links.by_external.get(taken.external_id or "")
    if account is None or link is None or link.target_id != account.id:
        return
    if account.id in inverse.replaced:
        return
    given = taken.after.external_id if taken.after else None
    former = taken.before.external_id if taken.before else None
    why = kept(context, effect, account, inverse, LINK)
    if why is None and account.external_id not in (former, given):
        why = BY_HAND
    if why:
        inverse.leave(taken, "still managed by this sync", why)
        return
    owner = _owner(context, taken, account)
    after = _restored(account, former)
    if owner is None and after is None and account.external_id != former:
        inverse.notices.append(Notice("external_id", f"{account.name} {STAYS}"))
    before_it = context.predecessor(taken.external_id)
    if before_it and not context.untouchable(before_it.id):
        inverse.changes.append(taken_back(taken, before_it))
        inverse.regained.add(before_it.id)
        if after is None and owner is None:
            return
    if owner is not None:
        inverse.changes.append(_given_back(owner, account, former))
        inverse.returned[account.id] = owner
        return
    before = Attributes(external_id=account.external_id)
    action = Action.on("release", account.kind)
    why = "the run adopted it"
    inverse.changes.append(
        Change(action, taken.external_id, account.id, account.name, why, before, after)
    )


def _owner(context: UndoContext, taken: Change, account: Account) -> str | None:
    """Return whom the run took an object from, if nothing else is linked to that identity by now."""
    owner = context.owners.get(account.id)
    free = owner not in context.links.by_external and owner != taken.external_id
    return owner if free else None


def _given_back(owner: str, account: Account, former: str | None) -> Change:
    before, after = (
        Attributes(external_id=account.external_id),
        Attributes(external_id=former or owner),
    )
    action, why = Action.on("adopt", account.kind), "whose it was before the run adopted it"
    return Change(action, owner, account.id, account.name, why, before, after)


def taken_back(made: Change, former: Account) -> Change:
    """Return the change that links an identity to what it was before again."""
    before, after = (
        Attributes(external_id=external_id)
        for external_id in (former.external_id, made.external_id)
    )
    action, why = (
        Action.on("adopt", former.kind),
        "what it was before the run gave it another object",
    )
    return Change(action, made.external_id, former.id, former.name, why, before, after)


def _restored(account: Account, former: str | None) -> Attributes | None:
    """Return the externalId to set: an empty one clears it."""
    if account.external_id == former:
        return None
    if former is None and account.kind is not Kind.GROUP:
        return None
    return Attributes(external_id=former or "")


def undo_release(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse
) -> None:
    """Take back what an undo gave up."""
    given_up = effect.ends["release"]
    if account is None or given_up.external_id in context.links.by_external:
        return
    link = context.links.by_target.get(account.id)
    later = context.touched.aspect(account.id, LINK)
    why = context.untouchable(account.id) or (since(later) if later else None)
    if link:
        why = f"it is linked to {link.external_id} now"
    if why:
        inverse.leave(given_up, "not managed by this sync again", why)
        return
    inverse.regained.add(account.id)
    before, after = Attributes(external_id=account.external_id), given_up.before
    action = Action.on("adopt", account.kind)
    inverse.changes.append(
        Change(action, given_up.external_id, account.id, account.name, UNDONE, before, after)
    )
