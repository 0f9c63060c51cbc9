"""The target of a mirror: objects that a plan touches and has to see again, and the belief that a run leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import ACCESS, DEPROVISIONS, MEMBERS, Action, Change
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.directory import Affected
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.mirror import TargetMirror
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.run import Outcome
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.incremental import HARMLESS, STEADY
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.paths import reached

VERBS = ("create", "update", "activate", "deactivate")
ORDINARY = frozenset(
    Action.on(verb, kind) for verb in VERBS for kind in (Kind.USER, Kind.SERVICE_PRINCIPAL)
) | frozenset(MEMBERS)


@dataclass(frozen=True, slots=True)
class Touched:
    """What changes touch on a target: objects by id, names that nobody may have, and whether admins matter.

    ``shown`` are groups, with their names, that only a listing has to show, beside those that make admins.
    """

    ids: Mapping[str, Kind] = field(default_factory=dict)
    names: frozenset[tuple[Kind, str]] = frozenset()
    admins: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids) + len(self.names) + self.admins

    def without(self, seen: Touched) -> Touched:
        """Return what is not among what was ``seen``."""
        ids = {key: kind for key, kind in self.ids.items() if key not in seen.ids}
        known = seen.ids.keys() | seen.shown.keys()
        shown = {key: name for key, name in self.shown.items() if key not in known}
        admins = self.admins and (bool(shown) or not seen.admins)
        return Touched(ids, self.names - seen.names, admins, shown)

    def plus(self, more: Touched) -> Touched:
        """Return both."""
        ids = {**self.ids, **more.ids}
        shown = {**self.shown, **more.shown}
        return Touched(ids, self.names | more.names, self.admins or more.admins, shown)


def check_ordinary(plan: TargetPlan, about: Affected) -> None:
    """Raise ``FullRunNeeded`` for a plan that holds more than was asked about, or leaves anything open."""
    open_ = plan.quarantined or plan.on_hold or plan.unapplied or plan.replacement_paths
    if open_ or any(warning.code not in STEADY for warning in plan.warnings):
        raise FullRunNeeded("something would wait, or is to be looked at")
    for change in plan.changes:
        if change.action not in ORDINARY or any(m.type is Kind.GROUP for m in change.members):
            raise FullRunNeeded(f"the plan holds another change: {change.action.value}")
        if change.drift or not _announced(change, about):
            raise FullRunNeeded("the plan is about somebody whom Entra did not announce")


def _announced(change: Change, about: Affected) -> bool:
    """Return whether a change is about who was read again: itself, or, by rules of the scope, all of its members."""
    people = about.users | about.service_principals
    members = {member.external_id for member in change.members}
    return change.external_id in about.groups | people or (bool(members) and members <= people)


def touched_by(changes: Iterable[Change], context: TargetContext) -> Touched:
    """Return what has to be seen of a target before these changes may be made."""
    changes = tuple(changes)
    left = dict(_left_by_leavers(changes, context))
    ids = {key: kind for key, kind in _ids(changes) if key not in left}
    return Touched(
        {**ids, **dict.fromkeys(_other_ways(changes, context), Kind.GROUP)},
        frozenset((c.kind, c.name) for c in changes if c.action.verb == "create"),
        any(map(_matters_of_an_admin, changes)),
        left,
    )


def _matters_of_an_admin(change: Change) -> bool:
    """Return whether a change may be one of somebody whom a group has made an admin since."""
    alters = change.kind is not Kind.GROUP and change.action.verb != "create"
    return alters or change.action is Action.REMOVE_MEMBERS


def _ids(changes: Iterable[Change]) -> Iterator[tuple[str, Kind]]:
    """Yield the objects that are changed, and who loses a group: they may be protected by now."""
    for change in changes:
        if change.target_id:
            yield change.target_id, change.kind
        if change.action is Action.REMOVE_MEMBERS:
            yield from ((m.target_id, m.type) for m in change.members if m.target_id)


def _left_by_leavers(
    changes: Sequence[Change], context: TargetContext
) -> Iterator[tuple[str, str]]:
    """Yield, with their names, the groups that lose nobody but those whose accounts end with it.

    Who is in them matters to nobody else, so that the listing of groups that make admins shows enough of them. One that
    may be protected by its name is seen again by itself.
    """
    ended = {change.target_id for change in changes if change.action in DEPROVISIONS}
    grows = {change.target_id for change in changes if change.action is Action.ADD_MEMBERS}
    for change in changes if ended and not context.policy.protected.groups else ():
        leavers = all(member.target_id in ended for member in change.members)
        removes = change.action is Action.REMOVE_MEMBERS and leavers
        if removes and change.target_id and change.target_id not in grows:
            yield change.target_id, context.target.accounts[change.target_id].name


def _other_ways(changes: Iterable[Change], context: TargetContext) -> Iterator[str]:
    """Yield the groups through which Entra has people in a group, or in one above it, that they leave directly.

    Nobody may lose what they have by another way, so that this way has to be there.
    """
    nesting = _Nesting(context.desired.groups)
    for change in changes:
        if change.action is Action.REMOVE_MEMBERS and change.external_id:
            above = nesting.above({change.external_id})
            holders = nesting.holders({m.external_id for m in change.members if m.external_id})
            ways = (key for key in nesting.above(holders) if above & nesting.above({key}))
            yield from (account.id for key in ways if (account := context.account(key)))


class _Nesting:
    """Groups as Entra has them in each other, by object id."""

    def __init__(self, groups: Mapping[str, DesiredGroup]) -> None:
        self._groups = groups
        self._parents: dict[str, set[str]] = {}
        for key, group in groups.items():
            for nested in group.members & groups.keys():
                self._parents.setdefault(nested, set()).add(key)

    def holders(self, people: set[str]) -> set[str]:
        """Return the groups that anybody of these is directly in."""
        groups = self._groups.items()
        return {key for key, group in groups if not group.members.isdisjoint(people)}

    def above(self, groups: Iterable[str]) -> Set[str]:
        """Return these groups and all above them."""
        return reached(groups, lambda key: self._parents.get(key, ())).keys()


def unsure_of(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the target ids of what only another look tells whether it was done, members of groups apart."""
    changes = (outcome.change for outcome in outcomes)
    ids = {c.target_id for c in changes if c.action.value not in HARMLESS and c.target_id}
    return tuple(sorted(ids))


