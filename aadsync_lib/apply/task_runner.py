"""Carrying out one task: announce, send, record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.apply.create_task import CreateTask
from aadsync_lib.apply.outcomes import all_of, ids_of, link_of, settle_members
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.apply.tasks import Task
from aadsync_lib.model.change import MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import merged
from aadsync_lib.model.plan import Step
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import AnswerLost, ChangeRefused, MembersRefused, Target

Detours = Mapping[tuple[str | None, str | None], tuple[Step, ...]]  # by group and who leaves it


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Sends the changes of a task and settles them. Nothing is sent that was not announced."""

    target: Target
    run_log: RunLog
    creator: CreateTask
    replacement_paths: Detours = field(default_factory=dict)

    def perform(self, task: Task) -> bool:
        """Carry the task out and return whether its object is as planned, members apart."""
        changes, missing = self._resolved(self._leaving(task.changes))
        for outcome in missing:
            self.run_log.note(outcome)
        if not changes:
            return not missing
        entries = self.run_log.announce(changes)
        try:
            return self._send(changes, entries)
        except MembersRefused as refused:
            settle_members(self.run_log, changes, entries, refused.refused)
            return True
        except AnswerLost as lost:
            self.run_log.settle(entries, all_of(changes, Result.UNKNOWN, str(lost)))
            return False
        except ChangeRefused as refused:
            self.run_log.settle(entries, all_of(changes, Result.FAILED, str(refused)))
            return False

    def skip(self, task: Task, reason: str) -> None:
        """Note that the task was not carried out."""
        for change in task.changes:
            self.run_log.note(Outcome(change, Result.SKIPPED, reason))

    def _leaving(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Leave out of removals whom the other way into the group was not opened for."""
        leaving: list[Change] = []
        for change in changes:
            stay = {
                member: why for member in change.members if (why := self._closed(change, member))
            }
            for member, why in stay.items():
                error = f"{why} in this run, so it stays in the group for now"
                alone = replace(change, members=(member,))
                self.run_log.note(Outcome(alone, Result.SKIPPED, error))
            rest = tuple(member for member in change.members if member not in stay)
            if rest or not stay:
                leaving.append(replace(change, members=rest) if stay else change)
        return tuple(leaving)

    def _closed(self, change: Change, member: MemberRef) -> str | None:
        if change.action is not Action.REMOVE_MEMBERS or not self.replacement_paths:
            return None
        return self.run_log.not_added(
            self.replacement_paths.get((change.target_id, member.target_id), ())
        )

    def _resolved(self, changes: Sequence[Change]) -> tuple[tuple[Change, ...], list[Outcome]]:
        """Fill in the target ids of members made in this run; leave out those that failed."""
        resolved: list[Change] = []
        missing: list[Outcome] = []
        for change in changes:
            members = [self._member(member) for member in change.members]
            lost = tuple(member for member in members if member.target_id is None)
            there = tuple(member for member in members if member.target_id is not None)
            if lost:
                error = "not made on the target in this run, so it cannot be a member yet"
                missing.append(Outcome(replace(change, members=lost), Result.SKIPPED, error))
            if there or change.action not in MEMBERS:
                resolved.append(replace(change, members=there))
        return tuple(resolved), missing

    def _member(self, member: MemberRef) -> MemberRef:
        if member.target_id is not None:
            return member
        return replace(member, target_id=self.run_log.made(member.external_id))

    def _send(self, changes: tuple[Change, ...], entries: tuple[int, ...]) -> bool:
        first = changes[0]
        match first.action.verb:
            case "create":
                return self.creator.create(changes, entries)
            case "delete":
                self.target.delete(first.action.kind, _id(first))
                ends = first.external_id and self._ends(first)
                unlinked = (first.external_id,) if ends and first.external_id else ()
                self.run_log.settle(entries, all_of(changes, Result.DONE), unlinked=unlinked)
            case "add" | "remove":
                adds, removes = Action.ADD_MEMBERS, Action.REMOVE_MEMBERS
                added, removed = ids_of(changes, adds), ids_of(changes, removes)
                self.target.change_members(_id(first), added, removed)
                self.run_log.settle(entries, all_of(changes, Result.DONE))
            case _:
                wanted = merged(change.after for change in changes if change.before != change.after)
                if wanted:
                    self.target.update(first.action.kind, _id(first), wanted)
                linked = tuple(
                    link_of(change, _id(change), self.run_log.origin(change))
                    for change in changes
                    if change.action.verb == "adopt"
                )
                released = tuple(
                    change.external_id
                    for change in changes
                    if change.action.verb == "release" and self._ends(change) and change.external_id
                )
                outcomes = all_of(changes, Result.DONE)
                self.run_log.settle(entries, outcomes, linked=linked, unlinked=released)
        return True

    def _ends(self, change: Change) -> bool:
        """Return whether the link ends with this object: another one may have it by now."""
        return self.run_log.target_id(change.external_id) in (None, change.target_id)


def _id(change: Change) -> str:
    assert change.target_id
    return change.target_id
