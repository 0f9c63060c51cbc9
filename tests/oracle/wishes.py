"""What Entra asks for, in the plainest way: whom a read puts in scope, named and nested."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aadsync_lib.config.scope import Clause, MappingSettings, Scope
from aadsync_lib.model.directory import Snapshot, User
from aadsync_lib.model.identity import Kind

RESERVED = ("admins", "users", "account users")


def key_of(name: str) -> str:
    """Return what two names have in common that are one: in NFC, the same but for case."""
    return unicodedata.normalize("NFC", name).lower()


@dataclass(frozen=True)
class Wish:
    """An identity in scope. ``contested``: it may get neither an account nor another name.

    Who has no ``name`` is contested, too.
    """

    kind: Kind
    id: str
    name: str
    display: str | None
    active: bool = True
    members: frozenset[str] = frozenset()
    unread: bool = False
    contested: bool = False

    @property
    def key(self) -> tuple[Kind, str]:
        """What the target holds once."""
        return self.kind, key_of(self.name)


@dataclass(frozen=True)
class Wishes:
    """``out`` were read, and are out of scope wherever they are a member."""

    all: Mapping[str, Wish]
    out: frozenset[str]
    complete: bool

    def of(self, *kinds: Kind) -> list[Wish]:
        return [one for one in self.all.values() if one.kind in kinds]


DEFAULTS = MappingSettings()


def wish(seen: Snapshot, scope: Scope, mapping: MappingSettings = DEFAULTS) -> Wishes:
    """Return everybody in scope of one read, by the names that they get on the target."""
    nested = nest(seen, scope)
    inside = seen.assigned.union(*(members for members, _ in nested.values()))
    found: dict[str, Wish] = {}
    out = {uid for uid, user in seen.users.items() if not _let_in(user, scope)}
    for uid, user in seen.users.items():
        if uid in inside - out:
            name = _user_name(user, mapping)
            shown = _shown(_person(user, mapping), name or user.user_principal_name)
            found[uid] = Wish(Kind.USER, uid, name, shown, user.enabled)
    for sid, one in seen.service_principals.items():
        if sid in inside and scope.service_principals:
            shown = _shown(one.display_name, one.app_id)
            found[sid] = Wish(Kind.SERVICE_PRINCIPAL, sid, one.app_id, shown, one.enabled)
    for gid, (members, unread) in nested.items():
        shown = seen.groups[gid].display_name.strip()
        name = mapping.group_name.replace("{displayName}", shown) if shown else ""
        found[gid] = Wish(Kind.GROUP, gid, name, None, True, members, unread)
    claims = Counter(one.key for one in found.values() if one.name)
    for oid, one in found.items():
        reserved = one.kind is Kind.GROUP and one.key[1] in RESERVED
        contested = not one.name or claims[one.key] > 1 or reserved
        found[oid] = replace(one, contested=contested, members=one.members & found.keys())
    return Wishes(found, frozenset(out & inside), seen.complete)


def _let_in(user: User, scope: Scope) -> bool:
    """Return whether guests are, where it is one, and all clauses of a list hold, where there are lists."""
    of_user = {
        "mail": user.mail,
        "displayName": user.display_name,
        "userType": "Guest" if user.guest else "Member",
    }

    def holds(clause: Clause) -> bool:
        value = (of_user[clause.attribute] or "").lower()
        tests = {
            "is_not_null": bool(value),
            "starts_with": value.startswith(str(clause.value)),
            "equals": value == clause.value,
        }
        return tests[clause.operator]

    clauses_hold = [all(map(holds, clauses)) for clauses in scope.users]
    return (scope.guests or not user.guest) and (any(clauses_hold) or not clauses_hold)


def _user_name(user: User, mapping: MappingSettings) -> str:
    by_mail = (mapping.guest_user_name if user.guest else mapping.user_name) == "mail"
    name = user.mail if by_mail else user.user_principal_name
    return (name or "").strip().lower()


def _person(user: User, mapping: MappingSettings) -> str:
    """Return the display name, empty where all that the template names is."""
    values = {"{displayName}": user.display_name or "", "{mail}": user.mail or ""}
    used = {field: value for field, value in values.items() if field in mapping.display_name}
    shown = mapping.display_name if any(used.values()) else ""
    for field, value in used.items():
        shown = shown.replace(field, value)
    return shown


def _shown(display: str | None, name: str) -> str:
    return (display or "").strip() or name


def nest(seen: Snapshot, scope: Scope) -> dict[str, tuple[frozenset[str], bool]]:
    """Return the groups to have with their direct members, and whether some may not be known."""
    groups = seen.groups
    inside = {gid: (one.members & groups.keys()) - {gid} for gid, one in groups.items()}
    unread = {gid for gid, one in groups.items() if one.unread}

    def below(gid: str) -> set[str]:
        found, before = {gid}, set[str]()
        while found != before:
            before, found = found, found.union(*(inside[one] for one in found))
        return found

    def people(gids: set[str]) -> frozenset[str]:
        return frozenset().union(*(groups[gid].members for gid in gids)) - groups.keys()

    if scope.nested == "direct":
        return {gid: (people({gid}), gid in unread) for gid in sorted(seen.roots)}
    if scope.nested == "flatten":
        return {gid: (people(below(gid)), bool(below(gid) & unread)) for gid in sorted(seen.roots)}
    kept = _kept(seen, inside, scope.max_depth)
    return {
        gid: (
            kept[gid] | people({gid}.union(*(below(child) for child in inside[gid] - kept[gid]))),
            bool(below(gid) & unread),
        )
        for gid in sorted(kept)
    }


def _kept(
    seen: Snapshot, inside: Mapping[str, frozenset[str]], max_depth: int
) -> dict[str, frozenset[str]]:
    """Return the groups to have and which of those in them stay nested: no circle, no level too deep.

    Walking down from the roots in order of id, what leads back to a group above is cut.
    """
    straight: dict[str, set[str]] = {}

    def walk(gid: str, above: frozenset[str]) -> None:
        straight[gid] = set()
        for child in sorted(inside[gid]):
            if child not in above | {gid}:
                straight[gid].add(child)
                if child not in straight:
                    walk(child, above | {gid})

    for root in sorted(seen.roots):
        if root not in straight:
            walk(root, frozenset())

    def level(gid: str) -> int:
        above = [level(one) for one, children in straight.items() if gid in children]
        roots = [1] if gid in seen.roots else []
        return max([1 + one for one in above if 0 < one < max_depth] + roots, default=0)

    levels = {gid: level(gid) for gid in straight}
    return {
        gid: frozenset(straight[gid]) if at < max_depth else frozenset()
        for gid, at in levels.items()
        if at
    }
