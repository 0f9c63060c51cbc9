"""Who leaves a group because another way leads into it, and what there is of that way."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Quarantined, ReplacementPath, Step
from aadsync_lib.model.wording import listed
from aadsync_lib.reconcile.context import TargetContext

NAMED = 3  # members, and groups, named in a reason
NOTHING: frozenset[str] = frozenset()

Way = tuple[Step, ...]


@dataclass(slots=True)
class KeptAccess:
    """The changes that are left, who stays instead of leaving, and what who leaves depends on."""

    changes: list[Change] = field(default_factory=list)
    held: list[Quarantined] = field(default_factory=list)
    replacement_paths: list[ReplacementPath] = field(default_factory=list)


def keep_access_on_move(context: TargetContext, changes: Sequence[Change]) -> KeptAccess:
    """Let nobody leave a group whom Entra still has in it, and the target then would not.

    That is who is nested in it in Entra, and who is in a group that leaves and in no other one.
    """
    found, paths = KeptAccess(), _Paths(context, changes)
    for change in changes:
        if change.action is Action.REMOVE_MEMBERS and change.external_id in paths.groups:
            if rest := _leaving(change, paths, found):
                found.changes.append(rest)
        else:
            found.changes.append(change)
    return found


def _leaving(change: Change, paths: _Paths, found: KeptAccess) -> Change | None:
    top = change.external_id or ""
    who = paths.identities(change.members)
    with_them = [paths.inside(member) for member in change.members]
    entitled = paths.entitled(top, NOTHING.union(who, *with_them))
    if not entitled:
        return change
    ways = paths.shortest(top, entitled)
    found.replacement_paths.extend(
        ReplacementPath(change.target_id, member.target_id, way)
        for member, one in zip(change.members, who, strict=True)
        if (way := ways.get(one))
    )
    lost = entitled - ways.keys()
    goes = [lost.isdisjoint({one, *more}) for one, more in zip(who, with_them, strict=True)]
    if all(goes):
        return change
    stay = [member.name for member, going in zip(change.members, goes, strict=True) if not going]
    groups = listed(paths.holders(top, lost), NAMED)
    them = "them" if lost <= set(who) else "them, or who is in them,"
    reason = (
        f"Entra has {them} in {groups}, and so in this group; the target would not after this "
        f"plan, so they are not removed from it: {listed(stay, NAMED)}"
    )
    found.held.append(Quarantined(top, change.name, reason))
    rest = tuple(compress(change.members, goes))
    return replace(change, members=rest) if rest else None


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
        return [known.get(one.target_id, one.external_id) or "" for one in members]

    def inside(self, member: MemberRef) -> frozenset[str]:
        """Return who leaves with a group, as far as anybody looks into groups."""
        if member.type is not Kind.GROUP:
            return NOTHING
        below = [member.target_id]
        seen = set(below)
        for gid in below:
            current = self._case.members.get(gid or "") if gid in self._looked_into else None
            new = current - seen if isinstance(current, frozenset) else NOTHING
            seen |= new
            below.extend(new)
        found = frozenset(self._matched[one] for one in below[1:] if one in self._matched)
        return found - self._case.disabled_unmanaged

    @cached_property
    def _looked_into(self) -> frozenset[str | None]:
        return frozenset((*self._case.editable_groups(), *self._case.read_only_groups()))

    @cached_property
    def _matched(self) -> dict[str | None, str]:
        matches = self._case.correlation.matches.items()
        return {match.account.id: oid for oid, match in matches if match.account}

    def entitled(self, top: str, leaving: frozenset[str]) -> frozenset[str]:
        """Return who of those leaving is in the group in Entra, at any depth."""
        return NOTHING.union(*(leaving & self.groups[gid].members for gid in self._below(top)))

    def holders(self, top: str, members: Set[str]) -> list[str]:
        """Return the names of the groups, from ``top`` down, that have them directly in Entra."""
        below = (self.groups[gid] for gid in self._below(top))
        return sorted(one.principal.name for one in below if members & one.members)

    def shortest(self, top: str, leaving: Set[str]) -> Mapping[str, Way]:
        """Return, for those whom the target will have below, the fewest additions that it takes."""
        ways: dict[str, Way] = {}
        done: set[str] = set()
        waiting: deque[tuple[str, Way]] = deque([(top, ())])
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

    def _step(self, gid: str, member: str) -> Way | None:
        """Return what leads from a group to a member: nothing more, an addition, or no way at all."""
        group, there = self._case.account(gid), self._case.account(member)
        current = self._case.current(group) if group else None
        if there and isinstance(current, frozenset) and there.id in current:
            return ()
        return ((gid, member),) if member in self._joiners(gid) else None

    def _below(self, top: str) -> list[str]:
        found = [top]
        seen = {top}
        for gid in found:
            new = self._nested_in(gid) - seen
            seen |= new
            found.extend(new)
        return found

    def _nested_in(self, gid: str) -> frozenset[str]:
        if gid not in self._nested:
            self._nested[gid] = self._ids & self.groups[gid].members
        return self._nested[gid]

    def _joiners(self, gid: str) -> frozenset[str | None]:
        if gid not in self._joining:
            members = (one.members for one in self._adding.get(gid, ()))
            self._joining[gid] = frozenset(one.external_id for some in members for one in some)
        return self._joining[gid]
