"""Context of an undo, and the inverse that grows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from aadsync_lib.model.account import Account, Members, TargetSnapshot
from aadsync_lib.model.assignment import AccessContext
from aadsync_lib.model.change import Change, MemberRef
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy
from aadsync_lib.reconcile.desired.naming import SYSTEM_GROUPS
from aadsync_lib.reconcile.undo.effects import Effect, Effects, Places, Touched


@dataclass(frozen=True)
class UndoContext:
    """A run, what came after it, and the target today.

    ``former`` are objects that lost their link to a newer one. ``owners`` are the identities, by target id,
    that what the run adopted was linked to before. ``shared`` names the other sync that
    manages an object. ``members`` holds the direct members of ``groups_to_read``. ``additive``: nothing is
    taken from anybody. ``undoes`` is the run that the run took back, where it was an undo itself.
    """

    effects: Effects
    touched: Touched
    target: TargetSnapshot
    links: Links
    protected: frozenset[str]
    former: Mapping[str, Link] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Members] = field(default_factory=dict)
    additive: bool = False
    undoes: str | None = None
    access: AccessContext = field(default_factory=AccessContext)

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """The groups that could not be read."""
        return tuple(g for g, members in self.members.items() if not isinstance(members, frozenset))

    @cached_property
    def groups_of(self) -> Mapping[str, set[str]]:
        """The groups, of those read, that each object is in."""
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for group, members in self.members.items():
            for member in members if isinstance(members, frozenset) else ():
                groups[member].add(group)
        return groups

    @cached_property
    def entered(self) -> Mapping[str, set[str]]:
        """The groups that the run put each object into."""
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for group, moves in self.effects.moves.items():
            for member in (member for member, move in moves.items() if move.added):
                groups[member].add(group)
        return groups

    @cached_property
    def by_name(self) -> Mapping[tuple[Kind, str], Account]:
        """Who has a name on the target."""
        return {
            (account.kind, name_key(account.name)): account
            for account in self.target.accounts.values()
        }

    def predecessor(self, external_id: str | None) -> Account | None:
        """Return the object that an identity had before the run made it another one."""
        accounts = [
            self.target.accounts[link.target_id]
            for link in self.former.values()
            if link.external_id == external_id and link.target_id in self.target.accounts
        ]
        touched = [account for account in accounts if account.id in self.effects.objects]
        return next(iter(touched or accounts), None)

    def ours(self, target_id: str, external_id: str | None) -> bool:
        """Whether an object still is the one that this sync has for an identity."""
        link = self.links.by_target.get(target_id) or self.former.get(target_id)
        return link is not None and link.external_id == external_id

    def untouchable(self, target_id: str) -> str | None:
        """Return why an object may not be changed at all."""
        if target_id in self.protected:
            return "it is protected"
        other = self.shared.get(target_id)
        return f"the sync {other} manages it, too" if other else None

    def names(self, target_ids: Iterable[str]) -> str:
        """Return the names of some objects, in order."""
        accounts = self.target.accounts
        return ", ".join(sorted(accounts[i].name if i in accounts else i for i in target_ids))

    def ref(self, account: Account) -> MemberRef:
        """Describe an object that the target has as a member."""
        link = self.links.by_target.get(account.id)
        external_id = link.external_id if link else account.external_id
        return MemberRef(external_id, account.id, account.name, account.kind)


def groups_to_read(
    changes: Iterable[Change], target: TargetSnapshot, places: Places
) -> tuple[str, ...]:
    """Return the groups whose members matter to undoing these changes: all that are managed.

    Nobody is deleted who has been put into any group since. So a run that made something asks for every
    group but those that Databricks fills by itself.
    """
    known = list(changes)
    every = any(change.action.verb == "create" for change in known)
    wanted = places.links.by_target.keys() | {places.of_change(change) for change in known}
    ids = (
        account.id
        for account in target.accounts.values()
        if account.kind is Kind.GROUP
        and (account.id in wanted or (every and name_key(account.name) not in SYSTEM_GROUPS))
    )
    return tuple(sorted(ids))


@dataclass(slots=True)
class Inverse:
    """The changes found so far. ``held`` is what has changed since and is left alone.

    ``doomed`` are the target ids of what is deleted, ``regained`` of what is managed again, ``replaced`` of
    what hands its link over, ``spared`` of what is not deleted because of the policy; ``reborn`` are the
    external ids of what is made anew. ``returned`` are the identities, by target id, that get their link back.
    """

    changes: list[Change] = field(default_factory=list)
    held: list[Quarantined] = field(default_factory=list)
    left: list[Unapplied] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    doomed: set[str] = field(default_factory=set)
    reborn: set[str] = field(default_factory=set)
    regained: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    spared: set[str] = field(default_factory=set)
    returned: dict[str, str] = field(default_factory=dict)

    def leave(self, change: Change, what: str, why: str) -> None:
        """List what is left alone: what of it, and why."""
        self.held.append(Quarantined(change.external_id, change.name, f"{what}: {why}"))

    def hand_over(self) -> None:
        """Let what changes on an object whose link goes back be about whom it goes back to."""
        self.changes = [
            replace(
                change, external_id=self.returned.get(change.target_id or "", change.external_id)
            )
            for change in self.changes
        ]

    def spare_all(self) -> None:
        """Move to ``left`` whatever takes something from somebody, and the release of what it is about."""
        taken = [c for c in self.changes if c.action.verb in TAKING or c.takes_access]
        spared = {change.target_id for change in taken if not change.takes_access}
        taken += [c for c in self.changes if c.action.verb == "release" and c.target_id in spared]
        self.changes = [change for change in self.changes if change not in taken]
        self.left += (Unapplied(change, UnappliedBy.ADDITIVE) for change in taken)
        self.emptied.clear()


TAKING = frozenset({"remove", "deactivate", "delete"})


def since(run_id: str) -> str:
    """Say that a later run changed something."""
    return f"run {run_id} changed it since"


def kept(
    context: UndoContext, effect: Effect, account: Account | None, inverse: Inverse, aspect: str
) -> str | None:
    """Return why an object may not be touched by the undo."""
    if account is None:
        return GONE
    change = effect.change
    later = context.touched.aspect(account.id, aspect)
    if why := context.untouchable(account.id):
        return why
    if account.id not in inverse.regained and not context.ours(account.id, change.external_id):
        return RELEASED
    return since(later) if later else None


UNDONE = "as it was before the run"
BY_HAND = "it has been changed since, by somebody else"
GONE = "it is gone from the target"
RELEASED = "this sync no longer manages it"
