"""Reads of the directory, on paths of the SDK's request builders, and the permissions they need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from msgraph import GraphServiceClient

from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.http import Request
from aadsync_lib.graph.odata import literal
from aadsync_lib.graph.paging import Listing, read_all, read_object
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

PAGE = 999  # the most that Graph gives in one page
AT_ONCE = 15  # values of one ``in``: documented for Entra, and short enough for any proxy
GROUP = "id,displayName,mailNickname,securityEnabled,groupTypes,visibility"
SERVICE_PRINCIPAL = "id,appId,displayName,accountEnabled"

UNSUPPORTED = "Request_UnsupportedQuery"  # where Graph wants an advanced query

GROUPS = "GroupMember.Read.All"
GROUPS_DELETED = "Group.Read.All"
HIDDEN = "Member.Read.Hidden"
USERS = "User.Read.All"
APPLICATIONS = "Application.Read.All"
PERMISSIONS = {Kind.USER: USERS, Kind.SERVICE_PRINCIPAL: APPLICATIONS, Kind.GROUP: GROUPS}

ID = "OBJECT-ID"  # stands for the id in a path
CAST, CAST_IN_FULL = "/graph.", "/microsoft.graph."
MOST_PAGES_OF_CHANGES = 200  # more is read no slower in full, or a feed that never ends
CASTS = 3  # forms in which service principals among members can be asked for


class Directory:
    """The directory behind a client of Graph.

    The builders tell each path once; expanding their templates for each id and encoding their
    queries letter by letter would take 0.3 ms a group, and 1.2 ms for every fifteen people.
    """

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        graph = GraphServiceClient(request_adapter=client.adapter)
        members = graph.groups.by_group_id(ID).members
        service_principal = graph.service_principals.by_service_principal_id(ID)
        self._collections = {
            Kind.USER: _path(graph.users),
            Kind.SERVICE_PRINCIPAL: _path(graph.service_principals),
            Kind.GROUP: _path(graph.groups),
        }
        self._members = _path(members)
        self._cast = _path(members.graph_service_principal)
        self._assignments = _path(service_principal.app_role_assigned_to)
        self._deleted = _path(graph.directory.deleted_items.by_directory_object_id(ID))

    async def get(self, kind: Kind, object_id: str, select: str) -> JsonObject | GraphError:
        """One object."""
        return await self._object(f"{self._collections[kind]}/{ID}", object_id, select)

    async def deleted(self, object_id: str) -> JsonObject | GraphError:
        """One object in the recycle bin, of whatever kind."""
        return await self._object(self._deleted, object_id, "id")

    async def of_ids(self, kind: Kind, ids: Iterable[str], select: str) -> Listing:
        """Up to fifteen objects of one kind by id."""
        return await self.where(kind, f"id in ({','.join(map(literal, ids))})", select)

    async def where(self, kind: Kind, filter_: str, select: str) -> Listing:
        """Objects of one kind by a filter; without a page size, as few are expected."""
        return await self._all(_request(self._collections[kind], filter=filter_, select=select))

    async def groups(self, filter_: str, *, advanced: bool = False) -> Listing:
        """Groups by a filter; an advanced one is answered from an index that may lag."""
        path, top = self._collections[Kind.GROUP], str(PAGE)
        request = _request(path, counted=advanced, filter=filter_, select=GROUP, top=top)
        return await self._all(request)

    async def some_names(self, kind: Kind, beginning: str) -> tuple[str, ...]:
        """Display names that begin so, of one page; none where they cannot be read."""
        starts = f"startswith(displayName,{literal(beginning)})"
        path, options = self._collections[kind], {"select": "id,displayName", "top": str(PAGE)}
        options |= {"filter": starts} if beginning else {}
        try:
            page = await self._client.get(_request(path, counted=False, **options))
        except GraphError:
            return ()
        rows = page.get("value") or ()
        return tuple(str(row["displayName"]) for row in rows if row.get("displayName"))

    async def members(self, group_id: str) -> Listing:
        """Direct members of every type but service principals, which v1.0 leaves out."""
        return await self._all(_request(self._members, group_id, select=GROUP, top=str(PAGE)))

    async def service_principal_members(self, group_id: str, form: int) -> Listing:
        """Direct members that are service principals, with their attributes.

        Graph takes every one of the ``CASTS`` forms; a gateway may know the cast by its full name
        only, or refuse to count.
        """
        path = self._cast if form == 0 else self._cast.replace(CAST, CAST_IN_FULL)
        options = {"select": SERVICE_PRINCIPAL, "top": str(PAGE)}
        return await self._all(_request(path, group_id, counted=form < CASTS - 1, **options))

    async def member_of(self, kind: Kind, object_id: str, select: str) -> Listing:
        """Groups, directory roles and administrative units that an object is directly in."""
        path = f"{self._collections[kind]}/{ID}/memberOf"
        return await self._all(_request(path, object_id, select=select, top=str(PAGE)))

    async def service_principals(self, name: str) -> Listing:
        """Service principals of a display name."""
        path = self._collections[Kind.SERVICE_PRINCIPAL]
        named = f"displayName eq {literal(name)}"
        request = _request(path, filter=named, select="id,displayName", top=str(PAGE))
        return await self._all(request)

    async def assignments(self, object_id: str) -> Listing:
        """Assignments of an enterprise application."""
        return await self._all(_request(self._assignments, object_id, top=str(PAGE)))

    async def changes(self, kind: Kind, select: str, since: str | None) -> Listing:
        """Go on in the feed of changes of one kind; without a link, from now on: no rows then."""
        path = f"{self._collections[kind]}/delta"
        first = _request(path, select=select, deltatoken="latest")
        if since:
            first = Request(self._client.endpoint.follow(since))
        return await read_all(self._client, first, MOST_PAGES_OF_CHANGES)

    async def _object(self, path: str, object_id: str, select: str) -> JsonObject | GraphError:
        return await read_object(self._client, _request(path, object_id, select=select))

    async def _all(self, request: Request) -> Listing:
        return await read_all(self._client, request)


def _path(builder: Any) -> str:
    return str(builder.to_get_request_information().url)


def _request(path: str, object_id: str = "", *, counted: bool = False, **options: str) -> Request:
    """Build a request; a counted one is answered from an index, as advanced queries must be."""
    options |= {"count": "true"} if counted else {}
    query = "&".join(f"${name}={quote(value, safe=',')}" for name, value in options.items())
    return Request(f"{path.replace(ID, quote(object_id, safe=''))}?{query}", eventual=counted)
