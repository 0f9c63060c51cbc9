"""Who may enter which workspace after a run, and with which entitlements, said as plainly as it can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind, Permission
from tests.oracle.doors import Doors, Hold, Seat, Step
from tests.oracle.ledger import RunLog
from tests.oracle.oracle import Foretold
from tests.oracle.tenant import Tenant
from tests.oracle.watched import Scene
from tests.oracle.wishes import Wish, Wishes, key_of

Rules = Mapping[WorkspaceId, list[dict[str, Any]]]  # by workspace, as a settings file has them
USER, ADMIN = Permission.USER, Permission.ADMIN
HEIGHT = {None: 0, USER: 1, ADMIN: 2}
ONE_OR_THE_OTHER = ("workspace-consume", {"workspace-access", "databricks-sql-access"})


@dataclass(frozen=True)
class Gift:
    """What this sync has given somebody in a workspace, and the ``base`` that was there before."""

    permission: Permission | None = None
    base: Permission | None = None
    entitlements: frozenset[str] = frozenset()

    def falls_to(self, there: Permission | None, asked: Permission | None) -> Permission | None:
        """Return what stays of a permission: what is asked for, what was there before, what others raised."""
        raised = there is ADMIN and self.permission is USER
        if self.permission is None or raised:
            return there
        return min(max(asked, self.base, key=_height), there, key=_height)

    def changed(self, before: Hold, after: Hold) -> Gift:
        """Return what is given after a write of this sync."""
        gift = self
        if before.permission is not after.permission:
            base = self.base if self.permission else before.permission
            ours = after.permission if after.permission is not base else None
            gift = replace(self, permission=ours, base=base if ours else None)
        came, went = (
            after.entitlements - before.entitlements,
            before.entitlements - after.entitlements,
        )
        return replace(gift, entitlements=(gift.entitlements | came) - went)


NOTHING = Gift()


def _height(permission: Permission | None) -> int:
    return HEIGHT[permission]


@dataclass(frozen=True)
class Asked:
    """What rules ask for."""

    permission: Permission | None = None
    entitlements: frozenset[str] = frozenset()

    @property
    def impossible(self) -> bool:
        one, others = ONE_OR_THE_OTHER
        return one in self.entitlements and not others.isdisjoint(self.entitlements)

    def joined(self, other: Asked) -> Asked:
        permission = max(self.permission, other.permission, key=_height)
        return Asked(permission, self.entitlements | other.entitlements)


def asked_by(rules: Iterable[dict[str, Any]], names: Iterable[str], kind: Kind) -> Asked:
    """Return what the rules ask for whose pattern fits one of these names."""
    found = Asked()
    for rule in rules:
        if any(_fits(pattern, name) for pattern in rule["groups"] for name in names):
            permission = Permission(rule["permission"]) if "permission" in rule else None
            entitlements = frozenset(rule["entitlements"])
            if kind is not Kind.GROUP:
                entitlements -= {"allow-instance-pool-create"}
            found = found.joined(Asked(permission, entitlements))
    return found


def _fits(pattern: str, name: str) -> bool:
    plain = re.escape(key_of(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(plain, key_of(name), re.DOTALL) is not None


@dataclass
class SeatFate:
    """What somebody may have after a run: one of some permissions; entitlements that must and that may be."""

    permissions: set[Permission | None]
    must: set[str]
    may: set[str]

    @classmethod
    def of(cls, hold: Hold) -> SeatFate:
        return cls({hold.permission}, set(hold.entitlements), set(hold.entitlements))

    def or_(self, other: SeatFate) -> SeatFate:
        """Return this or the other, or anything between."""
        heights = sorted(map(_height, self.permissions | other.permissions))
        permissions = {one for one, at in HEIGHT.items() if heights[0] <= at <= heights[-1]}
        return SeatFate(permissions, self.must & other.must, self.may | other.may)

    def wrong(self, hold: Hold) -> Iterator[str]:
        if hold.permission not in self.permissions:
            yield f"is {hold.permission}, foretold {self.permissions}"
        if lacking := self.must - hold.entitlements:
            yield f"lacks {sorted(lacking)}"
        if surplus := hold.entitlements - self.may:
            yield f"has {sorted(surplus)} too many"


@dataclass(frozen=True)
class Access:
    """What a run has to do in workspaces. ``owners`` are, by target id, whose objects they are after it.

    ``then`` is the ledger of before the run. Of ``blurred`` seats nobody can say who gave what.
    """

    rules: Rules
    doors: Doors
    gifts: Mapping[Seat, Gift]
    blurred: set[Seat]
    wishes: Wishes
    assigned: frozenset[str]
    foretold: Foretold
    then: RunLog
    owners: Mapping[str, str]
    before: Scene
    after: Scene
    settings: Settings
    tenant: Tenant
    behind: set[str]

    @property
    def mirror(self) -> bool:
        return self.settings.policy.mode == "mirror"

    def fate(self, seat: Seat) -> SeatFate:
        """Say what somebody has after a run that got through."""
        place, tid = seat
        hold = self.doors.at(seat)
        as_is = SeatFate.of(hold)
        if place not in self.rules or place in self.doors.closed or self.fixed(tid):
            return as_is
        changed = self._taken(seat, self._given(seat, as_is))
        return changed.or_(as_is) if self._open(tid) else changed

    def fixed(self, tid: str) -> bool:
        """Return whether nobody touches what somebody has."""
        wish = self.wish(tid)
        if tid in self.foretold.protected or (wish and wish.contested):
            return True
        link = self.then.links.get(self.owners.get(tid, ""))
        keeps = self.settings.policy.retired_groups == "keep"
        return bool(link and link.kind is Kind.GROUP and keeps and wish is None)

    def _open(self, tid: str) -> bool:
        """Return whether nobody can say for sure who somebody is, or is called."""
        moved = self.then.owners.get(tid) != self.owners.get(tid) and tid in self.then.owners
        return moved or tid in self.foretold.unsure | self.behind or self._misnamed(tid)

    def _misnamed(self, tid: str) -> bool:
        wish, account = self.wish(tid), self.after.accounts[tid]
        return wish is not None and key_of(wish.name) != key_of(account.name)

    def wish(self, tid: str) -> Wish | None:
        return self.wishes.all.get(self.owners.get(tid, ""))

    def asked(self, seat: Seat) -> Asked:
        """Return what the rules ask for whose object it is, by its name, and by that which it has for now."""
        place, tid = seat
        wish = self.wish(tid)
        group = wish is not None and wish.kind is Kind.GROUP
        if wish is None or not (group or (place is not None and wish.id in self.assigned)):
            return Asked()
        names = {wish.name, self.after.accounts[tid].name}
        names |= {wish.display or ""} if wish.kind is Kind.SERVICE_PRINCIPAL else set()
        return asked_by(self.rules.get(place, ()), names, wish.kind)

    def _given(self, seat: Seat, fate: SeatFate) -> SeatFate:
        """Say what somebody gets; where groups of the workspace could not be read, none is known to be in the way."""
        if self.wish(seat[1]) is None or self.asked(seat).impossible:
            return fate
        lifted = self._lifted(seat, fate)
        if not self._in_the_way(seat):
            return lifted
        return lifted.or_(fate) if seat[0] in self.doors.half_closed else fate

    def _lifted(self, seat: Seat, fate: SeatFate) -> SeatFate:
        hold, asked = self.doors.at(seat), self.asked(seat)
        gift, reports = self.gifts.get(seat, NOTHING), self.settings.policy.drift == "report"
        lower = _height(hold.permission) < _height(asked.permission)
        had = gift.permission if hold.permission is None else gift.permission is ADMIN
        if lower and reports and had:
            return fate if hold.permission is None else self._granted(seat, fate)
        permission = {asked.permission} if lower else fate.permissions
        return self._granted(seat, replace(fate, permissions=permission))

    def _granted(self, seat: Seat, fate: SeatFate) -> SeatFate:
        asked, gift = self.asked(seat), self.gifts.get(seat, NOTHING)
        missing = asked.entitlements - self.doors.at(seat).entitlements
        if self.settings.policy.drift == "report":
            missing -= gift.entitlements
        if seat[0] in self.doors.half_closed:
            missing = frozenset()
        return replace(fate, must=fate.must | missing, may=fate.may | missing)

    def _in_the_way(self, seat: Seat) -> bool:
        """Return whether the workspace has a group of its own of that name."""
        place, tid = seat
        wish = self.wish(tid)
        out = place is not None and self.doors.at(seat).permission is None
        if wish is None or wish.kind is not Kind.GROUP or not out:
            return False
        was = self.name_before(tid)
        return bool({key_of(wish.name), was} & self.doors.local.get(place or 0, frozenset()))

    def name_before(self, tid: str) -> str:
        """Return what an object was called before the run."""
        return key_of(self.before.accounts[tid].name) if tid in self.before.accounts else ""

    def _taken(self, seat: Seat, fate: SeatFate) -> SeatFate:
        gift, hold, asked = self.gifts.get(seat, NOTHING), self.doors.at(seat), self.asked(seat)
        if not self.takes(seat[1]):
            return fate
        permissions = fate.permissions
        if permissions == {hold.permission}:
            permissions = {gift.falls_to(hold.permission, asked.permission)}
        surplus = (hold.entitlements & gift.entitlements) - asked.entitlements
        if seat[0] in self.doors.half_closed:
            surplus = frozenset()
        if hold.permission and permissions == {None}:
            return SeatFate({None}, set(), set())
        return SeatFate(permissions, fate.must - surplus, fate.may - surplus)

    def takes(self, tid: str) -> bool:
        """Return whether anything may be taken from somebody, as far as they are not asked for."""
        shared = self.then.shared.get(tid)
        if not self.mirror or (shared and shared.in_scope):
            return False
        oid = self.owners.get(tid, "")
        wish = self.wish(tid)
        gone = self.tenant.presence(oid) in (Presence.DELETED, Presence.GONE) if oid else False
        in_scope = wish is not None and wish.kind is Kind.GROUP
        return self.wishes.complete or in_scope or oid in self.wishes.out or gone

    def ended(self, seat: Seat, let_in: Set[Seat]) -> Gift:
        """Return what is still given where a run has seen what is gone, and nobody asks for it."""
        gift, hold, asked = self.gifts.get(seat, NOTHING), self.doors.at(seat), self.asked(seat)
        place, tid = seat
        unread = self.doors.closed | (self.doors.half_closed if gift.entitlements else set())
        looked = place in self.rules and place not in unread
        if not looked or self.fixed(tid) or not self.takes(tid) or self._open(tid):
            return gift
        if place is not None and hold.permission is None and seat not in let_in:
            return gift if asked.permission else NOTHING
        stays = hold.entitlements | asked.entitlements
        return replace(gift, entitlements=gift.entitlements & stays)

    def unclear(self, seat: Seat) -> bool:
        """Return whether a run may have seen the end of what it gave to whom nobody can say who, or what, they are."""
        gift, hold = self.gifts.get(seat, NOTHING), self.doors.at(seat)
        gone = gift.permission and hold.permission is None
        return bool(gone or gift.entitlements - hold.entitlements) and self._open(seat[1])


def differences(access: Access, after: Doors, *, through: bool) -> Iterator[str]:
    """Yield whatever is not as foretold; where a run did not get ``through``, as it was is right, too."""
    for seat in _seats(access, after):
        fate = access.fate(seat)
        if not through:
            fate = fate.or_(SeatFate.of(access.doors.at(seat)))
        for what in fate.wrong(after.at(seat)) if seat not in access.blurred else ():
            yield f"{access.after.accounts[seat[1]].name} ({seat[1]}) in {seat[0]} {what}"


def _seats(access: Access, after: Doors) -> list[Seat]:
    seats = {(place, tid) for place in access.rules for tid in access.owners}
    seats |= access.doors.holds.keys() | after.holds.keys()
    return sorted((one for one in seats if one[1] in access.after.accounts), key=str)


def forbidden(access: Access, steps: Iterable[Step]) -> Iterator[str]:
    """Yield writes that may never happen, whatever goes wrong; ``gifts`` are those before each."""
    gifts = dict(access.gifts)
    for step in steps:
        gift = gifts.get(step.seat, NOTHING)
        if step.seat[1] in access.after.accounts and step.seat not in access.blurred:
            for why in _forbidden(access, step, gift):
                yield f"{why}: {step}, given {gift}"
        gifts[step.seat] = gift.changed(step.before, step.after)


def _forbidden(access: Access, step: Step, gift: Gift) -> Iterator[str]:
    (place, tid), before, after = step.seat, step.before, step.after
    lost = before.entitlements - after.entitlements
    lowered = _height(after.permission) < _height(before.permission)
    if tid in access.foretold.protected:
        yield "is protected"
    if (lowered or lost) and not access.mirror:
        yield "an additive sync takes nothing"
    if lowered and gift.falls_to(before.permission, after.permission) is not after.permission:
        yield "takes a permission that this sync did not give"
    if lost - gift.entitlements and not lowered:
        yield "takes entitlements that this sync did not give"
    asked = access.asked(step.seat) if place in access.rules else Asked()
    if lowered and _height(after.permission) < _height(asked.permission):
        yield "takes a permission that is asked for"
    if lost & asked.entitlements and not lowered:
        yield "takes entitlements that are asked for"
    if _height(after.permission) > max(_height(before.permission), _height(asked.permission)):
        yield "gives a permission that nobody asks for"
    if after.entitlements - before.entitlements - asked.entitlements:
        yield "gives entitlements that nobody asks for"
