"""Entra's feed of changes, by delta queries: what it announces of users, groups and service principals.

Facts that decide how it is read: an object may come in several entries, on any page, and one may repeat
what was announced before; ``@removed`` may come in a first round; a group's members are told as ids; a
link is dead after seven days, or when Graph says so. There is no feed of assignments to an application, and none
of what a filter finds: it may go by properties of which no change is announced.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aadsync_lib.config.base import GUID
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import (
    APPLICATIONS,
    GROUP,
    PERMISSIONS,
    SERVICE_PRINCIPAL,
    UNSUPPORTED,
    Directory,
)
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.directory import Announcement, Changes, Cursor, KnownRoot
from aadsync_lib.model.identity import Kind, canonical_id
from aadsync_lib.responses import JsonObject

MEMBERS = "members@delta"
REMOVED = "@removed"
DEAD = frozenset({"syncStateNotFound", "syncStateInvalid", "resyncRequired"})
# A text, or a word of OData that Graph takes in an advanced query only.
ADVANCED = re.compile(r"'(?:[^']|'')*'|\b(ne|not|endswith)\b|/(\$count)", re.IGNORECASE)


@dataclass(frozen=True)
class Feed:
    """The feed of changes of one scope. ``fields`` are the properties of people that matter."""

    directory: Directory
    scope: Scope
    fields: UserFields

    async def read(self, since: Cursor | None, known: Collection[KnownRoot]) -> Changes:
        """Return what is announced since a cursor, and where to go on; without one, only the latter."""
        kinds = self._selects()
        links = since.links if since else {}
        if since and links.keys() != {kind.value for kind in kinds}:
            return Changes(reason="the last run asked for other kinds of changes")
        assigned, filtered, listings = await asyncio.gather(
            self._assigned(known),
            self._filtered(known) if since else _nothing(),
            asyncio.gather(
                *(
                    self.directory.changes(kind, each, links.get(kind.value))
                    for kind, each in kinds.items()
                )
            ),
        )
        by_kind = dict(zip(kinds, listings, strict=True))
        reason = (
            assigned.reason
            or filtered.reason
            or next(filter(None, map(_failure, by_kind, listings)), "")
        )
        if reason:
            return Changes(reason=reason)
        cursor = Cursor(
            {kind.value: str(each.delta) for kind, each in by_kind.items()}, assigned.of
        )
        if since is None:
            return Changes(cursor, reason="there was nothing to go on from")
        announced = (
            each for kind, listing in by_kind.items() for each in self._merged(kind, listing)
        )
        changed = {key for key, _ in assigned.of.items() ^ since.assigned.items()}
        return Changes(
            cursor,
            tuple(announced),
            frozenset(changed) | filtered.otherwise,
        )

    def _selects(self) -> Mapping[Kind, str]:
        """Return what to ask for of each kind of object that can matter."""
        selects = {Kind.GROUP: f"{GROUP},members", Kind.USER: self.fields.select}
        if self.scope.service_principals or _applications(self.scope):
            selects[Kind.SERVICE_PRINCIPAL] = SERVICE_PRINCIPAL
        return selects

    async def _assigned(self, known: Collection[KnownRoot]) -> Assigned:
        """Read who is assigned to the applications of the scope, as far as these are known."""
        found = {each.key: _application_id(each, known) for each in _applications(self.scope)}
        ids = {key: object_id for key, object_id in found.items() if object_id}
        listings = await asyncio.gather(*map(self.directory.assignments, ids.values()))
        failure = next((each.failure for each in listings if each.failure), None)
        if failure is not None:
            return Assigned(reason=f"assignments: {failure.reason(APPLICATIONS)}")
        return Assigned({key: _digest(each) for key, each in zip(ids, listings, strict=True)})

    async def _filtered(self, known: Collection[KnownRoot]) -> Filtered:
        """Say which filters of the scope find other groups than when the scope was read last."""
        selectors = [selector for selector in self.scope.groups if selector.filter]
        listings = await asyncio.gather(*(self._found(str(each.filter)) for each in selectors))
        failure = next((each.failure for each in listings if each.failure), None)
        if failure is not None:
            return Filtered(reason=f"groups of a filter: {failure.reason(PERMISSIONS[Kind.GROUP])}")
        before: dict[str, set[str]] = {}
        for root in known:
            before.setdefault(root.selector, set()).add(canonical_id(root.id))
        now = {each.key: self._roots(rows) for each, rows in zip(selectors, listings, strict=True)}
        return Filtered(frozenset(k for k, ids in now.items() if ids != before.get(k, set())))

    async def _found(self, filter_: str) -> Listing:
        advanced = _advanced(filter_)
        listing = await self.directory.groups(filter_, advanced=advanced)
        if listing.failure is not None and listing.failure.code == UNSUPPORTED:
            return await self.directory.groups(filter_, advanced=not advanced)
        return listing

    def _roots(self, listing: Listing) -> set[str]:
        every = self.scope.groups_of_kind == "all"
        rows = (row for row in listing.rows if every or row.get("securityEnabled") is not False)
        return {row["id"] for row in rows}

    def _merged(self, kind: Kind, listing: Listing) -> Iterator[Announcement]:
        entries: dict[str, list[JsonObject]] = {}
        for row in listing.rows:
            entries.setdefault(row["id"], []).append(row)
        for key, rows in entries.items():
            yield self._announcement(kind, key, rows)

    def _announcement(self, kind: Kind, key: str, rows: Sequence[JsonObject]) -> Announcement:
        """Return what all entries of one object announce together."""
        members = {
            canonical_id(entry["id"]): entry for row in rows for entry in row.get(MEMBERS) or ()
        }
        left = frozenset(member for member, entry in members.items() if REMOVED in entry)
        named = [row["displayName"] for row in rows if row.get("displayName")]
        removed = REMOVED in rows[-1]
        whole = {name: value for row in rows for name, value in row.items()}
        shown, unsaid = (None, frozenset[str]()) if removed else self._shown(kind, whole)
        return Announcement(
            key, kind, removed, named[-1] if named else None, shown, unsaid,
            joined=dict(_joined(members, left)),
            left=left,
        )  # fmt: skip

    def _shown(self, kind: Kind, row: JsonObject) -> tuple[translate.Shown, frozenset[str]]:
        if kind is Kind.USER:
            return translate.shown_user(row, self.fields)
        if kind is Kind.SERVICE_PRINCIPAL:
            return translate.shown_service_principal(row)
        return translate.shown_group(row)


def _joined(
    members: Mapping[str, JsonObject], left: Container[str]
) -> Iterator[tuple[str, Kind | None]]:
    """Yield members that a group got, by kind; of one without a type nobody knows whether it counts."""
    for member, entry in members.items():
        kind = translate.KINDS.get(translate.type_name(entry))
        if member not in left and (kind or not entry.get(translate.TYPE)):
            yield member, kind


@dataclass(frozen=True)
class Assigned:
    """Digests of who is assigned, by selector; or why that is not known."""

    of: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Filtered:
    """The filters, by selector, that find something else than before; or why that is not known."""

    otherwise: frozenset[str] = frozenset()
    reason: str = ""


async def _nothing() -> Filtered:
    return Filtered()


def _advanced(filter_: str) -> bool:
    """Return whether Graph is likely to take a filter in an advanced query only."""
    return any(word or count for word, count in ADVANCED.findall(filter_))


def _applications(scope: Scope) -> list[GroupSelector]:
    return [selector for selector in scope.groups if selector.application]


def _application_id(selector: GroupSelector, known: Collection[KnownRoot]) -> str | None:
    """Return the object id of an application, as far as the settings or an earlier run tell it."""
    if re.fullmatch(GUID, str(selector.application)):
        return canonical_id(str(selector.application))
    ids = {root.id for root in known if root.selector == selector.key}
    return ids.pop() if len(ids) == 1 else None


def _failure(kind: Kind, listing: Listing) -> str:
    failure = listing.failure
    if failure is not None and (failure.expired or failure.code in DEAD):
        return f"its link is dead ({failure})"
    if failure is not None:
        return f"changes of {kind.value}s: {failure.reason(PERMISSIONS[kind])}"
    whole = all(isinstance(row.get(MEMBERS, []), list) for row in listing.rows)
    entries = [entry for row in listing.rows for entry in row.get(MEMBERS, ())] if whole else []
    if not whole or any(
        not isinstance(e, dict) or not isinstance(e.get("id"), str) for e in entries
    ):
        return f"changes of {kind.value}s: an answer of Graph that this version does not know"
    return (
        "" if listing.delta else f"changes of {kind.value}s: the answer has no link to go on from"
    )


def _digest(assignments: Listing) -> str:
    rows = sorted(
        [str(row.get(key)) for key in ("principalId", "principalType", "appRoleId")]
        for row in assignments.rows
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
