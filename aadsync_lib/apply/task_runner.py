"""Task runner: announces, sends and records the changes of a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.apply.access_runner import AccessRunner
from aadsync_lib.apply.access_tasks import of_access
from aadsync_lib.apply.announced import Announced, link_of
from aadsync_lib.apply.create_task import CreateTask, in_the_way
from aadsync_lib.apply.defence import Defence
from aadsync_lib.apply.readback import ReadBack
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.apply.tasks import Task
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import Kind, merged
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import (
    AlreadyThere,
    AnswerLost,
    ChangeRefused,
    MembersRefused,
    Target,
    TogetherRefused,
)


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Sends the changes of a task and settles them. Nothing is sent that was not announced."""

    target: Target
    run_log: RunLog
    creator: CreateTask
    read_back: ReadBack
    defence: Defence
    access: AccessRunner

    def perform(self, task: Task) -> bool:
        """Carry the task out and return whether its object is as planned, members apart."""
        allowed = self.defence.allowed(task.changes)
        if of_access(allowed):
            return self.access.perform(allowed)
        changes, missing = self._resolved(allowed)
        for outcome in missing:
            self.run_log.note(outcome)
        if not changes:
            return not missing and all(change.action in MEMBERS for change in task.changes)
        announced = Announced(self.run_log, changes, self.run_log.announce(changes))
        try:
            return self._attempt(announced)
        except TogetherRefused:
            return self._apart(announced, task.key)

    def _attempt(self, announced: Announced) -> bool:
        try:
            return self._send(announced)
        except TogetherRefused:
            raise
        except AnswerLost as lost:
            announced.settle(Result.UNKNOWN, str(lost))
            return False
        except AlreadyThere as there:
            self._collided(announced, there)
            return False
        except ChangeRefused as refused:
            announced.settle(Result.FAILED, str(refused))
            return False

    def _apart(self, announced: Announced, key: str) -> bool:
        """Send what was refused as one request again, as two: one at fault does not hold back the other.

        Members of a group are not touched before it is ours.
        """
        itself, members = announced.apart()
        done = self._attempt(itself)
        if done or all(change.action.verb != "adopt" for change in itself.changes):
            self._attempt(members)
        else:
            members.settle(Result.SKIPPED, f"waits for {key}, which failed")
        return done

    def skip(self, task: Task, reason: str) -> None:
        """Note that the task was not carried out."""
        for change in task.changes:
            self.run_log.note(Outcome(change, Result.SKIPPED, reason))

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

    def _send(self, announced: Announced) -> bool:
        first = announced.first
        refused = None
        match first.action.verb:
            case "create":
                return self.creator.create(announced)
            case "delete":
                self.target.delete(first.action.kind, _id(first))
            case _:
                refused = self._change(announced)
        return self._settle(announced, refused)

    def _change(self, announced: Announced) -> MembersRefused | None:
        """Change what an object is, and whom it contains, in one request; return who was refused."""
        first, changes = announced.first, announced.changes
        wanted = merged(c.after for c in changes if c.after and c.before != c.after)
        added = announced.members(Action.ADD_MEMBERS)
        removed = announced.members(Action.REMOVE_MEMBERS)
        try:
            if added or removed:
                self.target.change_members(_id(first), added, removed, wanted)
            elif wanted:
                self.target.update(first.action.kind, _id(first), wanted)
        except MembersRefused as refused:
            return refused
        return None

    def _settle(self, announced: Announced, refused: MembersRefused | None = None) -> bool:
        """Record what was answered as done, where it shows if it has to, and return whether all of it does."""
        answered = self.read_back.answered(announced.changes, refused)
        adopted, ended = self._adopted(answered.shown), self._ended(answered.shown)
        announced.settle_each(answered.outcomes, adopted, ended)
        return answered.object_shows

    def _collided(self, announced: Announced, there: AlreadyThere) -> None:
        """Settle a change whose name is taken: by a name that only looks like it, a person has to look."""
        first = announced.first
        wanted = merged(change.after for change in announced.changes)
        name = wanted.display_name if wanted else None
        reason = None
        if name and first.action.kind is Kind.GROUP and first.action.verb != "create":
            reason = in_the_way(name, self._others(name, first.target_id))
        result = Result.QUARANTINED if reason else Result.FAILED
        announced.settle(result, reason or str(there))

    def _others(self, name: str, target_id: str | None) -> Iterable[Account]:
        """Return who else has this name, or one like it; nobody where that cannot be seen."""
        try:
            holders = self.target.find(Kind.GROUP, name)
        except ChangeRefused:
            return ()
        return [account for account in holders if account.id != target_id]

    def _adopted(self, changes: Iterable[Change]) -> tuple[Link, ...]:
        return tuple(
            link_of(change, _id(change), self.run_log.origin(change))
            for change in changes
            if change.action.verb == "adopt"
        )

    def _ended(self, changes: Iterable[Change]) -> tuple[str, ...]:
        """Return whose links end with their object: another one may have it by now."""
        return tuple(
            change.external_id
            for change in changes
            if change.external_id and change.action.verb in ("delete", "release")
            if self.run_log.target_id(change.external_id) in (None, change.target_id)
        )


def _id(change: Change) -> str:
    assert change.target_id
    return change.target_id
