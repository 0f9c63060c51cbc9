"""What the selectors of the scope find: root groups, and who is assigned to an application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aadsync_lib.config.base import GUID
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import APPLICATIONS, GROUPS, GraphError
from aadsync_lib.graph.http import JsonObject
from aadsync_lib.graph.paging import Graph, Listing, read_all, try_one
from aadsync_lib.graph.requests import literal
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
ASSIGNED = {"User": Kind.USER, "ServicePrincipal": Kind.SERVICE_PRINCIPAL, "Group": Kind.GROUP}


@dataclass(slots=True)
class Found:
    """What one selector found, or all of them together."""

    groups: dict[str, JsonObject] = field(default_factory=dict)
    assigned: dict[str, Kind] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nobody was found."""
        return not self.groups and not self.assigned

    def add(self, other: Found) -> None:
        """Take in what another selector found."""
        self.groups |= other.groups
        self.assigned |= other.assigned
        self.unread += other.unread
        self.notices += other.notices
        self.ambiguous += other.ambiguous


async def select(graph: Graph, scope: Scope) -> Found:
    """Run every selector. One that cannot be read is told in ``unread``, and the others go on.

    Raises ``SourceError`` for names that are not unique, and when none at all could be read.
    """
    readers = [_Reader(graph, scope, selector) for selector in scope.groups]
    results = await asyncio.gather(*(reader.read() for reader in readers))
    found = Found()
    for result in results:
        found.add(result)
    if found.ambiguous:
        raise SourceError(
            "\n".join(found.ambiguous)
            + "\nNothing was changed. Name the one that is meant by its id."
        )
    if all(result.unread and result.empty for result in results):
        reasons = "\n".join(f"  {reason}" for reason in found.unread)
        raise SourceError(f"Nothing of the scope could be read. Nothing was changed.\n{reasons}")
    return found


