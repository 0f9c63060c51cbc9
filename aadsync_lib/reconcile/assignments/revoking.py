"""Access that a sync gave and that is not asked for any more, in one workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.assignment import (
    Given,
    ManagedWorkspace,
    Recipient,
    WorkspaceAccess,
    WorkspaceId,
)
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Permission, Principal
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy
from aadsync_lib.reconcile.assignments.wanted import Wanted, wanted_as
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.correlate import Match
from aadsync_lib.reconcile.split import Deferral, Held

NOT_CERTAIN = "its access to workspace {} stays: not seen in this run, but a part of the source could not be read"
NO_RULE = "no rule of the workspace asks for it any more"
GONE = "{}; taken away in the workspace by hand already: whoever gives it again keeps it"


@dataclass(frozen=True)
class Revocations:
    """Takes back what was given: never more, and only from whom it is certain that they may not have it.

    ``made`` are those whom this very plan makes or adopts, ``renamed`` the groups that get their new name with
    it, ``let_in`` those that it assigns who were not assigned, all by object id.
    """

    context: TargetContext
    shown: WorkspaceAccess
    given: Mapping[Recipient, Given]
    asked: Mapping[str, Wanted]
    workspace: ManagedWorkspace
    made: Set[str]
    renamed: Set[str]
    let_in: Set[str]

    def changes(self) -> Iterator[Change | Deferral]:
        """Yield what is taken back, and what waits because not all of the source could be read."""
        for (workspace, target_id), given in sorted(self.given.items(), key=_by_name):
            account = self.context.target.accounts.get(target_id)
            if account is None or self._untouchable(account) or self._undecided(account):
                continue
            for change in self._taken(workspace, account, given):
                yield self._permitted(change)
            yield from filter(self._settles, self._gone(workspace, account, given))

    def _untouchable(self, account: Account) -> bool:
        context = self.context
        known = account.id in context.protected or account.id in context.absent
        return known or context.sharer(account) is not None

    def _undecided(self, account: Account) -> bool:
        """Return whether it is open what becomes of an object, or the policy leaves it alone."""
        context, link = self.context, self.context.links.by_target.get(account.id)
        claim = self._owners.get(account.id)
        if claim is not None:
            return claim.quarantined is not None
        if link is None:
            return False
        match = context.correlation.matches.get(link.external_id)
        if match is None:
            retired = account.kind is Kind.GROUP and context.policy.retired_groups == "keep"
            return retired or link.external_id in context.desired.quarantined
        waits = match.account is None and link.external_id in self.asked
        return (waits and not self._is_replaced(account)) or match.quarantined is not None

    def _is_replaced(self, account: Account) -> bool:
        """Return whether this very plan makes another user in place of one."""
        replaced = self.context.replaced.items()
        return any(old.id == account.id and key in self.made for key, old in replaced)

    def _taken(self, workspace: WorkspaceId, account: Account, given: Given) -> Iterator[Change]:
        want = self._wanted(account)
        permission = want.permission if want else None
        entitlements = want.entitlements if want else frozenset[str]()
        change = _Taking(workspace, account, self._identity(account, given), self._why(account))
        has = self.shown.entitlements
        if not isinstance(has, Unread):
            surplus = (has.get(account.id, frozenset()) & given.entitlements) - entitlements
            if surplus:
                yield change.revoke(tuple(sorted(surplus)))
        there = self.shown.permissions.get(account.id)
        left = self._left(there, given, permission)
        if there and left != there:
            yield change.lower(there, left)

    def _gone(self, workspace: WorkspaceId, account: Account, given: Given) -> Iterator[Change]:
        """Yield what was given, is not asked for and is gone: a gift that has ended, and no loss.

        Otherwise what others give in its place would be taken back as this sync's.
        """
        want = self._wanted(account)
        why = GONE.format(self._why(account))
        change = _Taking(workspace, account, self._identity(account, given), why)
        there, has = self.shown.permissions.get(account.id), self.shown.entitlements
        if given.entitlements and isinstance(has, Unread):
            return
        left = frozenset[str]() if isinstance(has, Unread) else has.get(account.id, frozenset())
        lost = given.entitlements - left - (want.entitlements if want else frozenset())
        if workspace is None or there or change.external_id in self.let_in:
            names = tuple(sorted(lost))
            yield from [replace(change.revoke(names), drift=True)] if names else []
        elif not (want or given.entitlements & left):
            yield replace(change.lower(None, None), drift=True)

    def _settles(self, change: Change) -> bool:
        """Return whether what is gone is to be recorded: as little in question as a removal."""
        return self.context.mirrors and self._certain(change)

    def _left(
        self, there: Permission | None, given: Given, wanted: Permission | None
    ) -> Permission | None:
        """Return the permission that stays: what is asked for, what was there before, and what others gave."""
        higher = there is Permission.ADMIN and given.permission is not Permission.ADMIN
        if given.permission is None or there is None or higher:
            return there
        if wanted is Permission.ADMIN or given.base is Permission.ADMIN:
            return there
        return wanted or given.base

    @cached_property
    def _owners(self) -> Mapping[str, Match]:
        """Return, by target id, whose object each is by now, or is with this very plan."""
        matches = self.context.correlation.matches.values()
        return {match.account.id: match for match in matches if match.account}

    def _to_be_replaced(self, account: Account) -> Match | None:
        """Return whose object one stays until another user can be made in its place."""
        link = self.context.links.by_target.get(account.id)
        if link is None or self._is_replaced(account):
            return None
        match = self.context.correlation.matches.get(link.external_id)
        return match if match and match.account is None else None

    def _wanted(self, account: Account) -> Wanted | None:
        """Return what is asked for whose object this is, or will be by being taken over.

        Under a name that it keeps for now, as no user can be renamed, it keeps what is asked for by that.
        """
        match = self._owners.get(account.id) or self._to_be_replaced(account)
        if match is None:
            return None
        want, principal = self.asked.get(match.principal.external_id), match.principal
        if principal.external_id in self.renamed or not self._asked_of(principal):
            return want
        return wanted_as(self.workspace, want, replace(principal, name=account.name))

    def _asked_of(self, principal: Principal) -> bool:
        """Return whether the rules are about somebody: all groups, and in an account those assigned directly."""
        assigned = principal.external_id in self.context.desired.assigned
        return principal.kind is Kind.GROUP or (assigned and self.workspace.id is not None)

    def _identity(self, account: Account, given: Given) -> str | None:
        link = self.context.links.by_target.get(account.id)
        return link.external_id if link else given.external_id

    def _why(self, account: Account) -> str:
        link = self.context.links.by_target.get(account.id)
        if link and self._is_replaced(account):
            return f"{self.context.desired.principals[link.external_id].name} takes its place"
        in_scope = link is not None and self._in_scope(link.external_id)
        return NO_RULE if in_scope else "left the scope"

    def _in_scope(self, external_id: str) -> bool:
        desired = self.context.desired
        return external_id in desired.groups or external_id in desired.principals

    def _permitted(self, change: Change) -> Change | Deferral:
        if not self.context.mirrors:
            return Unapplied(change, UnappliedBy.ADDITIVE)
        if self._certain(change):
            return change
        reason = NOT_CERTAIN.format(change.workspace_id or "of this target")
        return Held(Quarantined(change.external_id, change.name, reason))

    def _certain(self, change: Change) -> bool:
        """Return whether somebody may not have it, whatever of the source could not be read."""
        context, external_id = self.context, change.external_id or ""
        if context.desired.complete or external_id in context.desired.groups:
            return True
        link = context.links.by_external.get(external_id)
        return link is not None and context.certainly_left(link)


def _by_name(item: tuple[Recipient, Given]) -> tuple[str, str]:
    (_, target_id), given = item
    return given.name, target_id


@dataclass(frozen=True)
class _Taking:
    """Changes that take something from one principal."""

    workspace: WorkspaceId
    account: Account
    external_id: str | None
    why: str

    def revoke(self, names: tuple[str, ...]) -> Change:
        before = Attributes(workspace_id=self.workspace, entitlements=names)
        return self._change(Action.REVOKE_ENTITLEMENTS, before, None)

    def lower(self, there: Permission | None, left: Permission | None) -> Change:
        action = Action.ASSIGN_WORKSPACE if left else Action.UNASSIGN_WORKSPACE
        before = Attributes(workspace_id=self.workspace, permission=there)
        after = Attributes(workspace_id=self.workspace, permission=left) if left else None
        return self._change(action, before, after)

    def _change(self, action: Action, before: Attributes, after: Attributes | None) -> Change:
        return Change(
            action,
            self.external_id,
            self.account.id,
            self.account.name,
            self.why,
            before,
            after,
            principal=self.account.kind,
        )
