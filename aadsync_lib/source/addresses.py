"""The reads that the source makes, on paths of the SDK's request builders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from msgraph import GraphServiceClient

from aadsync_lib.source.wire import Ask

PAGE = 999  # the most that Graph gives in one page
GROUP = ("id", "displayName", "mailNickname", "securityEnabled", "groupTypes", "visibility")
SERVICE_PRINCIPAL = ("id", "appId", "displayName", "accountEnabled")


class Addresses:
    """Relative addresses, as batches want them."""

    def __init__(self, adapter: Any) -> None:
        self._graph = GraphServiceClient(request_adapter=adapter)

    def group(self, group_id: str) -> Ask:
        """One group."""
        return _ask(self._graph.groups.by_group_id(group_id), select=GROUP)

    def groups(self, filter_: str, *, advanced: bool = False) -> Ask:
        """Groups by a filter; an advanced one is answered from an index that may lag."""
        options = {"filter": filter_, "select": ",".join(GROUP), "top": str(PAGE)}
        if advanced:
            options["count"] = "true"
        return _ask(self._graph.groups, eventual=advanced, **options)

    def members(self, group_id: str) -> Ask:
        """Direct members of every type but service principals, which v1.0 leaves out."""
        return _ask(self._graph.groups.by_group_id(group_id).members, select=GROUP, top=PAGE)

    def service_principal_members(self, group_id: str) -> Ask:
        """Direct members that are service principals, with their attributes."""
        cast = self._graph.groups.by_group_id(group_id).members.graph_service_principal
        return _ask(cast, select=SERVICE_PRINCIPAL, top=PAGE, count="true", eventual=True)

    def users(self, ids: Iterable[str], select: tuple[str, ...]) -> Ask:
        """Up to fifteen users by id."""
        listed = ",".join(literal(user_id) for user_id in ids)
        return _ask(self._graph.users, filter=f"id in ({listed})", select=select)

    def user(self, user_id: str, select: tuple[str, ...]) -> Ask:
        """One user."""
        return _ask(self._graph.users.by_user_id(user_id), select=select)

    def service_principal(self, object_id: str) -> Ask:
        """One service principal."""
        item = self._graph.service_principals.by_service_principal_id(object_id)
        return _ask(item, select=SERVICE_PRINCIPAL)

    def service_principals(self, name: str) -> Ask:
        """Service principals of a display name."""
        named = f"displayName eq {literal(name)}"
        return _ask(self._graph.service_principals, filter=named, select="id,displayName", top=PAGE)

    def assignments(self, object_id: str) -> Ask:
        """Who is assigned to an enterprise application."""
        item = self._graph.service_principals.by_service_principal_id(object_id)
        return _ask(item.app_role_assigned_to, top=PAGE)


def literal(text: str) -> str:
    """Return text as an OData string."""
    return "'" + text.replace("'", "''") + "'"


def _ask(builder: Any, *, eventual: bool = False, **options: str | int | Iterable[str]) -> Ask:
    """Return the builder's path with our query.

    The builders encode a query letter by letter in Python: 1.2 ms for one filter of fifteen ids.
    """
    pairs = (f"${name}={quote(_text(value), safe=',')}" for name, value in options.items())
    return Ask(f"{builder.to_get_request_information().url}?{'&'.join(pairs)}", eventual)


def _text(value: str | int | Iterable[str]) -> str:
    return str(value) if isinstance(value, str | int) else ",".join(value)
