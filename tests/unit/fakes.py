"""Entra and Databricks in memory, with state and with faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from threading import RLock
from typing import TypeVar

import pytest

from aadsync_lib.model.account import Account, Members, Reread, TargetSnapshot, Unread
from aadsync_lib.model.directory import (
    Affected,
    Changes,
    Cursor,
    DirectoryMatch,
    GroupAbove,
    KnownRoot,
    Presence,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Attributes, Kind, alike, same_name
from aadsync_lib.model.rates import ACCOUNT_RATES, Verb
from aadsync_lib.ports import (
    AlreadyThere,
    AnswerLost,
    ChangeRefused,
    MembersRefused,
    TogetherRefused,
)
from aadsync_lib.target_port import NOBODY

T = TypeVar("T")
DEEPEST = 10


class Killed(BaseException):
    """The process ends here: no handler of the code under test may survive it."""


class Fault(StrEnum):
    """What goes wrong with one write."""

    REFUSED = "refused"
    LOST_BEFORE = "lost before it was done"
    LOST_AFTER = "lost after it was done"
    KILLED_BEFORE = "killed before it was done"
    KILLED_AFTER = "killed after it was done"


def in_turns(*faults: Fault) -> pytest.MarkDecorator:
    """Give a sweep its ``fault`` and the ``turn`` of it, a slice of the writes: each hit once, or by all in a soak."""
    every = [pytest.param(fault, slice(None), marks=pytest.mark.soak) for fault in faults]
    turns = [(fault, slice(first, None, len(faults))) for first, fault in enumerate(faults)]
    return pytest.mark.parametrize(("fault", "turn"), [*turns, *every])


class FakeSource:
    """Entra as one snapshot, or as an error."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.error: Exception | None = None
        self.places: dict[str, Presence | Unread] = {}
        self.called: dict[str, frozenset[str] | Unread] = {}
        self.silent: frozenset[str] = frozenset()
        self.asked: list[dict[str, Kind]] = []
        self.elsewhere: tuple[DirectoryMatch, ...] = ()
        self.outside: dict[str, User] = {}  # people of the tenant who are not in scope
        self.since: list[Cursor | None] = []
        self.feed: Callable[[Cursor | None], Changes] = lambda _: Changes(reason="there is none")
        self.requests = 0

    def read(self, known: Collection[KnownRoot] = ()) -> Snapshot:
        self.requests += 1
        if self.error:
            raise self.error
        return self.snapshot

    def changes(self, since: Cursor | None = None, known: Collection[KnownRoot] = ()) -> Changes:
        """Return ``feed``."""
        self.requests += 1
        self.since.append(since)
        return self.feed(since)

    def read_again(self, known: Snapshot, about: Affected) -> Snapshot:
        """Return what the snapshot has of these, and who else is in the groups; who is gone is unread."""
        self.requests += 1
        if self.error:
            raise self.error
        now = self.snapshot
        groups = {key: now.groups[key] for key in about.groups if key in now.groups}
        inside = frozenset[str]().union(*(group.members for group in groups.values()))
        new = inside - known.users.keys() - known.service_principals.keys()
        users, services = about.users | new, about.service_principals | new
        people = {key: now.users[key] for key in users if key in now.users}
        others = {
            key: now.service_principals[key] for key in services if key in now.service_principals
        }
        elsewhere = {key: self.outside[key] for key in about.users if key in self.outside}
        unread = tuple(about.users - people.keys() - elsewhere.keys())
        unread += tuple(group.unread for group in groups.values() if group.unread)
        rest = [group for key, group in known.groups.items() if key not in groups]
        outside = (users | services) - inside.union(*(group.members for group in rest))
        there = (group.members for key, group in now.groups.items() if key in known.groups)
        unread += tuple(outside & frozenset[str]().union(*there))
        return Snapshot(
            frozenset(), {**elsewhere, **people}, others, groups, unread=unread,
            passed_over=now.passed_over,
        )  # fmt: skip

    def read_part(self, found: Collection[KnownRoot], known: Snapshot, about: Affected) -> Snapshot:
        """Return the snapshot, with all but whom it is about as they were known."""
        self.requests += 1
        now = self.snapshot
        old = {key: g for key, g in known.groups.items() if key in now.groups}
        again = {g for key in about.whole & now.groups.keys() for g in now.groups[key].members}
        groups = {**now.groups, **{k: g for k, g in old.items() if k not in about.groups | again}}
        inside = now.assigned.union(*(group.members for group in groups.values()))
        people = about.users | about.service_principals | again
        users = {**now.users, **{k: u for k, u in known.users.items() if k not in people}}
        return replace(
            now, groups=groups, users={key: u for key, u in users.items() if key in inside}
        )

    def _above(self, key: str) -> tuple[GroupAbove, ...]:
        groups = self.snapshot.groups.values()
        return tuple(
            GroupAbove(g.id, g.display_name, True, frozenset()) for g in groups if key in g.members
        )

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        """Say of everybody but ``silent`` whether the tenant has them; ``places`` tells otherwise."""
        self.requests += bool(ids)
        self.asked.append(dict(ids))
        return {
            one: self.places.get(one, Presence.PRESENT) for one in ids if one not in self.silent
        }

    def names(self, ids: Mapping[str, Kind]) -> Mapping[str, frozenset[str] | Unread]:
        """Return what ``called`` has for each."""
        self.requests += bool(ids)
        return {one: self.called.get(one, frozenset()) for one in ids}

    def search(
        self, name: str, kinds: Collection[Kind] = (Kind.USER, Kind.SERVICE_PRINCIPAL)
    ) -> tuple[DirectoryMatch, ...]:
        """Find people of the snapshot by user name, display name or object id, and ``elsewhere``."""
        users = self.snapshot.users.values() if Kind.USER in kinds else ()
        inside = tuple(
            DirectoryMatch(
                one.id,
                one.user_principal_name,
                one.display_name,
                one.enabled,
                tuple(group.name for group in self._above(one.id)),
                above=self._above(one.id),
            )
            for one in users
            if name in (one.id, one.user_principal_name, one.display_name)
        )
        outside = (one for one in self.elsewhere if one.kind in kinds)
        return (*inside, *(one for one in outside if name in (one.id, one.name)))


