"""Entra's feed of changes, by delta queries: what it announces of users, groups and service principals.

Facts that decide how it is read: an object may come in several entries, on any page, and one may repeat
what was announced before; ``@removed`` may come in a first round; a group's members are told as ids; a
link is dead after seven days, or when Graph says so. There is no feed of assignments to an application.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aadsync_lib.config.base import GUID
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import (
    APPLICATIONS,
    GROUP,
    PERMISSIONS,
    SERVICE_PRINCIPAL,
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
WORDS_OF_FILTERS = frozenset(("eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "in", "has", "true", "false", "null"))  # fmt: skip
# A text, or a name with what makes it a variable or a function, and the path from it.
NAME_IN_FILTER = re.compile(r"'(?:[^']|'')*'|(?<![\w.:$-])([A-Za-z_]\w*)(\s*[:(])?(/[\w$/]*)?")


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
        assigned, listings = await asyncio.gather(
            self._assigned(known),
            asyncio.gather(
                *(
                    self.directory.changes(kind, each, links.get(kind.value))
                    for kind, each in kinds.items()
                )
            ),
        )
        by_kind = dict(zip(kinds, listings, strict=True))
        reason = assigned.reason or next(filter(None, map(_failure, by_kind, listings)), "")
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
            frozenset(changed),
        )

    def _selects(self) -> Mapping[Kind, str]:
        """Return what to ask for of each kind of object that can matter."""
        filters = (selector.filter for selector in self.scope.groups if selector.filter)
        groups = dict.fromkeys((*GROUP.split(","), "members", *names_in(filters)))
        selects = {Kind.GROUP: ",".join(groups), Kind.USER: self.fields.select}
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


def names_in(filters: Iterable[str]) -> Iterator[str]:
    """Yield the properties that filters of OData name: a change of another one is announced to nobody."""
    for filter_ in filters:
        found = NAME_IN_FILTER.findall(filter_)
        variables = {name for name, after, _ in found if after.endswith(":")}
        for name, after, _ in found:
            word = not name or name.lower() in WORDS_OF_FILTERS
            if not word and not after and name not in variables:
                yield name


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
