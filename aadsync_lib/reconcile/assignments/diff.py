"""Changes of access to workspaces: what the rules ask for and is not there, and what was given and is not asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.assignment import Given, ManagedWorkspace, WorkspaceAccess
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Permission, name_key
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy
from aadsync_lib.reconcile.assignments.revoking import Revocations
from aadsync_lib.reconcile.assignments.wanted import Wanted, wanted
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.holds.retries import defer_failed
from aadsync_lib.reconcile.matching.correlate import Situation
from aadsync_lib.reconcile.split import Deferral, Held, Split

UNREAD = "who may enter it could not be read, so nothing of it is changed: {}"
UNREAD_ENTITLEMENTS = "entitlements there could not be read, so none is changed: {}"
BY_HAND = {
    Action.ASSIGN_WORKSPACE: "the assignment was taken away in the workspace by hand",
    Action.GRANT_ENTITLEMENTS: "taken away in the workspace by hand",
}
NOTHING = Given(Kind.GROUP, None, "")
LOCAL = (
    "workspace {} has a group of its own of this name, so that the group of the account cannot be assigned "
    "to it; rename or delete the workspace's own group there (Settings, Identity and access, Groups), and "
    "the next run assigns this one"
)


def plan_access(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Return the changes of access that go with the other ``changes`` of a target's plan."""
    workspaces = context.access.workspaces
    made = _made_by(changes) if workspaces else frozenset[str]()
    renamed = _renamed_by(changes) if workspaces else frozenset[str]()
    parts = Split.of(
        part
        for workspace in workspaces
        for part in _of_workspace(context, workspace, made, renamed)
    )
    tried = defer_failed(context, parts.changes)
    waiting = {key for held in tried.deferred if isinstance(held, Held) for key in held.retry_keys}
    if not waiting:
        return parts
    kept = _without_unassigned(tried.changes, parts.changes)
    return Split(kept, (*parts.deferred, *tried.deferred))


def _made_by(changes: Iterable[Change]) -> frozenset[str]:
    made = (change for change in changes if change.action.verb in ("create", "adopt"))
    return frozenset(change.external_id for change in made if change.external_id)


def _renamed_by(changes: Iterable[Change]) -> frozenset[str]:
    renames = (change for change in changes if change.action.verb in ("rename", "adopt"))
    return frozenset(change.external_id for change in renames if change.external_id)


def _without_unassigned(tried: Sequence[Change], planned: Sequence[Change]) -> tuple[Change, ...]:
    """Leave out what is granted to somebody whose assignment waits, and whatever is of whom only that lets in."""
    assigning = (c for c in planned if c.action is Action.ASSIGN_WORKSPACE)
    going_on = {_recipient(c) for c in tried if c.action is Action.ASSIGN_WORKSPACE}
    waiting = [c for c in assigning if _recipient(c) not in going_on]
    without = {
        Action.GRANT_ENTITLEMENTS: {_recipient(c) for c in waiting},
        Action.REVOKE_ENTITLEMENTS: {_recipient(c) for c in waiting if _lets_in(c)},
    }
    return tuple(c for c in tried if _recipient(c) not in without.get(c.action, ()))


def _lets_in(change: Change) -> bool:
    """Return whether nothing can be granted without this change."""
    return change.action is Action.ASSIGN_WORKSPACE and change.before is None


def _recipient(change: Change) -> tuple[int | None, str | None]:
    return change.workspace_id, change.external_id


def _of_workspace(
    context: TargetContext, workspace: ManagedWorkspace, made: Set[str], renamed: Set[str]
) -> Iterator[Change | Deferral]:
    asked = wanted(workspace, context.desired)
    given = {key: each for key, each in context.access.given.items() if key[0] == workspace.id}
    shown = context.access.shown.get(workspace.id, Unread("it was not asked"))
    if isinstance(shown, Unread):
        if asked or given:
            yield Held(Quarantined(None, _name(workspace), UNREAD.format(shown.reason)))
        return
    if isinstance(shown.entitlements, Unread):
        reason = UNREAD_ENTITLEMENTS.format(shown.entitlements.reason)
        yield Held(Quarantined(None, _name(workspace), reason))
    giving = _Giving(context, workspace, shown, made)
    in_order = sorted(asked, key=lambda key: (name_key(asked[key].principal.name), key))
    parts = [part for external_id in in_order for part in giving.changes(asked[external_id])]
    yield from parts
    assigned = (part for part in parts if isinstance(part, Change) and _lets_in(part))
    let_in = {change.external_id for change in assigned if change.external_id}
    yield from Revocations(context, shown, given, asked, workspace, made, renamed, let_in).changes()


