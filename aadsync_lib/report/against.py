"""Differences from a saved plan, as they stand in the document of a plan and in its JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import JsonObject, change_to_json, head_to_json
from aadsync_lib.model.moved import Moved
from aadsync_lib.report.document import BENT, GOOD, Alert, Document
from aadsync_lib.report.plan_rows import NAMES, details, first_names, words


def with_moved(document: Document, moved: Moved) -> Document:
    """Return the document of a plan with what moved; it is read before everything else."""
    return replace(document, alerts=(_alert(moved), *document.alerts))


def moved_to_json(moved: Moved) -> JsonObject:
    """Return the value of ``against`` in the document of a plan."""
    return {
        "digest": moved.digest,
        "head": head_to_json(moved.head),
        "same": moved.same,
        "moved": list(moved.sides),
        "targets": [
            {
                "target": target.target,
                "planned": [change_to_json(change) for change in target.planned],
                "no_longer_planned": [change_to_json(change) for change in target.no_longer],
            }
            for target in moved.targets
        ],
    }


def _alert(moved: Moved) -> Alert:
    lines = tuple(_lines(moved))
    if not lines:
        return Alert(GOOD, f"Nothing has moved since {_saved(moved)}.")
    if moved.same:
        return Alert(
            BENT, f"The same is planned as in {_saved(moved)}, though something moved", lines
        )
    return Alert(BENT, f"Moved since {_saved(moved)}", lines)


def _saved(moved: Moved) -> str:
    head = moved.head
    if head is None:
        return f"the saved plan {moved.digest}"
    return f"the plan that {head.by} saved at {head.time.replace('T', ' ').removesuffix('Z')} UTC"


def _lines(moved: Moved) -> Iterator[str]:
    yield from moved.sides
    for target in moved.targets:
        yield from (
            f"{target.target}: planned now: {change_words(change)}" for change in target.planned
        )
        yield from (
            f"{target.target}: no longer planned: {change_words(change)}"
            for change in target.no_longer
        )


def change_words(change: Change) -> str:
    """Return a change in the words in which a plan shows it: ``add members Data: ada, bob``."""
    members = first_names(tuple(member.name for member in change.members), NAMES)
    return f"{words(change.action)} {change.name}{details(change)}" + (
        f": {members}" * bool(members)
    )
