"""Mirror of both sides: the last reads of them, and whatever was done since."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from aadsync_lib.model.account import Account, Reread, TargetSnapshot
from aadsync_lib.model.directory import (
    Group,
    KnownRoot,
    Notice,
    Presence,
    Selected,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind

QUICK = 1  # of zlib: the ids in it are hard to press in any case
KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class TargetMirror:
    """What one target is believed to be: who is there, and who is in the groups in play, by target ids."""

    snapshot: TargetSnapshot
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def updated(self, reread: Reread) -> TargetMirror:
        """Return it with what was read again."""
        known = self.snapshot
        admins = known.admins if reread.admins is None else reread.admins
        accounts = {**known.accounts, **reread.accounts}
        snapshot = replace(known, accounts=accounts, admins=admins, own=known.own | reread.own)
        return TargetMirror(snapshot, {**self.members, **reread.members})


@dataclass(frozen=True, slots=True)
class Mirror:
    """What both sides are believed to be. ``presences`` says of linked identities out of scope where Entra has them.

    ``logins`` tell by whose login each target was read, as far as that is known without asking.
    """

    directory: Snapshot
    targets: Mapping[str, TargetMirror]
    presences: Mapping[str, Presence] = field(default_factory=dict)
    logins: Mapping[str, str | None] = field(default_factory=dict)


def mirror_to_text(mirror: Mirror) -> str:
    """Return a mirror as a store keeps it."""
    content = {
        "directory": _directory(mirror.directory),
        "targets": {name: _target(target) for name, target in mirror.targets.items()},
        "presences": dict(mirror.presences),
        "logins": dict(mirror.logins),
    }
    text = json.dumps(content, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), QUICK)).decode("ascii")


def mirror_from_text(text: str) -> Mirror:
    """Read what ``mirror_to_text`` wrote."""
    content = json.loads(zlib.decompress(base64.b64decode(text)))
    presences = {key: Presence(where) for key, where in content["presences"].items()}
    targets = {name: _target_of(raw) for name, raw in content["targets"].items()}
    return Mirror(_directory_of(content["directory"]), targets, presences, content["logins"])


def digest_of_mirror(text: str) -> str:
    """Return what tells whether a mirror is the one that was kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def _directory(read: Snapshot) -> dict[str, Any]:
    groups = read.groups.values()
    ids = [*read.users, *read.service_principals, *read.groups]
    return {
        "users": _rows(User, read.users.values()),
        "service_principals": _rows(ServicePrincipal, read.service_principals.values()),
        "groups": [
            [g.id, g.display_name, g.mail_nickname, g.security_enabled, g.unread] for g in groups
        ],
        "members": _packed(ids, (group.members for group in groups)),
        "roots": sorted(read.roots),
        "assigned": sorted(read.assigned),
        "unread": read.unread,
        "notices": _rows(Notice, read.notices),
        "found": _rows(KnownRoot, read.found),
        "selected": [
            [s.line, sorted(s.roots), sorted(s.assigned), s.unread, _rows(Notice, s.notices)]
            for s in read.selected
        ],
        "passed_over": sorted(read.passed_over),
    }


def _directory_of(raw: Mapping[str, Any]) -> Snapshot:
    users = [User(*row) for row in raw["users"]]
    services = [ServicePrincipal(*row) for row in raw["service_principals"]]
    ids = [*(u.id for u in users), *(s.id for s in services), *(row[0] for row in raw["groups"])]
    members = _unpacked(ids, raw["members"])
    groups = [
        Group(key, name, nickname, security, inside, unread)
        for (key, name, nickname, security, unread), inside in zip(
            raw["groups"], members, strict=True
        )
    ]
    return Snapshot(
        frozenset(raw["roots"]),
        {user.id: user for user in users},
        {service.id: service for service in services},
        {group.id: group for group in groups},
        frozenset(raw["assigned"]),
        tuple(raw["unread"]),
        _notices(raw["notices"]),
        tuple(KnownRoot(*row) for row in raw["found"]),
        tuple(
            Selected(line, frozenset(roots), frozenset(assigned), tuple(unread), _notices(notices))
            for line, roots, assigned, unread, notices in raw["selected"]
        ),
        frozenset(raw["passed_over"]),
    )


def _target(target: TargetMirror) -> dict[str, Any]:
    read, members = target.snapshot, target.members
    return {
        "accounts": _rows(Account, read.accounts.values()),
        "groups": [*members],
        "members": _packed([*read.accounts], members.values()),
        "own": sorted(read.own),
        "admins": sorted(read.admins),
        "own_application": read.own_application,
        "complete": read.complete,
        "notices": _rows(Notice, read.notices),
    }


def _target_of(raw: Mapping[str, Any]) -> TargetMirror:
    accounts = {key: Account(key, KINDS[kind], *more) for key, kind, *more in raw["accounts"]}
    snapshot = TargetSnapshot(
        accounts,
        frozenset(raw["own"]),
        frozenset(raw["admins"]),
        raw["own_application"],
        raw["complete"],
        _notices(raw["notices"]),
    )
    members = _unpacked([*accounts], raw["members"])
    return TargetMirror(snapshot, dict(zip(raw["groups"], members, strict=True)))


def _rows(kind: type, values: Iterable[object]) -> list[list[Any]]:
    """Return frozen values of one kind as their fields; ``astuple`` would copy each, which takes seconds."""
    names = [each.name for each in fields(kind)]
    return [[getattr(value, name) for name in names] for value in values]


def _notices(rows: Iterable[list[str]]) -> tuple[Notice, ...]:
    return tuple(Notice(*row) for row in rows)


def _packed(ids: list[str], groups: Iterable[frozenset[str]]) -> list[list[int | str]]:
    """Return members as places in a list of ids: the same id in many groups takes little room so."""
    places = {key: place for place, key in enumerate(ids)}
    return [sorted((places.get(key, key) for key in inside), key=str) for inside in groups]


def _unpacked(ids: list[str], groups: Iterable[list[int | str]]) -> list[frozenset[str]]:
    return [
        frozenset(ids[key] if isinstance(key, int) else key for key in inside) for inside in groups
    ]