class _Reader:
    """One selector."""

    def __init__(self, graph: Graph, scope: Scope, selector: GroupSelector) -> None:
        self._graph = graph
        self._to = graph.addresses
        self._scope = scope
        self._selector = selector
        self._found = Found()

    async def read(self) -> Found:
        selector = self._selector
        if selector.id is not None:
            await self._by_id(selector.id)
        elif selector.name is not None:
            await self._by_name(selector.name)
        elif selector.prefix is not None:
            await self._by_prefix(selector.prefix)
        elif selector.filter is not None:
            await self._by_filter(selector.filter)
        else:
            await self._by_application(selector.application or "")
        return self._found

    async def _by_id(self, group_id: str) -> None:
        answer = await try_one(self._graph, self._to.group(group_id))
        if not isinstance(answer, GraphError):
            self._take([answer])
        elif answer.status == 404:
            self._nothing("no group has this id")
        else:
            self._unread(answer, GROUPS)

    async def _by_name(self, name: str) -> None:
        listing = await self._groups(f"displayName eq {literal(name)}")
        exact = self._unique(listing, name, "groups")
        if exact is not None:
            self._take([exact])

    async def _by_prefix(self, prefix: str) -> None:
        listing = await self._groups(f"startswith(displayName,{literal(prefix)})")
        start = prefix.casefold()
        named = [r for r in listing.rows if str(r.get("displayName")).casefold().startswith(start)]
        self._take(self._of_kind(named))
        self._nothing_unless(listing, named, "no group has a name that starts so")

    async def _by_filter(self, filter_: str) -> None:
        listing = await self._groups(filter_)
        self._take(self._of_kind(listing.rows))
        self._nothing_unless(listing, listing.rows, "no group matches")

    async def _groups(self, filter_: str) -> Listing:
        """Read groups by a filter, as an advanced query where Graph wants it so."""
        listing = await read_all(self._graph, self._to.groups(filter_))
        if listing.failure is not None and listing.failure.code == "Request_UnsupportedQuery":
            listing = await read_all(self._graph, self._to.groups(filter_, advanced=True))
        if listing.failure is not None:
            self._unread(listing.failure, GROUPS)
        return listing

    async def _by_application(self, application: str) -> None:
        object_id: str | None = application
        if not re.fullmatch(GUID, application):
            object_id = await self._application_named(application)
        if object_id is None:
            return
        listing = await read_all(self._graph, self._to.assignments(object_id))
        if listing.failure is not None and listing.failure.status == 404 and not listing.rows:
            self._nothing("no enterprise application has this object id (a client id is another)")
            return
        if listing.failure is not None:
            self._unread(listing.failure, APPLICATIONS)
        rows = [row for row in listing.rows if self._counts(row)]
        await self._take_assigned(rows)
        self._nothing_unless(listing, rows, "nobody is assigned")

    async def _application_named(self, name: str) -> str | None:
        listing = await read_all(self._graph, self._to.service_principals(name))
        if listing.failure is not None:
            self._unread(listing.failure, APPLICATIONS)
        exact = self._unique(listing, name, "enterprise applications")
        return None if exact is None else str(exact["id"])

    def _counts(self, assignment: JsonObject) -> bool:
        return self._selector.default_access or assignment.get("appRoleId") != DEFAULT_ACCESS

    async def _take_assigned(self, rows: Iterable[JsonObject]) -> None:
        groups: list[str] = []
        unknown = 0
        for row in rows:
            kind, principal = ASSIGNED.get(str(row.get("principalType"))), row.get("principalId")
            if kind is None or not isinstance(principal, str):
                unknown += 1
            elif kind is Kind.GROUP:
                groups.append(principal)
            elif kind is Kind.USER or self._scope.service_principals:
                self._found.assigned[principal] = kind
        if unknown:
            self._notice("assignment_type_unknown", f"{unknown} assignments of an unknown type")
        await self._take_assigned_groups(tuple(dict.fromkeys(groups)))

    async def _take_assigned_groups(self, ids: Sequence[str]) -> None:
        asks = (try_one(self._graph, self._to.group(group_id)) for group_id in ids)
        rows: list[JsonObject] = []
        for group_id, answer in zip(ids, await asyncio.gather(*asks), strict=True):
            if isinstance(answer, GraphError):
                self._unread(answer, GROUPS, f"assigned group {group_id}: ")
            else:
                rows.append(answer)
        self._take(self._of_kind(rows))

    def _unique(self, listing: Listing, name: str, what: str) -> JsonObject | None:
        """Return the only row of exactly this name; Graph compares without case."""
        exact = {r["id"]: r for r in listing.rows if r.get("displayName") == name}
        if len(exact) > 1:
            ids = ", ".join(sorted(exact))
            self._found.ambiguous.append(f"{self._selector}: {len(exact)} {what} have it: {ids}.")
            return None
        others = ", ".join(sorted(row["id"] for row in listing.rows))
        near = f" (a name that differs in upper and lower case: {others})" if others else ""
        self._nothing_unless(listing, exact, f"none of the {what} has this name{near}")
        return next(iter(exact.values()), None)

    def _of_kind(self, rows: Sequence[JsonObject]) -> list[JsonObject]:
        if self._scope.groups_of_kind == "all":
            return list(rows)
        # Limited information says nothing about the kind; such a group is told of in ``_take``.
        kept = [row for row in rows if row.get("securityEnabled") is not False]
        if len(kept) < len(rows):
            left = len(rows) - len(kept)
            groups = "1 group is no security group and was" if left == 1 else ""
            groups = groups or f"{left:,} groups are no security groups and were"
            what = f"{groups} left out (scope.groups_of_kind)"
            self._notice("group_kind_skipped", what)
        return kept

    def _take(self, rows: Iterable[JsonObject]) -> None:
        for row in rows:
            if row.get("displayName"):
                self._found.groups[row["id"]] = row
            else:
                denied = GraphError(403, "limited_information")
                self._unread(denied, GROUPS, f"group {row['id']} came without its name: ")

    def _nothing_unless(self, listing: Listing, rows: Iterable[object], what: str) -> None:
        if listing.failure is None and not any(True for _ in rows):
            self._nothing(what)

    def _nothing(self, what: str) -> None:
        self._notice("scope_empty", f"{what}; it adds nobody to the scope")

    def _notice(self, code: str, what: str) -> None:
        self._found.notices.append(Notice(code, f"{self._selector}: {what}."))

    def _unread(self, failure: GraphError, permission: str, what: str = "") -> None:
        self._found.unread.append(f"{self._selector}: {what}{failure.reason(permission)}")
