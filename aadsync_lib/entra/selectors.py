"""Selectors of the scope, resolved to root groups and principals assigned to an application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aadsync_lib.config.base import GUID
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra.directory import APPLICATIONS, GROUP, GROUPS, Directory, literal
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
ASSIGNED = {"User": Kind.USER, "ServicePrincipal": Kind.SERVICE_PRINCIPAL, "Group": Kind.GROUP}


@dataclass(slots=True)
class Selection:
    """The result of one selector, or of all of them together."""

    groups: dict[str, JsonObject] = field(default_factory=dict)
    assigned: dict[str, Kind] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """True where nothing is selected."""
        return not self.groups and not self.assigned

    def add(self, other: Selection) -> None:
        """Take in the result of another selector."""
        self.groups |= other.groups
        self.assigned |= other.assigned
        self.unread += other.unread
        self.notices += other.notices
        self.ambiguous += other.ambiguous


async def select(directory: Directory, scope: Scope) -> Selection:
    """Run every selector. One that cannot be read is named in ``unread``, and the others go on.

    Raises ``SourceError`` for names that are not unique, and when none at all could be read.
    """
    readers = [_SelectorReader(directory, scope, selector) for selector in scope.groups]
    results = await asyncio.gather(*(reader.read() for reader in readers))
    selection = Selection()
    for result in results:
        selection.add(result)
    if selection.ambiguous:
        raise SourceError(
            "\n".join(selection.ambiguous)
            + "\nNothing was changed. Name the one that is meant by its id."
        )
    if all(result.unread and result.empty for result in results):
        reasons = "\n".join(f"  {reason}" for reason in selection.unread)
        raise SourceError(f"Nothing of the scope could be read. Nothing was changed.\n{reasons}")
    return selection


class _SelectorReader:
    """Reads one selector."""

    def __init__(self, directory: Directory, scope: Scope, selector: GroupSelector) -> None:
        self._directory = directory
        self._scope = scope
        self._selector = selector
        self._selection = Selection()

    async def read(self) -> Selection:
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
        return self._selection

    async def _by_id(self, group_id: str) -> None:
        row = await self._directory.get(Kind.GROUP, group_id, GROUP)
        if not isinstance(row, GraphError):
            self._take([row])
        elif row.status == 404:
            self._nothing("no group has this id")
        else:
            self._unread(row, GROUPS)

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
        listing = await self._directory.groups(filter_)
        if listing.failure is not None and listing.failure.code == "Request_UnsupportedQuery":
            listing = await self._directory.groups(filter_, advanced=True)
        if listing.failure is not None:
            self._unread(listing.failure, GROUPS)
        return listing

    async def _by_application(self, application: str) -> None:
        object_id: str | None = application
        if not re.fullmatch(GUID, application):
            object_id = await self._application_named(application)
        if object_id is None:
            return
        listing = await self._directory.assignments(object_id)
        if listing.failure is not None and listing.failure.status == 404 and not listing.rows:
            self._nothing("no enterprise application has this object id (a client id is another)")
            return
        if listing.failure is not None:
            self._unread(listing.failure, APPLICATIONS)
        rows = [row for row in listing.rows if self._counts(row)]
        await self._take_assigned(rows)
        self._nothing_unless(listing, rows, "nobody is assigned")

    async def _application_named(self, name: str) -> str | None:
        listing = await self._directory.service_principals(name)
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
                self._selection.assigned[principal] = kind
        if unknown:
            self._notice("assignment_type_unknown", f"{unknown} assignments of an unknown type")
        await self._take_assigned_groups(tuple(dict.fromkeys(groups)))

    async def _take_assigned_groups(self, ids: Sequence[str]) -> None:
        reads = (self._directory.get(Kind.GROUP, group_id, GROUP) for group_id in ids)
        rows: list[JsonObject] = []
        for group_id, row in zip(ids, await asyncio.gather(*reads), strict=True):
            if isinstance(row, GraphError):
                self._unread(row, GROUPS, f"assigned group {group_id}: ")
            else:
                rows.append(row)
        self._take(self._of_kind(rows))

    def _unique(self, listing: Listing, name: str, what: str) -> JsonObject | None:
        """Return the only row of exactly this name; Graph compares without case."""
        exact = {r["id"]: r for r in listing.rows if r.get("displayName") == name}
        if len(exact) > 1:
            ids = ", ".join(sorted(exact))
            self._selection.ambiguous.append(
                f"{self._selector}: {len(exact)} {what} have it: {ids}."
            )
            return None
        others = ", ".join(sorted(row["id"] for row in listing.rows))
        near = f" (a name that differs in upper and lower case: {others})" if others else ""
        self._nothing_unless(listing, exact, f"none of the {what} has this name{near}")
        return next(iter(exact.values()), None)

    def _of_kind(self, rows: Sequence[JsonObject]) -> list[JsonObject]:
        if self._scope.groups_of_kind == "all":
            return list(rows)
        # Limited information says nothing about the kind; such a group is dealt with in ``_take``.
        kept = [row for row in rows if row.get("securityEnabled") is not False]
        if len(kept) < len(rows):
            left = len(rows) - len(kept)
            groups = "1 group is no security group and was" if left == 1 else ""
            groups = groups or f"{left:,} groups are no security groups and were"
            self._notice("group_kind_skipped", f"{groups} left out (scope.groups_of_kind)")
        return kept

    def _take(self, rows: Iterable[JsonObject]) -> None:
        for row in rows:
            if row.get("displayName"):
                self._selection.groups[row["id"]] = row
            else:
                denied = GraphError(403, "limited_information")
                self._unread(denied, GROUPS, f"group {row['id']} came without its name: ")

    def _nothing_unless(self, listing: Listing, rows: Iterable[object], what: str) -> None:
        if listing.failure is None and not any(True for _ in rows):
            self._nothing(what)

    def _nothing(self, what: str) -> None:
        self._notice("scope_empty", f"{what}; it adds nobody to the scope")

    def _notice(self, code: str, what: str) -> None:
        self._selection.notices.append(Notice(code, f"{self._selector}: {what}."))

    def _unread(self, failure: GraphError, permission: str, what: str = "") -> None:
        self._selection.unread.append(f"{self._selector}: {what}{failure.reason(permission)}")
