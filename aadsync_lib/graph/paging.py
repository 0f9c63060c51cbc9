"""A whole collection, page by page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from aadsync_lib.graph.endpoint import Endpoint
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.http import JsonObject, Request
from aadsync_lib.graph.requests import Requests

MOST_PAGES = 20_000  # of one listing; more is a server that never ends


class Graph(Protocol):
    """What reading needs of the client."""

    endpoint: Endpoint
    addresses: Requests

    async def get(self, ask: Request) -> JsonObject:
        """Return the answer. Raises ``GraphError`` when there is none to be had."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of all pages; with a ``failure``, of those pages that came before it."""

    rows: tuple[JsonObject, ...]
    failure: GraphError | None = None


async def read_all(graph: Graph, first: Request) -> Listing:
    """Read every page, an empty one included, and begin again once when the page token expires."""
    listing = await _walk(graph, first)
    if listing.failure is not None and listing.failure.expired:
        return await _walk(graph, first)
    return listing


async def read_one(graph: Graph, ask: Request) -> JsonObject:
    """Read a single object. Raises ``GraphError``."""
    row = await graph.get(ask)
    if not isinstance(row.get("id"), str):
        raise GraphError(200, "no_id", "the answer has no id")
    return row


async def try_one(graph: Graph, ask: Request) -> JsonObject | GraphError:
    """Read a single object, and return the failure where there is one."""
    try:
        return await read_one(graph, ask)
    except GraphError as failure:
        return failure


async def _walk(graph: Graph, first: Request) -> Listing:
    rows: list[JsonObject] = []
    seen: set[str] = set()
    ask = first
    while True:
        try:
            page = await graph.get(ask)
            rows += _rows(page)
        except GraphError as failure:
            return Listing(tuple(rows), failure)
        link = page.get("@odata.nextLink")
        if link is None:
            return Listing(tuple(rows))
        if link in seen or len(seen) >= MOST_PAGES:
            return Listing(tuple(rows), GraphError(200, "endless_paging"))
        seen.add(link)
        ask = replace(first, url=graph.endpoint.follow(str(link)))


def _rows(page: JsonObject) -> list[JsonObject]:
    value = page.get("value")
    if not isinstance(value, list):
        raise GraphError(200, "no_value", "the answer is not a collection")
    for row in value:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise GraphError(200, "no_id", "the answer has a row without an id")
    return value
