"""Announced changes: what one request carries, to be settled once it has been answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.change import MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, merged
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import MembersRefused


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

    def wanted(self) -> Attributes:
        """Return what all changes together set."""
        return merged(change.after for change in self.changes) or Attributes()

    def apart(self) -> tuple[Announced, Announced]:
        """Return what changes of the object itself, and what changes of its members."""
        pairs = list(zip(self.changes, self.entries, strict=True))
        itself = [pair for pair in pairs if pair[0].action not in MEMBERS]
        members = [pair for pair in pairs if pair[0].action in MEMBERS]
        return self._of(itself), self._of(members)

    def _of(self, pairs: Sequence[tuple[Change, int]]) -> Announced:
        changes, entries = (tuple(part) for part in zip(*pairs, strict=True))
        return Announced(self.run_log, changes, entries)

    def instead(self, changes: Sequence[Change], reason: str) -> Announced:
        """Announce other changes in place of the first one, which was not done for this reason."""
        rest = tuple(replace(change, target_id=changes[0].target_id) for change in self.changes[1:])
        entries = self.run_log.announce(changes)
        self.run_log.withdraw(self.entries[0], Outcome(self.first, Result.FAILED, reason))
        return Announced(self.run_log, (*changes, *rest), (*entries, *self.entries[1:]))

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

    def settle_members(self, error: MembersRefused, linked: tuple[Link, ...] = ()) -> None:
        """Record that some members were refused, or not tried, and everything else was done."""
        self.settle_each([by_member(change, error) for change in self.changes], linked)

    def settle_each(
        self,
        outcomes: Sequence[Sequence[Outcome]],
        linked: tuple[Link, ...] = (),
        unlinked: tuple[str, ...] = (),
    ) -> None:
        """Record what came of each change: one outcome, and those of members that ended otherwise."""
        settled = [first for first, *_ in outcomes]
        self.run_log.settle(self.entries, settled, linked=linked, unlinked=unlinked)
        others = [outcome for _, *rest in outcomes for outcome in rest]
        self.run_log.fail([outcome for outcome in others if outcome.result is Result.FAILED])
        for outcome in others:
            if outcome.result is Result.SKIPPED:
                self.run_log.note(outcome)


def by_member(change: Change, error: MembersRefused) -> tuple[Outcome, ...]:
    """Return what was done of a change, if anything, then each member at fault, then the untried."""
    return tuple(_by_member(change, error))


def _by_member(change: Change, error: MembersRefused) -> Iterator[Outcome]:
    left = error.refused.keys() | error.untried.keys()
    done = tuple(member for member in change.members if member.target_id not in left)
    if done or not change.members:
        yield Outcome(replace(change, members=done), Result.DONE)
    for member in change.members:
        if reason := error.refused.get(member.target_id or ""):
            yield failed_member(change, member, reason)
    untried = tuple(member for member in change.members if member.target_id in error.untried)
    if untried:
        reason = error.untried[untried[0].target_id or ""]
        yield Outcome(replace(change, members=untried), Result.SKIPPED, reason)


def failed_member(change: Change, member: MemberRef, reason: str) -> Outcome:
    """Return the failure of a member alone, which is named by it."""
    return Outcome(replace(change, members=(member,)), Result.FAILED, reason)


def link_of(change: Change, target_id: str, origin: Origin) -> Link:
    """Return the link that an object gets by a change of it."""
    assert change.external_id
    return Link(change.action.kind, change.external_id, target_id, origin, change.name)
