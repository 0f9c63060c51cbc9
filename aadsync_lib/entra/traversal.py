"""Traversal down from the root groups, level by level, each group read once."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import (
    APPLICATIONS,
    CASTS,
    GROUP,
    GROUPS,
    HIDDEN,
    UNSUPPORTED,
    Directory,
)
from aadsync_lib.entra.objects import Found, absent, read_each, read_one
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.filters import unnested
from aadsync_lib.responses import JsonObject

CAST_UNKNOWN = frozenset({400, 404})

log = logging.getLogger(__name__)


@dataclass(slots=True)
class GroupRead:
    """A group as Graph shows it, its direct members in scope by kind, and what is wrong with it."""

    row: JsonObject
    members: dict[str, Kind] = field(default_factory=dict)
    nested: dict[str, JsonObject] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)


class Traversal:
    """Reads groups and everything below them.

    ``names`` are those that the members have where they are listed, by id. Nested groups that are
    ``gone`` from Entra, though a group still lists them, are in no group.
    """

    def __init__(self, directory: Directory, scope: Scope) -> None:
        self._directory = directory
        self._scope = scope
        self.groups: dict[str, GroupRead] = {}
        self.service_principal_rows: dict[str, JsonObject] = {}
        self.names: dict[str, str] = {}
        self.gone: set[str] = set()
        self.skipped: Counter[str] = Counter()
        self.other_kind = 0
        self.passed_over: set[str] = set()
        self._cast_form = 0  # the way to ask for service principals that this Graph takes

    async def down(self, roots: Iterable[JsonObject]) -> None:
        """Read the roots, then what is nested in them, until nothing is new; keep nothing else."""
        reached = await self._reach({row["id"]: row for row in roots})
        self.groups = {key: group for key, group in reached.items() if key not in self.gone}

    async def _reach(self, rows: Mapping[str, JsonObject]) -> dict[str, GroupRead]:
        """Return these groups and all below them; read those that were not."""
        reached: dict[str, GroupRead] = {}
        while rows:
            new = {key: GroupRead(row) for key, row in rows.items() if key not in self.groups}
            await self.across(new)
            level = [self.groups[key] for key in rows]
            reached |= zip(rows, level, strict=True)
            nested = {key: row for group in level for key, row in group.nested.items()}
            rows = {key: row for key, row in nested.items() if key not in reached}
        return reached

    async def across(self, level: dict[str, GroupRead]) -> None:
        """Read the members of these groups, and nothing below them."""
        self.groups |= level
        log.debug("reading the members of %d groups", len(level))
        await asyncio.gather(*(self._read(group) for group in level.values()))
        await self._name(level.values())

    async def _read(self, group: GroupRead) -> None:
        members = self._directory.members(group.row["id"])
        plain, cast = await asyncio.gather(members, self._cast(group))
        for row in plain.rows:
            self._take(group, row)
        for row in cast.rows:
            group.members[row["id"]] = Kind.SERVICE_PRINCIPAL
            self.service_principal_rows[row["id"]] = row
            self._note_name(row)
        failures = [f for f in (plain.failure, cast.failure) if f is not None]
        if any(map(absent, failures)) and await self._is_gone(group.row):
            return
        if plain.failure is not None:
            group.reasons.append(f"members: {plain.failure.reason(GROUPS)}")
        if cast.failure is not None:
            group.reasons.append(f"service principals: {cast.failure.reason(APPLICATIONS)}")
        hidden = group.row.get("visibility") == "HiddenMembership"
        if hidden and not plain.rows and not cast.rows and not group.reasons:
            group.reasons.append(f"its membership is hidden and looks empty; grant {HIDDEN}")

    async def _is_gone(self, row: JsonObject) -> bool:
        """Return whether a group that answered 404 is gone, and remember it."""
        if await read_one(self._directory, Kind.GROUP, row["id"], GROUP) is not None:
            return False
        self.gone.add(row["id"])
        self._note_name(row)
        return True

    async def _name(self, level: Iterable[GroupRead]) -> None:
        """Read by themselves those nested groups of a level that were listed without their names."""
        parents = [group for group in level if group.nameless]
        ids = sorted(frozenset().union(*(group.nameless for group in parents)))
        rows = await read_each(self._directory, Kind.GROUP, ids, GROUP)
        for group in parents:
            for key in sorted(group.nameless):
                self._take_named(group, key, rows[key])

    def _take_named(self, parent: GroupRead, key: str, row: Found) -> None:
        if row is None:
            parent.members[key] = Kind.GROUP
            self.gone.add(key)
        elif isinstance(row, GraphError):
            # Not even its kind is known: it stays a member that no mapping resolves.
            parent.members[key] = Kind.GROUP
            parent.reasons.append(f"nested group {key}: {row.reason(GROUPS)}")
        else:
            self._nest(parent, row)

    async def _cast(self, group: GroupRead) -> Listing:
        if not self._scope.service_principals:
            return Listing(())
        group_id = group.row["id"]
        listing = await self._directory.service_principal_members(group_id, self._cast_form)
        if listing.failure is None or listing.failure.status not in CAST_UNKNOWN:
            return listing
        if _has_no_such_members(group.row, listing.failure):
            return Listing(())
        for form in range(CASTS):
            other = await self._directory.service_principal_members(group_id, form)
            if other.failure is None:
                self._cast_form = form
                return other
        return listing

    def _take(self, group: GroupRead, row: JsonObject) -> None:
        name = translate.type_name(row)
        self._note_name(row)
        kind = translate.KINDS.get(name)
        if kind is None:
            self.skipped[name] += 1
        elif kind is Kind.GROUP:
            self._take_group(group, row)
        elif kind is Kind.USER or self._scope.service_principals:
            group.members[row["id"]] = kind

    def _note_name(self, row: JsonObject) -> None:
        if row.get("displayName"):
            self.names[row["id"]] = row["displayName"]

    def _take_group(self, parent: GroupRead, row: JsonObject) -> None:
        if self._scope.nested == "direct":
            return
        if row.get("displayName"):
            self._nest(parent, row)
        else:
            parent.nameless.add(row["id"])

    def _nest(self, parent: GroupRead, row: JsonObject) -> None:
        if unnested(self._scope, security=row.get("securityEnabled") is not False):
            self.other_kind += 1
            self.passed_over.add(row["id"])
        else:
            parent.members[row["id"]] = Kind.GROUP
            parent.nested[row["id"]] = row


def _has_no_such_members(row: JsonObject, failure: GraphError) -> bool:
    """Return whether Graph refused a cast because a Microsoft 365 group cannot have such members."""
    unified = "Unified" in (row.get("groupTypes") or ())
    return unified and failure.status == 400 and failure.code == UNSUPPORTED
