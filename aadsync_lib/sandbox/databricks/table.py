"""Records of one kind by id, with an index of their names and a memory of their past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, ValuesView
from dataclasses import dataclass
from typing import Generic, TypeVar

from aadsync_lib.sandbox.databricks.names import coarse_key
from aadsync_lib.sandbox.databricks.records import Group, ServicePrincipal, User

R = TypeVar("R", User, ServicePrincipal, Group)

GHOST_SECONDS = 60.0


@dataclass(slots=True)
class Ghost(Generic[R]):
    """A record as it was before recent writes; ``None`` where it did not exist."""

    before: R | None
    taken: float
    changed: float


class Table(Mapping[str, R]):
    """Records by id, in order of creation."""

    def __init__(self) -> None:
        self._rows: dict[str, R] = {}
        self._ids_by_name: dict[str, dict[str, None]] = {}
        self._ghosts: dict[str, Ghost[R]] = {}

    def __getitem__(self, key: str) -> R:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def values(self) -> ValuesView[R]:
        return self._rows.values()

    def add(self, row: R) -> None:
        self._rows[row.id] = row
        self._index_name(row)

    def put(self, row: R) -> None:
        """Add a record, or put it in the place of the one with its id."""
        if row.id in self._rows:
            self._forget_name(self._rows[row.id])
        self.add(row)

    def drop(self, row_id: str) -> None:
        self._forget_name(self._rows.pop(row_id))

    def named(self, name: str) -> list[R]:
        """Every record that some account would take for one of that name."""
        return [self._rows[i] for i in self._ids_by_name.get(coarse_key(name), ())]

    def rename(self, row: R, display_name: str) -> None:
        self._forget_name(row)
        row.display_name = display_name
        self._index_name(row)

    def _index_name(self, row: R) -> None:
        self._ids_by_name.setdefault(coarse_key(row.name), {})[row.id] = None

    def _forget_name(self, row: R) -> None:
        key = coarse_key(row.name)
        ids = self._ids_by_name[key]
        del ids[row.id]
        if not ids:
            del self._ids_by_name[key]

    def remember(self, row_id: str, now: float) -> None:
        """Keep the record as it is now, before a write changes it."""
        ghost = self._ghosts.get(row_id)
        if ghost is not None and now - ghost.taken < GHOST_SECONDS:
            ghost.changed = now
            return
        row = self._rows.get(row_id)
        self._ghosts[row_id] = Ghost(row.copy() if row is not None else None, now, now)

    def read(self, row_id: str, seconds: float, now: float) -> R | None:
        """Return the record, or its past when it changed less than ``seconds`` ago."""
        ghost = self._ghosts.get(row_id) if seconds else None
        if ghost is not None and now - ghost.changed < seconds:
            return ghost.before
        return self._rows.get(row_id)

    def past(self, seconds: float, now: float) -> list[R]:
        """Return all records with those changed less than ``seconds`` ago as they were."""
        recent = {i: g.before for i, g in self._ghosts.items() if now - g.changed < seconds}
        rows = [recent.pop(i, row) for i, row in self._rows.items()]
        rows.extend(recent.values())
        return [row for row in rows if row is not None]
