"""Selectors of the scope, resolved to root groups and principals assigned to an application."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra.applications import ApplicationReader
from aadsync_lib.entra.directory import Directory
from aadsync_lib.entra.root_groups import RootGroupReader
from aadsync_lib.entra.selection import Selection
from aadsync_lib.errors import SourceError
from aadsync_lib.model.directory import KnownRoot


async def select(
    directory: Directory, scope: Scope, known: Collection[KnownRoot] = ()
) -> tuple[Selection, Mapping[str, Selection]]:
    """Run every selector; return what all of them find, and what each does, by its line.

    One that cannot be read is named in ``unread``, and the others go on. Raises ``SourceError`` for names that are not unique, and when none at all could be read.
    """
    readers = [
        (ApplicationReader if selector.application else RootGroupReader)(
            directory, scope, selector, known
        )
        for selector in scope.groups
    ]
    results = await asyncio.gather(*(reader.read() for reader in readers))
    selection = Selection()
    for result in results:
        selection.add(result)
    if selection.ambiguous:
        raise SourceError(
            "\n".join(selection.ambiguous)
            + "\nNothing was changed. Name the one that is meant by its id."
        )
    if all(result.unread and result.empty for result in results):
        reasons = "\n".join(f"  {reason}" for reason in selection.unread)
        raise SourceError(f"Nothing of the scope could be read. Nothing was changed.\n{reasons}")
    lines = (selector.line for selector in scope.groups)
    return selection, dict(zip(lines, results, strict=True))
