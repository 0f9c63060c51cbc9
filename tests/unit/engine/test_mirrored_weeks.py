"""Weeks of a tenant, with every trap of its feed: runs from the mirror end where full ones would."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aadsync_lib.model.directory import Announcement, Group, Presence, Snapshot, User
from aadsync_lib.model.identity import Kind
from tests.unit.fakes import Fault
from tests.unit.following import Following

GROUPS = ("g0", "g1", "g2", "g3")  # g0 and g1 are roots, g2 is nested in g0 at first
HOUR = 3_600.0
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))


class Tenant:
    """A directory that announces what changes in it, some of it late, and whose reads may lag by a step."""

    def __init__(self) -> None:
        self.users = {f"u{n}": User(f"u{n}", f"p{n}@contoso.com", None, f"P{n}") for n in range(5)}
        self.groups = {key: Group(key, f"any {key}") for key in GROUPS}
        for group, *members in (("g0", "u0", "u1", "g2"), ("g1", "u1", "u2"), ("g2", "u3")):
            self.groups[group] = replace(self.groups[group], members=frozenset(members))
        self.told = (dict(self.users), dict(self.groups))
        self.waiting: list[Announcement] = []
        self.late, self.reads_lag = False, False
        self.before = self.snapshot()

    def snapshot(self) -> Snapshot:
        reached: set[str] = set()
        waiting = ["g0", "g1"]
        while waiting:
            key = waiting.pop()
            if key not in reached:
                reached.add(key)
                waiting += self.groups[key].members & self.groups.keys()
        groups = {key: self.groups[key] for key in sorted(reached)}
        inside = frozenset[str]().union(*(group.members for group in groups.values()))
        users = {key: user for key, user in self.users.items() if key in inside}
        return Snapshot(frozenset({"g0", "g1"}), users, {}, groups)

    def news(self) -> list[Announcement]:
        """Return what has changed since it was told last; what is late is kept until the next time."""
        users, groups = self.told
        said = [
            self._user(key)
            for key in {**users, **self.users}
            if users.get(key) != self.users.get(key)
        ]
        said += [self._group(key) for key in groups if groups[key] != self.groups[key]]
        self.told = (dict(self.users), dict(self.groups))
        out, self.waiting = (
            self.waiting + (said if not self.late else []),
            said if self.late else [],
        )
        return out

    def _user(self, key: str) -> Announcement:
        now = self.users.get(key)
        return Announcement(key, Kind.USER, now is None, shown=now)

    def _group(self, key: str) -> Announcement:
        was, now = self.told[1][key], self.groups[key]
        kinds = {m: Kind.GROUP if m in self.groups else Kind.USER for m in now.members}
        joined = {m: kinds[m] for m in now.members - was.members}
        left = was.members - now.members
        return Announcement(key, Kind.GROUP, False, now.display_name, now, joined=joined, left=left)

    def change(self, group: str, **more) -> None:
        self.groups[group] = replace(self.groups[group], **more)


@dataclass(frozen=True)
class Moment:
    """What an event is about, out of two numbers."""

    world: Following
    tenant: Tenant
    a: int
    b: int

    @property
    def group(self) -> str:
        return GROUPS[self.a % 4]

    @property
    def inside(self) -> frozenset[str]:
        return self.tenant.groups[self.group].members

    @property
    def user(self) -> str:
        return sorted(self.tenant.users)[self.b % len(self.tenant.users)]

    @property
    def account(self) -> str:
        target = self.world.target
        people = sorted(i for i in target.accounts if i not in target.groups)
        return people[self.b % len(people)]

    def members(self, members: frozenset[str]) -> None:
        self.tenant.change(self.group, members=members)

    def leave(self) -> None:
        if self.inside:
            self.members(self.inside - {sorted(self.inside)[self.b % len(self.inside)]})

    def hire(self) -> None:
        key = f"u{len(self.tenant.users) + 10 * self.b}"
        self.tenant.users[key] = User(key, f"{key}@contoso.com", None, key)
        self.members(self.inside | {key})

    def fire(self) -> None:
        if len(self.tenant.users) > 2:
            gone = self.user
            del self.tenant.users[gone]
            for key in GROUPS:
                self.tenant.change(key, members=self.tenant.groups[key].members - {gone})

    def set(self, **more: object) -> None:
        self.tenant.users[self.user] = replace(self.tenant.users[self.user], **more)

    def nest(self) -> None:
        if self.group != "g3":
            self.members(self.inside ^ {"g3"})

    def fault(self, *kinds: Fault) -> None:
        target = self.world.target
        target.faults = {len(target.log) + self.b % 3: kinds[self.a % 2]}

    def deaf(self) -> None:
        groups = sorted(self.world.target.groups)
        self.world.target.deaf = {groups[self.a % len(groups)]}

    def by_hand(self) -> None:
        groups = self.world.target.groups
        groups[sorted(groups)[self.a % len(groups)]] ^= {self.account}

    def admin(self) -> None:
        accounts = self.world.target.accounts
        accounts[self.account] = replace(accounts[self.account], admin=True)


HAPPENS: dict[str, Callable[[Moment], object]] = {
    "join": lambda m: m.members(m.inside | {m.user}),
    "leave": Moment.leave,
    "hire": Moment.hire,
    "fire": Moment.fire,
    "disable": lambda m: m.set(enabled=bool(m.a % 2)),
    "name": lambda m: m.set(display_name=f"N{m.a}"),
    "rename": lambda m: m.tenant.change(m.group, display_name=f"any {m.a}{m.b}"),
    "nest": Moment.nest,
    "late": lambda m: setattr(m.tenant, "late", bool(m.a % 2)),
    "lag": lambda m: setattr(m.tenant, "reads_lag", bool(m.a % 2)),
    "refuse": lambda m: m.fault(Fault.REFUSED, Fault.LOST_AFTER),
    "kill": lambda m: m.fault(Fault.KILLED_BEFORE, Fault.KILLED_AFTER),
    "deaf": Moment.deaf,
    "by hand": Moment.by_hand,
    "admin": Moment.admin,
    "settings": lambda m: m.world.configure(leavers=("keep", "deactivate")[m.a % 2]),
    "nothing": lambda _: None,
}


def happen(world: Following, tenant: Tenant, what: str, a: int, b: int) -> None:
    HAPPENS[what](Moment(world, tenant, a, b))


# What small runs are for, and the traps of it; of the rest full runs would hide what these got wrong.
CALM = ("join", "leave", "hire", "disable", "name", "late", "lag", "deaf", "admin", "nothing")


def weeks_of(names: Sequence[str]) -> st.SearchStrategy[list[list[tuple[str, int, int]]]]:
    events = st.tuples(st.sampled_from(names), st.integers(0, 7), st.integers(0, 7))
    return st.lists(st.lists(events, min_size=1, max_size=3), min_size=1, max_size=8)


def admins_of(world: Following) -> set[tuple[str, str]]:
    """Return which admins are in which groups."""
    target = world.target
    return {
        (g, m) for g, inside in target.groups.items() for m in inside if target.accounts[m].admin
    }


def run(world: Following, tenant: Tenant) -> str | None:
    """Let Entra tell its news, and sync; nobody who is an admin by now loses anything by it."""
    now = tenant.snapshot()
    world.source.snapshot = tenant.before if tenant.reads_lag else now
    tenant.before = now
    world.source.outside = dict(tenant.users)
    known = {f"u{n}" for n in range(99)}
    world.source.places = dict.fromkeys(known - tenant.users.keys(), Presence.GONE)
    disabled = (key for key, user in tenant.users.items() if not user.enabled)
    world.source.places |= dict.fromkeys(disabled, Presence.DISABLED)
    world.said = tenant.news()
    admins = admins_of(world)
    try:
        if world.sync_until_killed():
            return None
    finally:
        world.target.faults, world.target.deaf = {}, set()
    assert admins <= admins_of(world)
    assert world.report
    little = world.report.requests.databricks and not world.report.full
    return "full" if world.report.full else "little" if little else "quiet"


@given(weeks_of(CALM) | weeks_of((*HAPPENS, *CALM)))
@settings(max_examples=EXAMPLES if SOAK else 12)
def test_runs_from_the_mirror_end_where_full_ones_would(days):
    tenant = Tenant()
    with Following(tenant.snapshot()) as world:
        world.sync()
        for day in days:
            for event in day:
                happen(world, tenant, *event)
            run(world, tenant)
        tenant.late = tenant.reads_lag = False
        for _ in range(3):  # what failed may wait for a run or two
            run(world, tenant)
            world.clock.advance(HOUR / 2)
        by_hand = any(what == "by hand" for day in days for what, *_ in day)
        if by_hand:  # of that full runs alone know
            assert world.runner().sync(full=True).full
        assert world.plan().empty, world.plan().targets[0].changes


def test_most_of_such_runs_are_no_full_ones():
    tenant = Tenant()
    with Following(tenant.snapshot()) as world:
        world.sync()
        kinds = []
        for event in (
            ("join", 2, 0),
            ("leave", 0, 1),
            ("nothing", 0, 0),
            ("hire", 1, 1),
            ("name", 0, 0),
        ):
            happen(world, tenant, *event)
            kinds.append(run(world, tenant))
        assert "full" not in kinds
        assert kinds.count("little") >= 3
