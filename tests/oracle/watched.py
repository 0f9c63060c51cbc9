"""A target that keeps every write that took effect, and lets none through that was not announced."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zlib import crc32

from aadsync_lib.model.account import Account, TargetSnapshot, Unread
from aadsync_lib.model.identity import Attributes, Kind, canonical_id
from tests.unit.fakes import FakeTarget, Fault

T = TypeVar("T")


@dataclass(frozen=True)
class Effect:
    """A write that was done: to which object, and which members it put in and took out."""

    verb: str
    kind: Kind
    id: str
    wanted: Attributes | None = None
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scene:
    """What a target holds at one moment; ids of Entra in small letters, in whatever case it shows them."""

    accounts: Mapping[str, Account]
    groups: Mapping[str, frozenset[str]]
    own: frozenset[str] = frozenset()


def effective(scene: Scene, gid: str, into: Container[str]) -> set[str]:
    """Return who is in a group of the target at any depth, looking ``into`` these groups only."""
    found: set[str] = set()
    stack = [gid]
    while stack:
        one = stack.pop()
        for member in scene.groups.get(one, frozenset()) - found if one in into else ():
            found.add(member)
            stack.append(member)
    return found


class WatchedTarget(FakeTarget):
    """``announced`` tells whether the journal has an open entry for a write, by id or by name.

    ``unheard`` are the writes that were answered and changed nothing, ``touched`` the ids that any write was sent for,
    ``asked`` those that were looked up, ``sought`` those found by name before the first of these writes.

    Ids come from names, with some ``salt``, and faults are chosen by what a write says, so that a week is the same
    whenever it is run.
    """

    def __init__(self, name: str = "account", *, salt: str = "") -> None:
        super().__init__(name)
        self.salt = salt
        self.effects: list[Effect] = []
        self.given: set[str] = set()
        self.unheard: list[Effect] = []
        self.tried: set[tuple[str, str]] = set()
        self.touched: set[str] = set()
        self.asked: set[str] = set()
        self.sought: set[str] = set()
        self.unannounced: list[str] = []
        self.announced: Callable[[str], bool] = lambda _: True
        self.trouble: Fault | None = None
        self.share = 1
        self.hits = 0

    def scene(self) -> Scene:
        groups = {gid: frozenset(members) for gid, members in self.groups.items()}
        accounts = {i: _as_read(one) for i, one in self.accounts.items()}
        return Scene(accounts, groups, self.own)

    def read(self) -> TargetSnapshot:
        shown = super().read()
        return replace(shown, accounts={i: _as_read(one) for i, one in shown.accounts.items()})

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        found = tuple(map(_as_read, super().find(kind, name)))
        self.sought |= set() if self.touched else {one.id for one in found}
        return found

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        self.asked |= set(ids)
        answers = super().look_up(ids).items()
        return {i: _as_read(one) if isinstance(one, Account) else one for i, one in answers}

    def add(self, kind: Kind, name: str, members: Any = (), **more: Any) -> str:
        place = crc32(f"{self.salt}{kind} {name}".encode()) % 10_000 * 100
        while str(place) in self.given:  # nothing gets the id of something that is gone
            place += 1
        self.given.add(str(place))
        self._next = place - 1
        return super().add(kind, name, members, **more)

    def change_members(
        self,
        group_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        wanted: Attributes | None = None,
    ) -> None:
        self.tried |= {(group_id, member) for member in (*add, *remove)}
        super().change_members(group_id, add, remove, wanted)

    def _write(self, what: str, act: Callable[[], T]) -> T:
        verb, _, rest = what.partition(" ")
        about = rest.partition(" ")[2] if verb == "create" else rest.rpartition(" ")[2]
        shown = self.accounts[about].name if about in self.accounts else about
        self.touched.add(about)
        if not (self.announced(about) or self.announced(shown)):
            self.unannounced.append(what)
        self.faults.pop(len(self.log), None)
        if self.trouble and crc32(f"{verb} {shown}".encode()) % self.share == 0:
            self.faults[len(self.log)] = self.trouble
            self.hits += 1
        return super()._write(what, act)

    def _create(self, kind: Kind, wanted: Attributes, members: Sequence[str]) -> str:
        target_id = super()._create(kind, wanted, ())
        self.effects.append(Effect("create", kind, target_id, wanted))
        self._change_members(target_id, members, ())
        return target_id

    def _update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        super()._update(kind, target_id, wanted)
        heard = self.unheard if target_id in self.deaf else self.effects
        heard.append(Effect("update", kind, target_id, wanted))

    def _change_members(self, group_id: str, add: Sequence[str], remove: Sequence[str]) -> None:
        if not add and not remove:
            return
        before = frozenset(self.groups.get(group_id, ()))
        if group_id in self.deaf:
            gone = before.intersection(remove)
            effect = Effect("members", Kind.GROUP, group_id, None, frozenset(add) - before, gone)
            self.unheard.append(effect)
        try:
            super()._change_members(group_id, add, remove)
        finally:
            after = frozenset(self.groups.get(group_id, ()))
            added = frozenset(add) & after
            effect = Effect("members", Kind.GROUP, group_id, None, added, before - after)
            self.effects.append(effect)

    def _delete(self, target_id: str) -> None:
        if target_id in self.accounts:
            self.effects.append(Effect("delete", self.accounts[target_id].kind, target_id))
        super()._delete(target_id)


def _as_read(account: Account) -> Account:
    """Return what a client makes of an object, in whatever case the target has its externalId."""
    external_id = account.external_id
    return replace(account, external_id=canonical_id(external_id)) if external_id else account
