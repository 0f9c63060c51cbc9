"""Random directories, accounts and policies: small ones that meet every difficulty often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from aadsync_lib.model.directory import Group, ServicePrincipal, Snapshot, User
from aadsync_lib.model.identity import Kind, name_key
from tests.unit.fakes import FakeTarget

USERS = [f"u{n}" for n in range(5)]
SERVICES = ["s0", "s1"]
GROUPS = [f"g{n}" for n in range(5)]
IDS = USERS + SERVICES + GROUPS
USER_NAMES = [f"{name}@contoso.com" for name in ("ada", "bob", "cy", "Dee", "eve", "fay")]
GROUP_NAMES = ["Data", "data ", "Ops", "Red", "Blue", "Green", "Gray", "Users"]
UNIQUE_GROUP_NAMES = ["Ops", "Red", "Blue", "Green", "Gray"]


@st.composite
def users(draw: st.DrawFn, uid: str, names: list[str] = USER_NAMES) -> User:
    upn = draw(st.sampled_from(names))
    mail = draw(st.sampled_from([None, upn, "shared@fabrikam.com"]))
    shown = draw(st.sampled_from([None, "Ada", "Bob"]))
    return User(uid, upn, mail, shown, draw(mostly(True)), draw(mostly(False)))


def mostly(value: bool) -> st.SearchStrategy[bool]:
    return st.sampled_from([value, value, value, not value])


@st.composite
def directories(
    draw: st.DrawFn, *, unread: bool = False, tidy: bool = False, every: bool = False
) -> Snapshot:
    """A read of a small tenant with cycles, duplicates, disabled people and guests.

    ``tidy``: no name is contested. ``every``: each group is a root. ``unread``: some groups may be.
    """
    gids = GROUPS if every else draw(st.lists(st.sampled_from(GROUPS), unique=True))
    people = {uid: draw(users(uid)) for uid in USERS}
    services = {
        sid: ServicePrincipal(sid, f"app-{sid}", None, draw(mostly(True))) for sid in SERVICES
    }
    names = {gid: draw(st.sampled_from(GROUP_NAMES)) for gid in GROUPS}
    if tidy:
        people = {uid: _tidied(one, uid) for uid, one in people.items()}
        shuffled = draw(st.permutations(UNIQUE_GROUP_NAMES))
        names = dict(zip(GROUPS, shuffled, strict=True))
    members = st.frozensets(st.sampled_from(IDS), max_size=6)
    reasons = st.sampled_from([None, None, "403"]) if unread else st.none()
    groups = {
        gid: Group(gid, names[gid], members=draw(members), unread=draw(reasons)) for gid in GROUPS
    }
    assigned = draw(st.frozensets(st.sampled_from(USERS + SERVICES), max_size=2))
    whole = Snapshot(frozenset(gids), people, services, groups, assigned)
    return reachable(whole)


def _tidied(one: User, uid: str) -> User:
    return replace(one, user_principal_name=f"{uid}@contoso.com", mail=f"{uid}@fabrikam.com")


def reachable(whole: Snapshot) -> Snapshot:
    """Return what a traversal from the roots would have read."""
    seen = set(whole.roots)
    stack = list(seen)
    while stack:
        new = {m for m in whole.groups[stack.pop()].members if m in whole.groups} - seen
        seen |= new
        stack.extend(new)
    groups = {gid: whole.groups[gid] for gid in sorted(seen)}
    inside = frozenset().union(whole.assigned, *(one.members for one in groups.values()))
    return replace(
        whole,
        groups=groups,
        users={uid: one for uid, one in whole.users.items() if uid in inside},
        service_principals={s: one for s, one in whole.service_principals.items() if s in inside},
    )


@dataclass(frozen=True)
class Existing:
    """Something that an account has before the first sync; ``members`` are indexes of earlier ones."""

    kind: Kind
    name: str
    external_id: str | None
    active: bool
    admin: bool
    members: frozenset[int]


@st.composite
def existing(draw: st.DrawFn) -> list[Existing]:
    """What an account holds already: namesakes, strangers, objects with and without an owner."""
    found: list[Existing] = []
    for index in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(list(Kind)))
        names = {Kind.USER: USER_NAMES, Kind.GROUP: GROUP_NAMES, Kind.SERVICE_PRINCIPAL: ["app-s0"]}
        name = draw(st.sampled_from([*names[kind], "stranger"])).strip()
        members = st.frozensets(st.integers(0, max(0, index - 1)), max_size=3)
        one = Existing(
            kind,
            name.lower() if kind is Kind.USER else name,
            draw(st.sampled_from([None, None, "alien", *IDS])),
            draw(mostly(True)),
            kind is not Kind.GROUP and draw(mostly(False)),
            draw(members) if kind is Kind.GROUP and index else frozenset(),
        )
        if all((e.kind, name_key(e.name)) != (kind, name_key(one.name)) for e in found):
            found.append(one)
    return found


def account(before: list[Existing], **more: Any) -> FakeTarget:
    """Return an account with these in it."""
    target = FakeTarget(**more)
    ids: list[str] = []
    for one in before:
        members = {ids[index] for index in one.members if index < len(ids)}
        ids.append(
            target.add(
                one.kind,
                one.name,
                members,
                external_id=one.external_id,
                active=one.active,
                admin=one.admin,
                display_name=None if one.kind is Kind.GROUP else one.name,
            )
        )
    return target


policies = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["mirror", "mirror", "additive"]),
        "members": st.sampled_from(["exact", "managed"]),
        "leavers": st.sampled_from(["deactivate", "delete", "keep"]),
        "retired_groups": st.sampled_from(["empty", "delete", "keep"]),
        "adopt": st.sampled_from(["never", "unowned", "same_name"]),
        "protected": st.fixed_dictionaries(
            {
                "users": st.sampled_from([(), ("ada@contoso.com",), ("u1",)]),
                "groups": st.sampled_from([(), ("Red",), ("g1",)]),
            }
        ),
    }
)
scopes = st.fixed_dictionaries(
    {
        "nested": st.sampled_from(["preserve", "preserve", "flatten", "direct"]),
        "max_depth": st.sampled_from([1, 2, 3, 10]),
        "guests": mostly(True),
    }
)
