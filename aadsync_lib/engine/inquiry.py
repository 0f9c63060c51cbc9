"""Look-ups by id, before anything is taken away because a listing or a read of the scope lacks it."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.engine.asked_once import AskedOnce
from aadsync_lib.model.account import Account, Members, TargetSnapshot, Unread
from aadsync_lib.model.change import DEPROVISIONS, Change
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import GUID, Kind
from aadsync_lib.model.link import Link, Links, Sharer
from aadsync_lib.ports import ChangeRefused, Pending, TargetReader
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.leavers import leavers_to_verify
from aadsync_lib.reconcile.diff.unowned import groups_to_inspect
from aadsync_lib.reconcile.holds.automatic import suspects
from aadsync_lib.reconcile.losses import TAKING, groups_leaving
from aadsync_lib.reconcile.matching.pending import carries
from aadsync_lib.reconcile.protection import (
    Elsewhere,
    identity_of,
    protected_ids,
    protected_names,
)


@dataclass(frozen=True)
class Shown:
    """What a target and Entra have shown for one plan until now.

    ``snapshot`` grows by what was looked up, ``absent`` are the ids that could not be, with the reason or
    ``None`` where the target says that there is no such object. ``elsewhere`` are names in Entra of
    identities out of scope. ``automatic`` says of groups whether automatic identity management has them.
    """

    snapshot: TargetSnapshot
    members: Mapping[str, Members] = field(default_factory=dict)
    presences: Mapping[str, Presence | Unread] = field(default_factory=dict)
    absent: Mapping[str, Unread | None] = field(default_factory=dict)
    elsewhere: Mapping[str, frozenset[str] | Unread] = field(default_factory=dict)
    automatic: Mapping[str, bool] = field(default_factory=dict)

    def with_objects(self, target: TargetReader, ids: Mapping[str, Kind | None]) -> Shown:
        """Look up objects that a listing leaves out."""
        if not ids:
            return self
        answers = target.look_up(ids)
        there = {key: account for key, account in answers.items() if isinstance(account, Account)}
        missing = {key: a for key, a in answers.items() if not isinstance(a, Account)}
        shown = self.with_accounts(there) if there else self
        return replace(shown, absent={**self.absent, **missing})

    def with_accounts(self, accounts: Mapping[str, Account]) -> Shown:
        """Add objects that were found otherwise."""
        snapshot = replace(self.snapshot, accounts={**self.snapshot.accounts, **accounts})
        return replace(self, snapshot=snapshot)

    def with_members(self, target: TargetReader, groups: Iterable[str]) -> Shown:
        """Read the members of groups that were not read yet; one that is gone stays unknown."""
        ids = sorted(set(groups) - self.members.keys())
        return replace(self, members={**self.members, **target.members(ids)}) if ids else self

    def with_names(self, names: Elsewhere, context: TargetContext) -> Shown:
        """Add names; whoever's could not be read may be protected, and is touched by nothing."""
        unsure = {oid: answer for oid, answer in names.items() if isinstance(answer, Unread)}
        accounts = self.snapshot.accounts.values() if unsure else ()
        hidden = {
            a.id: unsure[oid] for a in accounts if (oid := identity_of(a, context.links)) in unsure
        }
        elsewhere = {**self.elsewhere, **names}
        return replace(self, elsewhere=elsewhere, absent={**self.absent, **hidden})


@dataclass(frozen=True)
class Remembered:
    """What the store has of one target: ``former`` objects of ours, and what another sync manages (``shared``).

    ``long_gone`` are leavers (object ids) whom every listing had the time to show.
    """

    links: Links
    pending: Sequence[Pending]
    former: Sequence[Link]
    shared: Mapping[str, Sharer]
    long_gone: Container[str]

    def not_listed(self, desired: Desired, snapshot: TargetSnapshot) -> Mapping[str, Kind | None]:
        """Return the objects of ours that no listing shows: deleted by hand, or left out.

        Those of leavers, too, as nobody keeps an account because a listing lacks it, those of which
        nobody recorded whether a run has adopted them, and those of another sync for who is in scope and
        not linked. Only the ``long_gone`` are not asked for, unless they are back.
        """
        if not snapshot.complete:
            return {}
        links, in_scope = self.links.by_external, desired.principals
        adopting = (one.change for one in self.pending if one.change.action.verb == "adopt")
        ids = {change.target_id: change.action.kind for change in adopting if change.target_id}
        unlisted = self.links.by_target.keys() - snapshot.accounts.keys()
        ours = (self.links.by_target[target_id] for target_id in unlisted)
        theirs = (sharer.link for sharer in self.shared.values())
        wanted = (
            *(o for o in ours if o.external_id in in_scope or o.external_id not in self.long_gone),
            *(o for o in theirs if o.external_id in in_scope and o.external_id not in links),
        )
        ids |= {link.target_id: link.kind for link in wanted}
        return {key: kind for key, kind in ids.items() if key not in snapshot.accounts}

    def known(self, account: Account) -> bool:
        """Return whether an object was somebody's before, or is by now, so that no open write made it."""
        former = any(link.target_id == account.id for link in self.former)
        return former or account.id in self.links.by_target or account.id in self.shared


