"""The state of one target by its journal, in memory, so that a call needs no query of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from aadsync_lib.model.link import Link
from aadsync_lib.store.delta.session import Tables, micros
from aadsync_lib.store.records import already_linked, link_of, unknown_entry

# One pass: the last word on every link and every entry, those that are over left out.
STATE = """
SELECT seq, of_it.event, entry, of_it.external_id, of_it.target_id, of_it.run_id,
  {seconds:of_it.since}, of_it.kind, of_it.origin, of_it.name, named > coalesce(ended, 0)
FROM (
  SELECT max(seq) FILTER (WHERE event <> 'named') AS seq, entry, max_by(struct(event, external_id,
      target_id, run_id, coalesce(linked_at, at) AS since, kind, origin, name), seq)
      FILTER (WHERE event <> 'named') AS of_it,
    max(seq) FILTER (WHERE event = 'unlinked') AS ended,
    max(seq) FILTER (WHERE event = 'named') AS named
  FROM {journal}
  WHERE sync = :sync AND target = :target
    AND event IN ('announced', 'settled', 'linked', 'unlinked', 'named')
  GROUP BY entry, CASE WHEN entry IS NULL THEN external_id ELSE run_id END
) WHERE of_it.event IN ('announced', 'linked')
UNION ALL
SELECT max(seq), 'last', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM {journal} WHERE sync = :sync AND target = :target
"""

ENTRY = """
SELECT target_id, run_id, {seconds:at} FROM {journal}
WHERE event = 'announced' AND sync = :sync AND target = :target AND entry = :entry
"""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link, since when, and the run that made it."""

    link: Link
    linked_at: float
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An announced change, as far as its outcome needs it."""

    run_id: str
    announced_at: float
    target_id: str | None


@dataclass(slots=True)
class TargetState:
    """The links and the announced entries of one target, and the highest number given.

    ``named`` are the object ids of links whose other names are known.
    """

    tables: Tables
    sync: str
    target: str
    last: int = 0
    links: dict[str, LinkRow] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, tables: Tables, sync: str, target: str) -> TargetState:
        """Read it from the tables."""
        state = cls(tables, sync, target)
        rows = tables.query(STATE, sync=sync, target=target)
        for seq, event, number, external_id, target_id, run_id, at, *more in sorted(
            rows, key=lambda row: row[0] or 0
        ):
            if event == "last":
                state.last = seq or 0
            elif event == "announced":
                state.entries[number] = Entry(run_id, at, target_id)
            else:
                kind, origin, name, named = more
                link = link_of(kind, external_id, target_id, origin, name)
                state.links.pop(state.owners.get(target_id, ""), None)  # the later one holds
                state.links[external_id] = LinkRow(link, at, run_id)
                state.owners[target_id] = external_id
                if named:
                    state.named.add(external_id)
        return state

    def numbers(self, now: float) -> Iterator[int]:
        """Return numbers that were never given, each higher than the one before."""
        return count(max(self.last + 1, micros(now)))

    def entry(self, number: int) -> Entry:
        """Return an entry, settled or not. Raises ``StoreError`` for one that was never announced."""
        if number not in self.entries:
            rows = self.tables.query(ENTRY, sync=self.sync, target=self.target, entry=number)
            if not rows:
                raise unknown_entry(self.target, self.sync, number)
            target_id, run_id, at = rows[0]
            self.entries[number] = Entry(run_id, at, target_id)
        return self.entries[number]


class LinkEdits:
    """The links as one step will leave them. Nothing of the state changes until ``keep``."""

    def __init__(self, state: TargetState) -> None:
        self._state = state
        self._links: dict[str, LinkRow | None] = {}
        self._owners: dict[str, str | None] = {}
        self._named: dict[str, bool] = {}

    def get(self, external_id: str) -> LinkRow | None:
        """Return the link of an Entra object."""
        if external_id in self._links:
            return self._links[external_id]
        return self._state.links.get(external_id)

    def end(self, external_id: str) -> None:
        """End a link, if there is one."""
        ended = self.get(external_id)
        if ended:
            self._links[external_id] = None
            self._owners[ended.link.target_id] = None
        self._named[external_id] = False

    def named(self, external_id: str) -> bool:
        """Return whether the other names of a linked identity are known."""
        return self._named.get(external_id, external_id in self._state.named)

    def name(self, external_id: str) -> None:
        """Note that they are known."""
        self._named[external_id] = True

    def make(self, link: Link, now: float, run_id: str | None) -> LinkRow:
        """Add a link: a new name of the same object keeps since when it is linked and by whom."""
        owner = self._owners.get(link.target_id, self._state.owners.get(link.target_id))
        if owner is not None and owner != link.external_id:
            raise already_linked(self._state.target, link, owner)
        before = self.get(link.external_id)
        row = replace(before, link=link) if before else LinkRow(link, now, run_id)
        self._links[link.external_id] = row
        self._owners[link.target_id] = link.external_id
        return row

    def keep(self) -> None:
        """Take the step over into the state."""
        for target_id, owner in self._owners.items():
            if owner is None:
                self._state.owners.pop(target_id, None)
            else:
                self._state.owners[target_id] = owner
        for external_id, named in self._named.items():
            (self._state.named.add if named else self._state.named.discard)(external_id)
        for external_id, row in self._links.items():
            if row is None:
                self._state.links.pop(external_id, None)
            else:
                self._state.links[external_id] = row
