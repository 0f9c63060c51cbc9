"""Keeps access while members move into nested groups: defers removals until the new path exists."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Quarantined, ReplacementPath, Step
from aadsync_lib.model.wording import listed
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.split import Deferral, Held, Split

NAMED = 3  # members, and groups, named in a reason
NOBODY: frozenset[str] = frozenset()
TAKING = frozenset({Action.REMOVE_MEMBERS, Action.DELETE_GROUP})

Path = tuple[Step, ...]


def keep_access_on_move(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Let nobody lose a group whom Entra still has in it, and the target then would not.

    That is who is nested in it in Entra, who is in a group that leaves and in no other one, and who
    leaves, or whose group ends, while they come into a group above.
    """
    if not any(change.action in TAKING for change in changes):
        return Split(changes)
    paths = _Paths(context, changes)
    return Split.of(part for change in changes for part in _parts(change, paths))


@dataclass(slots=True)
class _Moves:
    """Those who leave with a change and are in a group in Entra all the same.

    ``ways`` are the additions that bring them there, ``lost`` those whom none does, ``holders`` the
    groups that have these in Entra.
    """

    ways: dict[str, Path] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    holders: set[str] = field(default_factory=set)

    def path(self, identities: Iterable[str]) -> Path:
        """Return every addition that these depend on."""
        steps = (step for identity in identities for step in self.ways.get(identity, ()))
        return tuple(dict.fromkeys(steps))


def _parts(change: Change, paths: _Paths) -> Iterator[Change | Deferral]:
    tops = paths.tops(change) if change.action in TAKING else ()
    if not tops:
        yield change
        return
    identities = paths.identities(change.members)
    below = [paths.inside(member) for member in change.members]
    who = [{identity, *inside} for identity, inside in zip(identities, below, strict=True)]
    above = [
        NOBODY if paths.turned(change, member) else leaving
        for member, leaving in zip(change.members, who, strict=True)
    ]
    own = change.external_id
    moves = paths.moves({top: NOBODY.union(*(who if top == own else above)) for top in tops})
    for member, leaving in zip(change.members, who, strict=True):
        if path := moves.path(sorted(leaving)):
            yield ReplacementPath(change.target_id, member.target_id, path)
    goes = [moves.lost.isdisjoint(leaving) for leaving in who]
    if all(goes):
        yield change
        return
    stay = [member.name for member, going in zip(change.members, goes, strict=True) if not going]
    them = "them" if moves.lost <= set(identities) else "them, or who is in them,"
    so = ", and so in this group" if tops == (own,) else ""
    yield _held(change, f"{them} in {listed(sorted(moves.holders), NAMED)}{so}", stay)
    rest = tuple(compress(change.members, goes))
    if rest and change.action is Action.REMOVE_MEMBERS:
        yield replace(change, members=rest)


def _held(change: Change, where: str, stay: Sequence[str]) -> Held:
    removes = change.action is Action.REMOVE_MEMBERS
    kept = "they are not removed from it" if removes else "it is not deleted with them in it"
    reason = (
        f"Entra has {where}; the target would not after this plan, so {kept}: {listed(stay, NAMED)}"
    )
    return Held(Quarantined(change.external_id, change.name, reason))


