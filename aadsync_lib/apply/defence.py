"""Last defence of a run: what no plan may do, checked against what the run has done itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.change import MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.plan import Step
from aadsync_lib.model.run import Outcome, Result

Paths = Mapping[tuple[str | None, str | None], tuple[Step, ...]]  # by group and who leaves it

PROTECTED = "it is protected, so it stays as it is, whatever the plan says"
KEPT = "it is protected, so it stays in the group, whatever the plan says"
JUST_ADDED = "this run has added it to the group, so it stays there"
HOLDS_PROTECTED = "{} is in it and protected, so the group stays, whatever the plan says"


@dataclass(frozen=True, slots=True)
class Defence:
    """Splits changes into what may be sent and what is skipped, with the reason.

    ``protected`` are target ids that nobody changes or takes out of a group. Who leaves a group because
    another way leads into it waits for the additions of ``replacement_paths``.
    """

    run_log: RunLog
    protected: frozenset[str] = frozenset()
    replacement_paths: Paths = field(default_factory=dict)

    def allowed(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return what may be sent of the changes of a task, and note what is skipped."""
        allowed: list[Change] = []
        removes = any(change.action is Action.REMOVE_MEMBERS for change in changes)
        coming = self._coming(changes) if removes else frozenset[str]()
        for change in changes:
            if reason := self._forbidden(change):
                self.run_log.note(Outcome(change, Result.SKIPPED, reason))
            elif change.action is Action.REMOVE_MEMBERS:
                allowed += self._leaving(change, coming)
            else:
                allowed.append(change)
        return tuple(allowed)

    def _coming(self, changes: Iterable[Change]) -> frozenset[str]:
        """Return who the same task adds: made in this run, or there before."""
        added = (c.members for c in changes if c.action is Action.ADD_MEMBERS)
        ids = (
            m.target_id or self.run_log.made(m.external_id) for members in added for m in members
        )
        return frozenset(filter(None, ids))

    def _forbidden(self, change: Change) -> str | None:
        if change.target_id in self.protected and _changes_it(change):
            return PROTECTED
        if change.action is Action.DELETE_GROUP:
            return next(
                filter(None, (self._keeps(change, member) for member in change.members)), None
            )
        return None

    def _keeps(self, change: Change, member: MemberRef) -> str | None:
        """Return why a group is not deleted with this member in it."""
        if member.target_id in self.protected:
            return HOLDS_PROTECTED.format(member.name)
        closed = self._closed(change, member)
        return f"{closed} in this run, so the group stays for now" if closed else None

    def _closed(self, change: Change, member: MemberRef) -> str | None:
        """Return which addition failed that was to open another way for somebody who leaves."""
        steps = self.replacement_paths.get((change.target_id, member.target_id), ())
        return self.run_log.not_added(steps) if steps else None

    def _leaving(self, change: Change, coming: frozenset[str]) -> Iterator[Change]:
        """Yield the removal of who may leave."""
        added = coming | self.run_log.added(change.target_id)
        reasons = {member: self._stays(change, member, added) for member in change.members}
        for member, reason in reasons.items():
            if reason:
                alone = replace(change, members=(member,))
                self.run_log.note(Outcome(alone, Result.SKIPPED, reason))
        rest = tuple(member for member, reason in reasons.items() if not reason)
        if len(rest) == len(change.members):
            yield change
        elif rest:
            yield replace(change, members=rest)

    def _stays(self, change: Change, member: MemberRef, added: frozenset[str]) -> str | None:
        if member.target_id in self.protected:
            return KEPT
        if member.target_id in added:
            return JUST_ADDED
        closed = self._closed(change, member)
        return f"{closed} in this run, so it stays in the group for now" if closed else None


def _changes_it(change: Change) -> bool:
    """Return whether a change is one on the target: an adoption may be of the store alone."""
    return (
        change.action in MEMBERS or change.action.verb != "adopt" or change.before != change.after
    )
