"""Which object on the target is whose, said as plainly as it can be."""

from __future__ import annotations

from collections.abc import Set

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from tests.oracle.ledger import RunLog
from tests.oracle.tenant import Tenant
from tests.oracle.watched import Scene
from tests.oracle.wishes import RESERVED, Wish, Wishes, key_of

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


def key(account: Account) -> tuple[Kind, str]:
    return account.kind, key_of(account.name)


class Matching:
    """``matches`` are target ids by object id, ``None`` for who has none.

    Of these, ``absent`` ones may be created. ``adopts`` are matched and not ours yet, ``replaced`` what
    people had under another name, ``stuck`` groups that cannot be renamed, ``crowded`` who finds no room,
    ``unforeseen`` who is to be created, but that somebody has the name whom no listing shows.
    """

    def __init__(
        self,
        wishes: Wishes,
        scene: Scene,
        ledger: RunLog,
        settings: Settings,
        tenant: Tenant,
        behind: Set[str],
    ) -> None:
        self.wishes, self.scene, self.ledger, self.tenant = wishes, scene, ledger, tenant
        self.strangers_unlisted = behind - ledger.owners.keys() - self._joint(wishes, ledger)
        self.behind, self.policy = behind, settings.policy
        self.capacity = settings.targets[0].capacity
        self.reports = self.policy.drift == "report"
        self.mirror = self.policy.mode == "mirror"
        self.owners = ledger.owners
        self.named = {
            Kind.USER: set(map(key_of, self.policy.protected.users)),
            Kind.SERVICE_PRINCIPAL: set(map(key_of, self.policy.protected.service_principals)),
            Kind.GROUP: set(map(key_of, self.policy.protected.groups)),
        }
        self.protected = {tid for tid, one in scene.accounts.items() if self._protected(one)}
        self.once_protected = {
            link.target_id for oid, link in ledger.links.items() if self._once_protected(oid, link)
        }
        self.hidden = {tid for tid, one in scene.accounts.items() if self._hidden(one)}
        self.ending = self._ending()
        self.stuck: set[str] = set()
        self.adopts: dict[str, str] = {}
        self.absent: set[str] = set()
        self.unforeseen: set[str] = set()
        self.perhaps_adopted: set[str] = set()
        self.replaced: dict[str, str] = {}
        self.matches = self._match()
        self._recreate()
        self.crowded = self._crowded()

    @staticmethod
    def _joint(wishes: Wishes, ledger: RunLog) -> set[str]:
        """Return what another sync has of people in scope who are not linked here: asked for by id."""
        people = {one.id for one in wishes.of(*PEOPLE)} - ledger.links.keys()
        return {tid for tid, shared in ledger.shared.items() if shared.owner in people}

    def linked(self, wish: Wish, tid: str) -> bool:
        link = self.ledger.links.get(wish.id)
        return bool(link and link.target_id == tid)

    def looked_into(self) -> set[str]:
        """Return the groups that anybody looks into: ours, and those in scope, but no other protected ones."""
        in_scope = {tid for tid in self.matches.values() if tid}
        return (self.owners.keys() - self.protected) | in_scope

    def in_question(self) -> set[str]:
        """Return who perhaps is somebody in scope: quarantine holds them where they are."""
        found = {tid for oid, tid in self.replaced.items() if oid in self.crowded}
        known = set(filter(None, self.matches.values())) | self.owners.keys()
        for oid, tid in self.matches.items():
            wish = self.wishes.all[oid]
            if (tid is None and oid not in self.absent) or tid in self.stuck or wish.contested:
                same_id = self._holders(lambda a, o=oid: a.external_id == o, wish.kind)
                found |= {one.id for one in (*self._named(wish), *same_id)} - known
        return (found - self._outlived()) | self.hidden

    def _outlived(self) -> set[str]:
        """Return the former objects of those in scope who have another one: nobody asks whose they are."""
        owners = {tid: self.scene.accounts[tid].external_id for tid in self.ledger.former}
        others = {tid: self.matches.get(oid or "") for tid, oid in owners.items()}
        return {tid for tid, other in others.items() if other not in (None, tid)}

    def _protected(self, one: Account) -> bool:
        """Compare every name and id of today, and of when the object was linked.

        What is not ours is, by its name, whoever in scope would be called so, too.
        """
        shown = one.display_name if one.kind is Kind.SERVICE_PRINCIPAL else None
        owner = self._identity(one)
        wish, link = self.wishes.all.get(owner or ""), self.ledger.links.get(owner or "")
        called: set[str | None] = {one.id, one.name, shown, owner, wish and wish.name}
        if link and link.target_id == one.id:
            called |= {link.name} | self.ledger.names[link.external_id]
        if owner and (owner in self.known_in_entra or not self.tenant.unseen):
            called |= self.tenant.names(owner)
        for claimant in self.wishes.of(one.kind) if one.id not in self.owners else ():
            if claimant.key == key(one):
                called |= {claimant.id, *self.tenant.names(claimant.id)}
        hit = {key_of(name) for name in called if name} & self.named[one.kind]
        system = one.kind is Kind.GROUP and key(one)[1] in RESERVED
        return bool(hit) or one.admin or system or one.id in self.scene.own

    def _once_protected(self, oid: str, link: Link) -> bool:
        """Return whether Entra called somebody by a protected name since they were linked, and may not any more.

        A group that was renamed may be known by its first name, or not. The name of then may be the first one that differs: more is protected than has to be.
        """
        known = (self.ledger.aliases.get(oid, ()), self.ledger.past.get(oid, ()))
        called = {key_of(name) for names in known for name in names}
        return bool(called & self.named[link.kind]) and link.target_id not in self.protected

    @property
    def known_in_entra(self) -> set[str]:
        return self.wishes.all.keys() | self.wishes.out

    def _identity(self, one: Account) -> str | None:
        return self.owners.get(one.id, one.external_id)

    def _hidden(self, one: Account) -> bool:
        """Return whether nobody can say today if Entra has a protected name for somebody."""
        owner = self._identity(one)
        asked = owner is not None and owner not in self.known_in_entra and owner != "alien"
        return asked and self.tenant.unseen and bool(self.named[one.kind])

    def _ending(self) -> set[str]:
        """Return the groups that are deleted in this very run, which frees their names."""
        if not (self.mirror and self.wishes.complete and self.policy.retired_groups == "delete"):
            return set()
        untouched = {*self.protected, *self.hidden, *self.ledger.shared}
        return {
            link.target_id
            for oid, link in self.ledger.links.items()
            if link.kind is Kind.GROUP and link.origin is Origin.CREATED
            if oid not in self.wishes.all
            and link.target_id in self.scene.accounts.keys() - untouched
        }

    def _match(self) -> dict[str, str | None]:
        """Return whose object is whose; ``None`` for those who get none, or get a new one."""
        found: dict[str, str | None] = {}
        open_: list[Wish] = []
        for oid, wish in self.wishes.all.items():
            link = self.ledger.links.get(oid)
            account = self.scene.accounts.get(link.target_id) if link else None
            same_id = self._holders(lambda a, o=oid: a.external_id == o, wish.kind)
            same_id = [one for one in same_id if one.id not in self.strangers_unlisted]
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
        if len(same_id) > 1:  # what another sync has by now is the one that counts
            same_id = [one for one in same_id if one.id in self.ledger.shared] or same_id
        tid = same_id[0].id
        if len(same_id) > 1 or tid in self.owners:
            return None
        if tid in self.ledger.shared:
            return self._shared(wish, tid)
        if self._word(wish) == "never":
            return None
        self.adopts[wish.id] = tid
        return tid

    def _by_name(self, wish: Wish, leaving: set[str]) -> str | None:
        holders = [one for one in self._named(wish) if one.id not in leaving]
        unlisted = bool(holders) and holders[0].id in self.strangers_unlisted
        by_hand = unlisted and self.reports and wish.id in self.ledger.links
        if by_hand and wish.id not in self.ledger.missing:  # deleted and made again: not made here
            self.absent.add(wish.id)
            return None
        if by_hand:  # left and came back, and was deleted meanwhile
            self.perhaps_adopted.add(holders[0].id)
        if unlisted:
            return self._refused_by(wish, holders[0])
        if not holders:
            self.absent.add(wish.id)
            return None
        owner = self.owners.get(holders[0].id, holders[0].external_id)
        free = self._takes(wish, holders[0])
        if holders[0].id in self.ending and not free:
            self.absent.add(wish.id)
            return None
        unseen = holders[0].id in self.owners and not self.wishes.complete
        if owner in self.wishes.all or unseen or not free:
            return None
        if holders[0].id in self.ledger.shared:
            return self._shared(wish, holders[0].id)
        self.adopts[wish.id] = holders[0].id
        return holders[0].id

    def _refused_by(self, wish: Wish, one: Account) -> str | None:
        """Take over, if it may be, what no listing shows, but the target holds to be the same."""
        self.unforeseen.add(wish.id)
        free = one.id not in {*self.ledger.shared, *self.ledger.former, *self.protected}
        same_id = one.external_id == wish.id and self._word(wish) != "never"
        if not (free and wish.active and (same_id or self._takes(wish, one))):
            return None
        self.adopts[wish.id] = one.id
        return one.id

    def _word(self, wish: Wish) -> str:
        """Return the policy's word for adopting whom this is; an applicationId is one identity's alone."""
        listed = set(map(key_of, self.policy.adopt_names))
        if listed & {key_of(wish.name), wish.id}:
            return "same_name"
        word = self.policy.adopt.of(wish.kind)
        service = wish.kind is Kind.SERVICE_PRINCIPAL and word != "never"
        return "same_name" if service else word

    def _takes(self, wish: Wish, one: Account) -> bool:
        word = self._word(wish)
        return word == "same_name" or (word == "unowned" and not one.external_id)

    def _shared(self, wish: Wish, tid: str) -> str | None:
        """Manage a person of another sync, too; a group has one owner."""
        if wish.kind is Kind.GROUP:
            return None
        if self.ledger.shared[tid].owner == wish.id and wish.active:
            self.adopts[wish.id] = tid
        return tid

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
            if not self.renamed_by_hand(self.wishes.all[oid], tid)
        }
        free = set(moves) - self.protected
        while blocked := {t for t in free if any(a.id not in free for a in self._named(moves[t]))}:
            free -= blocked
        self.stuck = set(moves) - free - self.protected
        return free

    def renamed_by_hand(self, wish: Wish, tid: str) -> bool:
        link = self.ledger.links.get(wish.id)
        ours = link and link.target_id == tid and link.name == wish.name
        by_hand = ours and wish.name != self.scene.accounts[tid].name
        return bool(self.reports and by_hand and tid not in self.ledger.misnamed)

    def _recreate(self) -> None:
        """Give users whose name changed another object, where the policy says so and nobody is in the way."""
        if self.policy.user_name_change != "recreate" or not self.mirror:
            return
        for oid, tid in self.matches.items():
            wish = self.wishes.all[oid]
            if tid and self._misnamed(wish, tid):
                linked, known = self.linked(wish, tid), tid in self.ledger.former
                if (linked or known) and self._begin_anew(wish):
                    self.replaced |= {oid: tid} if linked else {}
                elif not linked:
                    self.adopts.pop(oid)
                    self.matches[oid] = None

    def _misnamed(self, wish: Wish, tid: str) -> bool:
        ours = self.linked(wish, tid) or self.adopts.get(wish.id) == tid
        fit = wish.kind is Kind.USER and wish.active and not wish.contested
        other = key(self.scene.accounts[tid]) != wish.key
        return ours and fit and other and tid not in {*self.protected, *self.ledger.shared}

    def _begin_anew(self, wish: Wish) -> bool:
        """Match by the new name alone, unless whoever has it is somebody else's."""
        others = {*self.owners, *self.protected, *self.ledger.shared}
        holders = self._named(wish)
        if not holders:
            self.absent.add(wish.id)
            self.adopts.pop(wish.id, None)
            self.matches[wish.id] = None
        elif holders[0].id not in others and self._may_become(wish, holders[0]):
            self.matches[wish.id] = self.adopts[wish.id] = holders[0].id
        else:
            return False
        return True

    def _crowded(self) -> set[str]:
        """Return who is not created because the target is full: the last ones by name.

        Whose name is taken by somebody unlisted does not get to know it, then.
        """
        found: set[str] = set()
        to_create = self.absent | self.unforeseen
        for kinds, most in (
            ((Kind.GROUP,), self.capacity.groups),
            (PEOPLE, self.capacity.principals),
        ):
            listed = (o for o in self.scene.accounts.values() if o.id not in self.behind)
            there = sum(one.kind in kinds for one in listed)
            new = [one for one in self.wishes.of(*kinds) if one.id in to_create and one.active]
            if most is not None:
                in_order = sorted(new, key=lambda one: (one.name, one.id))
                found |= {one.id for one in in_order[max(0, most - there) :]}
        for oid in found & self.unforeseen:
            self.adopts.pop(oid, None)
            self.matches[oid] = None
        return found

    def _may_become(self, wish: Wish, one: Account) -> bool:
        ours = one.external_id == wish.id  # what somebody else had before is theirs still
        return ours or self._takes(wish, one)
