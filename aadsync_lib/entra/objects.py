"""Objects of the directory by id: many in one request, and gone only where a second look agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aadsync_lib.entra.directory import AT_ONCE, Directory
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

Answer = JsonObject | GraphError
Found = Answer | None
"""An object, the failure of its reads, or ``None`` where it is gone."""


@dataclass(slots=True)
class Listed:
    """Objects that listings by id showed, ids that they left out, and ids that no listing took."""

    answers: dict[str, Answer] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


async def list_ids(directory: Directory, kind: Kind, ids: Iterable[str], select: str) -> Listed:
    """List objects of one kind by id, fifteen in one request."""
    wanted = sorted(set(ids))
    chunks = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    listings = await asyncio.gather(*(directory.of_ids(kind, chunk, select) for chunk in chunks))
    listed = Listed()
    for chunk, listing in zip(chunks, listings, strict=True):
        listed.answers |= {row["id"]: row for row in listing.rows}
        rest = [key for key in chunk if key not in listed.answers]
        if listing.failure is None:
            listed.left_out += rest
        elif listing.failure.status == 400:
            listed.refused += rest
        else:
            listed.answers |= dict.fromkeys(rest, listing.failure)
    return listed


async def read_one(
    directory: Directory, kind: Kind, key: str, select: str, *, listed: bool = False
) -> Found:
    """Read an object by itself. One 404 is no proof that it is gone.

    Gone is what two reads by id do not find and a listing leaves out; ``listed``: one has already.
    """
    first = await directory.get(kind, key, select)
    if listed or not absent(first):
        return await second_look(directory, kind, key, select, first)
    listing, again = await asyncio.gather(
        directory.of_ids(kind, [key], select), second_look(directory, kind, key, select, first)
    )
    if again is not None or not listing.rows:
        unanswered = listing.failure is not None and listing.failure.status != 400
        return listing.failure if again is None and unanswered else again
    return listing.rows[0]


async def second_look(
    directory: Directory, kind: Kind, key: str, select: str, first: Answer
) -> Found:
    """Return the first answer, or read the object again where that was a 404."""
    if not absent(first):
        return first
    again = await directory.get(kind, key, select)
    return None if absent(again) else again


async def read_each(
    directory: Directory, kind: Kind, ids: Iterable[str], select: str, *, listed: bool = False
) -> dict[str, Found]:
    """Read objects each by itself, at the same time."""
    keys = list(ids)
    reads = (read_one(directory, kind, key, select, listed=listed) for key in keys)
    return dict(zip(keys, await asyncio.gather(*reads), strict=True))


async def read_ids(
    directory: Directory, kind: Kind, ids: Iterable[str], select: str
) -> Mapping[str, Found]:
    """Read objects of one kind by id, and by itself what a listing leaves out or refuses."""
    listed = await list_ids(directory, kind, ids, select)
    rest = (*listed.left_out, *listed.refused)
    alone = await read_each(directory, kind, rest, select, listed=True)
    return {**listed.answers, **alone}


def absent(answer: Answer) -> bool:
    """Return whether Graph says that there is no such object."""
    return isinstance(answer, GraphError) and answer.status == 404
