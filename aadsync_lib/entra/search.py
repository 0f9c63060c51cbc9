"""Search for users, service principals and groups by name, with every group above them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable, Iterator

from aadsync_lib.config.base import GUID
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import PERMISSIONS, Directory
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import GraphError, printable
from aadsync_lib.graph.odata import literal
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.directory import DirectoryMatch, GroupAbove
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)
NAME = {Kind.USER: "userPrincipalName", Kind.SERVICE_PRINCIPAL: "appId", Kind.GROUP: "displayName"}
FILTERS = {
    Kind.USER: ("userPrincipalName", "mail", "displayName"),
    Kind.SERVICE_PRINCIPAL: ("displayName",),
    Kind.GROUP: ("displayName",),
}
GROUP = "id,displayName,securityEnabled"
SELECT = {
    Kind.USER: "id,displayName,accountEnabled,userPrincipalName",
    Kind.SERVICE_PRINCIPAL: "id,displayName,accountEnabled,appId",
    Kind.GROUP: GROUP,
}


async def search(
    directory: Directory, name: str, kinds: Iterable[Kind] = PEOPLE
) -> tuple[DirectoryMatch, ...]:
    """Find everybody of a name: user name, mail, application id, display name or object id."""
    reads = [(kind, read) for kind in kinds for read in _reads(directory, kind, name)]
    listings = await asyncio.gather(*(read for _, read in reads))
    rows: dict[str, tuple[Kind, JsonObject]] = {}
    failed: list[str] = []
    for (kind, _), listing in zip(reads, listings, strict=True):
        rows |= {row["id"]: (kind, row) for row in listing.rows if row.get(NAME[kind])}
        if listing.failure is not None:
            failed.append(listing.failure.reason(PERMISSIONS[kind]))
    if failed and not rows:
        raise SourceError(
            f"Nothing was found as {printable(name)}, but Graph did not answer all that was asked: "
            f"{'; '.join(failed)}. Nothing was changed."
        )
    matches = await asyncio.gather(*(_match(directory, kind, row) for kind, row in rows.values()))
    return tuple(sorted(matches, key=lambda match: (match.name.casefold(), match.id)))


def _reads(directory: Directory, kind: Kind, name: str) -> Iterator[Awaitable[Listing]]:
    guid = re.fullmatch(GUID, name)
    keys = FILTERS[kind] + (("appId",) if guid and kind is Kind.SERVICE_PRINCIPAL else ())
    for key in keys:
        yield directory.where(kind, f"{key} eq {literal(name)}", SELECT[kind])
    if guid:
        yield _by_id(directory, kind, name)


async def _by_id(directory: Directory, kind: Kind, object_id: str) -> Listing:
    row = await directory.get(kind, object_id, SELECT[kind])
    if isinstance(row, GraphError):
        return Listing((), None if row.status == 404 else row)
    return Listing((row,))


async def _match(directory: Directory, kind: Kind, row: JsonObject) -> DirectoryMatch:
    """Add every group above a row, level by level, each read once.

    Graph can list them all in one answer, but without saying what is nested in what, and from an
    index that has been seen to leave groups out.
    """
    parents, whole = await _parents(directory, kind, row["id"])
    rows = dict(parents)
    above: dict[str, GroupAbove] = {}
    while level := [gid for gid in rows if gid not in above]:
        reads = await asyncio.gather(*(_parents(directory, Kind.GROUP, gid) for gid in level))
        for gid, (higher, read) in zip(level, reads, strict=True):
            above[gid] = _above(rows[gid], frozenset(higher))
            whole = whole and read
            rows |= higher
    ordered = tuple(sorted(above.values(), key=lambda group: (group.name.casefold(), group.id)))
    if kind is Kind.GROUP:
        ordered = (_above(row, frozenset(parents)), *(g for g in ordered if g.id != row["id"]))
    names = tuple(sorted(group.name for group in above.values()))
    return DirectoryMatch(
        id=row["id"],
        name=row[NAME[kind]],
        display_name=row.get("displayName") or None,
        enabled=row.get("accountEnabled") is not False,
        groups=names if whole else None,
        kind=kind,
        parents=frozenset(parents),
        above=ordered,
    )


async def _parents(
    directory: Directory, kind: Kind, key: str
) -> tuple[dict[str, JsonObject], bool]:
    """Return the groups that an object is directly in, and whether these are all."""
    listing = await directory.member_of(kind, key, GROUP)
    groups = {
        row["id"]: row
        for row in listing.rows
        if translate.KINDS.get(translate.type_name(row)) is Kind.GROUP
    }
    named = all(row.get("displayName") for row in groups.values())
    return groups, listing.failure is None and named


def _above(row: JsonObject, parents: frozenset[str]) -> GroupAbove:
    name = row.get("displayName") or row["id"]
    # Limited information says nothing about the kind.
    return GroupAbove(row["id"], name, row.get("securityEnabled") is not False, parents)
