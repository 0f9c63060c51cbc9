"""Announced changes: what one request carries, to be settled once it has been answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result


@dataclass(frozen=True, slots=True)
class Announced:
    """The changes of a task, which are in the journal as ``entries``."""

    run_log: RunLog
    changes: tuple[Change, ...]
    entries: tuple[int, ...]

    @property
    def first(self) -> Change:
        """The change that says what the request is about."""
        return self.changes[0]

    def members(self, action: Action) -> list[str]:
        """Return the target ids of the members that are added, or removed."""
        members = (m for change in self.changes if change.action is action for m in change.members)
        return [member.target_id for member in members if member.target_id]

    def settle(
        self,
        result: Result,
        error: str | None = None,
        *,
        linked: tuple[Link, ...] = (),
        unlinked: tuple[str, ...] = (),
    ) -> None:
        """Record the same outcome for each of the changes, with the links that they made or ended."""
        outcomes = [Outcome(change, result, error) for change in self.changes]
        self.run_log.settle(self.entries, outcomes, linked=linked, unlinked=unlinked)

    def settle_members(self, refused: dict[str, str], linked: tuple[Link, ...] = ()) -> None:
        """Record that some members, by target id, were refused and everything else was done."""
        outcomes = [_partly(change, refused) for change in self.changes]
        self.run_log.settle(self.entries, outcomes, linked=linked)
        for change, outcome in zip(self.changes, outcomes, strict=True):
            for member in change.members:
                if outcome.result is Result.DONE and member.target_id in refused:
                    alone = replace(change, members=(member,))
                    self.run_log.fail(Outcome(alone, Result.FAILED, refused[member.target_id]))


def _partly(change: Change, refused: dict[str, str]) -> Outcome:
    """Return what was done of a change; one of which no member is left has failed."""
    left = tuple(member for member in change.members if member.target_id not in refused)
    if change.members and not left:
        first = change.members[0].target_id
        assert first
        return Outcome(change, Result.FAILED, refused[first])
    return Outcome(replace(change, members=left), Result.DONE)


def link_of(change: Change, target_id: str, origin: Origin) -> Link:
    """Return the link that an object gets by a change of it."""
    assert change.external_id
    return Link(change.action.kind, change.external_id, target_id, origin, change.name)
