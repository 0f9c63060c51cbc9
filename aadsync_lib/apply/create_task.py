"""Making an object, and what to do about one that exists already."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aadsync_lib.apply.outcomes import all_of, ids_of, link_of, settle_members
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.config.policy import Adopt
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.model.run import Result
from aadsync_lib.ports import AlreadyThere, AnswerLost, ChangeRefused, Clock, MembersRefused, Target
from aadsync_lib.reconcile.matching.correlate import adopt_setting, may_take

LOOKS = 4
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Sends one creation, and settles it however it ends."""

    target: Target
    run_log: RunLog
    clock: Clock
    adopt: Adopt

    def create(self, changes: tuple[Change, ...], entries: tuple[int, ...]) -> bool:
        """Make the object with its members and return whether it is there as planned."""
        first, members = changes[0], ids_of(changes, Action.ADD_MEMBERS)
        assert first.after
        lost: AnswerLost | None = None  # once it is, whatever is found there may be ours
        while True:
            try:
                target_id = self.target.create(first.action.kind, first.after, members)
                break
            except MembersRefused as refused:
                link = link_of(first, refused.group_id, Origin.CREATED)
                settle_members(self.run_log, changes, entries, refused.refused, (link,))
                return True
            except AlreadyThere as there:
                origin = Origin.CREATED if lost else Origin.ADOPTED
                accounts = self._look_up(first, lost or there)
                return self._take_over(changes, entries, accounts, origin)
            except AnswerLost as again:
                if lost:
                    raise
                lost = again
                if accounts := self._find(first, lost):
                    return self._take_over(changes, entries, accounts, Origin.CREATED)
            except ChangeRefused as refused:
                raise lost or refused from refused
        link = link_of(first, target_id, Origin.CREATED)
        self.run_log.settle(entries, all_of(changes, Result.DONE), linked=(link,))
        return True

    def _look_up(self, change: Change, error: ChangeRefused) -> tuple[Account, ...]:
        """Find what the target says is there already; reads can lag behind writes for a while."""
        for look in range(LOOKS):
            if accounts := self._find(change, error):
                return accounts
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
        accounts: tuple[Account, ...],
        origin: Origin,
    ) -> bool:
        """Take an object that exists already if it is ours or adoptable, else quarantine."""
        first = changes[0]
        if len(accounts) == 1 and self._ours(accounts[0], first, origin):
            return self._take(changes, entries, accounts[0], origin)
        owner = ", ".join(map(self._described, accounts))
        kind = first.action.kind
        setting = adopt_setting(kind, self.adopt.of(kind))
        reason = f"exists already as {owner}, which {setting} does not take over"
        self.run_log.settle(entries, all_of(changes, Result.QUARANTINED, reason))
        return False

    def _described(self, account: Account) -> str:
        sync = self.run_log.sharer(account.id)
        managed = f", managed by the sync {sync}" if sync else ""
        return f"{account.id} (externalId {account.external_id or 'none'}{managed})"

    def _ours(self, account: Account, change: Change, origin: Origin) -> bool:
        if self.run_log.owner(account.id) not in (None, change.external_id):
            return False
        if self.run_log.sharer(account.id):
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
        kind, link = first.action.kind, link_of(first, account.id, origin)
        if account.external_id == first.external_id:
            link = replace(link, origin=Origin.CREATED)
        wanted = _differing(first.after, account)
        if wanted != Attributes():
            self.target.update(kind, account.id, wanted)
        members = ids_of(changes, Action.ADD_MEMBERS)
        if members:
            try:
                self.target.change_members(account.id, members, ())
            except MembersRefused as refused:
                settle_members(self.run_log, changes, entries, refused.refused, (link,))
                return True
        self.run_log.settle(entries, all_of(changes, Result.DONE), linked=(link,))
        return True


def _differing(after: Attributes, account: Account) -> Attributes:
    """Return what of a wanted object one that exists does not show yet; names cannot be changed."""
    group = account.kind is Kind.GROUP
    shown = account.name if group else account.display_name
    return Attributes(
        display_name=after.display_name if after.display_name != shown else None,
        external_id=after.external_id if after.external_id != account.external_id else None,
        active=None if group or account.active else True,
    )
