"""Creation of an object, or the take-over of one that exists already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.apply.announced import Announced, link_of
from aadsync_lib.apply.readback import ReadBack
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, alike
from aadsync_lib.model.link import Origin
from aadsync_lib.model.run import Result
from aadsync_lib.ports import (
    AlreadyThere,
    AnswerLost,
    ChangeRefused,
    Clock,
    MembersRefused,
    Target,
    TogetherRefused,
)
from aadsync_lib.reconcile.matching.adoption import AdoptionRule, adopt_setting
from aadsync_lib.reconcile.matching.pending import carries

LOOKS = 4
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Sends one creation, and settles it however it ends."""

    target: Target
    run_log: RunLog
    clock: Clock
    read_back: ReadBack
    adoption: AdoptionRule
    protected: frozenset[str] = frozenset()

    def create(self, announced: Announced) -> bool:
        """Make the object with its members and return whether it is there as planned."""
        first, members = announced.first, announced.members(Action.ADD_MEMBERS)
        assert first.after
        lost: AnswerLost | None = None  # once it is, what is found there may be ours
        while True:
            try:
                target_id = self.target.create(first.action.kind, first.after, members)
                break
            except MembersRefused as refused:
                link = link_of(first, refused.group_id, Origin.CREATED)
                announced.settle_members(refused, (link,))
                return True
            except AlreadyThere as there:
                accounts = self._look_up(first, lost or there)
                return self._take_over(announced, accounts, may_be_made=lost is not None)
            except AnswerLost as again:
                if lost:
                    raise
                lost = again
                if accounts := self._made(first, lost):
                    return self._take_over(announced, accounts, may_be_made=True)
            except ChangeRefused as refused:
                raise lost or refused from refused
        announced.settle(Result.DONE, linked=(link_of(first, target_id, Origin.CREATED),))
        return True

    def _made(self, change: Change, lost: AnswerLost) -> tuple[Account, ...]:
        """Find what a request without an answer may have made: that has exactly this name."""
        accounts = self._find(change, lost)
        return tuple(account for account in accounts if not alike(account.name, change.name))

    def _look_up(self, change: Change, error: ChangeRefused) -> tuple[Account, ...]:
        """Find what the target says is there already; reads can lag behind writes for a while."""
        for look in range(LOOKS):
            if accounts := self._find(change, error):
                return accounts
            self.clock.sleep(LOOK_SECONDS * 2**look)
        raise error

    def _find(self, change: Change, error: ChangeRefused) -> tuple[Account, ...]:
        """Find objects of this name, or else like it; raise ``error``, which made us look, if that fails."""
        try:
            return self.target.find(change.action.kind, change.name)
        except ChangeRefused as failure:
            raise error from failure

    def _take_over(
        self, announced: Announced, accounts: tuple[Account, ...], *, may_be_made: bool
    ) -> bool:
        """Take an object that exists already if it is ours or adoptable, else quarantine.

        ``may_be_made``: a request of this run may have made it. Our externalId on it is the proof.
        """
        first = announced.first
        if reason := in_the_way(first.name, accounts):
            announced.settle(Result.QUARANTINED, reason)
            return False
        account = accounts[0] if len(accounts) == 1 else None
        if account and self._free(account, first):
            untouched = self._protected(account, first)
            made = may_be_made and carries(account, first.external_id)
            if made and not (untouched and self._lacks_anything(announced, account)):
                return self._take(announced, account, Origin.CREATED)
            if self._adoptable(account, first) and not untouched:
                origin = self.run_log.origin(replace(first, target_id=account.id))
                return self._adopt(announced, account, origin)
        announced.settle(Result.QUARANTINED, self._held_back(accounts, first, may_be_made))
        return False

    def _held_back(self, accounts: tuple[Account, ...], change: Change, may_be_made: bool) -> str:
        """Return why what is there is not taken over, and how to go on."""
        kind = change.action.kind
        setting = adopt_setting(kind, self.adoption.word(kind, _names(change)))
        owner = ", ".join(self._described(account, change) for account in accounts)
        reason = f"exists already as {owner}, which {setting} does not take over"
        if len(accounts) > 1 or not self._free(accounts[0], change):
            return reason
        if self._protected(accounts[0], change):
            return f"exists already as {owner}, and what is protected is left alone"
        foreign = accounts[0].external_id and not carries(accounts[0], change.external_id)
        wider = adopt_setting(kind, "same_name" if foreign else "unowned")
        if may_be_made and not foreign:
            reason += (
                "; this run may have made it, as an answer was lost, but nothing on it proves that"
            )
        return f"{reason}; {wider} adopts it, and once it is deleted the next run makes it anew"

    def _described(self, account: Account, change: Change) -> str:
        sync = self.run_log.sharer(account.id)
        managed = f", managed by the sync {sync}" if sync else ""
        managed += ", protected" if self._protected(account, change) else ""
        return f"{account.id} (externalId {account.external_id or 'none'}{managed})"

    def _free(self, account: Account, change: Change) -> bool:
        """Return whether an object belongs to nobody else, as far as the store knows."""
        owner = self.run_log.owner(account.id)
        return owner in (None, change.external_id) and not self.run_log.sharer(account.id)

    def _protected(self, account: Account, change: Change) -> bool:
        """Return whether an object is protected, whose it is, or whom it would become: no listing has to show it."""
        ids = (account.id, account.external_id, change.external_id)
        by_id = not self.protected.isdisjoint(filter(None, ids))
        return by_id or self.adoption.protects(account)

    def _adoptable(self, account: Account, change: Change) -> bool:
        names = _names(change)
        if carries(account, change.external_id):
            return self.adoption.word(account.kind, names) != "never"
        return self.adoption.may_take(account, *names)

    def _adopt(self, announced: Announced, account: Account, origin: Origin) -> bool:
        """Take what this run has not made, and record that: undo gives it up and does not delete it."""
        adoption = announced.instead(
            _adoption(announced.first, account), f"{account.id} is there already"
        )
        try:
            return self._take(adoption, account, origin)
        except AnswerLost as lost:
            adoption.settle(Result.UNKNOWN, str(lost))
        except ChangeRefused as refused:
            adoption.settle(Result.FAILED, str(refused))
        return False

    def _take(self, announced: Announced, account: Account, origin: Origin) -> bool:
        first, refused = announced.first, None
        link = link_of(first, account.id, origin)
        wanted = _differing(announced.wanted(), account)
        try:
            self._complete(account, wanted, announced.members(Action.ADD_MEMBERS))
        except MembersRefused as some:
            refused = some
        there = first if wanted == Attributes() else replace(first, target_id=account.id)
        answered = self.read_back.answered((there, *announced.changes[1:]), refused)
        announced.settle_each(answered.outcomes, (link,))
        return answered.object_shows

    def _lacks_anything(self, announced: Announced, account: Account) -> bool:
        """Return whether an object is not yet all that is wanted, or may not be."""
        members = announced.members(Action.ADD_MEMBERS)
        there = self.target.members((account.id,)).get(account.id) if members else frozenset()
        has_all = isinstance(there, frozenset) and there.issuperset(members)
        return not has_all or _differing(announced.wanted(), account) != Attributes()

    def _complete(self, account: Account, wanted: Attributes, members: Sequence[str]) -> None:
        """Set what an object lacks and add its members, in one request unless that is refused."""
        differs = wanted != Attributes()
        if differs and members:
            try:
                self.target.change_members(account.id, members, (), wanted)
            except TogetherRefused:
                pass
            else:
                return
        if differs:
            self.target.update(account.kind, account.id, wanted)
        if members:
            self.target.change_members(account.id, members, ())