def same_again(known: TargetMirror, again: TargetMirror, target_id: str) -> bool:
    """Return whether an object is still what it was believed to be, names of people apart, which cannot change."""
    before, after = known.snapshot.accounts[target_id], again.snapshot.accounts[target_id]
    members = known.members.get(target_id) == again.members.get(target_id)
    return members and replace(after, name=before.name, admin=before.admin) == before


def believed(
    context: TargetContext, outcomes: Iterable[Outcome], links: Links
) -> TargetMirror | None:
    """Return what a target is after a run that did all of its plan; ``None`` where that cannot be told.

    ``links`` are those after the run.
    """
    members = {key: ids for key, ids in context.members.items() if isinstance(ids, frozenset)}
    if len(members) != len(context.members) or context.absent or not context.target.complete:
        return None
    belief = _Belief(dict(context.target.accounts), members, links)
    if not all(belief.takes(outcome.change) for outcome in outcomes):
        return None
    return TargetMirror(replace(context.target, accounts=belief.accounts), belief.members)


@dataclass(frozen=True, slots=True)
class _Belief:
    """Objects and members as changes leave them, one after the other."""

    accounts: dict[str, Account]
    members: dict[str, frozenset[str]]
    links: Links

    def takes(self, change: Change) -> bool:
        """Make a change; return whether it is known what came of it."""
        target_id = change.target_id or self._linked(change.external_id)
        if change.action in ACCESS:
            return True  # that changes nobody
        if target_id is None:
            return False
        if change.action.verb == "create":
            self._made(target_id, change)
            return True
        if target_id not in self.accounts:
            return False
        if change.action in MEMBERS:
            return self._moved(target_id, change)
        if change.action.verb == "delete":
            self._ended(target_id)
        else:
            self.accounts[target_id] = _set(self.accounts[target_id], change.after)
        return True

    def _linked(self, external_id: str | None) -> str | None:
        link = self.links.by_external.get(external_id or "")
        return link.target_id if link else None

    def _made(self, target_id: str, change: Change) -> None:
        after = change.after or Attributes()
        self.accounts[target_id] = _set(Account(target_id, change.kind, change.name), after)
        if change.kind is Kind.GROUP:
            self.members[target_id] = frozenset()

    def _moved(self, group: str, change: Change) -> bool:
        ids = {member.target_id or self._linked(member.external_id) for member in change.members}
        known = {key for key in ids if key}
        if group not in self.members or len(known) != len(ids):
            return False
        adds = change.action is Action.ADD_MEMBERS
        self.members[group] = self.members[group] | known if adds else self.members[group] - known
        return True

    def _ended(self, target_id: str) -> None:
        del self.accounts[target_id]
        self.members.pop(target_id, None)
        for group, inside in self.members.items():
            if target_id in inside:
                self.members[group] = inside - {target_id}


def _set(account: Account, after: Attributes | None) -> Account:
    """Return an object with the attributes that were set; the displayName of a group is its name."""
    after = after or Attributes()
    group, shown = account.kind is Kind.GROUP, after.display_name
    return replace(
        account,
        name=shown if group and shown is not None else account.name,
        display_name=account.display_name if group or shown is None else shown,
        external_id=account.external_id if after.external_id is None else after.external_id or None,
        active=account.active if after.active is None else after.active,
    )
