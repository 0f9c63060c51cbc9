"""Carrying out one task: announce, send, record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.apply.ledger import Ledger
from aadsync_lib.apply.tasks import MEMBERS, Task
from aadsync_lib.config.policy import Adopt
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind, merged
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import Step
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import (
    AlreadyThere,
    AnswerLost,
    ChangeRefused,
    Clock,
    MembersRefused,
    Target,
)
from aadsync_lib.reconcile.correlate import adopt_setting, may_take

Detours = Mapping[tuple[str | None, str | None], tuple[Step, ...]]  # by group and who leaves it

LOOKS = 4
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Performer:
    """Sends the changes of a task and settles them. Nothing is sent that was not announced."""

    target: Target
    ledger: Ledger
    clock: Clock
    adopt: Adopt
    detours: Detours = field(default_factory=dict)

    def perform(self, task: Task) -> bool:
        """Carry the task out and return whether its object is as planned, members apart."""
        changes, missing = self._resolved(self._leaving(task.changes))
        for outcome in missing:
            self.ledger.note(outcome)
        if not changes:
            return not missing
        entries = self.ledger.announce(changes)
        try:
            return self._send(changes, entries)
        except MembersRefused as refused:
            self._settle_members(changes, entries, refused.refused)
            return True
        except AnswerLost as lost:
            self.ledger.settle(entries, _all(changes, Result.UNKNOWN, str(lost)))
            return False
        except ChangeRefused as refused:
            self.ledger.settle(entries, _all(changes, Result.FAILED, str(refused)))
            return False

    def skip(self, task: Task, reason: str) -> None:
        """Note that the task was not carried out."""
        for change in task.changes:
            self.ledger.note(Outcome(change, Result.SKIPPED, reason))

    def _leaving(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Leave out of removals whom the other way into the group was not opened for."""
        found: list[Change] = []
        for change in changes:
            stay = {one: why for one in change.members if (why := self._closed(change, one))}
            for member, why in stay.items():
                error = f"{why} in this run, so it stays in the group for now"
                alone = replace(change, members=(member,))
                self.ledger.note(Outcome(alone, Result.SKIPPED, error))
            rest = tuple(member for member in change.members if member not in stay)
            if rest or not stay:
                found.append(replace(change, members=rest) if stay else change)
        return tuple(found)

    def _closed(self, change: Change, member: MemberRef) -> str | None:
        if change.action is not Action.REMOVE_MEMBERS or not self.detours:
            return None
        return self.ledger.not_added(self.detours.get((change.target_id, member.target_id), ()))

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
        return replace(member, target_id=self.ledger.made(member.external_id))

    def _send(self, changes: tuple[Change, ...], entries: tuple[int, ...]) -> bool:
        first = changes[0]
        match first.action.verb:
            case "create":
                return self._create(changes, entries)
            case "delete":
                self.target.delete(first.action.kind, _id(first))
                ends = first.external_id and self._ends(first)
                unlinked = (first.external_id,) if ends and first.external_id else ()
                self.ledger.settle(entries, _all(changes, Result.DONE), unlinked=unlinked)
            case "add" | "remove":
                adds, removes = Action.ADD_MEMBERS, Action.REMOVE_MEMBERS
                added, removed = _ids(changes, adds), _ids(changes, removes)
                self.target.change_members(_id(first), added, removed)
                self.ledger.settle(entries, _all(changes, Result.DONE))
            case _:
                wanted = merged(change.after for change in changes if change.before != change.after)
                if wanted:
                    self.target.update(first.action.kind, _id(first), wanted)
                linked = tuple(
                    _link(change, _id(change), self.ledger.origin(change))
                    for change in changes
                    if change.action.verb == "adopt"
                )
                released = tuple(
                    change.external_id
                    for change in changes
                    if change.action.verb == "release" and self._ends(change) and change.external_id
                )
                outcomes = _all(changes, Result.DONE)
                self.ledger.settle(entries, outcomes, linked=linked, unlinked=released)
        return True

    def _ends(self, change: Change) -> bool:
        """Return whether the link ends with this object: another one may have it by now."""
        return self.ledger.target_id(change.external_id) in (None, change.target_id)

    def _create(self, changes: tuple[Change, ...], entries: tuple[int, ...]) -> bool:
        first, members = changes[0], _ids(changes, Action.ADD_MEMBERS)
        assert first.after
        lost: AnswerLost | None = None  # once it is, whatever is found there may be ours
        while True:
            try:
                target_id = self.target.create(first.action.kind, first.after, members)
                break
            except MembersRefused as refused:
                link = _link(first, refused.group_id, Origin.CREATED)
                self._settle_members(changes, entries, refused.refused, (link,))
                return True
            except AlreadyThere as there:
                origin = Origin.CREATED if lost else Origin.ADOPTED
                found = self._look_up(first, lost or there)
                return self._take_over(changes, entries, found, origin)
            except AnswerLost as again:
                if lost:
                    raise
                lost = again
                if found := self._find(first, lost):
                    return self._take_over(changes, entries, found, Origin.CREATED)
            except ChangeRefused as refused:
                raise lost or refused from refused
        link = _link(first, target_id, Origin.CREATED)
        self.ledger.settle(entries, _all(changes, Result.DONE), linked=(link,))
        return True

    def _look_up(self, change: Change, error: ChangeRefused) -> tuple[Account, ...]:
        """Find what the target says is there already; reads can lag behind writes for a while."""
        for look in range(LOOKS):
            if found := self._find(change, error):
                return found
            self.clock.sleep(LOOK_SECONDS * 2**look)
        raise error

    def _find(self, change: Change, error: ChangeRefused) -> tuple[Account, ...]:
        """Find objects of this name; raise ``error``, which made us look, where that fails."""
        try:
            return self.target.find(change.action.kind, change.name)
        except ChangeRefused as failure:
            raise error from failure

    def _take_over(
        self,
        changes: tuple[Change, ...],
        entries: tuple[int, ...],
        found: tuple[Account, ...],
        origin: Origin,
    ) -> bool:
        """Take an object that exists already if it is ours or adoptable, else quarantine."""
        first = changes[0]
        if len(found) == 1 and self._ours(found[0], first, origin):
            return self._take(changes, entries, found[0], origin)
        owner = ", ".join(map(self._described, found))
        kind = first.action.kind
        setting = adopt_setting(kind, self.adopt.of(kind))
        reason = f"exists already as {owner}, which {setting} does not take over"
        self.ledger.settle(entries, _all(changes, Result.QUARANTINED, reason))
        return False

    def _described(self, account: Account) -> str:
        sync = self.ledger.sharer(account.id)
        managed = f", managed by the sync {sync}" if sync else ""
        return f"{account.id} (externalId {account.external_id or 'none'}{managed})"

    def _ours(self, account: Account, change: Change, origin: Origin) -> bool:
        if self.ledger.owner(account.id) not in (None, change.external_id):
            return False
        if self.ledger.sharer(account.id):
            return False
        if account.external_id == change.external_id:
            return True
        unowned = account.external_id is None
        return (unowned and origin is Origin.CREATED) or may_take(account, self.adopt)

    def _take(
        self,
        changes: tuple[Change, ...],
        entries: tuple[int, ...],
        account: Account,
        origin: Origin,
    ) -> bool:
        first = changes[0]
        assert first.after
        kind, link = first.action.kind, _link(first, account.id, origin)
        if account.external_id == first.external_id:
            link = replace(link, origin=Origin.CREATED)
        wanted = _differing(first.after, account)
        if wanted != Attributes():
            self.target.update(kind, account.id, wanted)
        members = _ids(changes, Action.ADD_MEMBERS)
        if members:
            try:
                self.target.change_members(account.id, members, ())
            except MembersRefused as refused:
                self._settle_members(changes, entries, refused.refused, (link,))
                return True
        self.ledger.settle(entries, _all(changes, Result.DONE), linked=(link,))
        return True

    def _settle_members(
        self,
        changes: Sequence[Change],
        entries: Sequence[int],
        refused: dict[str, str],
        linked: tuple[Link, ...] = (),
    ) -> None:
        """Record a task of which some members were refused and everything else was done."""
        outcomes = [_partly(change, refused) for change in changes]
        self.ledger.settle(entries, outcomes, linked=linked)
        for change, outcome in zip(changes, outcomes, strict=True):
            for member in change.members:
                if outcome.result is Result.DONE and member.target_id in refused:
                    one = replace(change, members=(member,))
                    self.ledger.fail(Outcome(one, Result.FAILED, refused[member.target_id]))