@dataclass(frozen=True)
class Inquiry:
    """Asks the target and Entra what a plan depends on."""

    target: TargetReader
    source: AskedOnce

    def unlisted(self, remembered: Remembered, desired: Desired, shown: Shown) -> Shown:
        """Look up what is ours, or may be by an unrecorded write, and no listing shows."""
        ids = remembered.not_listed(desired, shown.snapshot)
        shown = shown.with_objects(self.target, ids)
        if not shown.snapshot.complete:
            return shown
        pending = (one.change for one in remembered.pending)
        creating = [change for change in pending if change.action.verb == "create"]
        made = {a.id: a for change in creating for a in self._made(change, remembered, shown)}
        new = {key: account for key, account in made.items() if key not in shown.snapshot.accounts}
        return shown.with_accounts(new) if new else shown

    def _made(self, change: Change, remembered: Remembered, shown: Shown) -> Iterator[Account]:
        """Find by its name what an unrecorded creation made: our externalId is on it."""
        listed = (a for a in shown.snapshot.accounts.values() if carries(a, change.external_id))
        if not all(map(remembered.known, listed)):
            return
        try:
            accounts = self.target.find(change.action.kind, change.name)
        except ChangeRefused:  # then the creation is sent again, and finds what is there
            return
        yield from (account for account in accounts if carries(account, change.external_id))

    def read(self, context: TargetContext, shown: Shown, entering: Container[str] = ()) -> Shown:
        """Read the groups in play, and where in Entra the leavers are; some are ``entering`` workspaces."""
        groups = {
            *context.editable_groups(),
            *context.read_only_groups(),
            *groups_to_inspect(context),
        }
        shown = shown.with_members(self.target, groups)
        leavers = leavers_to_verify(replace(context, members=shown.members), entering)
        unasked = {key: kind for key, kind in leavers.items() if key not in shown.presences}
        found = self.source.look_up(unasked)
        return replace(shown, presences={**shown.presences, **found}) if unasked else shown

    def further(self, context: TargetContext, changes: Collection[Change], shown: Shown) -> Shown:
        """Ask about whatever these changes take from whom the reads until now do not tell enough of."""
        taking = [change for change in changes if change.action in TAKING]
        refs = (member for change in taking for member in change.members)
        unlisted = {ref.target_id: None for ref in refs if self._unknown(ref.target_id, shown)}
        more = shown.with_objects(
            self.target, {key: _kind(context, key) for key in unlisted if key}
        )
        accounts = shown.snapshot.accounts
        leaving = groups_leaving(taking, shown.members, accounts) & accounts.keys()
        more = more.with_members(self.target, leaving)
        hidden = {g: m for g in leaving if isinstance(m := more.members.get(g), Unread)}
        more = replace(more, absent={**more.absent, **hidden}) if hidden else more
        names = self._names(context, changes, more)
        automatic = self._automatic(context, changes, more)
        if (
            more is shown
            and not self._matters(context, names, more)
            and not any(automatic.values())
        ):
            return shown
        more = replace(more, automatic={**more.automatic, **automatic})
        return more.with_names(names, context)

    def _automatic(
        self, context: TargetContext, changes: Collection[Change], shown: Shown
    ) -> Mapping[str, bool]:
        ids = sorted(suspects(context, changes) - shown.automatic.keys())
        return self.target.automatic(ids) if ids else {}

    @staticmethod
    def _unknown(target_id: str | None, shown: Shown) -> bool:
        return target_id not in shown.snapshot.accounts and target_id not in shown.absent

    def _names(
        self, context: TargetContext, changes: Iterable[Change], shown: Shown
    ) -> Mapping[str, frozenset[str] | Unread]:
        """Ask Entra what it calls those who lose something, where one of the names may be protected."""
        named = protected_names(context.policy.protected)
        touched = (account for account in _touched(context, changes) if named[account.kind])
        who = {oid: account.kind for account in touched if (oid := _askable(context, account))}
        ids = {oid: kind for oid, kind in who.items() if oid not in shown.elsewhere}
        return self.source.names(ids) if ids else {}

    @staticmethod
    def _matters(context: TargetContext, names: Elsewhere, shown: Shown) -> bool:
        """Return whether these names protect anybody, or were not to be had."""
        if not names or any(isinstance(answer, Unread) for answer in names.values()):
            return bool(names)
        of_all = {**shown.elsewhere, **names}
        policy, desired = context.policy.protected, context.desired
        now = protected_ids(context.target, policy, desired, context.links, of_all)
        return now != context.protected


def _kind(context: TargetContext, target_id: str) -> Kind | None:
    link = context.links.by_target.get(target_id)
    return link.kind if link else None


def _touched(context: TargetContext, changes: Iterable[Change]) -> Iterator[Account]:
    """Yield the objects that lose something, or their owner, the groups that left the scope among them."""
    accounts = context.target.accounts
    for change in changes:
        retired = change.action in TAKING and change.external_id not in context.desired.groups
        loses = change.action in DEPROVISIONS or change.takes_access
        itself = retired or loses or change.action.verb == "adopt"
        ids: set[str | None] = {change.target_id} if itself else set()
        ids |= {member.target_id for member in change.members if change.action in TAKING}
        yield from (accounts[key] for key in sorted(filter(None, ids)) if key in accounts)


def _askable(context: TargetContext, account: Account) -> str | None:
    """Return the object id whose names are not known yet, where Entra may know it."""
    oid = identity_of(account, context.links)
    known = (
        context.desired.principals.keys() | context.desired.groups.keys() | context.desired.excluded
    )
    if oid is None or oid in known:
        return None
    linked = account.id in context.links.by_target
    return oid if linked or GUID.fullmatch(oid) else None
