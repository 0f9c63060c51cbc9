"""Why a person is in a group, or is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from aadsync_lib.engine.explain.search import Finder
from aadsync_lib.engine.explain.standing import standing
from aadsync_lib.engine.explain.view import View
from aadsync_lib.engine.explain.watching import Seen, Side
from aadsync_lib.model.explanation import (
    EdgeOutcome,
    Identity,
    Next,
    Path,
    Paths,
    Person,
    Standing,
    Step,
)
from aadsync_lib.ports import StoreReader
from aadsync_lib.reconcile.explain import Explained


@dataclass(frozen=True)
class PersonQuestion:
    """Explains people over both sides as they were read."""

    seen: Seen
    explained: Explained
    finder: Finder
    store: StoreReader

    def explain(self, one: Identity, group: Identity | None) -> Person:
        """Return every path, and what each target has of it."""
        key = one.external_id or ""
        top = group.external_id or "" if group else None
        paths = self.explained.paths(key, top)
        return Person(
            identity=one,
            group=group,
            paths=paths,
            assigned=key in self.seen.snapshot.assigned,
            others=self.explained.beyond(key),
            targets=tuple(self._standing(side, one, group, paths) for side in self.seen.sides),
        )

    def _standing(
        self, side: Side, one: Identity, group: Identity | None, paths: Paths
    ) -> Standing:
        found = standing(self._view(side, one, group))
        kept = next((path for path in paths.listed if path.kept), None)
        if found.paths is None or found.paths.listed or kept is None:
            return found
        return replace(found, gap=self._gap(side, one, kept))

    def _view(self, side: Side, one: Identity, group: Identity | None = None) -> View:
        return View(side, self.seen.desired, self.store, one, group)

    def _gap(self, side: Side, one: Identity, path: Path) -> str | None:
        """Return the first membership of a path in Entra that the target does not have."""
        missing = (
            _missing(standing(self._view(side, who)), who.name, step)
            for who, step in self._stands_for(one, path)
        )
        return next(filter(None, missing), None)

    def _stands_for(self, one: Identity, path: Path) -> Iterator[tuple[Identity, Step]]:
        """Yield who has to be in which group on a target for the path to be one there."""
        for step, below in pairwise(path.steps):
            if step.fate is not EdgeOutcome.KEPT:
                yield one, step
                return
            yield self.finder.group(below.group), step
        yield one, path.steps[-1]


def _missing(found: Standing, name: str, step: Step) -> str | None:
    row = next((row for row in found.groups if row.group == step.group), None)
    if row and row.there:
        return None
    if row and row.next is Next.ADDS:
        return f"{name} is not in {step.name} there yet; the next sync adds it"
    why = row.reason if row else "the target is to have no such group"
    return f"{name} is not in {step.name} there: {why}"
