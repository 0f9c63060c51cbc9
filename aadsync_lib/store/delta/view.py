"""What the journal says of one target, in memory, so that a call needs no query of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from aadsync_lib.errors import StoreError
from aadsync_lib.model.link import Link
from aadsync_lib.store.delta.session import Tables, micros, seconds
from aadsync_lib.store.read import KINDS, ORIGINS

# One pass: the last word on every link and every entry, those that are over left out.
STATE = """
SELECT seq, of_it.event, entry, of_it.external_id, of_it.target_id, of_it.run_id,
  unix_micros(of_it.since), of_it.kind, of_it.origin, of_it.name
FROM (
  SELECT max(seq) AS seq, entry, max_by(struct(event, external_id, target_id, run_id,
    coalesce(linked_at, at) AS since, kind, origin, name), seq) AS of_it
  FROM {journal}
  WHERE sync = :sync AND target = :target
    AND event IN ('announced', 'settled', 'linked', 'unlinked')
  GROUP BY entry, CASE WHEN entry IS NULL THEN external_id ELSE run_id END
) WHERE of_it.event IN ('announced', 'linked')
UNION ALL
SELECT max(seq), 'last', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM {journal} WHERE sync = :sync AND target = :target
"""

ENTRY = """
SELECT target_id, run_id, unix_micros(at) FROM {journal}
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
class View:
    """The links and the announced entries of one target, and the highest number given."""

    tables: Tables
    sync: str
    target: str
    last: int = 0
    links: dict[str, LinkRow] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, tables: Tables, sync: str, target: str) -> View:
        """Read it from the tables."""
        view = cls(tables, sync, target)
        rows = tables.query(STATE, sync=sync, target=target)
        for seq, event, number, external_id, target_id, run_id, at, *more in sorted(
            rows, key=lambda row: row[0] or 0
        ):
            if event == "last":
                view.last = seq or 0
            elif event == "announced":
                view.entries[number] = Entry(run_id, seconds(at), target_id)
            else:
                kind, origin, name = more
                link = Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name)
                view.links.pop(view.owners.get(target_id, ""), None)  # the later one holds
                view.links[external_id] = LinkRow(link, seconds(at), run_id)
                view.owners[target_id] = external_id
        return view

    def numbers(self, now: float) -> Iterator[int]:
        """Return numbers that were never given, each higher than the one before."""
        return count(max(self.last + 1, micros(now)))

    def entry(self, number: int) -> Entry:
        """Return an entry, settled or not. Raises ``StoreError`` for one that was never announced."""
        if number not in self.entries:
            rows = self.tables.query(ENTRY, sync=self.sync, target=self.target, entry=number)
            if not rows:
                raise StoreError(
                    f"{self.target}: the journal of sync {self.sync} has no entry {number}, so its "
                    f"outcome was not recorded. Was the store replaced during the run? Run again to "
                    f"find out what was done."
                )
            target_id, run_id, at = rows[0]
            self.entries[number] = Entry(run_id, seconds(at), target_id)
        return self.entries[number]


class Links:
    """The links as one step will leave them. Nothing of the view changes until ``keep``."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._links: dict[str, LinkRow | None] = {}
        self._owners: dict[str, str | None] = {}

    def get(self, external_id: str) -> LinkRow | None:
        """Return the link of an Entra object."""
        if external_id in self._links:
            return self._links[external_id]
        return self._view.links.get(external_id)

    def end(self, external_id: str) -> LinkRow | None:
        """End a link and return it, if there is one."""
        ended = self.get(external_id)
        if ended:
            self._links[external_id] = None
            self._owners[ended.link.target_id] = None
        return ended

    def make(self, link: Link, now: float, run_id: str | None) -> LinkRow:
        """Add a link: a new name of the same object keeps since when it is linked and by whom."""
        target = self._view.target
        owner = self._owners.get(link.target_id, self._view.owners.get(link.target_id))
        if owner not in (None, link.external_id):
            raise StoreError(
                f"{target}: {link.kind.value} {link.target_id} is linked to Entra object {owner} and "
                f"cannot be linked to {link.external_id} as well. Nothing of this step was recorded. "
                f"Run again: what was sent is looked up on the target first."
            )
        before = self.get(link.external_id)
        made = (
            LinkRow(link, before.linked_at, before.run_id) if before else LinkRow(link, now, run_id)
        )
        self._links[link.external_id] = made
        self._owners[link.target_id] = link.external_id
        return made

    def keep(self) -> None:
        """Take the step over into the view."""
        for target_id, owner in self._owners.items():
            if owner is None:
                self._view.owners.pop(target_id, None)
            else:
                self._view.owners[target_id] = owner
        for external_id, made in self._links.items():
            if made is None:
                self._view.links.pop(external_id, None)
            else:
                self._view.links[external_id] = made
