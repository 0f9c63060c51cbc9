"""What a target must look like after a run without faults, said as plainly as it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.account import Account
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from tests.oracle.ledger import RunLog
from tests.oracle.matching import PEOPLE, Matching, key
from tests.oracle.tenant import Tenant
from tests.oracle.watched import Scene, effective
from tests.oracle.wishes import Wish, Wishes

DAY = 86_400.0
SKEW = 2 * 3600.0  # by which clocks that went back an hour may have counted wrong
LISTED_BY_THEN = 2 * DAY  # after the grace, in which every listing shows whom the target has


@dataclass(frozen=True)
class Time:
    """What time it really is (seconds), at least: what a clock that has jumped cannot be denied, and by the host."""

    now: float
    at_least: float
    shown: float


@dataclass
class EdgeOutcome:
    """What an object may look like: each attribute is one of some values.

    Members are target ids, or object ids of those who are still to be created. ``must`` be in it,
    ``may`` be in it.
    """

    kind: Kind
    names: set[str]
    external: set[str | None]
    display: set[str | None]
    active: set[bool]
    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    stays: bool = True
    goes: bool = False  # both: either

    def loose(self, member: str) -> None:
        """Let it be open whether somebody is a member."""
        self.must.discard(member)
        self.may.add(member)


@dataclass
class Foretold:
    """Fates by target id, or by object id for what is created. ``wanted`` are members by group.

    Of ``unsure`` objects nobody can say whether they are protected, or taken over.
    """

    presences: dict[str, EdgeOutcome]
    wanted: dict[str, set[str]]
    protected: set[str]
    matches: dict[str, str | None]
    adopts: dict[str, str]
    looked_into: set[str]
    unsure: set[str]


def foretell(
    wishes: Wishes,
    scene: Scene,
    ledger: RunLog,
    settings: Settings,
    tenant: Tenant,
    time: Time,
    behind: Set[str],
) -> Foretold:
    """Say what becomes of everything, those included whom listings leave out (``behind``)."""
    return _Oracle(wishes, scene, ledger, settings, tenant, time, behind).say()


def entitled_to(wishes: Mapping[str, Wish], gid: str) -> set[str]:
    """Return everybody whom Entra has in a group, at any depth, groups included."""
    found: set[str] = set()
    stack = [gid]
    while stack:
        one = wishes.get(stack.pop())
        new = one.members - found if one else set()
        found |= new
        stack += new
    return found


class _Oracle(Matching):
    def __init__(
        self,
        wishes: Wishes,
        scene: Scene,
        ledger: RunLog,
        settings: Settings,
        tenant: Tenant,
        time: Time,
        behind: Set[str],
    ) -> None:
        super().__init__(wishes, scene, ledger, settings, tenant, behind)
        self.time = time
        self.presences = {tid: self._as_it_is(one) for tid, one in scene.accounts.items()}
        self.wanted: dict[str, set[str]] = {}

    def say(self) -> Foretold:
        for one in self.wishes.of(*PEOPLE):
            self._person(one)
        for one in self.wishes.of(Kind.GROUP):
            self._group(one)
        for one in self.wishes.of(Kind.GROUP):
            self._members(one)
        self._leavers()
        self._keep_access()
        self._former()
        self._names_still_taken()
        self._perhaps_protected()
        gone = {tid for tid, fate in self.presences.items() if fate.goes}
        for fate in self.presences.values():
            fate.must -= gone
            fate.may -= {tid for tid in gone if not self.presences[tid].stays}
        return Foretold(
            self.presences,
            self.wanted,
            self.protected,
            self.matches,
            self.adopts,
            self.looked_into(),
            self.once_protected | self.perhaps_adopted | self.hidden,
        )

    def _as_it_is(self, one: Account) -> EdgeOutcome:
        members = self.scene.groups.get(one.id, frozenset())
        return EdgeOutcome(
            one.kind, {one.name}, {one.external_id}, {one.display_name}, {one.active},
            set(members), set(members),
        )  # fmt: skip

    def _deleted_by_hand(self, wish: Wish) -> bool:
        link = self.ledger.links.get(wish.id)
        ours = link and link.target_id in self.ledger.ended
        return bool(link) and wish.id not in self.replaced and not ours

    def _create(self, wish: Wish) -> None:
        if wish.id in self.crowded:
            return
        group = wish.kind is Kind.GROUP
        name = wish.name.lower() if wish.kind is Kind.USER else wish.name
        fate = EdgeOutcome(wish.kind, {name}, {wish.id}, {None if group else wish.display}, {True})
        if self.reports and self._deleted_by_hand(wish):
            ending = self.ledger.links[wish.id].target_id in self.ledger.ending
            if wish.id not in self.ledger.missing and not ending:
                return
            fate.goes = True  # left and came back, and was deleted meanwhile, or by the sync
        self.presences[wish.id] = fate

    def _person(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        if tid is None:
            if wish.id in self.absent and wish.active:
                self._create(wish)
            return
        linked, fate, account = (
            self.linked(wish, tid),
            self.presences[tid],
            self.scene.accounts[tid],
        )
        joined = linked or tid not in self.ledger.shared or wish.id in self.adopts
        if tid in self.protected or not joined or not (linked or wish.active):
            return
        fate.external = {wish.id} if not linked else fate.external
        then = self.ledger.wished.get(wish.id)
        fate.display = {wish.display}
        doubtful = tid in self.ledger.doubtful
        shown = self.ledger.shown.get(tid, then and then.display)
        if self.reports and (shown == wish.display or doubtful):
            fate.display.add(account.display_name)
        if wish.active or self.mirror:
            fate.active = {wish.active}
            last = self.ledger.switched.get(tid, then and then.active)
            if self.reports and (last == wish.active or doubtful):
                fate.active.add(account.active)

    def _group(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        if tid is None:
            if wish.id in self.absent:
                self._create(wish)
            return
        if tid in self.protected:
            return
        fate = self.presences[tid]
        if not self.linked(wish, tid):
            fate.external = {wish.id}
        if not (wish.contested or tid in self.stuck or self.renamed_by_hand(wish, tid)):
            fate.names = {wish.name}

    def _members(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        place = tid or wish.id
        if place not in self.presences or tid in self.protected:
            return
        fate, there = self.presences[place], set(self.scene.groups.get(place, ()))
        roster = {oid: self._member(oid) for oid in wish.members}
        wanted = {mid for mid in roster.values() if mid}
        self.wanted[place] = wanted
        addable = {mid for oid, mid in roster.items() if mid and not self._bystander(oid)}
        surplus = there - wanted
        removed = self._removable(place, surplus) if not wish.unread else set()
        missing = addable - there
        unknown: set[str] = set()
        if self.reports and place not in self.adopts.values():  # what is adopted is taken as found
            unknown = removed if self._never_looked_into(place) else set()
            removed = {one for one in removed if (place, one) in self.ledger.known}
            missing = {one for one in missing if (place, one) not in self.ledger.known}
        fate.must = (there - removed) | missing
        fate.may = set(fate.must)
        for member in unknown:
            fate.loose(member)
        if not self.wishes.complete:
            fate.may |= removed
        for member in (surplus | addable - there) & self._blurred(place):
            fate.loose(member)
        for member in missing & self.presences.keys():
            if self.presences[member].goes:
                fate.must.discard(member)

    def _never_looked_into(self, place: str) -> bool:
        """Return whether a group was adopted, and nobody can say who was in it then."""
        link = self.ledger.links.get(self.owners.get(place, ""))
        adopted = link is not None and link.origin is Origin.ADOPTED
        return adopted and not any(gid == place for gid, _ in self.ledger.known)

    def _keep_access(self) -> None:
        """Let those stay whom Entra has in a group, where the target has no other way to them.

        That is the group that they leave, and every one that it is in. With a group stay those in it.
        """
        for place, there in self.scene.groups.items():
            fate, stay, perhaps = self.presences[place], set[str](), set[str]()
            for member in there if fate.goes else there - fate.may:
                for top in self._tops(place, member):
                    goes = {self._who(member), *self._within(member)}
                    goes &= entitled_to(self.wishes.all, top.id)
                    if goes - self._reached(top, sure=True):
                        perhaps.add(member)
                    if goes - self._reached(top, sure=False):
                        stay.add(member)
            if fate.goes and perhaps:
                must = fate.must | stay if fate.stays else set(there)
                fate.stays, fate.goes = True, not stay
                fate.must, fate.may = must, set(there)
            else:
                fate.may |= perhaps
                fate.must |= stay

    def _tops(self, place: str, member: str) -> list[Wish]:
        """Return the groups of Entra that somebody leaves who leaves this one.

        A group that this one comes into has to leave first, whatever is above.
        """
        above, seen = [place], {place}
        for gid in above if not self._comes_into(place, member) else ():
            new = {
                g
                for g in self.looked_into() & self.scene.groups.keys()
                if gid in self.scene.groups[g]
            }
            above += sorted(new - seen)
            seen |= new
        return [one for one in self.wishes.of(Kind.GROUP) if self.matches[one.id] in seen]

    def _comes_into(self, place: str, group: str) -> bool:
        """Return whether a group will be in another one, as the target has it and as this run changes it."""
        below, seen = [group], {group}
        for gid in below:
            there = (
                self.scene.groups.get(gid, frozenset())
                if gid in self.looked_into()
                else frozenset()
            )
            coming = self.presences[gid].must if gid in self.presences else set()
            new = {one for one in there | coming if one in self.presences} - seen
            seen |= new
            below += sorted(new)
        return place in seen - {group}

    def _who(self, tid: str) -> str | None:
        """Return whose object this is, or was, or says that it is."""
        matched = {place: oid for oid, place in self.matches.items()}
        account = self.scene.accounts[tid]
        return matched.get(tid) or self.owners.get(tid) or account.external_id

    def _within(self, member: str) -> set[str]:
        """Return who is in a group, as far as anybody looks, and has something to lose by leaving."""
        inside = effective(self.scene, member, self.looked_into())
        found = {oid for oid, tid in self.matches.items() if tid in inside}
        return {oid for oid in found if not self._bystander(oid)}

    def _reached(self, top: Wish, *, sure: bool) -> set[str]:
        """Return who will be in a group, or perhaps will, by ways that Entra has, too."""
        found: set[str] = set()
        stack = [top]
        while stack:
            wish = stack.pop()
            fate = self.presences.get(self._place(wish.id))
            for oid in wish.members - found if fate else ():
                if fate and self._place(oid) in (fate.must if sure else fate.must | fate.may):
                    found.add(oid)
                    stack += [self.wishes.all[oid]]
        return found

    def _place(self, oid: str) -> str:
        return self.matches.get(oid) or oid

    def _member(self, oid: str) -> str | None:
        """Return where somebody wanted is, or will be, a member."""
        tid = self.matches[oid]
        return tid or (oid if oid in self.presences else None)

    def _bystander(self, oid: str) -> bool:
        wish, tid = self.wishes.all[oid], self.matches[oid]
        return not wish.active and not (tid and self.linked(wish, tid))

    def _blurred(self, place: str) -> set[str]:
        """Return of whom nobody can say whose hand put them in, or took them out, where that matters."""
        if not self.reports and self.policy.members == "exact":
            return set()
        return {member for gid, member in self.ledger.blurred if gid == place}

    def _removable(self, place: str, surplus: Iterable[str]) -> set[str]:
        if not self.mirror:
            return set()
        found = set(surplus) - self.protected - self.in_question()
        if self.policy.members == "managed":
            ours = self.ledger.added if place not in self.adopts.values() else set()
            found = {one for one in found if (place, one) in ours}
        return found

    def _leavers(self) -> None:
        if not self.mirror:
            return
        untouched = {*self.matches.values(), *self.protected, *self.hidden}
        for oid, link in self.ledger.links.items():
            tid, made = link.target_id, link.origin is Origin.CREATED
            if oid in self.wishes.all or tid in untouched or tid not in self.presences:
                continue
            if link.kind is Kind.GROUP:
                if self._certainly_left(oid):
                    self._retire(tid, made=made)
            elif not self._in_scope_elsewhere(tid) and (where := self.tenant.presence(oid)):
                disabled = where is Presence.DISABLED
                if disabled:
                    self.presences[tid].active = self._ended(tid)
                if self._certainly_left(oid) and self.policy.leavers != "keep":
                    self._leave(oid, tid, disabled=disabled, made=made)
                if self._overlooked(oid, tid):  # somebody switched it on again: until it is listed
                    self.presences[tid].active.add(self.scene.accounts[tid].active)
                    self.presences[tid].stays = True

    def _overlooked(self, oid: str, tid: str) -> bool:
        """Return whether no listing of this run shows a leaver who is gone so long that nobody asks."""
        first, _ = self.ledger.missing.get(oid, (self.time.shown, 0.0))
        long = self.policy.grace_days * DAY + LISTED_BY_THEN
        return tid in self.behind and self.time.shown - first >= long - SKEW

    def _certainly_left(self, oid: str) -> bool:
        """Return whether who is not in scope has left, whatever could not be read."""
        gone = self.tenant.presence(oid) in (Presence.DELETED, Presence.GONE)
        return self.wishes.complete or oid in self.wishes.out or gone

    def _in_scope_elsewhere(self, tid: str) -> bool:
        return tid in self.ledger.shared and self.ledger.shared[tid].in_scope

    def _leave(self, oid: str, tid: str, *, disabled: bool, made: bool) -> None:
        fate, grace = self.presences[tid], self.policy.grace_days * DAY
        first, last = self.ledger.missing.get(oid, (self.time.now, self.time.now))
        if grace and self.time.now - first < grace - SKEW:
            return
        over = not grace or self.time.at_least - last >= grace + SKEW
        if self.policy.leavers == "delete" and made:
            fate.stays, fate.goes = fate.stays and not over, True
        elif over or disabled:
            fate.active = self._ended(tid)
        else:
            fate.active = fate.active | self._ended(tid)

    def _former(self) -> None:
        """End the accounts that people had under another name."""
        replaced = {tid for oid, tid in self.replaced.items() if oid not in self.crowded}
        taken = {*(self.owners.keys() - replaced), *self.matches.values(), *self.ledger.shared}
        for tid in (self.ledger.former | replaced) & self.presences.keys():
            if self.mirror and tid not in taken | self.protected:
                self.presences[tid].active = self._ended(tid)
                if (
                    tid in self.behind
                ):  # nobody asks for what a listing leaves out, until it is back
                    self.presences[tid].active.add(self.scene.accounts[tid].active)

    def _ended(self, tid: str) -> set[bool]:
        """Switch an account off, unless somebody switched it on again by hand and may do so."""
        by_hand, active = self.ledger.switched.get(tid) is False, self.scene.accounts[tid].active
        if self.reports and tid in self.ledger.doubtful:
            return {active, False}
        return {active} if self.reports and by_hand else {False}

    def _perhaps_protected(self) -> None:
        """Let it be open what becomes of whoever had a protected name for a while, or perhaps is not taken over."""
        for tid in self.perhaps_adopted:
            for fate in self.presences.values():
                if tid in fate.must:
                    fate.loose(tid)
        for tid in (self.once_protected | self.perhaps_adopted) & self.scene.accounts.keys():
            fate, as_is = self.presences[tid], self._as_it_is(self.scene.accounts[tid])
            fate.names |= as_is.names
            fate.external |= as_is.external
            fate.display |= as_is.display
            fate.active |= as_is.active
            fate.stays = True
            fate.may |= as_is.may | fate.must
            fate.must &= as_is.must
            for gid, members in self.scene.groups.items():
                if tid in members:
                    self.presences[gid].may.add(tid)

    def _names_still_taken(self) -> None:
        """Forget new groups whose name belongs to one that could not be deleted after all."""
        for tid in self.ending:
            for wish in self.wishes.of(Kind.GROUP):
                taken = self.presences[tid].stays and wish.key == key(self.scene.accounts[tid])
                if taken and self.presences[tid].goes and wish.id in self.presences:
                    self.presences[wish.id].goes = True
                elif taken and self.presences.pop(wish.id, None):
                    self.wanted.pop(wish.id, None)
                    for fate in self.presences.values():
                        fate.must.discard(wish.id)
                        fate.may.discard(wish.id)

    def _retire(self, tid: str, *, made: bool) -> None:
        if self.policy.retired_groups == "keep":
            return
        fate, there = self.presences[tid], set(self.scene.groups[tid])
        stay = there & (self.protected | self.in_question())
        if self.policy.retired_groups == "delete" and made and not stay:
            fate.stays, fate.goes = not there.isdisjoint(self.once_protected), True
            if not fate.stays:
                return
        removed = self._removable(tid, there)
        fate.must = there - removed
        fate.may = set(fate.must)
        for member in removed:
            if self.reports and (tid, member) not in self.ledger.known:
                fate.loose(member)
        for member in there & self._blurred(tid) - self.protected - self.in_question():
            fate.loose(member)  # under ``managed``, too: nobody can say whose it is by now
