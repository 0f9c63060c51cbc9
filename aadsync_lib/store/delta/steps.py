"""The steps that a commit is made of: what each adds to the journal, or why it cannot be recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.codec import change_to_json
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.delta.lease import Lease
from aadsync_lib.store.delta.session import Row, moment
from aadsync_lib.store.delta.view import Entry, Links, Made, View
from aadsync_lib.store.write import storable

TYPES = {
    "seq": "BIGINT", "at": "TIMESTAMP", "event": "STRING", "sync": "STRING", "target": "STRING",
    "run_id": "STRING", "entry": "BIGINT", "action": "STRING", "external_id": "STRING",
    "target_id": "STRING", "name": "STRING", "change": "STRING", "result": "STRING",
    "error": "STRING", "announced_at": "TIMESTAMP", "kind": "STRING", "origin": "STRING",
    "linked_at": "TIMESTAMP",
}  # fmt: skip
COLUMNS = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())


class Step:
    """One call that waits to be recorded: a part of a commit, all or nothing by itself."""

    target: str
    error: BaseException | None = None
    done: bool = False

    def rows(self, view: View, now: float) -> list[Row]:
        """Return what to add, and note it in the view. Raises ``StoreError`` and notes nothing."""
        raise NotImplementedError


@dataclass(eq=False)
class Announce(Step):
    """Changes that are about to be sent; ``entries`` are their numbers when it is done."""

    target: str
    lease: Lease
    changes: Sequence[Change]
    entries: tuple[int, ...] = ()

    def rows(self, view: View, now: float) -> list[Row]:
        paper = _Paper(view, now)
        run_id = self.lease.run_id
        rows = []
        for change in self.changes:
            number = next(paper.numbers)
            rows.append(
                paper.row("announced", number, run_id=run_id, entry=number, **_about(change))
            )
            view.entries[number] = Entry(run_id, now, change.target_id)
            self.entries += (number,)
        paper.keep()
        return rows

    def withdrawn(self) -> Settle:
        """Return the step that takes it back, because nothing was sent."""
        why = "not sent: the run lost its lease"
        skipped = (Outcome(change, Result.SKIPPED, why) for change in self.changes)
        return Settle(self.target, dict(zip(self.entries, skipped, strict=True)))


@dataclass(eq=False)
class Settle(Step):
    """Outcomes, and the links that they made or ended. ``run_id`` made the links that no outcome is about."""

    target: str
    outcomes: Mapping[int, Outcome]
    linked: Sequence[Link] = ()
    unlinked: Sequence[str] = ()
    run_id: str | None = None
    _made_by: dict[str | None, str] = field(default_factory=dict)

    def rows(self, view: View, now: float) -> list[Row]:
        paper, links = _Paper(view, now), Links(view)
        entries = {number: view.entry(number) for number in self.outcomes}
        self._made_by = {
            outcome.change.external_id: entries[number].run_id
            for number, outcome in self.outcomes.items()
        }
        rows = [*self._unlinked(paper, links), *self._linked(paper, links, now)]
        for number, outcome in self.outcomes.items():
            rows.append(self._settled(paper, number, entries[number], outcome, links))
            rows += self._members(paper, outcome)
        links.keep()
        paper.keep()
        return rows

    def _unlinked(self, paper: _Paper, links: Links) -> Iterator[Row]:
        for external_id in self.unlinked:
            links.end(external_id)
            yield paper.row("unlinked", external_id=external_id)

    def _linked(self, paper: _Paper, links: Links, now: float) -> Iterator[Row]:
        for link in self.linked:
            before = links.get(link.external_id)
            if before and before.link.target_id != link.target_id:
                links.end(link.external_id)
                yield paper.row("unlinked", external_id=link.external_id)
            made = links.make(link, now, self._made_by.get(link.external_id, self.run_id))
            yield _link_row(paper, made)

    def _settled(
        self, paper: _Paper, number: int, entry: Entry, outcome: Outcome, links: Links
    ) -> Row:
        about = _about(outcome.change)
        made = links.get(outcome.change.external_id or "")
        about["target_id"] = (
            outcome.change.target_id or entry.target_id or (made.link.target_id if made else None)
        )
        return paper.row(
            "settled",
            entry=number,
            run_id=entry.run_id,
            result=outcome.result.value,
            error=outcome.error,
            announced_at=moment(entry.announced_at),
            **about,
        )

    def _members(self, paper: _Paper, outcome: Outcome) -> Iterator[Row]:
        """Keep who was added by this sync. An addition that failed takes back one that was taken as done."""
        change, result = outcome.change, outcome.result
        adds = change.action is Action.ADD_MEMBERS
        if adds and result is Result.DONE:
            event = "member_added"
        elif result is (Result.FAILED if adds else Result.DONE):
            event = "member_removed"
        else:
            return
        run_id = self._made_by[change.external_id]
        for member in change.members:
            if member.target_id:
                yield paper.row(
                    event,
                    run_id=run_id,
                    external_id=change.external_id,
                    target_id=member.target_id,
                )


class _Paper:
    """Gives rows their numbers; the view learns of them when all are written."""

    def __init__(self, view: View, now: float) -> None:
        self._view = view
        self._at: datetime = moment(now)
        self.numbers = view.numbers(now)
        self._last = view.last

    def row(self, event: str, number: int | None = None, **values: Any) -> Row:
        self._last = next(self.numbers) if number is None else number
        values |= {
            "seq": self._last,
            "at": self._at,
            "event": event,
            "sync": self._view.sync,
            "target": self._view.target,
        }
        return tuple(_plain(values.get(name)) for name in TYPES)

    def keep(self) -> None:
        self._view.last = self._last


def _about(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.value,
        "external_id": change.external_id,
        "target_id": change.target_id,
        "name": change.name,
        "change": json.dumps(change_to_json(change), separators=(",", ":")),
    }


def _link_row(paper: _Paper, made: Made) -> Row:
    link = made.link
    return paper.row(
        "linked",
        run_id=made.run_id,
        external_id=link.external_id,
        target_id=link.target_id,
        name=link.name,
        kind=link.kind.value,
        origin=link.origin.value,
        linked_at=moment(made.linked_at),
    )


def _plain(value: object) -> object:
    return storable(value) if isinstance(value, str) else value
