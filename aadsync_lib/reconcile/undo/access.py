"""The inverse of what a run gave and took in workspaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.assignment import WorkspaceAccess, WorkspaceId
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Permission
from aadsync_lib.reconcile.assignments.given import place_of
from aadsync_lib.reconcile.undo.access_effects import AccessEffect, entitlement_aspect
from aadsync_lib.reconcile.undo.context import (
    BY_HAND,
    GONE,
    RELEASED,
    UNDONE,
    Inverse,
    UndoContext,
    since,
)


def undo_access(context: UndoContext, inverse: Inverse) -> None:
    """Take back what the run gave, and give again what it took, unless it has changed since."""
    for (workspace, place), effect in context.effects.access.items():
        if place in inverse.spared:
            continue
        account = context.target.accounts.get(place)
        reborn = account is None and effect.change.external_id in inverse.reborn
        if reborn:
            inverse.changes += _Undoing(context, inverse, workspace, effect, None).given_again()
        elif account is None and effect.takes:
            inverse.leave(effect.change, f"its access{place_of(workspace)} stays as it is", GONE)
        elif account:
            inverse.changes += _Undoing(context, inverse, workspace, effect, account).changes()


@dataclass(frozen=True)
class _Undoing:
    """The inverse for one principal in one workspace."""

    context: UndoContext
    inverse: Inverse
    workspace: WorkspaceId
    effect: AccessEffect
    account: Account | None

    def changes(self) -> list[Change]:
        """Return what sets it back, against what the workspace shows today."""
        shown = self.context.access.shown.get(self.workspace, Unread("it was not asked"))
        why = self._fixed()
        if why is None and isinstance(shown, Unread):
            why = f"who may enter it could not be read: {shown.reason}"
        if why or isinstance(shown, Unread):
            self._leave("stays as it is", why or "")
            return []
        return [*self._permission(shown), *self._entitlements(shown)]

    def given_again(self) -> list[Change]:
        """Return what somebody gets who is made anew: all that the run took."""
        was, taken = self.effect.permission, self.effect.names(granted=False)
        before = was.before if was else None
        assigned = [self._assign(None, before)] if before else []
        return [*assigned, *([self._grant(taken)] if taken else [])]

    def _fixed(self) -> str | None:
        account = self.account
        assert account
        if why := self.context.untouchable(account.id):
            return why
        ours = self.context.ours(account.id, self.effect.change.external_id)
        return None if ours or account.id in self.inverse.regained else RELEASED

    def _permission(self, shown: WorkspaceAccess) -> Iterator[Change]:
        was = self.effect.permission
        assert self.account
        there = shown.permissions.get(self.account.id)
        if was is None or was.before in (was.after, there):
            return
        later = self.context.touched.aspect(self.account.id, was.aspect(self.workspace))
        why = since(later) if later else None if there == was.after else BY_HAND
        if why:
            self._leave("its permission stays", why)
        elif was.before is None and there:
            before = Attributes(workspace_id=self.workspace, permission=there)
            yield self._change(Action.UNASSIGN_WORKSPACE, before, None)
        else:
            yield self._assign(there, was.before)

    def _entitlements(self, shown: WorkspaceAccess) -> Iterator[Change]:
        if not self.effect.entitlements:
            return
        if isinstance(shown.entitlements, Unread):
            self._leave("its entitlements stay", shown.entitlements.reason)
            return
        assert self.account
        has = shown.entitlements.get(self.account.id, frozenset())
        surplus = [name for name in self.effect.names(granted=True) if name in has]
        missing = [name for name in self.effect.names(granted=False) if name not in has]
        if revoked := self._free(surplus):
            before = Attributes(workspace_id=self.workspace, entitlements=revoked)
            yield self._change(Action.REVOKE_ENTITLEMENTS, before, None)
        if granted := self._free(missing):
            yield self._grant(granted)

    def _free(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the entitlements that no later run has changed; list the others."""
        free = []
        assert self.account
        for name in names:
            aspect = entitlement_aspect(name, self.workspace)
            if later := self.context.touched.aspect(self.account.id, aspect):
                self._leave(f"{name} stays", since(later))
            else:
                free.append(name)
        return tuple(free)

    def _assign(self, before: Permission | None, after: Permission | None) -> Change:
        values = (
            Attributes(workspace_id=self.workspace, permission=each) if each else None
            for each in (before, after)
        )
        return self._change(Action.ASSIGN_WORKSPACE, *values)

    def _grant(self, names: tuple[str, ...]) -> Change:
        after = Attributes(workspace_id=self.workspace, entitlements=names)
        return self._change(Action.GRANT_ENTITLEMENTS, None, after)

    def _change(
        self, action: Action, before: Attributes | None, after: Attributes | None
    ) -> Change:
        about, account = self.effect.change, self.account
        return Change(
            action,
            about.external_id,
            account.id if account else None,
            account.name if account else about.name,
            UNDONE,
            before,
            after,
            principal=about.kind,
        )

    def _leave(self, what: str, why: str) -> None:
        self.inverse.leave(self.effect.change, f"{what}{place_of(self.workspace)}", why)