def _name(workspace: ManagedWorkspace) -> str:
    return "entitlements" if workspace.id is None else f"workspace {workspace.id}"


@dataclass(frozen=True)
class _Giving:
    """Gives what is asked for in one workspace."""

    context: TargetContext
    workspace: ManagedWorkspace
    shown: WorkspaceAccess
    made: Set[str]

    def changes(self, want: Wanted) -> Iterator[Change | Deferral]:
        """Yield what somebody lacks, who is ours and not protected."""
        principal = want.principal
        match = self.context.correlation.matches.get(principal.external_id)
        if match is None or match.quarantined:
            return
        account = match.account
        ours = account is not None and match.situation is Situation.LINKED
        if not ours and principal.external_id not in self.made:
            return
        if account and account.id in self.context.protected:
            return
        if reason := want.contradiction or self._conflict(want, account):
            yield Held(Quarantined(principal.external_id, principal.name, reason), quarantined=True)
            return
        parts = [self._permitted(change) for change in self._lacking(want, account)]
        out = any(isinstance(part, Unapplied) and _lets_in(part.change) for part in parts)
        yield from (part for part in parts if isinstance(part, Unapplied) or not out)

    def _conflict(self, want: Wanted, account: Account | None) -> str | None:
        """Return why a group cannot be assigned, where the workspace has one of its own of that name.

        So it is for the name that it has until it is renamed.
        """
        assigned = account is not None and account.id in self.shown.permissions
        if self.workspace.id is None or assigned or want.principal.kind is not Kind.GROUP:
            return None
        names = {name_key(want.principal.name), name_key(account.name if account else "")}
        return LOCAL.format(self.workspace.id) if names & self.shown.local else None

    def _lacking(self, want: Wanted, account: Account | None) -> Iterator[Change]:
        target_id = account.id if account else ""
        given = self.context.access.given.get((self.workspace.id, target_id)) or NOTHING
        there = self.shown.permissions.get(target_id)
        if want.permission and there not in (want.permission, Permission.ADMIN):
            had = given.permission if there is None else given.permission is Permission.ADMIN
            yield self._assignment(want, account, there, by_hand=bool(had))
        if isinstance(self.shown.entitlements, Unread):
            return
        missing = want.entitlements - self.shown.entitlements.get(target_id, frozenset())
        had_before = missing & given.entitlements
        for names, by_hand in ((missing - had_before, False), (had_before, True)):
            if names:
                yield self._grant(want, account, names, by_hand=by_hand)

    def _assignment(
        self, want: Wanted, account: Account | None, there: Permission | None, *, by_hand: bool
    ) -> Change:
        before = self._values(permission=there) if there else None
        after = self._values(permission=want.permission)
        change = self._change(Action.ASSIGN_WORKSPACE, want, account)
        return self._marked(replace(change, before=before, after=after), by_hand=by_hand)

    def _grant(
        self, want: Wanted, account: Account | None, names: Iterable[str], *, by_hand: bool
    ) -> Change:
        after = self._values(entitlements=tuple(sorted(names)))
        change = self._change(Action.GRANT_ENTITLEMENTS, want, account)
        return self._marked(replace(change, after=after), by_hand=by_hand)

    def _change(self, action: Action, want: Wanted, account: Account | None) -> Change:
        principal = want.principal
        return Change(
            action,
            principal.external_id,
            account.id if account else None,
            principal.name,
            f"matches {', '.join(want.patterns)}",
            principal=principal.kind,
        )

    def _values(
        self,
        *,
        permission: Permission | None = None,
        entitlements: tuple[str, ...] | None = None,
    ) -> Attributes:
        return Attributes(
            workspace_id=self.workspace.id, permission=permission, entitlements=entitlements
        )

    def _marked(self, change: Change, *, by_hand: bool) -> Change:
        if not by_hand or self.context.retry_policy.failed_before(change):
            return change
        return replace(change, drift=True, reason=f"{change.reason}; {BY_HAND[change.action]}")

    def _permitted(self, change: Change) -> Change | Unapplied:
        reports = change.drift and self.context.policy.drift == "report"
        return Unapplied(change, UnappliedBy.DRIFT) if reports else change
