"""Creation of an object, or the take-over of one that exists already."""

from __future__ import annotations

from dataclasses import dataclass

from aadsync_lib.apply.announced import Announced, link_of
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.config.policy import Adopt
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.model.run import Result
from aadsync_lib.ports import AlreadyThere, AnswerLost, ChangeRefused, Clock, MembersRefused, Target
from aadsync_lib.reconcile.matching.adoption import AdoptionRule, adopt_setting

LOOKS = 4
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Sends one creation, and settles it however it ends."""

    target: Target
    run_log: RunLog
    clock: Clock
    adopt: Adopt

    def create(self, announced: Announced) -> bool:
        """Make the object with its members and return whether it is there as planned."""
        first, members = announced.first, announced.members(Action.ADD_MEMBERS)
        assert first.after
        lost: AnswerLost | None = None  # once it is, whatever is found there may be ours
        while True:
            try:
                target_id = self.target.create(first.action.kind, first.after, members)
                break
            except MembersRefused as refused:
                link = link_of(first, refused.group_id, Origin.CREATED)
                announced.settle_members(refused.refused, (link,))
                return True
            except AlreadyThere as there:
                origin = Origin.CREATED if lost else Origin.ADOPTED
                return self._take_over(announced, self._look_up(first, lost or there), origin)
            except AnswerLost as again:
                if lost:
                    raise
                lost = again
                if accounts := self._find(first, lost):
                    return self._take_over(announced, accounts, Origin.CREATED)
            except ChangeRefused as refused:
                raise lost or refused from refused
        announced.settle(Result.DONE, linked=(link_of(first, target_id, Origin.CREATED),))
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
        self, announced: Announced, accounts: tuple[Account, ...], origin: Origin
    ) -> bool:
        """Take an object that exists already if it is ours or adoptable, else quarantine."""
        first = announced.first
        if len(accounts) == 1 and self._ours(accounts[0], first, origin):
            return self._take(announced, accounts[0], origin)
        owner = ", ".join(map(self._described, accounts))
        kind = first.action.kind
        setting = adopt_setting(kind, self.adopt.of(kind))
        reason = f"exists already as {owner}, which {setting} does not take over"
        announced.settle(Result.QUARANTINED, reason)
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
        return (unowned and origin is Origin.CREATED) or AdoptionRule(self.adopt).may_take(account)

    def _take(self, announced: Announced, account: Account, origin: Origin) -> bool:
        first = announced.first
        assert first.after
        same_id = account.external_id == first.external_id
        link = link_of(first, account.id, Origin.CREATED if same_id else origin)
        wanted = _differing(first.after, account)
        if wanted != Attributes():
            self.target.update(first.action.kind, account.id, wanted)
        if members := announced.members(Action.ADD_MEMBERS):
            try:
                self.target.change_members(account.id, members, ())
            except MembersRefused as refused:
                announced.settle_members(refused.refused, (link,))
                return True
        announced.settle(Result.DONE, linked=(link,))
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
