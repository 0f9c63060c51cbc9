"""What happens on a day: in Entra, by hand on the target, and to the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from aadsync_lib.model.directory import Group, ServicePrincipal, User
from aadsync_lib.model.identity import Kind, name_key
from tests.oracle.ledger import pairs
from tests.oracle.tenant import Tenant
from tests.oracle.watched import WatchedTarget

DAY = 86_400.0
HOURS = 3 * 3600.0  # so that no grace ends on the second
UIDS = [f"aaaaaaa{n}-0000-4000-8000-000000000000" for n in range(6)]
SIDS = ["bbbbbbb0-0000-4000-8000-000000000000"]
GIDS = [f"ccccccc{n}-0000-4000-8000-000000000000" for n in range(5)]
LOGINS = [f"{name}@contoso.com" for name in ("ada", "bob", "cy", "Dee", "eve", "fay")]
NEW = [f"{name}@contoso.com" for name in ("gil", "hal", "ivy", "jo")]
MAILS = {uid: f"{n}@Fabrikam.com" for n, uid in enumerate(UIDS)}
NAMES = ["Data", "Ops", "Red", "Maße", "Masse", "data "]
SHOWN = [None, "Ada", "Bob"]
SETTINGS: dict[str, list[Any]] = {
    "mode": ["mirror", "additive"],
    "members": ["exact", "managed"],
    "leavers": ["deactivate", "delete", "keep"],
    "retired_groups": ["empty", "delete", "keep"],
    "adopt": ["unowned", "never", "same_name", {"users": "same_name", "groups": "never"}],
    "grace_days": [0, 2, 5],
    "user_name_change": ["quarantine", "recreate"],
    "drift": ["repair", "report"],
    "quarantine_after": [5, 1],
    "capacity": [{}, {}, {"groups": 3}, {"principals": 4}],
    "nested": ["preserve", "flatten", "direct"],
    "max_depth": [10, 2, 1],
    "guests": [True, False],
    "adopt_names": [[], [GIDS[1], "Bob@contoso.com"]],
    "protected": [
        {},
        {},
        {"users": ["ADA@contoso.com"]},
        {"users": [UIDS[1].upper(), MAILS[UIDS[2]].lower()], "groups": ["red"]},
        {"groups": [GIDS[0]], "service_principals": ["bob"]},
    ],
}


@dataclass
class Scenery:
    """Everything that a day can change."""

    tenant: Tenant
    target: WatchedTarget
    configure: Callable[[str, Any], None]
    advance: Callable[[float], None]
    sync_other: Callable[[], None]
    set_clock: Callable[[float], None]
    open: Callable[[], set[str]]


@dataclass(frozen=True)
class Event:
    """``a`` and ``b`` choose from whatever there is at the time."""

    what: str
    a: int = 0
    b: int = 0

    def happen(self, scenery: Scenery) -> None:
        EVENTS[self.what](scenery, self.a, self.b)


def pick(some: list[Any], index: int) -> Any:
    return some[index % len(some)]


# --- in Entra


def hire(s: Scenery, a: int, b: int) -> None:
    uid = pick(UIDS, a)
    if uid not in s.tenant.users:
        mail = MAILS[uid] if b % 3 else None
        guest = b % 5 == 4
        s.tenant.users[uid] = User(uid, pick(LOGINS, a), mail, pick(SHOWN, b), guest=guest)
        s.tenant.deleted.discard(uid)
    _into(s, uid, b)


def register(s: Scenery, a: int, b: int) -> None:
    sid = pick(SIDS, a)
    s.tenant.services.setdefault(sid, ServicePrincipal(sid, f"app-{sid}", pick(SHOWN, b)))
    _into(s, sid, b)


def _into(s: Scenery, oid: str, b: int) -> None:
    if gids := sorted(s.tenant.groups):
        s.tenant.put(pick(gids, b), s.tenant.groups[pick(gids, b)].members | {oid})


def leave(s: Scenery, a: int, b: int) -> None:
    oid = pick([*UIDS, *SIDS], a)
    if oid in s.tenant.ids():
        s.tenant.drop(oid)
        if b % 2:
            s.tenant.deleted.add(oid)


def move_out(s: Scenery, a: int, b: int) -> None:
    """Out of every group, but still there."""
    for gid, group in s.tenant.groups.items():
        s.tenant.put(gid, group.members - {pick(UIDS, a)})
    s.tenant.assigned.discard(pick(UIDS, a))


def switch(s: Scenery, a: int, b: int) -> None:
    if users := sorted(s.tenant.users):
        one = s.tenant.users[pick(users, a)]
        s.tenant.users[one.id] = replace(one, enabled=not one.enabled)


def show(s: Scenery, a: int, b: int) -> None:
    if users := sorted(s.tenant.users):
        one = s.tenant.users[pick(users, a)]
        s.tenant.users[one.id] = replace(one, display_name=pick(SHOWN, b))


def rename_user(s: Scenery, a: int, b: int) -> None:
    if users := sorted(s.tenant.users):
        one = s.tenant.users[pick(users, a)]
        s.tenant.users[one.id] = replace(one, user_principal_name=pick([*LOGINS, *NEW], b))


def mail(s: Scenery, a: int, b: int) -> None:
    """Somebody gets a mail address, or loses it, which is all that a guest is called by."""
    if users := sorted(s.tenant.users):
        one = s.tenant.users[pick(users, a)]
        s.tenant.users[one.id] = replace(one, mail=pick([None, MAILS[one.id]], b))


def found(s: Scenery, a: int, b: int) -> None:
    gid = pick(GIDS, a)
    if gid not in s.tenant.groups:
        s.tenant.groups[gid] = Group(gid, pick(NAMES, b))
    if b % 3:
        s.tenant.roots.add(gid)


def dissolve(s: Scenery, a: int, b: int) -> None:
    s.tenant.drop(pick(GIDS, a))


def rename(s: Scenery, a: int, b: int) -> None:
    if gids := sorted(s.tenant.groups):
        one = s.tenant.groups[pick(gids, a)]
        s.tenant.groups[one.id] = replace(one, display_name=pick([*NAMES, "Users", ""], b))


def swap(s: Scenery, a: int, b: int) -> None:
    """Two groups take each other's name."""
    if gids := sorted(s.tenant.groups):
        one, other = s.tenant.groups[pick(gids, a)], s.tenant.groups[pick(gids, b)]
        s.tenant.groups[one.id] = replace(one, display_name=other.display_name)
        s.tenant.groups[other.id] = replace(other, display_name=one.display_name)
        if one is other:
            s.tenant.groups[one.id] = one