class _Paths:
    """How groups lead into groups in Entra, and how much of it the target has after a plan."""

    def __init__(self, context: TargetContext, changes: Iterable[Change]) -> None:
        self.groups = context.desired.groups
        self._case = context
        self._ids = frozenset(self.groups)
        self._nested: dict[str, frozenset[str]] = {}
        self._adding: dict[str | None, list[Change]] = defaultdict(list)
        self._joining: dict[str, frozenset[str | None]] = {}
        for change in changes:
            if change.action is Action.ADD_MEMBERS:
                self._adding[change.external_id].append(change)

    def tops(self, change: Change) -> tuple[str, ...]:
        """Return the groups of Entra that somebody loses with a change: this one, and those it is in."""
        group = change.external_id or ""
        own = [group] if group in self.groups else []
        above: dict[str, None] = dict.fromkeys(self._above.get(change.target_id or "", ()))
        waiting = list(above)
        for gid in waiting:
            new = [higher for higher in self._above.get(gid, ()) if higher not in above]
            above |= dict.fromkeys(new)
            waiting.extend(new)
        higher = (self._matched.get(gid, "") for gid in above)
        return (*own, *sorted(oid for oid in higher if oid in self.groups and oid != group))

    @cached_property
    def _above(self) -> Mapping[str, list[str]]:
        """Return the groups that have a group in them on the target, by its id there."""
        above: dict[str, list[str]] = defaultdict(list)
        ids = self._case.members.keys()
        for gid, members in self._case.members.items():
            if isinstance(members, frozenset):
                for nested in ids & members:
                    above[nested].append(gid)
        return above

    def turned(self, change: Change, member: MemberRef) -> bool:
        """Return whether a group leaves one that comes into it: that has to go first, or is a circle."""
        if member.type is not Kind.GROUP:
            return False
        start = self._node(member.target_id)
        waiting, seen = [start], {start}
        for node in waiting:
            new = self._down.get(node, set()) - seen
            seen |= new
            waiting.extend(new)
        return self._node(change.target_id) in seen

    def _node(self, target_id: str | None) -> str:
        return self._matched.get(target_id) or target_id or ""

    @cached_property
    def _down(self) -> Mapping[str, set[str]]:
        """Return the groups in each group, as the target has them and as they come into it."""
        down: dict[str, set[str]] = defaultdict(set)
        for nested, groups in self._above.items():
            for gid in groups:
                down[self._node(gid)].add(self._node(nested))
        for group, changes in self._adding.items():
            members = (member for change in changes for member in change.members)
            down[group or ""] |= {m.external_id or "" for m in members if m.type is Kind.GROUP}
        return down

    def moves(self, leaving_from: Mapping[str, frozenset[str]]) -> _Moves:
        """Return who of those leaving a group is in it in Entra, and how they come there, for each group."""
        moves = _Moves()
        for top, leaving in leaving_from.items():
            entitled = self.entitled(top, leaving)
            ways = self.shortest(top, entitled) if entitled else {}
            for identity, way in ways.items():
                moves.ways[identity] = moves.ways.get(identity, ()) + way
            if lost := entitled - ways.keys():
                moves.lost |= lost
                moves.holders.update(self.holders(top, lost))
        return moves

    def identities(self, members: Iterable[MemberRef]) -> list[str]:
        """Return who these are, whatever the externalId of an object says; empty for nobody known."""
        known = self._matched
        return [known.get(member.target_id, member.external_id) or "" for member in members]

    def inside(self, member: MemberRef) -> frozenset[str]:
        """Return who leaves with a group, as far as anybody looks into groups."""
        if member.type is not Kind.GROUP:
            return NOBODY
        below = [member.target_id]
        seen = set(below)
        for gid in below:
            current = self._case.members.get(gid or "") if gid in self._looked_into else None
            new = current - seen if isinstance(current, frozenset) else NOBODY
            seen |= new
            below.extend(new)
        inside = frozenset(
            self._matched[target_id] for target_id in below[1:] if target_id in self._matched
        )
        return inside - self._case.disabled_unmanaged

    @cached_property
    def _looked_into(self) -> frozenset[str | None]:
        return frozenset((*self._case.editable_groups(), *self._case.read_only_groups()))

    @cached_property
    def _matched(self) -> dict[str | None, str]:
        matches = self._case.correlation.matches.items()
        return {match.account.id: oid for oid, match in matches if match.account}

    def entitled(self, top: str, leaving: frozenset[str]) -> frozenset[str]:
        """Return who of those leaving is in the group in Entra, at any depth."""
        return NOBODY.union(*(leaving & self.groups[gid].members for gid in self._below(top)))

    def holders(self, top: str, members: Set[str]) -> list[str]:
        """Return the names of the groups, from ``top`` down, that have them directly in Entra."""
        below = (self.groups[gid] for gid in self._below(top))
        return sorted(group.principal.name for group in below if members & group.members)

    def shortest(self, top: str, leaving: Set[str]) -> Mapping[str, Path]:
        """Return, for those whom the target will have below, the fewest additions that it takes."""
        ways: dict[str, Path] = {}
        done: set[str] = set()
        waiting: deque[tuple[str, Path]] = deque([(top, ())])
        while waiting:
            gid, way = waiting.popleft()
            if gid in done:
                continue
            done.add(gid)
            for member in sorted(self._nested_in(gid) | (leaving & self.groups[gid].members)):
                step = self._step(gid, member)
                if step is None:
                    continue
                further = way + step
                if member in leaving:
                    ways[member] = min(ways.get(member, further), further, key=len)
                if member in self._ids:  # what is there already first: it costs nothing
                    (waiting.append if step else waiting.appendleft)((member, further))
        return ways

    def _step(self, gid: str, member: str) -> Path | None:
        """Return what leads from a group to a member: nothing more, an addition, or no way at all."""
        group, there = self._case.account(gid), self._case.account(member)
        current = self._case.current(group) if group else None
        if there and isinstance(current, frozenset) and there.id in current:
            return ()
        return ((gid, member),) if member in self._joiners(gid) else None

    def _below(self, top: str) -> list[str]:
        below = [top]
        seen = {top}
        for gid in below:
            new = self._nested_in(gid) - seen
            seen |= new
            below.extend(new)
        return below

    def _nested_in(self, gid: str) -> frozenset[str]:
        if gid not in self._nested:
            self._nested[gid] = self._ids & self.groups[gid].members
        return self._nested[gid]

    def _joiners(self, gid: str) -> frozenset[str | None]:
        if gid not in self._joining:
            members = (change.members for change in self._adding.get(gid, ()))
            self._joining[gid] = frozenset(
                member.external_id for some in members for member in some
            )
        return self._joining[gid]
