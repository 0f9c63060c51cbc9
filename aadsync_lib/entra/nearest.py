"""Names in the directory that look like one that nobody has, for a message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from aadsync_lib.entra.directory import Directory
from aadsync_lib.graph.errors import printable
from aadsync_lib.model.identity import Kind, normal

SHOWN = 3
BEGINNING = 2  # letters of a name that are taken to be right, before every name is looked at


async def nearest(directory: Directory, kind: Kind, name: str, *, start: bool = False) -> str:
    """Return ``; nearest: …``, or nothing where no name is near; with ``start``, names that begin alike.

    It costs two requests at most, as only the first page of names is looked at each time.
    """
    for beginning in dict.fromkeys((name[:BEGINNING], "")):
        names = await directory.some_names(kind, beginning)
        near = list(_near(name, names, start=start))
        if near:
            return f"; nearest: {', '.join(map(repr, map(printable, near[:SHOWN])))}"
    return ""


def _near(name: str, names: Iterable[str], *, start: bool) -> Iterator[str]:
    known: dict[str, list[str]] = {}
    for each in sorted(set(names)):
        key = normal(each).lower()
        known.setdefault(key[: len(name)] if start else key, []).append(each)
    for key in get_close_matches(normal(name).lower(), known, SHOWN):
        yield from known[key]