def join(s: Scenery, a: int, b: int) -> None:
    """Somebody, or a group, gets into a group, circles included."""
    ids, gids = s.tenant.ids(), sorted(s.tenant.groups)
    if gids:
        gid = pick(gids, a)
        s.tenant.put(gid, s.tenant.groups[gid].members | {pick(ids, b)})


def nest_in(s: Scenery, a: int, b: int) -> None:
    if gids := sorted(s.tenant.groups):
        s.tenant.put(pick(gids, a), s.tenant.groups[pick(gids, a)].members | {pick(gids, b)})


def part(s: Scenery, a: int, b: int) -> None:
    gids = [gid for gid in sorted(s.tenant.groups) if s.tenant.groups[gid].members]
    if gids:
        gid = pick(gids, a)
        members = s.tenant.groups[gid].members
        s.tenant.put(gid, members - {pick(sorted(members), b)})


def reroot(s: Scenery, a: int, b: int) -> None:
    if gids := sorted(s.tenant.groups):
        s.tenant.roots ^= {pick(gids, a)}


def assign(s: Scenery, a: int, b: int) -> None:
    if people := sorted((*s.tenant.users, *s.tenant.services)):
        s.tenant.assigned ^= {pick(people, a)}


# --- by hand on the target


def by_hand_in(s: Scenery, a: int, b: int) -> None:
    if s.target.groups:
        gid, tid = pick(sorted(s.target.groups), a), pick(sorted(s.target.accounts), b)
        if s.target._unfit(gid, tid) is None:
            s.target.groups[gid].add(tid)


def by_hand_out(s: Scenery, a: int, b: int) -> None:
    if there := sorted(pairs(s.target.scene())):
        gid, tid = pick(there, a + b)
        s.target.groups[gid].discard(tid)


def by_hand_rename(s: Scenery, a: int, b: int) -> None:
    gids, name = sorted(s.target.groups), pick([*NAMES, "Mine"], b).strip()
    if gids and not s.target._same(Kind.GROUP, name):
        gid = pick(gids, a)
        s.target.accounts[gid] = replace(s.target.accounts[gid], name=name)


def by_hand_delete(s: Scenery, a: int, b: int) -> None:
    if s.target.accounts:
        FakeDelete(s.target, pick(sorted(s.target.accounts), a))


def FakeDelete(target: WatchedTarget, tid: str) -> None:  # noqa: N802
    super(WatchedTarget, target)._delete(tid)


