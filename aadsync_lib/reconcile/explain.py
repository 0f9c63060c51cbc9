"""Explains each membership in Entra by the scope, with the planner's own functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import DirectoryMatch, Group, Snapshot
from aadsync_lib.model.explanation import EdgeOutcome, Path, Paths, Step
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.reconcile.desired.filters import excluded, unnested
from aadsync_lib.reconcile.desired.nesting import nest
from aadsync_lib.reconcile.paths import LISTED, shortest_down, ways_up

Judged = tuple[EdgeOutcome, str | None]
UNSEEN = "was not there when the scope was read"


class Explained:
    """The scope as it was read, with what ``sightings`` know of groups beyond it."""

    def __init__(
        self,
        snapshot: Snapshot,
        scope: Scope,
        desired: Desired,
        sightings: Iterable[DirectoryMatch] = (),
    ) -> None:
        self.snapshot = snapshot
        self._scope = scope
        self._desired = desired
        self._nesting = nest(snapshot, scope).groups
        self._sightings = {sighting.id: sighting for sighting in sightings}
        self._above = {
            group.id: group for sighting in self._sightings.values() for group in sighting.above
        }
        self._containing: dict[str, frozenset[str]] = {}

    @cached_property
    def _unbounded(self) -> Mapping[str, frozenset[str]]:
        """The nesting as it would be at any depth: what it keeps, ``max_depth`` took."""
        endless = self._scope.model_copy(update={"max_depth": len(self.snapshot.groups) + 1})
        return {gid: group.members for gid, group in nest(self.snapshot, endless).groups.items()}

    def name(self, gid: str) -> str:
        """Return the display name of a group in Entra."""
        if gid in self.snapshot.groups:
            return self.snapshot.groups[gid].display_name
        return self._above[gid].name if gid in self._above else gid

    def named(self, name: str) -> tuple[str, ...]:
        """Return the groups of this display name or object id, in scope first."""
        known = {gid: self.name(gid) for gid in (*self.snapshot.groups, *self._above)}
        wanted = name_key(name.strip())
        return tuple(gid for gid, its in known.items() if wanted in (name_key(its), gid))

    def paths(self, member: str, top: str | None = None) -> Paths:
        """Return how Entra has somebody in ``top``, or in the groups that the scope names."""
        roots = self.snapshot.roots
        ends = roots.__contains__ if top is None else top.__eq__
        ways, whole = ways_up(member, ends, self.containing)
        if top is None:
            inside = {way[n:] for way in ways for n in range(1, len(way))}
            ways = tuple(way for way in ways if way not in inside)
        listed = tuple(self.path(way, member) for way in ways[:LISTED])
        return Paths(listed, len(ways) - len(listed), whole)

    def members(self, top: str) -> Mapping[str, Path]:
        """Return everybody in a group at any depth, groups left out, with a shortest path."""
        ways = self._below(top)
        return {k: self.path(way, k) for k, way in ways.items() if k not in self.snapshot.groups}

    def unread(self, top: str) -> tuple[str, ...]:
        """Return what of a group, and of all nested in it, could not be read."""
        groups = self.snapshot.groups
        inside = (groups[gid] for gid in (top, *self._below(top)) if gid in groups)
        return tuple(
            f"{group.display_name} in Entra: {group.unread}" for group in inside if group.unread
        )

    def _below(self, top: str) -> Mapping[str, tuple[str, ...]]:
        groups = self.snapshot.groups
        return shortest_down(top, lambda gid: groups[gid].members if gid in groups else ())

    def beyond(self, member: str) -> tuple[str, ...] | None:
        """Return the names of the groups above that are not in scope, ``None`` where unknown."""
        sighting = self._sightings.get(member)
        if sighting is None or sighting.groups is None:
            return None
        return tuple(g.name for g in sighting.above if g.id not in self.snapshot.groups)

    def containing(self, key: str) -> frozenset[str]:
        """Return the groups that an object is directly in, in scope or not."""
        if key not in self._containing:
            seen = {gid for gid, group in self.snapshot.groups.items() if key in group.members}
            known = self._sightings.get(key) or self._above.get(key)
            self._containing[key] = frozenset(seen) | (known.parents if known else frozenset())
        return self._containing[key]

    def path(self, way: tuple[str, ...], member: str) -> Path:
        """Return a way with what becomes of each membership on it."""
        return Path(
            tuple(
                self._step(gid, below) for gid, below in zip(way, (*way[1:], member), strict=True)
            )
        )

    def _step(self, gid: str, below: str) -> Step:
        fate, reason = self.judge(gid, below)
        return Step(gid, self.name(gid), fate, reason, gid in self.snapshot.roots)

    def left_out(self, gid: str) -> str:
        """Return why a group in Entra is not in scope."""
        for parent in sorted(self.containing(gid) & self.snapshot.groups.keys()):
            return f"it is nested in {self.name(parent)}, but {self.judge(parent, gid)[1]}"
        group = self._above.get(gid)
        kind = group and unnested(self._anyhow, security=group.security_enabled)
        return f"no line of scope.groups finds it{f': it {kind}' if kind else ''}"

    @cached_property
    def _anyhow(self) -> Scope:
        return self._scope.model_copy(update={"nested": "preserve"})

    def judge(self, gid: str, below: str) -> Judged:
        """Say what becomes of one direct membership of a group."""
        group = self.snapshot.groups.get(gid)
        if group is None:
            return EdgeOutcome.DROPPED, "the group is not in scope"
        if below in self._above or below in self.snapshot.groups:
            return self._nested(group, below)
        return self._personal(group, below)

    def _nested(self, group: Group, below: str) -> Judged:
        nested = below in group.members and below in self.snapshot.groups
        if not nested or self._scope.nested == "direct":
            return EdgeOutcome.DROPPED, self._left_out(group, below)
        made = self._nesting.get(group.id)
        if made and below in made.members:
            return EdgeOutcome.KEPT, self._partly(group)
        if self._scope.nested == "flatten":
            why = "scope.nested is flatten"
        elif made is None or below in self._unbounded[group.id]:
            why = f"deeper than scope.max_depth, {self._scope.max_depth}"
        else:
            why = "it would close a cycle"
        return EdgeOutcome.FLATTENED, f"{why}: people below go to the group above directly"

    def _left_out(self, group: Group, below: str) -> str:
        nested = self._above.get(below) or self.snapshot.groups[below]
        reason = unnested(self._scope, security=nested.security_enabled)
        return reason or self._partly(group) or UNSEEN

    def _personal(self, group: Group, key: str) -> Judged:
        principal = self._desired.principals.get(key)
        if principal and principal.name and key in group.members:
            return EdgeOutcome.KEPT, self._partly(group)
        return EdgeOutcome.DROPPED, self.outside(key) or self._partly(group) or UNSEEN

    def outside(self, key: str) -> str | None:
        """Return what keeps somebody out of the scope, or in quarantine, in whatever group."""
        user, held = self.snapshot.users.get(key), self._desired.quarantined.get(key)
        reason = excluded(user, self._scope) if user else None
        if reason or held:
            return reason or (held.reason if held else None)
        sighting = self._sightings.get(key)
        if sighting and sighting.kind is not Kind.USER and not self._scope.service_principals:
            return "is a service principal, and scope.service_principals is false"
        return None

    def _partly(self, group: Group) -> str | None:
        if group.unread is None:
            return None
        return f"{group.display_name} could not be read in full, so nobody is removed from it: {group.unread}"
