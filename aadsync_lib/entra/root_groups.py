"""Selectors that name groups: by id, by name, by a prefix of the name, by a filter of OData."""

from __future__ import annotations

from collections.abc import Collection

from aadsync_lib.entra.directory import AT_ONCE, GROUP, GROUPS, UNSUPPORTED
from aadsync_lib.entra.nearest import nearest
from aadsync_lib.entra.objects import read_one
from aadsync_lib.entra.selection import SelectorReader
from aadsync_lib.entra.wording import label
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.odata import literal
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.identity import Kind, canonical_id, normal


class RootGroupReader(SelectorReader):
    """Reads a selector of groups.

    A root that was found before and that a listing does not show is looked for once more before it
    leaves: the listings of Graph lag behind, and come from an index.
    """

    async def _select(self) -> None:
        selector = self._selector
        if selector.id is not None:
            await self._by_id(canonical_id(selector.id))
        elif selector.name is not None:
            await self._by_name(selector.name)
        elif selector.prefix is not None:
            await self._by_prefix(selector.prefix)
        else:
            await self._by_filter(selector.filter or "")

    async def _by_id(self, group_id: str) -> None:
        known = self._known_by(self._key)
        row = await read_one(self._directory, Kind.GROUP, group_id, GROUP)
        if isinstance(row, GraphError):
            what = f"group {label(group_id, known[group_id])}: " if group_id in known else ""
            self._unread(row, GROUPS, what)
        elif row is not None:
            await self._take([row], any_kind=True)
        elif group_id in known:
            self._note_gone(Kind.GROUP, group_id, known[group_id])
        else:
            self._nothing("no group has this id")

    async def _by_name(self, name: str) -> None:
        listing = await self._listing(
            " or ".join(f"displayName eq {literal(n)}" for n in _forms(name))
        )
        row = await self._named(Kind.GROUP, listing, name)
        if row is not None:
            await self._take([row], any_kind=True)

    async def _by_prefix(self, prefix: str) -> None:
        starts = (f"startswith(displayName,{literal(p)})" for p in _forms(prefix))
        listing = await self._listing(" or ".join(starts))
        rows = list(listing.rows)
        if listing.failure is None:
            known = self._known_by(self._key)
            rows += await self._look_up(self._left_out(listing), known)
        start = normal(prefix).lower()
        names = ((row, normal(row.get("displayName")).lower()) for row in rows)
        named = [row for row, name in names if not name or name.startswith(start)]
        await self._take(named)
        near = "" if named else await nearest(self._directory, Kind.GROUP, prefix, start=True)
        self._report(listing, named, f"no group has a name that starts so{near}")

    async def _by_filter(self, filter_: str) -> None:
        listing = await self._listing(filter_)
        rows = list(listing.rows)
        left_out = self._left_out(listing)
        if left_out and listing.failure is None:
            again = await self._asked_again(filter_, left_out)
            rows += [row for row in again.rows if row["id"] in left_out]
            if again.failure is not None:
                self._unread(again.failure, GROUPS)
        await self._take(rows)
        self._report(listing, rows, "no group matches")

    def _left_out(self, listing: Listing) -> Collection[str]:
        return self._known_by(self._key).keys() - {row["id"] for row in listing.rows}

    async def _asked_again(self, filter_: str, ids: Collection[str]) -> Listing:
        """Ask for these groups alone; where Graph does not take that, ask for all of them again."""
        if len(ids) <= AT_ONCE:
            among = ",".join(map(literal, sorted(ids)))
            listing = await self._listing(f"({filter_}) and id in ({among})")
            if listing.failure is None or listing.failure.status != 400:
                return listing
        return await self._listing(filter_)

    async def _listing(self, filter_: str) -> Listing:
        """Read groups by a filter, as an advanced query where Graph wants it so."""
        listing = await self._directory.groups(filter_)
        if listing.failure is not None and listing.failure.code == UNSUPPORTED:
            return await self._directory.groups(filter_, advanced=True)
        return listing

    def _report(self, listing: Listing, rows: Collection[object], nothing: str) -> None:
        if listing.failure is not None:
            self._unread(listing.failure, GROUPS)
        elif not rows and not self._selection.unread:
            self._nothing(nothing)


def _forms(name: str) -> tuple[str, ...]:
    """Return a name as the settings write it, and as the directory does where that differs."""
    return tuple(dict.fromkeys((name, normal(name))))
