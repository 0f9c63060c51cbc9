"""The selector of an enterprise application: everybody and every group assigned to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aadsync_lib.config.base import GUID
from aadsync_lib.entra.directory import APPLICATIONS, GROUP, GROUPS
from aadsync_lib.entra.objects import absent, read_each, read_one
from aadsync_lib.entra.selection import SelectorReader
from aadsync_lib.entra.wording import label
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.directory import ASSIGNED_BY, Notice
from aadsync_lib.model.identity import Kind, canonical_id
from aadsync_lib.responses import JsonObject

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
ASSIGNED = {"User": Kind.USER, "ServicePrincipal": Kind.SERVICE_PRINCIPAL, "Group": Kind.GROUP}


class ApplicationReader(SelectorReader):
    """Reads the assignments of an application.

    Who was assigned before and is in no listing now is looked for in a second one. The application
    itself is remembered under the selector, who is assigned to it under ``assigned``.
    """

    @property
    def _roots_key(self) -> str:
        """What root groups, and people assigned directly, are remembered by."""
        return f"{ASSIGNED_BY}{self._key}"

    async def _select(self) -> None:
        application = self._selector.application or ""
        if re.fullmatch(GUID, application):
            await self._read(canonical_id(application), "")
            return
        listing = await self._directory.service_principals(application)
        row = await self._named(Kind.SERVICE_PRINCIPAL, listing, application)
        if row is not None:
            await self._read(row["id"], row.get("displayName"))

    async def _read(self, object_id: str, name: object) -> None:
        listing = await self._assignments(object_id)
        if listing is None:
            return
        self._remember(object_id, name, self._key)
        rows = {str(row["id"]): row for row in listing.rows if self._counts(row)}
        left_out = self._known_by(self._roots_key).keys() - set(map(_principal, rows.values()))
        failure = listing.failure
        if left_out and failure is None:
            again = await self._directory.assignments(object_id)
            rows |= {str(row["id"]): row for row in again.rows if self._counts(row)}
            failure = again.failure
        if failure is not None:
            self._unread(failure, APPLICATIONS)
        elif not rows:
            self._nothing("nobody is assigned")
        await self._take_assigned(rows.values())

    async def _assignments(self, object_id: str) -> Listing | None:
        """List the assignments; ``None`` where there is no such application, or none can be read."""
        listing = await self._directory.assignments(object_id)
        if listing.rows or listing.failure is None or not absent(listing.failure):
            return listing
        kind = Kind.SERVICE_PRINCIPAL
        application = await read_one(self._directory, kind, object_id, "id,displayName")
        if application is None:
            self._gone.add(object_id)
            self._nothing("no enterprise application has this object id (a client id is another)")
            return None
        if isinstance(application, GraphError):
            self._unread(application, APPLICATIONS)
            return None
        return await self._directory.assignments(object_id)

    def _counts(self, assignment: JsonObject) -> bool:
        return self._selector.default_access or assignment.get("appRoleId") != DEFAULT_ACCESS

    async def _take_assigned(self, rows: Iterable[JsonObject]) -> None:
        groups: dict[str, str] = {}
        unknown = 0
        for row in rows:
            kind, principal = ASSIGNED.get(str(row.get("principalType"))), _principal(row)
            name = str(row.get("principalDisplayName") or "")
            if kind is None or not principal:
                unknown += 1
            elif kind is Kind.GROUP:
                groups[principal] = name
            elif kind is Kind.USER or self._scope.service_principals:
                self._selection.assigned[principal] = kind
                self._selection.names[principal] = name
                self._remember(principal, name, self._roots_key)
        if unknown:
            self._notice("assignment_type_unknown", f"{unknown} assignments of an unknown type")
        await self._take_assigned_groups(groups)

    async def _take_assigned_groups(self, names: Mapping[str, str]) -> None:
        rows: list[JsonObject] = []
        for key, row in (await read_each(self._directory, Kind.GROUP, names, GROUP)).items():
            if row is None:
                self._gone.add(key)
                self._selection.notices.append(orphaned(f"group {label(key, names[key])}"))
            elif isinstance(row, GraphError):
                self._unread(row, GROUPS, f"assigned group {label(key, names[key])}: ")
            else:
                rows.append(row)
        await self._take(rows)


def orphaned(who: str) -> Notice:
    """Return the notice of an assignment that outlives whoever was assigned."""
    what = (
        f"{who}: assigned to an application, but gone from Entra; the assignment counts for nobody."
    )
    return Notice("assignment_orphaned", what)


def _principal(row: JsonObject) -> str:
    principal = row.get("principalId")
    return canonical_id(principal) if isinstance(principal, str) else ""