class FakeTarget:
    """A Databricks account: unique names, numbers as ids, no cycles, at most ten levels.

    ``faults`` go by the index of a write, counted from 0. ``on_write`` is called with the index of
    each write before it is done. ``blind`` lookups find nothing; ``stale`` reads of a group's members
    show none; ``unreadable`` groups show an error; listings leave out the ``unlisted`` ids, and say so;
    they leave out those ``behind``, and do not. Of the groups that automatic identity management has ``filled``
    no member is shown, and they take no write. Look-ups by id do not answer for those ``lost``,
    and show those ``late`` as they were, so many times. PATCHes of those ``deaf`` are answered, and do nothing. One that
    ``folds`` holds names for the same that only look alike (``Maße``, ``Masse``).
    """

    def __init__(
        self,
        name: str = "account",
        *,
        ignores_unknown_members: bool = False,
        stores_external_ids: bool = True,
        folds: bool = False,
    ) -> None:
        self.name = name
        self.ignores_unknown_members = ignores_unknown_members
        self.stores_external_ids = stores_external_ids
        self.folds = folds
        self.accounts: dict[str, Account] = {}
        self.groups: dict[str, set[str]] = {}
        self.own: frozenset[str] = frozenset()
        self.login: Callable[[], str | None] = lambda: None
        self.faults: dict[int, Fault] = {}
        self.refuses: Callable[[str], str | None] = lambda _: None
        self.on_write: Callable[[int], None] = lambda _: None
        self.blind = 0
        self.blind_error: ChangeRefused | None = None
        self.stale: dict[str, int] = {}
        self.unreadable: set[str] = set()
        self.unlisted: set[str] = set()
        self.behind: set[str] = set()
        self.admins: frozenset[str] = frozenset()
        self.looked_up = 0
        self.read_by_itself: list[str] = []
        self.lost: dict[str, Unread] = {}
        self.deaf: set[str] = set()
        self.late: dict[str, int] = {}
        self.filled: set[str] = set()
        self.dead = False
        self.requests = 0
        self.log: list[str] = []
        self._before: dict[str, Account] = {}  # the last update
        self._lock = RLock()
        self._next = 1000

    # --- setting up and looking at

    def add(self, kind: Kind, name: str, members: Iterable[str] = (), **more: object) -> str:
        """Put something there that was there before, and return its id."""
        self._next += 1
        target_id = str(self._next)
        self.accounts[target_id] = replace(Account(target_id, kind, name), **more)
        if kind is Kind.GROUP:
            self.groups[target_id] = set(members)
        return target_id

    def named(self, name: str, kind: Kind | None = None) -> Account:
        """Return the one object of this name."""
        found = [a for a in self.accounts.values() if a.name == name and kind in (None, a.kind)]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def members_of(self, name: str) -> set[str]:
        """Return the names of the direct members of a group."""
        return {self.accounts[m].name for m in self.groups[self.named(name, Kind.GROUP).id]}

    def effective(self, name: str) -> set[str]:
        """Return the names of users and service principals in a group, at any depth."""
        start = self.named(name, Kind.GROUP).id
        below = {start, *self._below(start)}
        people = {m for gid in below for m in self.groups[gid] if m not in self.groups}
        return {self.accounts[m].name for m in people}

    def state(self) -> list[tuple[object, ...]]:
        """Return everything there is, without ids, so that two accounts can be compared."""
        return sorted(
            (
                one.kind.value,
                one.name,
                one.external_id or "",
                one.display_name or "",
                one.active,
                tuple(sorted(self.accounts[m].name for m in self.groups.get(one.id, ()))),
            )
            for one in self.accounts.values()
        )

    # --- ports.Target

    @property
    def rates(self) -> Mapping[Verb, float]:
        return ACCOUNT_RATES

    def read(self) -> TargetSnapshot:
        with self._lock:
            self.requests += 1
            hidden = self.unlisted | self.behind
            shown = {i: a for i, a in self.accounts.items() if i not in hidden}
            return TargetSnapshot(shown, self.own, self.admins, complete=not self.unlisted)

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        with self._lock:
            self._alive()
            ids = [gid for gid in group_ids if gid in self.groups]
            self.requests += len(ids)
            return {gid: self._seen(gid) for gid in ids}

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        with self._lock:
            self._alive()
            self.requests += 1
            if self.blind_error:
                raise self.blind_error
            if self.blind:
                self.blind -= 1
                return ()
            same = self._same(kind, name)
            return tuple(same or [a for a in self._of(kind) if alike(a.name, name)])

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        with self._lock:
            self._alive()
            self.requests += len(ids)
            self.looked_up += len(ids)
            return {i: self.lost.get(i) or self._late(i) or self.accounts.get(i) for i in ids}

    def read_again(
        self,
        ids: Mapping[str, Kind],
        names: Collection[tuple[Kind, str]],
        admins_of: TargetSnapshot | None = None,
        shown: Mapping[str, str] = NOBODY,
    ) -> Reread:
        with self._lock:
            self._alive()
            self.requests += len(ids) + len(names) + bool(admins_of)
            self.read_by_itself += [*ids]
            if any(self.accounts[key].name != name for key, name in shown.items()):
                raise ChangeRefused("not as it was")
            there = [*ids, *(n for n, a in self.accounts.items() if (a.kind, a.name) in names)]
            if any(i not in self.accounts for i in ids) or len(there) > len(ids):
                raise ChangeRefused("not as it was")
            members = {i: self._seen(i) for i, kind in ids.items() if kind is Kind.GROUP}
            if any(isinstance(inside, Unread) for inside in members.values()):
                raise ChangeRefused("unread")
            accounts = {i: self.accounts[i] for i in ids}
            if not admins_of:
                return Reread(accounts, members)
            return Reread(accounts, members, self.admins, frozenset() if self.login() else self.own)

    def automatic(self, group_ids: Collection[str]) -> Mapping[str, bool]:
        with self._lock:
            self._alive()
            self.requests += len(group_ids)
            return {group_id: group_id in self.filled for group_id in group_ids}

    def _late(self, target_id: str) -> Account | None:
        if not self.late.get(target_id):
            return None
        self.late[target_id] -= 1
        return self._before.get(target_id)

    def create(self, kind: Kind, wanted: Attributes, members: Sequence[str] = ()) -> str:
        name = wanted.user_name or wanted.application_id or wanted.display_name
        assert name
        return self._write(f"create {kind} {name}", lambda: self._create(kind, wanted, members))

    def update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        self._write(f"update {target_id}", lambda: self._update(kind, target_id, wanted))

    def change_members(
        self,
        group_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        wanted: Attributes | None = None,
    ) -> None:
        if wanted:
            act = lambda: self._change_group(group_id, wanted, add, remove)  # noqa: E731
            self._write(f"update and members {group_id}", act)
        else:
            self._write(f"members {group_id}", lambda: self._change_members(group_id, add, remove))

    def delete(self, kind: Kind, target_id: str) -> None:
        self._write(f"delete {target_id}", lambda: self._delete(target_id))

    # --- behind them

    def _write(self, what: str, act: Callable[[], T]) -> T:
        with self._lock:
            self._alive()
            index = len(self.log)
            self.log.append(what)
            self.requests += 1
            self.on_write(index)
            fault = self.faults.get(index)
            if what.rsplit(maxsplit=1)[-1] in self.filled:
                raise ChangeRefused("Error in performing the patch operation on group resource.")
            if reason := self.refuses(what):
                raise ChangeRefused(reason)
            if fault is Fault.REFUSED:
                raise ChangeRefused("refused, for the test")
            if fault is Fault.LOST_BEFORE:
                raise AnswerLost("no answer, for the test")
            if fault is Fault.KILLED_BEFORE:
                self._die()
            result = act()
            if fault is Fault.LOST_AFTER:
                raise AnswerLost("no answer, for the test")
            if fault is Fault.KILLED_AFTER:
                self._die()
            return result

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    def _die(self) -> None:
        self.dead = True
        raise Killed

    def _same(self, kind: Kind, name: str) -> list[Account]:
        return [a for a in self._of(kind) if same_name(a.name, name)]

    def _of(self, kind: Kind) -> list[Account]:
        return [account for account in self.accounts.values() if account.kind is kind]

    def _taken(self, kind: Kind, name: str) -> list[Account]:
        folded = [a for a in self._of(kind) if self.folds and alike(a.name, name)]
        return self._same(kind, name) + folded

    def _create(self, kind: Kind, wanted: Attributes, members: Sequence[str]) -> str:
        name = wanted.user_name or wanted.application_id or wanted.display_name or ""
        name = name.lower() if kind is Kind.USER else name
        if self._taken(kind, name):
            raise AlreadyThere(f"{kind} with name {name} already exists")
        target_id = self.add(
            kind,
            name,
            display_name=None if kind is Kind.GROUP else wanted.display_name,
            external_id=wanted.external_id if self.stores_external_ids else None,
            active=wanted.active is not False,
        )
        self._change_members(target_id, members, ())
        return target_id

    def _update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        old = self._existing(target_id)
        new = old
        if wanted.display_name is not None and kind is Kind.GROUP:
            if any(a.id != target_id for a in self._taken(kind, wanted.display_name)):
                raise AlreadyThere(f"group with name {wanted.display_name} already exists")
            new = replace(new, name=wanted.display_name)
        elif wanted.display_name is not None:
            new = replace(new, display_name=wanted.display_name)
        clears = wanted.external_id == "" and kind is not Kind.GROUP  # Databricks ignores that
        if wanted.external_id is not None and self.stores_external_ids and not clears:
            new = replace(new, external_id=wanted.external_id or None)
        if wanted.active is not None:
            new = replace(new, active=wanted.active)
        self._before[target_id] = old
        if target_id not in self.deaf:
            self.accounts[target_id] = new

    def _change_members(self, group_id: str, add: Sequence[str], remove: Sequence[str]) -> None:
        if not add and not remove:
            return
        self._existing(group_id)
        if group_id in self.deaf:
            return
        members = self.groups[group_id]
        members -= set(remove)
        refused: dict[str, str] = {}
        for member in add:
            if reason := self._unfit(group_id, member):
                refused[member] = reason
            elif member in self.accounts:
                members.add(member)
        if refused:
            raise MembersRefused(group_id, refused)

    def _change_group(
        self, group_id: str, wanted: Attributes, add: Sequence[str], remove: Sequence[str]
    ) -> None:
        refused = (self.refuses(f"{what} {group_id}") for what in ("update", "members"))
        unfit = (self._unfit(group_id, member) for member in add)
        if reason := next(filter(None, (*refused, *unfit)), None):
            raise TogetherRefused(reason)
        try:
            self._update(Kind.GROUP, group_id, wanted)
        except ChangeRefused as failure:
            raise TogetherRefused(str(failure)) from failure
        self._change_members(group_id, add, remove)

    def _unfit(self, group_id: str, member: str) -> str | None:
        if member not in self.accounts:
            return None if self.ignores_unknown_members else "no such principal"
        if reason := self.refuses(f"member {self.accounts[member].name}"):
            return reason
        if member in self.groups:
            if member == group_id or group_id in self._below(member):
                return "would make a cycle"
            if self._up(group_id) + self._down(member) > DEEPEST:
                return "too deep"
        return None

    def _delete(self, target_id: str) -> None:
        self.accounts.pop(target_id, None)
        self.groups.pop(target_id, None)
        for members in self.groups.values():
            members.discard(target_id)

    def _existing(self, target_id: str) -> Account:
        if target_id not in self.accounts:
            raise ChangeRefused(f"{target_id} is not found")
        return self.accounts[target_id]

    def _seen(self, group_id: str) -> Members:
        if group_id in self.unreadable:
            return Unread("403 for the test")
        if group_id in self.filled:
            return frozenset()
        if self.stale.get(group_id):
            self.stale[group_id] -= 1
            return frozenset()
        return frozenset(self.groups[group_id])

    def _below(self, group_id: str) -> set[str]:
        found: set[str] = set()
        stack = [group_id]
        while stack:
            new = {m for m in self.groups[stack.pop()] if m in self.groups} - found
            found |= new
            stack.extend(new)
        return found

    def _down(self, group_id: str) -> int:
        nested = [self._down(m) for m in self.groups[group_id] if m in self.groups]
        return 1 + max(nested, default=0)

    def _up(self, group_id: str) -> int:
        above = [self._up(gid) for gid, members in self.groups.items() if group_id in members]
        return 1 + max(above, default=0)
