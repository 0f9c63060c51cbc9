"""The steps that a commit is made of: what each adds to the journal, or why it cannot be recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aadsync_lib.model.carried import CarriedState
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.delta.lease import Lease
from aadsync_lib.store.delta.rows import (
    MEMBER_EVENTS,
    RowBuilder,
    about,
    as_json,
    deleted_row,
    link_row,
    member_row,
    noted_row,
    remembered,
)
from aadsync_lib.store.delta.session import Row, micros, moment
from aadsync_lib.store.delta.view import Entry, Links, View


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
        paper = RowBuilder(view, now)
        run_id = self.lease.run_id
        rows = []
        for change in self.changes:
            number = next(paper.numbers)
            rows.append(
                paper.row("announced", number, run_id=run_id, entry=number, **about(change))
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
        paper, links = RowBuilder(view, now), Links(view)
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

    def _unlinked(self, paper: RowBuilder, links: Links) -> Iterator[Row]:
        for external_id in self.unlinked:
            links.end(external_id)
            yield paper.row("unlinked", run_id=self._maker(external_id), external_id=external_id)

    def _linked(self, paper: RowBuilder, links: Links, now: float) -> Iterator[Row]:
        for link in self.linked:
            maker = self._maker(link.external_id)
            before = links.get(link.external_id)
            if before and before.link.target_id != link.target_id:
                links.end(link.external_id)
                yield paper.row("unlinked", run_id=maker, external_id=link.external_id)
                yield link_row(paper, "former", replace(before, run_id=maker))
            yield link_row(paper, "linked", links.make(link, now, maker))

    def _maker(self, external_id: str) -> str | None:
        return self._made_by.get(external_id, self.run_id)

    def _settled(
        self, paper: RowBuilder, number: int, entry: Entry, outcome: Outcome, links: Links
    ) -> Row:
        columns = about(outcome.change)
        made = links.get(outcome.change.external_id or "")
        columns["target_id"] = (
            outcome.change.target_id or entry.target_id or (made.link.target_id if made else None)
        )
        return paper.row(
            "settled",
            entry=number,
            run_id=entry.run_id,
            result=outcome.result.value,
            error=outcome.error,
            announced_at=moment(entry.announced_at),
            **columns,
        )

    def _members(self, paper: RowBuilder, outcome: Outcome) -> Iterator[Row]:
        """Keep who came and went. An addition that failed takes back one that the same run took as done."""
        change, run_id = outcome.change, self._made_by[outcome.change.external_id]
        event = MEMBER_EVENTS.get((change.action, outcome.result))
        if event == "deleted":
            yield deleted_row(paper, run_id, change)
        elif event:
            for member in change.members:
                if member.target_id:
                    yield member_row(paper, event, run_id, change, member)


@dataclass(eq=False)
class Remember(Step):
    """What a run leaves behind for the next one."""

    target: str
    memory: CarriedState

    def rows(self, view: View, now: float) -> list[Row]:
        paper, memory = RowBuilder(view, now), self.memory
        rows = []
        if memory.missing is not None:
            whole = [*_missing(view, memory.missing)]
            rows.append(paper.row("missing", change=as_json(whole)))
        if memory.retries is not None:
            whole = [remembered(one) for one in memory.retries]
            rows.append(paper.row("retries", change=as_json(whole)))
        if memory.quarantine is not None:
            whole = [remembered(one) for one in memory.quarantine]
            rows.append(paper.row("quarantine", change=as_json(whole)))
        rows += (noted_row(paper, one) for one in memory.memberships)
        paper.keep()
        return rows


def _missing(view: View, missing: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Tie each to its link as it is now, so that it ends with that."""
    for external_id, since in missing.items():
        if external_id in view.links:
            linked_at = micros(view.links[external_id].linked_at)
            yield {"external_id": external_id, "since": micros(since), "linked_at": linked_at}
