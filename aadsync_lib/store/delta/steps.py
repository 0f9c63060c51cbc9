"""The steps that a commit is made of: each adds rows to the journal, or cannot be recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
    named_row,
    noted_row,
    record_json,
)
from aadsync_lib.store.delta.session import micros, moment
from aadsync_lib.store.delta.state import Entry, LinkEdits, TargetState
from aadsync_lib.store.records import Row

OF_THE_SYNC = ""  # in place of a target


class CommitStep(ABC):
    """One call that waits to be recorded: a part of a commit, all or nothing by itself."""

    target: str
    error: BaseException | None = None
    done: bool = False

    @abstractmethod
    def rows(self, state: TargetState, now: float) -> list[Row]:
        """Return what to add, and note it in the state. Raises ``StoreError`` and notes nothing."""


@dataclass(eq=False)
class Announce(CommitStep):
    """Changes that are about to be sent; ``entries`` are their numbers when it is done."""

    target: str
    lease: Lease
    changes: Sequence[Change]
    entries: tuple[int, ...] = ()

    def rows(self, state: TargetState, now: float) -> list[Row]:
        builder = RowBuilder(state, now)
        run_id = self.lease.run_id
        rows = []
        for change in self.changes:
            number = next(builder.numbers)
            rows.append(
                builder.row("announced", number, run_id=run_id, entry=number, **about(change))
            )
            state.entries[number] = Entry(run_id, now, change.target_id)
            self.entries += (number,)
        builder.keep()
        return rows

    def withdrawn(self) -> Settle:
        """Return the step that takes it back, because nothing was sent."""
        why = "not sent: the run lost its lease"
        skipped = (Outcome(change, Result.SKIPPED, why) for change in self.changes)
        return Settle(self.target, dict(zip(self.entries, skipped, strict=True)))


@dataclass(eq=False)
class Settle(CommitStep):
    """Outcomes, and the links that they made or ended. ``run_id`` made the links that no outcome is about."""

    target: str
    outcomes: Mapping[int, Outcome]
    linked: Sequence[Link] = ()
    unlinked: Sequence[str] = ()
    run_id: str | None = None
    _made_by: dict[str | None, str] = field(default_factory=dict)

    def rows(self, state: TargetState, now: float) -> list[Row]:
        builder, links = RowBuilder(state, now), LinkEdits(state)
        entries = {number: state.entry(number) for number in self.outcomes}
        self._made_by = {
            outcome.change.external_id: entries[number].run_id
            for number, outcome in self.outcomes.items()
        }
        rows = [*self._unlinked(builder, links), *self._linked(builder, links, now)]
        for number, outcome in self.outcomes.items():
            rows.append(self._settled(builder, number, entries[number], outcome, links))
            rows += self._members(builder, outcome)
        links.keep()
        builder.keep()
        return rows

    def _unlinked(self, builder: RowBuilder, links: LinkEdits) -> Iterator[Row]:
        for external_id in self.unlinked:
            links.end(external_id)
            yield builder.row("unlinked", run_id=self._maker(external_id), external_id=external_id)

    def _linked(self, builder: RowBuilder, links: LinkEdits, now: float) -> Iterator[Row]:
        for link in self.linked:
            maker = self._maker(link.external_id)
            before = links.get(link.external_id)
            if before and before.link.target_id != link.target_id:
                links.end(link.external_id)
                yield builder.row("unlinked", run_id=maker, external_id=link.external_id)
                yield link_row(builder, "former", replace(before, run_id=maker))
            yield link_row(builder, "linked", links.make(link, now, maker))
            if link.names and not links.named(link.external_id):
                links.name(link.external_id)
                yield named_row(builder, link.external_id, link.names)

    def _maker(self, external_id: str) -> str | None:
        return self._made_by.get(external_id, self.run_id)

    def _settled(
        self, builder: RowBuilder, number: int, entry: Entry, outcome: Outcome, links: LinkEdits
    ) -> Row:
        columns = about(outcome.change)
        row = links.get(outcome.change.external_id or "")
        columns["target_id"] = (
            outcome.change.target_id or entry.target_id or (row.link.target_id if row else None)
        )
        return builder.row(
            "settled",
            entry=number,
            run_id=entry.run_id,
            result=outcome.result.value,
            error=outcome.error,
            announced_at=moment(entry.announced_at),
            **columns,
        )

    def _members(self, builder: RowBuilder, outcome: Outcome) -> Iterator[Row]:
        """Keep who came and went. An addition that failed takes back one that the same run took as done."""
        change, run_id = outcome.change, self._made_by[outcome.change.external_id]
        event = MEMBER_EVENTS.get((change.action, outcome.result))
        if event == "deleted":
            yield deleted_row(builder, run_id, change)
        elif event:
            for member in change.members:
                if member.target_id:
                    yield member_row(builder, event, run_id, change, member)


@dataclass(eq=False)
class Note(CommitStep):
    """A fact in one row of its own: what it is, and its columns."""

    target: str
    event: str
    columns: Mapping[str, Any]

    def rows(self, state: TargetState, now: float) -> list[Row]:
        builder = RowBuilder(state, now)
        row = builder.row(self.event, **self.columns)
        builder.keep()
        return [row]


@dataclass(eq=False)
class Remember(CommitStep):
    """The state that a run leaves behind for the next one."""

    target: str
    memory: CarriedState

    def rows(self, state: TargetState, now: float) -> list[Row]:
        builder, memory = RowBuilder(state, now), self.memory
        rows = []
        if memory.missing is not None:
            whole = [*_missing(state, memory.missing)]
            rows.append(builder.row("missing", change=as_json(whole)))
        if memory.retries is not None:
            whole = [record_json(retry) for retry in memory.retries]
            rows.append(builder.row("retries", change=as_json(whole)))
        if memory.quarantine is not None:
            whole = [record_json(record) for record in memory.quarantine]
            rows.append(builder.row("quarantine", change=as_json(whole)))
        rows += (noted_row(builder, membership) for membership in memory.memberships)
        unnamed = [each for each in memory.names if each in state.links.keys() - state.named]
        rows += (named_row(builder, each, memory.names[each]) for each in unnamed)
        state.named.update(unnamed)
        builder.keep()
        return rows


def _missing(state: TargetState, missing: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Tie each to its link as it is now, so that it ends with that."""
    for external_id, since in missing.items():
        if external_id in state.links:
            linked_at = micros(state.links[external_id].linked_at)
            yield {"external_id": external_id, "since": micros(since), "linked_at": linked_at}