def _all(changes: Sequence[Change], result: Result, error: str | None = None) -> list[Outcome]:
    return [Outcome(change, result, error) for change in changes]


def _partly(change: Change, refused: dict[str, str]) -> Outcome:
    """Return what was done of a change; one of which no member is left has failed."""
    left = tuple(member for member in change.members if member.target_id not in refused)
    if change.members and not left:
        first = change.members[0].target_id
        assert first
        return Outcome(change, Result.FAILED, refused[first])
    return Outcome(replace(change, members=left), Result.DONE)


def _differing(after: Attributes, account: Account) -> Attributes:
    """Return what of a wanted object one that exists does not show yet; names cannot be changed."""
    group = account.kind is Kind.GROUP
    shown = account.name if group else account.display_name
    return Attributes(
        display_name=after.display_name if after.display_name != shown else None,
        external_id=after.external_id if after.external_id != account.external_id else None,
        active=None if group or account.active else True,
    )


def _link(change: Change, target_id: str, origin: Origin) -> Link:
    assert change.external_id
    return Link(change.action.kind, change.external_id, target_id, origin, change.name)


def _id(change: Change) -> str:
    assert change.target_id
    return change.target_id


def _ids(changes: Sequence[Change], action: Action) -> list[str]:
    members = (m for change in changes if change.action is action for m in change.members)
    return [member.target_id for member in members if member.target_id]
