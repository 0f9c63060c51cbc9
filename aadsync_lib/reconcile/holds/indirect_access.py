"""Keeps access while members move into nested groups: defers removals until the new path exists."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
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

Path = tuple[Step, ...]


def keep_access_on_move(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Let nobody leave a group whom Entra still has in it, and the target then would not.

    That is who is nested in it in Entra, and who is in a group that leaves and in no other one.
    """
    if not any(change.action is Action.REMOVE_MEMBERS for change in changes):
        return Split(changes)
    paths = _Paths(context, changes)
    return Split.of(part for change in changes for part in _parts(change, paths))


def _parts(change: Change, paths: _Paths) -> Iterator[Change | Deferral]:
    top = change.external_id or ""
    if change.action is not Action.REMOVE_MEMBERS or top not in paths.groups:
        yield change
        return
    identities = paths.identities(change.members)
    below = [paths.inside(member) for member in change.members]
    entitled = paths.entitled(top, NOBODY.union(identities, *below))
    shortest = paths.shortest(top, entitled) if entitled else {}
    for member, identity in zip(change.members, identities, strict=True):
        if path := shortest.get(identity):
            yield ReplacementPath(change.target_id, member.target_id, path)
    lost = entitled - shortest.keys()
    goes = [
        lost.isdisjoint({identity, *inside})
        for identity, inside in zip(identities, below, strict=True)
    ]
    if all(goes):
        yield change
        return
    groups = paths.holders(top, lost)
    stay = [member.name for member, going in zip(change.members, goes, strict=True) if not going]
    them = "them" if lost <= set(identities) else "them, or who is in them,"
    yield _held(change, groups, them, stay)
    if rest := tuple(compress(change.members, goes)):
        yield replace(change, members=rest)


def _held(change: Change, groups: Sequence[str], them: str, stay: Sequence[str]) -> Held:
    reason = (
        f"Entra has {them} in {listed(groups, NAMED)}, and so in this group; the target would not "
        f"after this plan, so they are not removed from it: {listed(stay, NAMED)}"
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
