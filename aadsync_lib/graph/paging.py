"""Whole collections, page by page, and single objects."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.http import Request
from aadsync_lib.model.identity import canonical_id
from aadsync_lib.responses import JsonObject

MOST_PAGES = 20_000  # of one listing; more is a server that never ends


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of all pages; with a ``failure``, of those pages that came before it.

    ``delta`` is the link to go on from, where the last page of a delta query has one.
    """

    rows: tuple[JsonObject, ...]
    failure: GraphError | None = None
    delta: str | None = None


async def read_all(client: GraphClient, first: Request, most: int | None = None) -> Listing:
    """Read every page (of ``most``), an empty one included, and begin again once when the page token expires."""
    most = most or MOST_PAGES
    listing = await _pages(client, first, most)
    if listing.failure is not None and listing.failure.expired:
        return await _pages(client, first, most)
    return listing


async def read_object(client: GraphClient, request: Request) -> JsonObject | GraphError:
    """Read a single object, and return the failure where there is one."""
    try:
        row = await client.get(request)
    except GraphError as failure:
        return failure
    if not isinstance(row.get("id"), str):
        return GraphError(200, "no_id", "the answer has no id")
    row["id"] = canonical_id(row["id"])
    return row


async def _pages(client: GraphClient, first: Request, most: int) -> Listing:
    rows: list[JsonObject] = []
    links: set[str] = set()
    request = first
    while True:
        try:
            page = await client.get(request)
            rows += _rows(page)
        except GraphError as failure:
            return Listing(tuple(rows), failure)
        link = page.get("@odata.nextLink")
        if link is None:
            return Listing(tuple(rows), delta=_delta(client, page))
        if link in links or len(links) >= most:
            return Listing(tuple(rows), GraphError(200, "endless_paging"))
        links.add(link)
        request = replace(first, url=client.endpoint.follow(str(link)))


def _rows(page: JsonObject) -> list[JsonObject]:
    value = page.get("value")
    if not isinstance(value, list):
        raise GraphError(200, "no_value", "the answer is not a collection")
    for row in value:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise GraphError(200, "no_id", "the answer has a row without an id")
        row["id"] = canonical_id(row["id"])
    return value


def _delta(client: GraphClient, page: JsonObject) -> str | None:
    """Return the delta link of a page, which may not lead to another host either."""
    link = page.get("@odata.deltaLink")
    return None if link is None else client.endpoint.follow(str(link))
