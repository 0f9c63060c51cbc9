"""Holds what a read shows against what Entra announced before it.

In doubt the place in the feed of changes stays, and the next run reads everything once more.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.model.directory import (
    Announcement,
    Changes,
    Group,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind, normal
from aadsync_lib.reconcile.incremental import may_select, selected

NO_PROPERTIES = frozenset(("attributes", "members", "unread"))


class Agreement(IntEnum):
    """How much of what was announced before a read it shows."""

    MISSED = 0  # not all of it
    UNSURE = 1  # that cannot be told
    WHOLE = 2


def agreement(
    snapshot: Snapshot, changes: Changes, scope: Scope, watched: Container[str]
) -> Agreement:
    """Return how far a read that began after this was announced shows it.

    Graph announces a change before every read of it does: what such a read misses would be announced to
    nobody again. Of whom the sync did know, what is announced of somebody or of a group that the read does
    not show may be a return that it does not show yet.
    """
    gone = {each.id for each in changes.announced or () if each.removed}
    reader = _Read(snapshot, scope, watched, gone)
    parts = [reader.shows(each) for each in changes.announced or ()]
    return min([*parts, Agreement.UNSURE if changes.reassigned else Agreement.WHOLE])


@dataclass(frozen=True)
class _Read:
    """A read, as it is held against what was announced; ``gone`` are those announced as removed."""

    snapshot: Snapshot
    scope: Scope
    watched: Container[str]
    gone: Container[str]

    def shows(self, announcement: Announcement) -> Agreement:
        if announcement.kind is Kind.GROUP:
            return self._group(announcement)
        people: Mapping[str, User | ServicePrincipal] = (
            self.snapshot.users
            if announcement.kind is Kind.USER
            else self.snapshot.service_principals
        )
        person = people.get(announcement.id)
        if person is None:
            return self._absent(announcement)
        return _whether(not announcement.removed and alike(person, announcement))

    def _absent(self, announcement: Announcement) -> Agreement:
        found = {root.id for root in self.snapshot.found} | self.snapshot.passed_over
        if announcement.removed or announcement.id in found:
            return Agreement.WHOLE
        if any(_names(selector, announcement) for selector in self.scope.groups):
            return Agreement.MISSED
        unsure = announcement.id in self.watched or selected(announcement, self.scope)
        return Agreement.UNSURE if unsure else Agreement.WHOLE

    def _group(self, announcement: Announcement) -> Agreement:
        group = self.snapshot.groups.get(announcement.id)
        if group is None:
            return self._absent(announcement)
        late = announcement.left & group.members or any(self._missing(group, announcement))
        if announcement.removed or late or not alike(group, announcement):
            return Agreement.MISSED
        return Agreement.WHOLE

    def _missing(self, group: Group, announcement: Announcement) -> Iterator[bool]:
        """Yield whether a member that the group got is one that the read should have."""
        for member, kind in announcement.joined.items():
            if member in group.members or member in self.gone:
                continue
            if kind is Kind.GROUP:
                yield self.scope.nested != "direct" and member not in self.snapshot.passed_over
            else:
                yield kind is not Kind.SERVICE_PRINCIPAL or self.scope.service_principals


def _whether(shown: bool) -> Agreement:
    return Agreement.WHOLE if shown else Agreement.MISSED


def _names(selector: GroupSelector, announcement: Announcement) -> bool:
    """Return whether an object certainly has the name that a selector looks for, or begins so."""
    if not announcement.name or not may_select(selector, announcement):
        return False
    wanted = selector.name or selector.application
    return wanted is None or normal(wanted) == normal(announcement.name)


def alike(read: User | ServicePrincipal | Group, announcement: Announcement) -> bool:
    """Return whether a read shows every property that was announced."""
    shown, unsaid = announcement.shown, announcement.unsaid
    if shown is None:
        return True
    return _said(shown, unsaid).items() <= _said(read, unsaid).items()


def _said(who: User | ServicePrincipal | Group, unsaid: Container[str]) -> dict[str, object]:
    """Return the properties of somebody but for those that are ``unsaid``, and members."""
    values = {f.name: getattr(who, f.name) for f in fields(who) if f.name not in NO_PROPERTIES}
    attributes = who.attributes if isinstance(who, User) else {}
    every = values | {f"attribute {name}": value for name, value in attributes.items()}
    return {
        key: value for key, value in every.items() if key.removeprefix("attribute ") not in unsaid
    }
