"""Nesting of groups as Databricks can hold it: no cycle, at most ten levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.desired import Nest
from aadsync_lib.model.directory import Notice, Snapshot


@dataclass(frozen=True, slots=True)
class Nesting:
    """The groups to have, by object id, and what had to be bent for them."""

    groups: Mapping[str, Nest]
    notices: tuple[Notice, ...] = ()


def nest(snapshot: Snapshot, scope: Scope) -> Nesting:
    """Return the groups of ``scope.nested`` with their direct members.

    Where an edge cannot stay (a cycle, a level too deep, or by choice), the group above gets the
    people below it directly, so that nobody gains or loses access by the bending.
    """
    walk = _Walk(snapshot, frozenset(snapshot.groups))
    match scope.nested:
        case "direct":
            return Nesting({gid: walk.cut(gid, frozenset()) for gid in sorted(snapshot.roots)})
        case "flatten":
            flat = {gid: walk.cut(gid, walk.children(gid)) for gid in sorted(snapshot.roots)}
            return Nesting(flat)
        case _:  # preserve
            return _preserve(walk, scope.max_depth)


@dataclass(slots=True)
class _Walk:
    """The graph of groups as Entra has it, with what lies below each group, computed once."""

    snapshot: Snapshot
    gids: frozenset[str]
    _below: dict[str, tuple[frozenset[str], str | None]] = field(default_factory=dict)

    def children(self, gid: str) -> frozenset[str]:
        return (self.snapshot.groups[gid].members & self.gids) - {gid}

    def people(self, gid: str) -> frozenset[str]:
        return self.snapshot.groups[gid].members - self.gids

    def below(self, gid: str) -> tuple[frozenset[str], str | None]:
        """Return everybody in the group at any depth, and why that may not be everybody."""
        if gid not in self._below:
            reached = {gid}
            stack = [gid]
            while stack:
                new = self.children(stack.pop()) - reached
                reached |= new
                stack.extend(new)
            people = frozenset().union(*(self.people(g) for g in reached))
            self._below[gid] = (people, self._unread(reached))
        return self._below[gid]

    def _unread(self, gids: set[str]) -> str | None:
        groups = self.snapshot.groups
        reasons = [
            f"{groups[g].display_name}: {groups[g].unread}"
            for g in sorted(gids)
            if groups[g].unread
        ]
        return "; ".join(reasons) or None

    def cut(
        self, gid: str, cut: frozenset[str], height: int = 0, keep: frozenset[str] = frozenset()
    ) -> Nest:
        """Return the group with ``keep`` nested in it, and with everybody below ``cut`` directly."""
        group = self.snapshot.groups[gid]
        unread = group.unread
        if not cut and gid not in group.members and len(keep) == len(group.members & self.gids):
            return Nest(group.members, height, unread)
        members = self.people(gid) | keep
        for child in sorted(cut):
            people, reason = self.below(child)
            members |= people
            unread = unread or (reason and f"nested in it, {reason}")
        return Nest(members, height, unread)


def _preserve(walk: _Walk, max_depth: int) -> Nesting:
    back, order = _back_edges(walk)
    kept, cut, deep = _levels(walk, back, order, max_depth)
    heights: dict[str, int] = {}
    groups: dict[str, Nest] = {}
    for gid in reversed(order):
        if gid in kept:
            heights[gid] = 1 + max((heights[child] for child in kept[gid]), default=-1)
            whole = walk.cut(gid, cut[gid], heights[gid], kept[gid])
            below = None if whole.unread else _unread_below(walk.snapshot, groups, kept[gid])
            groups[gid] = replace(whole, unread=below) if below else whole
    return Nesting(groups, (*_cycle_notices(walk, back), *_depth_notices(walk, deep, max_depth)))


def _unread_below(
    snapshot: Snapshot, groups: Mapping[str, Nest], children: frozenset[str]
) -> str | None:
    """Return why nobody may be removed from a group: who left it may be in one nested in it by now."""
    unread = min((child for child in children if groups[child].unread), default=None)
    if unread is None:
        return None
    group = snapshot.groups[unread]
    reason = f"nested in it, {group.display_name}: {group.unread}"
    return reason if group.unread else groups[unread].unread


def _back_edges(walk: _Walk) -> tuple[set[tuple[str, str]], list[str]]:
    """Return the edges that close a cycle, and all groups with parents before children."""
    back: set[tuple[str, str]] = set()
    done: list[str] = []
    state: dict[str, bool] = {}  # True while on the path, False when left
    for root in sorted(walk.snapshot.roots):
        if root in state:
            continue
        state[root] = True
        path: list[tuple[str, Iterator[str]]] = [(root, iter(sorted(walk.children(root))))]
        while path:
            gid, children = path[-1]
            child = next(children, None)
            if child is None:
                path.pop()
                state[gid] = False
                done.append(gid)
            elif child not in state:
                state[child] = True
                path.append((child, iter(sorted(walk.children(child)))))
            elif state[child]:
                back.add((gid, child))
    return back, done[::-1]


def _levels(
    walk: _Walk, back: set[tuple[str, str]], order: list[str], max_depth: int
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]], list[str]]:
    """Return, for each group to have, the nested groups kept and cut; and which are too deep."""
    level = dict.fromkeys(walk.snapshot.roots, 1)
    kept: dict[str, frozenset[str]] = {}
    cut: dict[str, frozenset[str]] = {}
    deep: list[str] = []
    for gid in order:
        if gid not in level:
            continue
        children = walk.children(gid)
        looping = frozenset(child for child in children if (gid, child) in back)
        if level[gid] >= max_depth and children - looping:
            deep.append(gid)
        kept[gid] = frozenset() if level[gid] >= max_depth else children - looping
        cut[gid] = children - kept[gid]
        for child in kept[gid]:
            level[child] = max(level.get(child, 1), level[gid] + 1)
    return kept, cut, deep


def _cycle_notices(walk: _Walk, back: set[tuple[str, str]]) -> tuple[Notice, ...]:
    groups = walk.snapshot.groups
    return tuple(
        Notice(
            "cycle",
            f"{groups[parent].display_name} contains {groups[child].display_name}, which contains it "
            f"in turn; {groups[parent].display_name} gets its people directly",
        )
        for parent, child in sorted(back)
    )


def _depth_notices(walk: _Walk, deep: list[str], max_depth: int) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            "max_depth",
            f"{walk.snapshot.groups[gid].display_name} is on level {max_depth}, the deepest that is "
            f"kept; it gets the people of the groups nested in it directly",
        )
        for gid in sorted(deep)
    )
