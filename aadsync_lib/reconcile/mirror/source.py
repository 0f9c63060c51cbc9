"""Brings the directory of a mirror up to date by what Entra announces, as far as that is of the narrow class.

Of that class are people and service principals who join or leave groups in scope, whoever is new among them, and
attributes of people in scope, those that rules of the scope name among them. Anything else, and any doubt, is for a full run, which is never wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import replace

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import (
    Affected,
    Announcement,
    Changes,
    Group,
    Presence,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.agreement import Agreement, agreement, alike
from aadsync_lib.reconcile.incremental import REASSIGNED, selected
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded


def affected(changes: Changes, scope: Scope, known: Snapshot, watched: Container[str]) -> Affected:
    """Return whom these changes are about. Raises ``FullRunNeeded``."""
    if changes.reassigned:
        raise FullRunNeeded(REASSIGNED)
    announced = changes.announced or ()
    groups = [each for each in announced if each.id in known.groups]
    joined = {key: kind for each in groups for key, kind in each.joined.items()}
    left = frozenset[str]().union(*(each.left for each in groups))
    people = known.users.keys() | known.service_principals.keys()
    about = (each for each in announced if each.id in people or each.id in joined)
    named = {each.id: each.kind for each in about if each.kind is not Kind.GROUP}
    for each in announced:
        if each.id in known.groups:
            _check_group(each, known, scope)
        elif each.removed and each.id in named:
            raise FullRunNeeded("Entra announces that somebody in scope was deleted")
        elif each.id not in named and _concerns(each, scope, watched):
            raise FullRunNeeded(f"Entra announces another change of a {each.kind.value}")
    new = {key: kind for key, kind in joined.items() if key not in people}
    services = known.service_principals.keys() & left
    of_kind = {**new, **named, **dict.fromkeys(services, Kind.SERVICE_PRINCIPAL)}
    of_kind |= dict.fromkeys(known.users.keys() & left, Kind.USER)
    if any(key in known.assigned for key in of_kind):
        raise FullRunNeeded("somebody is assigned to an application, whom rules of access may name")
    return Affected(
        frozenset(each.id for each in groups),
        frozenset(key for key, kind in of_kind.items() if kind is Kind.USER),
        frozenset(
            key
            for key, kind in of_kind.items()
            if kind is Kind.SERVICE_PRINCIPAL and (scope.service_principals or key in people)
        ),
    )


def _concerns(announcement: Announcement, scope: Scope, watched: Container[str]) -> bool:
    new = not announcement.removed and selected(announcement, scope)
    return announcement.id in watched or new


def _check_group(announcement: Announcement, known: Snapshot, scope: Scope) -> None:
    group = known.groups[announcement.id]
    if announcement.removed or not alike(group, announcement):
        raise FullRunNeeded("Entra announces that a group in scope was renamed, changed or deleted")
    nested = {key for key, kind in announcement.joined.items() if kind is Kind.GROUP}
    nested -= group.members | known.passed_over
    if (nested and scope.nested != "direct") or announcement.left & known.groups.keys():
        raise FullRunNeeded("Entra announces that a group was nested, or taken out of another")


def brought_up_to_date(
    known: Snapshot, again: Snapshot, about: Affected, changes: Changes
) -> Snapshot:
    """Return a snapshot with what was read ``again`` by itself. Raises ``FullRunNeeded``."""
    if not again.complete:
        raise FullRunNeeded("something of what Entra announced could not be read by itself")
    if again.groups.keys() != about.groups or not again.passed_over <= known.passed_over:
        raise FullRunNeeded("a group is gone, or there is another one")
    left = {each.id: each.left for each in changes.announced or () if each.kind is Kind.GROUP}
    users = {**known.users, **again.users}
    services = {**known.service_principals, **again.service_principals}
    people = users.keys() | services.keys()
    for group in again.groups.values():
        _check_members(known, group, left[group.id], people)
    groups = {**known.groups, **again.groups}
    in_scope = known.assigned.union(*(group.members for group in groups.values()))
    before = frozenset[str]().union(*(known.groups[key].members for key in again.groups))
    out = (before | again.users.keys() | again.service_principals.keys()) - in_scope
    return replace(
        known,
        users={key: user for key, user in users.items() if key not in out},
        service_principals={key: each for key, each in services.items() if key not in out},
        groups=groups,
    )


def _check_members(
    known: Snapshot, group: Group, left: Container[str], people: Collection[str]
) -> None:
    before, groups = known.groups[group.id], known.groups.keys()
    if replace(before, members=group.members) != group:
        raise FullRunNeeded("a group in scope was renamed, or is of another kind")
    if before.members & groups != group.members & groups:
        raise FullRunNeeded("a group was nested, or taken out of another")
    if any(member not in left for member in before.members - group.members):
        raise FullRunNeeded("a group shows fewer members than Entra announced")
    if any(member not in people and member not in groups for member in group.members):
        raise FullRunNeeded("a group has a member that could not be read")


def check_shown(read: Snapshot, changes: Changes, scope: Scope, watched: Container[str]) -> None:
    """Raise ``FullRunNeeded`` unless a snapshot certainly shows what was announced before it was read."""
    if agreement(read, changes, scope, watched) is not Agreement.WHOLE:
        raise FullRunNeeded("Entra announces what a read does not show yet")


def presences_in(again: Snapshot) -> Mapping[str, Presence]:
    """Return where those are in Entra whom a read by id has shown."""
    people: dict[str, User | ServicePrincipal] = {**again.users, **again.service_principals}
    return {
        key: Presence.PRESENT if person.enabled else Presence.DISABLED
        for key, person in people.items()
    }


def presences_kept(presences: Mapping[str, Presence | Unread]) -> Mapping[str, Presence]:
    """Return what is known of where leavers are."""
    return {key: where for key, where in presences.items() if isinstance(where, Presence)}
