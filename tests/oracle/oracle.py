"""What a target must look like after a run without faults, said as plainly as it can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from tests.oracle.ledger import Ledger
from tests.oracle.watched import Scene
from tests.oracle.wishes import RESERVED, Wish, Wishes

DAY = 86_400.0
PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


@dataclass
class Fate:
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
    """Fates by target id, or by object id for what is created. ``wanted`` are members by group."""

    fates: dict[str, Fate]
    wanted: dict[str, set[str]]
    protected: set[str]
    matches: dict[str, str | None]
    adopts: dict[str, str]


def foretell(
    wishes: Wishes, scene: Scene, ledger: Ledger, settings: Settings, now: float, *, unseen: bool
) -> Foretold:
    """Say what becomes of everything. ``unseen``: nobody can be looked up in Entra."""
    return _Oracle(wishes, scene, ledger, settings, now, unseen).say()


def key(account: Account) -> tuple[Kind, str]:
    return account.kind, account.name.strip().casefold()


class _Oracle:
    def __init__(
        self,
        wishes: Wishes,
        scene: Scene,
        ledger: Ledger,
        settings: Settings,
        now: float,
        unseen: bool,
    ) -> None:
        self.wishes, self.scene, self.ledger, self.now = wishes, scene, ledger, now
        self.unseen = unseen
        self.policy = settings.policy
        self.capacity = settings.targets[0].capacity
        self.reports = self.policy.drift == "report"
        self.mirror = self.policy.mode == "mirror"
        self.owners = ledger.owners
        self.protected = {tid for tid, one in scene.accounts.items() if self._protected(one)}
        self.stuck: set[str] = set()
        self.adopts: dict[str, str] = {}
        self.absent: set[str] = set()
        self.replaced: dict[str, str] = {}
        self.matches = self._match()
        self._recreate()
        self.crowded = self._crowded()
        self.fates = {tid: self._as_it_is(one) for tid, one in scene.accounts.items()}
        self.wanted: dict[str, set[str]] = {}

    def say(self) -> Foretold:
        for one in self.wishes.of(*PEOPLE):
            self._person(one)
        for one in self.wishes.of(Kind.GROUP):
            self._group(one)
        for one in self.wishes.of(Kind.GROUP):
            self._members(one)
        self._leavers()
        self._former()
        gone = {tid for tid, fate in self.fates.items() if fate.goes}
        for fate in self.fates.values():
            fate.must -= gone
            fate.may -= {tid for tid in gone if not self.fates[tid].stays}
        return Foretold(self.fates, self.wanted, self.protected, self.matches, self.adopts)

    # --- who is who

    def _protected(self, one: Account) -> bool:
        named = {
            Kind.USER: self.policy.protected.users,
            Kind.SERVICE_PRINCIPAL: self.policy.protected.service_principals,
            Kind.GROUP: self.policy.protected.groups,
        }[one.kind]
        shown = one.display_name if one.kind is Kind.SERVICE_PRINCIPAL else None
        owner = self.owners.get(one.id)
        wish = self.wishes.all.get(owner or "")
        called = {one.id, one.name, one.external_id, shown, owner, wish and wish.name}
        hit = {n.strip().casefold() for n in called if n} & {n.strip().casefold() for n in named}
        system = one.kind is Kind.GROUP and key(one)[1] in RESERVED
        return bool(hit) or one.admin or system or one.id in self.scene.own

    def _match(self) -> dict[str, str | None]:
        """Return whose object is whose; ``None`` for those who get none, or get a new one."""
        found: dict[str, str | None] = {}
        open_: list[Wish] = []
        for oid, wish in self.wishes.all.items():
            link = self.ledger.links.get(oid)
            account = self.scene.accounts.get(link.target_id) if link else None
            same_id = self._holders(lambda a, o=oid: a.external_id == o, wish.kind)
            if account and account.kind is wish.kind:
                found[oid] = account.id
            elif wish.contested:
                found[oid] = None
            elif same_id:
                found[oid] = self._by_id(wish, same_id)
            else:
                open_.append(wish)
        leaving = self._leaving_their_name(found)
        for wish in open_:
            found[wish.id] = self._by_name(wish, leaving)
        return found

    def _holders(self, test: object, kind: Kind) -> list[Account]:
        assert callable(test)
        return [one for one in self.scene.accounts.values() if one.kind is kind and test(one)]

    def _by_id(self, wish: Wish, same_id: list[Account]) -> str | None:
        tid = same_id[0].id
        if len(same_id) > 1 or tid in self.owners:
            return None
        if tid in self.ledger.shared:
            return self._shared(wish, tid)
        if self.policy.adopt.of(wish.kind) == "never":
            return None
        self.adopts[wish.id] = tid
        return tid

    def _by_name(self, wish: Wish, leaving: set[str]) -> str | None:
        holders = [one for one in self._named(wish) if one.id not in leaving]
        if not holders:
            self.absent.add(wish.id)
            return None
        owner = self.owners.get(holders[0].id, holders[0].external_id)
        adopt = self.policy.adopt.of(wish.kind)
        free = adopt == "same_name" or (adopt == "unowned" and not holders[0].external_id)
        if owner in self.wishes.all or not free:
            return None
        if holders[0].id in self.ledger.shared:
            return self._shared(wish, holders[0].id)
        self.adopts[wish.id] = holders[0].id
        return holders[0].id

    def _shared(self, wish: Wish, tid: str) -> str | None:
        """Let an object of another sync be a member of ours; a group has one owner."""
        return None if wish.kind is Kind.GROUP else tid

    def _named(self, wish: Wish) -> list[Account]:
        return self._holders(lambda one: key(one) == wish.key, wish.kind)

    def _leaving_their_name(self, found: dict[str, str | None]) -> set[str]:
        """Return the groups that are renamed in this run: the names they have now come free."""
        moves = {
            tid: self.wishes.all[oid]
            for oid, tid in found.items()
            if tid and self.wishes.all[oid].kind is Kind.GROUP
            if not self.wishes.all[oid].contested
            if key(self.scene.accounts[tid]) != self.wishes.all[oid].key
            if not self._renamed_by_hand(self.wishes.all[oid], tid)
        }
        free = set(moves) - self.protected
        while blocked := {t for t in free if any(a.id not in free for a in self._named(moves[t]))}:
            free -= blocked
        self.stuck = set(moves) - free - self.protected
        return free

    def _renamed_by_hand(self, wish: Wish, tid: str) -> bool:
        link = self.ledger.links.get(wish.id)
        by_hand = link and link.name == wish.name and link.name != self.scene.accounts[tid].name
        return bool(self.reports and by_hand)

    def _recreate(self) -> None:
        """Give users whose name changed another object, where the policy says so and nobody is in the way."""
        if self.policy.user_name_change != "recreate" or not self.mirror:
            return
        for oid, tid in self.matches.items():
            wish = self.wishes.all[oid]
            if not tid or not self._linked(wish, tid) or wish.kind is not Kind.USER:
                continue
            if wish.contested or not wish.active or tid in self.protected:
                continue
            account, holders = self.scene.accounts[tid], self._named(wish)
            others = self.owners.keys() | self.protected | self.ledger.shared
            if key(account) == wish.key or any(one.id in others for one in holders):
                continue
            if not holders:
                self.absent.add(oid)
                self.matches[oid] = None
            elif self._may_become(wish, holders[0]):
                self.matches[oid] = self.adopts[oid] = holders[0].id
            else:
                continue
            self.replaced[oid] = tid

    def _crowded(self) -> set[str]:
        """Return who is not created because the target is full: the last ones by name."""
        found: set[str] = set()
        for kinds, most in (
            ((Kind.GROUP,), self.capacity.groups),
            (PEOPLE, self.capacity.principals),
        ):
            there = sum(one.kind in kinds for one in self.scene.accounts.values())
            new = [one for one in self.wishes.of(*kinds) if one.id in self.absent and one.active]
            if most is not None:
                in_order = sorted(new, key=lambda one: (one.name, one.id))
                found |= {one.id for one in in_order[max(0, most - there) :]}
        return found

    def _may_become(self, wish: Wish, one: Account) -> bool:
        adopt = self.policy.adopt.of(wish.kind)
        ours = one.external_id == wish.id or one.id in self.ledger.former
        return ours or adopt == "same_name" or (adopt == "unowned" and not one.external_id)

    # --- what becomes of it

    def _as_it_is(self, one: Account) -> Fate:
        members = self.scene.groups.get(one.id, frozenset())
        return Fate(
            one.kind, {one.name}, {one.external_id}, {one.display_name}, {one.active},
            set(members), set(members),
        )  # fmt: skip

    def _linked(self, wish: Wish, tid: str) -> bool:
        link = self.ledger.links.get(wish.id)
        return bool(link and link.target_id == tid)

    def _deleted_by_hand(self, wish: Wish) -> bool:
        return wish.id in self.ledger.links and wish.id not in self.replaced

    def _create(self, wish: Wish) -> None:
        if wish.id in self.crowded:
            return
        group = wish.kind is Kind.GROUP
        name = wish.name.lower() if wish.kind is Kind.USER else wish.name
        fate = Fate(wish.kind, {name}, {wish.id}, {None if group else wish.display}, {True})
        if self.reports and self._deleted_by_hand(wish):
            if wish.id not in self.ledger.missing:
                return
            fate.goes = True  # left and came back, and was deleted by hand meanwhile
        self.fates[wish.id] = fate

    def _person(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        if tid is None:
            if wish.id in self.absent and wish.active:
                self._create(wish)
            return
        linked, fate, account = self._linked(wish, tid), self.fates[tid], self.scene.accounts[tid]
        untouched = self.protected | (set() if linked else self.ledger.shared)
        if tid in untouched or not (linked or wish.active):
            return
        fate.external = {wish.id} if not linked else fate.external
        then = self.ledger.wished.get(wish.id)
        fate.display = {wish.display}
        if self.reports and self.ledger.shown.get(tid, then and then.display) == wish.display:
            fate.display.add(account.display_name)
        if wish.active or (self.mirror and self.policy.leavers != "keep"):
            fate.active = {wish.active}
            last = self.ledger.switched.get(tid, then and then.active)
            if self.reports and last == wish.active:
                fate.active.add(account.active)

    def _group(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        if tid is None:
            if wish.id in self.absent:
                self._create(wish)
            return
        if tid in self.protected:
            return
        fate = self.fates[tid]
        if not self._linked(wish, tid):
            fate.external = {wish.id}
        if not (wish.contested or tid in self.stuck or self._renamed_by_hand(wish, tid)):
            fate.names = {wish.name}

    def _members(self, wish: Wish) -> None:
        tid = self.matches[wish.id]
        place = tid or wish.id
        if place not in self.fates or tid in self.protected:
            return
        fate, there = self.fates[place], set(self.scene.groups.get(place, ()))
        roster = {oid: self._member(oid) for oid in wish.members}
        wanted = {mid for mid in roster.values() if mid}
        self.wanted[place] = wanted
        addable = {mid for oid, mid in roster.items() if mid and not self._bystander(oid)}
        surplus = there - wanted
        removed = self._removable(place, surplus) if not wish.unread else set()
        missing = addable - there
        if self.reports:
            removed = {one for one in removed if (place, one) in self.ledger.known}
            missing = {one for one in missing if (place, one) not in self.ledger.known}
        fate.must = (there - removed) | missing
        fate.may = set(fate.must)
        if not self.wishes.complete:
            fate.may |= removed
        for member in (surplus | addable) & self._blurred(place):
            fate.loose(member)
        for member in missing & self.fates.keys():
            if self.fates[member].goes:
                fate.must.discard(member)

    def _member(self, oid: str) -> str | None:
        """Return where somebody wanted is, or will be, a member."""
        if oid in self.wishes.nameless:
            return None
        tid = self.matches[oid]
        return tid or (oid if oid in self.fates else None)

    def _bystander(self, oid: str) -> bool:
        wish, tid = self.wishes.all[oid], self.matches[oid]
        return not wish.active and not (tid and self._linked(wish, tid))

    def _blurred(self, place: str) -> set[str]:
        return {member for gid, member in self.ledger.blurred if gid == place}

    def _removable(self, place: str, surplus: Iterable[str]) -> set[str]:
        if not self.mirror:
            return set()
        found = set(surplus) - self.protected - self._in_question()
        if self.policy.members == "managed":
            found = {one for one in found if (place, one) in self.ledger.added}
        return found

    def _in_question(self) -> set[str]:
        """Return who perhaps is somebody in scope: quarantine holds them where they are."""
        found = {tid for oid, tid in self.replaced.items() if oid in self.crowded}
        for oid in self.wishes.nameless & self.ledger.links.keys():
            found.add(self.ledger.links[oid].target_id)
        known = set(filter(None, self.matches.values())) | self.owners.keys()
        for oid, tid in self.matches.items():
            wish = self.wishes.all[oid]
            if (tid is None and oid not in self.absent) or tid in self.stuck or wish.contested:
                same_id = self._holders(lambda a, o=oid: a.external_id == o, wish.kind)
                found |= {one.id for one in (*self._named(wish), *same_id)} - known
        return found

    def _leavers(self) -> None:
        if not (self.mirror and self.wishes.complete):
            return
        in_scope = self.wishes.all.keys() | self.wishes.nameless
        taken = set(self.matches.values())
        for oid, link in self.ledger.links.items():
            tid = link.target_id
            if oid in in_scope or tid in taken | self.protected or tid not in self.fates:
                continue
            if link.kind is Kind.GROUP:
                self._retire(tid, made=link.origin is Origin.CREATED)
            else:
                self._leave(oid, tid, made=link.origin is Origin.CREATED)

    def _leave(self, oid: str, tid: str, *, made: bool) -> None:
        since = self.ledger.missing.get(oid, self.now)
        early = self.now - since < self.policy.grace_days * DAY
        if self.policy.leavers == "keep" or early or self.unseen:
            return
        fate = self.fates[tid]
        if self.policy.leavers == "delete" and made:
            fate.stays, fate.goes = False, True
        else:
            fate.active = {False}
            if self.reports and self.ledger.switched.get(tid) is False:
                fate.active = {self.scene.accounts[tid].active}

    def _former(self) -> None:
        """End the accounts that people had under another name."""
        replaced = {tid for oid, tid in self.replaced.items() if oid not in self.crowded}
        taken = self.owners.keys() - replaced | set(self.matches.values()) | self.ledger.shared
        for tid in self.ledger.former | replaced:
            if self.mirror and tid not in taken | self.protected:
                self.fates[tid].active = {False}

    def _retire(self, tid: str, *, made: bool) -> None:
        if self.policy.retired_groups == "keep":
            return
        fate, there = self.fates[tid], set(self.scene.groups[tid])
        if self.policy.retired_groups == "delete" and made and not there & self.protected:
            fate.stays, fate.goes = False, True
            return
        removed = self._removable(tid, there)
        fate.must = there - removed
        fate.may = set(fate.must)
        for member in removed:
            if (tid, member) in self.ledger.blurred or (
                self.reports and (tid, member) not in self.ledger.known
            ):
                fate.loose(member)
