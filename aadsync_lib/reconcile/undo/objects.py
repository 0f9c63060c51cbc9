"""The inverse of what a run did to users, service principals and groups themselves."""

from __future__ import annotations

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, name_key
from aadsync_lib.reconcile.undo.context import BY_HAND, GONE, UNDONE, Inverse, UndoContext, kept
from aadsync_lib.reconcile.undo.effects import Effect, Values
from aadsync_lib.reconcile.undo.existence import undo_creation, undo_deletion
from aadsync_lib.reconcile.undo.ownership import undo_adoption, undo_release

ENDINGS = frozenset({"create", "delete"})  # these first: they say who gets which link
WORDS = {"display_name": "its display name", "active": "whether it is active"}


def undo_objects(context: UndoContext, inverse: Inverse) -> None:
    """Undo what was created, deleted, adopted, released and changed."""
    makers_first = sorted(
        context.effects.objects.items(), key=lambda item: not item[1].ends.keys() & ENDINGS
    )
    for place, effect in makers_first:
        account = context.target.accounts.get(place)
        verbs = effect.ends.keys()
        if "create" in verbs:
            undo_creation(context, effect, account, inverse)
        elif "delete" in verbs:
            undo_deletion(context, effect, account, inverse)
        else:
            if "release" in verbs:
                undo_release(context, effect, account, inverse)
            _undo_attributes(context, effect, account, inverse)
            if "adopt" in verbs:
                undo_adoption(context, effect, account, inverse)
    _check_names(context, inverse)


def _undo_attributes(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse
) -> None:
    """Set each attribute back that is as the run left it."""
    for name, before in effect.before.items():
        current = _shown(account, name) if account else None
        after = effect.after[name]
        if before == after or (account and current == before):
            continue
        why = kept(context, effect, account, inverse, name) or (
            None if current == after else BY_HAND
        )
        if why is None and before is None:
            why = "there was none, and Databricks cannot clear it"
        if why or account is None:
            inverse.leave(effect.change, f"{WORDS[name]} stays", why or GONE)
        else:
            inverse.changes.append(_set_back(effect, account, name, before))


def _shown(account: Account, name: str) -> str | bool | None:
    if name == "active":
        return account.active
    return account.name if account.kind is Kind.GROUP else account.display_name


def _set_back(effect: Effect, account: Account, name: str, before: str | bool | None) -> Change:
    if name == "active":
        verb, shown = ("activate" if before else "deactivate"), account.name
    else:
        group = account.kind is Kind.GROUP
        verb, shown = ("rename", str(before)) if group else ("update", account.name)
    now: Values = {name: _shown(account, name)}
    was: Values = {name: before}
    action, about = Action.on(verb, account.kind), effect.change.external_id
    return Change(action, about, account.id, shown, UNDONE, Attributes(**now), Attributes(**was))


def _check_names(context: UndoContext, inverse: Inverse) -> None:
    """Leave out whatever takes a name that belongs to a group which keeps it."""
    takes = (Action.RENAME_GROUP, Action.CREATE_GROUP)
    while True:
        renamed = {c.target_id for c in inverse.changes if c.action is Action.RENAME_GROUP}
        stuck = [
            (change, holder.id)
            for change in inverse.changes
            if change.action in takes
            and (holder := context.by_name.get((Kind.GROUP, name_key(change.name))))
            and holder.id not in renamed
            and holder.id not in inverse.doomed
        ]
        if not stuck:
            return
        for change, holder_id in stuck:
            inverse.changes.remove(change)
            inverse.reborn.discard(change.external_id or "")
            what = "its name stays" if change.target_id else "not made anew"
            inverse.leave(change, what, f"its name of then belongs to {holder_id} now")
