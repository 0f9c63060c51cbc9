"""Whole listings: every page, no row twice, as many as the target says there are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.model.rates import PAGE
from aadsync_lib.ports import ChangeRefused, Clock
from aadsync_lib.responses import JsonObject

log = logging.getLogger(__name__)

REREADS = 3
PAUSE = 2.0  # seconds before a listing is read again


class ListingUnsteady(ChangeRefused):
    """A listing never agreed with its own total."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; ``total`` is the length of all of it."""

    rows: tuple[JsonObject, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing to read: its resource, and the query that is the same for each of its pages."""

    client: ScimClient
    clock: Clock
    resource: str
    query: JsonObject

    def page(self, start: int) -> Page:
        """Read the page whose first row has this number, counted from one."""
        query = {**self.query, "startIndex": start, "count": PAGE}
        page = self.client.list_page(self.resource, query)
        total = page.get("totalResults")
        if not isinstance(total, int):
            raise ListingUnsteady(f"GET {self.resource}: the answer has no totalResults")
        return Page(tuple(page.get("Resources") or ()), total)

    def rows(
        self, pool: Executor | None = None, first: Page | None = None
    ) -> tuple[JsonObject, ...]:
        """Read all pages, at once where there is a pool, until rows and total agree."""
        pages = list(self._together(pool, first) if pool else self._in_turn(first))
        for _ in range(REREADS):
            if _agree(pages):
                break
            log.info("%s: rows and totalResults differ, reading again", self.resource)
            self.clock.sleep(PAUSE)
            pages = list(self._in_turn())
        rows = _by_id(pages)
        if not _agree(pages):
            raise ListingUnsteady(
                f"GET {self.resource}: {len(rows)} rows, but totalResults is "
                f"{pages[-1].total}, {1 + REREADS} times"
            )
        return tuple(rows.values())

    def _together(self, pool: Executor, first: Page | None) -> Iterator[Page]:
        first = first or self.page(1)
        if len(first.rows) < PAGE:  # all of it, or pages shorter than asked for
            yield from self._in_turn(first)
            return
        yield first
        yield from pool.map(self.page, range(1 + PAGE, first.total + 1, PAGE))

    def _in_turn(self, first: Page | None = None) -> Iterator[Page]:
        page = first or self.page(1)
        start = 1
        while True:
            yield page
            start += len(page.rows)
            if not page.rows or start > page.total:
                return
            page = self.page(start)


def _by_id(pages: Iterable[Page]) -> dict[str, JsonObject]:
    return {row["id"]: row for page in pages for row in page.rows if row.get("id")}


def _agree(pages: list[Page]) -> bool:
    """Return whether there are as many rows as every page says."""
    return {page.total for page in pages} == {len(_by_id(pages))}
