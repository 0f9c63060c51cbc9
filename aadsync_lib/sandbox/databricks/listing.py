"""Pages of a listing: its rows, their order, and the filter that chose them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from starlette.datastructures import QueryParams

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.filters import FIELDS, Filter, parse_filter
from aadsync_lib.sandbox.databricks.http import integer
from aadsync_lib.sandbox.databricks.lag import left_out, without
from aadsync_lib.sandbox.databricks.records import JsonObject, Kind, Record
from aadsync_lib.sandbox.databricks.render import Selection, render
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PAGE = 100
HONOURED = 10_000


@dataclass(frozen=True, slots=True)
class ListRequest:
    """One request for a page."""

    kind: Kind
    version: str
    query: QueryParams
    stale: float


def list_page(state: DatabricksState, listing: ListRequest) -> JsonObject:
    query = listing.query
    start = max(1, integer(query, "startIndex") or 1)
    count = page_size(integer(query, "count"), listing.version, state.switches)
    rows, total = _page(state, listing, start - 1, count)
    selection = Selection.parse(query.get("attributes"), query.get("excludedAttributes"))
    members = state.switches.list_groups_with_members
    answer: JsonObject = {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(rows),
    }
    if rows:
        answer["Resources"] = [render(state, row, selection, members=members) for row in rows]
    return answer


def page_size(count: int | None, version: str, switches: Switches) -> int:
    honours = version == "2.0" and switches.oversized_count == "honour"
    if count is None:
        return HONOURED if honours else PAGE
    if count <= PAGE:
        return max(0, count)
    if version == "2.1" or switches.oversized_count == "reject":
        raise bad_request(f"count must be <= {PAGE}, not {count}", "invalidValue")
    return min(count, HONOURED) if honours else PAGE


def _page(
    state: DatabricksState, listing: ListRequest, offset: int, count: int
) -> tuple[list[Record], int]:
    table = state.table(listing.kind)
    switches = state.switches
    sort_by = listing.query.get("sortBy")
    text = listing.query.get("filter")
    wanted = parse_filter(text, listing.kind, listing.version, switches) if text else None
    if switches.duplicate_rows and offset:
        offset -= 1
    hidden = left_out(state, listing.kind, first=offset == 0, filtered=wanted is not None)
    plain = wanted is None and sort_by is None and not hidden
    if plain and not listing.stale and not switches.shuffled_pages:
        return list(islice(table.values(), offset, offset + count)), len(table)
    rows = without(_matching(state, listing, wanted), hidden)
    if sort_by is not None:
        rows = _sorted(rows, sort_by, listing.query.get("sortOrder"))
    if switches.shuffled_pages:
        switches.shuffled_pages -= 1 if switches.shuffled_pages > 0 else 0
        rows = state.random.sample(rows, len(rows))
    return list(rows[offset : offset + count]), len(rows)


def _matching(state: DatabricksState, listing: ListRequest, wanted: Filter | None) -> Sequence[Any]:
    table = state.table(listing.kind)
    if listing.stale:
        rows = table.past(listing.stale, state.clock())
    elif wanted is not None and wanted.exact_name is not None:
        return state.named(listing.kind, wanted.exact_name)
    else:
        rows = list(table.values())
    return rows if wanted is None else [row for row in rows if wanted.matches(row)]


def _sorted(rows: Sequence[Any], sort_by: str, order: str | None) -> list[Any]:
    field = FIELDS.get(sort_by.lower())
    if field is None or (rows and not hasattr(rows[0], field)):
        raise bad_request(f"sortBy does not support {sort_by}", "invalidPath")
    descending = (order or "").lower() == "descending"
    return sorted(rows, key=lambda r: str(getattr(r, field) or ""), reverse=descending)
