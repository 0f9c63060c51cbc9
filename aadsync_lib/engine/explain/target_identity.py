"""One identity on one target, with what the plan says about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from aadsync_lib.engine.explain.sides import Side
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.explanation import Identity, Next
from aadsync_lib.model.plan import UnappliedBy
from aadsync_lib.ports import StoreReader

NEXT = {Action.ADD_MEMBERS: Next.ADDS, Action.REMOVE_MEMBERS: Next.REMOVES}
REFUSED = "the guard refuses the next sync"
POLICY = {
    UnappliedBy.ADDITIVE: "policy.mode is additive",
    UnappliedBy.MANAGED: "policy.members is managed, and this sync did not add it",
    UnappliedBy.DRIFT: "policy.drift is report",
}


@dataclass(frozen=True)
class TargetIdentity:
    """One identity on one target; ``group`` is the one that was asked for."""

    side: Side
    desired: Desired
    reader: StoreReader
    identity: Identity
    group: Identity | None = None

    @cached_property
    def account(self) -> Account | None:
        """What the target has of the identity."""
        return self.account_of(self.identity)

    def account_of(self, identity: Identity) -> Account | None:
        """Return what the target has of an identity."""
        return self.side.account(identity.kind, identity.external_id, identity.name)

    def means(self, external_id: str | None, target_id: str | None = None) -> bool:
        """Return whether this is the identity, by the id of either side."""
        if external_id is not None and external_id == self.identity.external_id:
            return True
        return self.account is not None and target_id == self.account.id

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Why something about the identity is held back, found or left as it is."""
        plan = self.side.plan
        waiting = (*plan.quarantined, *plan.on_hold)
        held = (entry.reason for entry in waiting if self.means(entry.external_id))
        left = (
            f"{entry.change.action.value} is not done: {POLICY[entry.by]}"
            for entry in plan.unapplied
            if self.means(entry.change.external_id)
        )
        refused = (
            f"{change.action.value} is not done: {REFUSED} (planned: {change.reason})"
            for change in (self._planned() if self.side.refused else ())
        )
        return tuple(dict.fromkeys((*refused, *held, *left, *self._unowned())))

    def _unowned(self) -> Iterator[str]:
        for account in self.side.plan.unowned:
            if self.means(account.external_id):
                way = f"; {account.setting} would adopt it" if account.setting else ""
                place = f"on the target as {account.target_id}"
                yield f"{account.name} is {place} and not ours: {account.owner}{way}"

    def changes(self) -> Iterator[Change]:
        """Yield what the next sync does to the identity itself, a group's members included."""
        if not self.side.refused:
            yield from self._planned()

    def _planned(self) -> Iterator[Change]:
        for change in self.side.plan.changes:
            if self.means(change.external_id, change.target_id):
                yield change

    @cached_property
    def memberships(self) -> dict[str | None, tuple[Next, str | None]]:
        """By the group's object id, what becomes of this membership; what is left has a reason."""
        left = ((entry.change, POLICY[entry.by]) for entry in self.side.plan.unapplied)
        stop = REFUSED if self.side.refused else None
        done = ((change, stop) for change in self.side.plan.changes)
        return {
            change.external_id: (Next.NOTHING if why else NEXT[change.action], why or change.reason)
            for change, why in (*left, *done)
            if change.action in NEXT
            and any(self.means(member.external_id, member.target_id) for member in change.members)
        }