def by_hand_switch(s: Scenery, a: int, b: int) -> None:
    people = [t for t, one in s.target.accounts.items() if one.kind is not Kind.GROUP]
    if people:
        one = s.target.accounts[pick(sorted(people), a)]
        s.target.accounts[one.id] = replace(one, active=not one.active)


def by_hand_show(s: Scenery, a: int, b: int) -> None:
    people = [t for t, one in s.target.accounts.items() if one.kind is not Kind.GROUP]
    if people:
        one = s.target.accounts[pick(sorted(people), a)]
        s.target.accounts[one.id] = replace(one, display_name=pick(["Ada", "Zoe"], b))


def by_hand_new(s: Scenery, a: int, b: int) -> None:
    kind = pick([Kind.USER, Kind.GROUP, Kind.SERVICE_PRINCIPAL], a)
    names, ids = {
        Kind.USER: (LOGINS, UIDS),
        Kind.GROUP: (NAMES, GIDS),
        Kind.SERVICE_PRINCIPAL: ([f"app-{sid}" for sid in SIDS], SIDS),
    }[kind]
    name = pick([*names, "stranger"], b).strip()
    name = name.lower() if kind is Kind.USER else name
    owner = pick([None, None, "alien", *ids], a // 2)
    taken = {name_key(one.name) for one in s.target.accounts.values() if one.kind is kind}
    if (
        name_key(name) not in taken and owner not in s.open()
    ):  # a run that died may have asked for it
        admin = kind is Kind.USER and b % 7 == 6
        shown = None if kind is Kind.GROUP else name
        s.target.add(kind, name, external_id=owner, admin=admin, display_name=shown)


def capitals(s: Scenery, a: int, b: int) -> None:
    """Somebody writes an object id in capitals, or all of them."""
    ids = [one.id for one in s.target.accounts.values() if one.external_id]
    for tid in ids if b % 2 else [pick(ids, a)] if ids else []:
        one = s.target.accounts[tid]
        s.target.accounts[tid] = replace(one, external_id=(one.external_id or "").upper())


def lag(s: Scenery, a: int, b: int) -> None:
    """Listings leave out the newest on this day: those who come last, and perhaps somebody else."""
    s.target.behind |= set([*s.target.accounts][-1 - b % 3 :])
    if s.target.accounts and a % 2:
        s.target.behind.add(pick(sorted(s.target.accounts), a))


# --- another sync of the store, of the same place


def reroot_other(s: Scenery, a: int, b: int) -> None:
    if gids := sorted(s.tenant.groups):
        s.tenant.others ^= {pick(gids, a)}


def sync_other(s: Scenery, a: int, b: int) -> None:
    s.sync_other()


# --- settings and time


def configure(s: Scenery, a: int, b: int) -> None:
    name = pick(sorted(SETTINGS), a)
    s.configure(name, pick(SETTINGS[name], b))


def lose_sight(s: Scenery, a: int, b: int) -> None:
    """Nobody can be looked up in Entra on this day."""
    s.tenant.unseen = True


def wait(s: Scenery, a: int, b: int) -> None:
    s.advance(DAY * (1 + a % 4) + HOURS)


def clock_back(s: Scenery, a: int, b: int) -> None:
    """The clock of the host is an hour late on this day."""
    s.set_clock(-3600.0)


def clock_ahead(s: Scenery, a: int, b: int) -> None:
    """The clock of the host is in the year after next on this day."""
    s.set_clock(400 * DAY + b * DAY)


EVENTS: dict[str, Callable[[Scenery, int, int], None]] = {
    one.__name__: one
    for one in (
        hire, register, leave, move_out, switch, show, rename_user, found, dissolve, rename, swap,
        join, nest_in, part, reroot, assign, by_hand_in, by_hand_out, by_hand_rename,
        by_hand_delete, by_hand_switch, by_hand_show, by_hand_new, configure, wait,
        lose_sight, mail, reroot_other, sync_other, clock_back, clock_ahead, lag, capitals,
    )
}  # fmt: skip

OFTEN = [
    "part", "part", "join", "nest_in", "hire", "rename", "leave", "leave", "move_out", "move_out",
    "rename_user", "rename_user", "switch", "switch", "wait", "wait", "sync_other", "reroot_other", "lag", "by_hand_new", "by_hand_switch", "configure",
    "configure",
]  # fmt: skip

numbers = st.integers(0, 20)
events = st.builds(Event, st.sampled_from([*sorted(EVENTS), *OFTEN]), numbers, numbers)
BY_HAND = [name for name in sorted(EVENTS) if name.startswith("by_hand")]
by_hand = st.builds(Event, st.sampled_from(BY_HAND), numbers, numbers)
rules = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SETTINGS.items()})