def in_the_way(name: str, accounts: Iterable[Account]) -> str | None:
    """Return why a name cannot be had, where only objects of another name are in the way of it."""
    others = [account for account in accounts if alike(account.name, name)]
    if not others:
        return None
    there = ", ".join(f"{account.name} ({account.id})" for account in others)
    return (
        f"the target holds the name {name} for the same as that of {there}, which is another; give one of "
        f"them another name, in Entra or on the target"
    )


def _names(change: Change) -> tuple[str | None, ...]:
    """Return what ``policy.adopt_names`` may call the identity of a change."""
    shown = change.after.display_name if change.after else None
    return change.name, shown, change.external_id


def _adoption(creation: Change, account: Account) -> tuple[Change, ...]:
    """Return the changes that an object needs that is there already, with what it was before."""
    after = creation.after or Attributes()
    differing, kind = _differing(after, account), account.kind
    shown = account.name if kind is Kind.GROUP else account.display_name
    parts = [
        (
            "adopt",
            Attributes(external_id=account.external_id),
            Attributes(external_id=after.external_id),
        )
    ]
    if differing.display_name is not None:
        verb = "rename" if kind is Kind.GROUP else "update"
        names = Attributes(display_name=shown), Attributes(display_name=after.display_name)
        parts.append((verb, *names))
    if differing.active:
        parts.append(("activate", Attributes(active=False), Attributes(active=True)))
    why = "it was there already, adopted by policy.adopt"
    return tuple(
        replace(
            creation,
            action=Action.on(verb, kind),
            target_id=account.id,
            reason=why,
            before=was,
            after=then,
        )
        for verb, was, then in parts
    )


def _differing(after: Attributes, account: Account) -> Attributes:
    """Return what of a wanted object one that exists does not show yet; names cannot be changed."""
    group = account.kind is Kind.GROUP
    shown = account.name if group else account.display_name
    return Attributes(
        display_name=after.display_name if after.display_name != shown else None,
        external_id=None if carries(account, after.external_id) else after.external_id,
        active=None if group or account.active else True,
    )
