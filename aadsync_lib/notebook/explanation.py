"""An explanation as tidy frames of its paths and memberships, and as the result of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.explanation import EdgeOutcome, Explanation, Identity, Path, Standing
from aadsync_lib.report.explain.as_json import explanation_to_json
from aadsync_lib.report.explain.tree import shown, when

if TYPE_CHECKING:
    import pandas as pd

MEMBERS = 100  # of a group, in the result of the notebook
ENTRA = "Entra"
PATHS = ("name", "kind", "external_id", "side", "top", "path", "groups", "kept", "reason")
MEMBERSHIPS = ("name", "external_id", "target", "group", "group_external_id", "there", "in_entra",
               "next", "reason", "since", "run_id", "how")  # fmt: skip


def explanation_result(found: Explanation) -> JsonObject:
    """Return the ``explanation`` document; of a large group's members the first, and how many more."""
    document = explanation_to_json(found)
    for group in document["groups"]:
        group["more_members"] = len(group["members"][MEMBERS:])
        del group["members"][MEMBERS:]
    return document


def paths_frame(found: Explanation) -> pd.DataFrame:
    """Return a row for each path of each side, all columns ``string``.

    ``path`` names the groups from the top to the identity, ``groups`` counts them, ``kept`` says whether
    the targets get it (``true`` on a target), and ``reason`` why not.
    """
    return _frame(PATHS, _paths(found))


def memberships_frame(found: Explanation) -> pd.DataFrame:
    """Return a row for each group on a target that somebody is, was or would be directly in."""
    return _frame(MEMBERSHIPS, _memberships(found))


def _frame(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns), dtype="string")


def _paths(found: Explanation) -> Iterator[tuple[Any, ...]]:
    for person in found.people:
        sides = [(ENTRA, person.paths.listed)]
        sides += [
            (standing.target, standing.paths.listed if standing.paths else ())
            for standing in person.targets
        ]
        for side, listed in sides:
            yield from (_path(person.identity, side, path) for path in listed)
    for group in found.groups:
        names = (ENTRA, *(standing.target for standing in group.targets))
        for member in group.members:
            for side, way in zip(names, (member.entra, *member.targets), strict=True):
                if way:
                    yield _path(member.identity, side, way)


def _path(identity: Identity, side: str, path: Path) -> tuple[Any, ...]:
    names = [step.name for step in path.steps]
    reason = next((step.reason for step in path.steps if step.fate is EdgeOutcome.DROPPED), None)
    way = " > ".join((*names, shown(identity)))
    head = (identity.name, identity.kind.value, identity.external_id, side, names[0], way)
    return (*head, str(len(names)), str(path.kept).lower(), reason)


def _memberships(found: Explanation) -> Iterator[tuple[Any, ...]]:
    asked = [(explained.identity, explained.targets) for explained in found.people]
    asked += [(explained.identity, explained.targets) for explained in found.groups]
    for identity, targets in asked:
        for standing in targets:
            yield from _rows(identity, standing)


def _rows(identity: Identity, standing: Standing) -> Iterator[tuple[Any, ...]]:
    for row in standing.groups:
        there, wanted = str(row.there).lower(), str(row.wanted).lower()
        since = None if row.since is None else when(row.since)
        how = row.how.value if row.how else None
        yield (identity.name, identity.external_id, standing.target, row.name, row.group, there, wanted,
               row.next.value, row.reason, since, row.run_id, how)  # fmt: skip
