"""The comparison of a connector with a sync, from one reading of Entra."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aadsync_lib.config.scope import Scope
from aadsync_lib.connector.compare.filters import unjudged
from aadsync_lib.connector.compare.model import ConnectorScope, Difference, TargetComparison
from aadsync_lib.connector.compare.provisioned import Provisioned, of_group, of_user
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import Group, Snapshot, User
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.reconcile.desired.filters import excluded, unnested

UNJUDGED = "{0}: only Entra can judge this clause, so whoever it concerns is taken to pass"
ANY_USER = User("", "", attributes={})
ANY_GROUP = Group("", "")


@dataclass(frozen=True, slots=True)
class SyncSide:
    """The sync's side: its scope, what that sees of Entra, and what it is to have on the target."""

    scope: Scope
    snapshot: Snapshot
    desired: Desired


def compare(
    target: str, connector: ConnectorScope, whole: Snapshot, sync: SyncSide
) -> TargetComparison:
    """Return who is on both sides, and who on one alone and why.

    ``whole`` is the reading that both sides are seen by.
    """
    provisioned = Provisioned(connector, whole)
    there = provisioned.users() | provisioned.groups()
    here = _managed(sync.desired)
    return TargetComparison(
        target,
        connector.name,
        both=len(there & here),
        only_connector=_listed(_only_connector(there - here, provisioned, sync)),
        only_sync=_listed(_only_sync(here - there, provisioned, sync)),
        notices=(*connector.notices, *_unjudged(connector)),
    )


def _managed(desired: Desired) -> frozenset[str]:
    """Return whom the sync provisions; whoever it holds back is not among them."""
    return frozenset(desired.principals.keys() | desired.groups.keys()) - desired.quarantined.keys()


def _only_sync(
    ids: Iterable[str], provisioned: Provisioned, sync: SyncSide
) -> Iterator[Difference]:
    for object_id in ids:
        principal = sync.desired.principals.get(object_id)
        principal = principal or sync.desired.groups[object_id].principal
        shown = principal.name
        if principal.kind is Kind.SERVICE_PRINCIPAL:
            shown = principal.display_name
        yield Difference(shown, principal.kind, provisioned.why_not(object_id))


def _only_connector(
    ids: Iterable[str], provisioned: Provisioned, sync: SyncSide
) -> Iterator[Difference]:
    snapshot = provisioned.snapshot
    for object_id in ids:
        way = provisioned.by_way_of(object_id)
        if object_id in snapshot.groups:
            group = snapshot.groups[object_id]
            why = _group_left_out(group, snapshot, sync)
            yield Difference(group.display_name, Kind.GROUP, f"{why} ({way})")
        else:
            user = snapshot.users[object_id]
            why = _user_left_out(user, sync)
            yield Difference(user.user_principal_name, Kind.USER, f"{why} ({way})")


def _group_left_out(group: Group, whole: Snapshot, sync: SyncSide) -> str:
    held = sync.desired.quarantined.get(group.id)
    if held:
        return f"quarantined by this sync: {held.reason}"
    if group.id in sync.snapshot.groups:
        return _not_a_group(sync.scope)
    above = (gid for gid in sync.snapshot.groups if group.id in whole.groups[gid].members)
    cut = unnested(sync.scope, security=group.security_enabled)
    if cut and next(above, None) is not None:
        return f"nested: it {cut}"
    return "not in this sync's scope.groups"


def _not_a_group(scope: Scope) -> str:
    if scope.nested == "flatten":
        return "nested: scope.nested is flatten, its people are in the groups above"
    return "not in this sync's scope.groups"


def _user_left_out(user: User, sync: SyncSide) -> str:
    held = sync.desired.quarantined.get(user.id)
    if held:
        return f"quarantined by this sync: {held.reason}"
    reason = excluded(user, sync.scope)
    if reason:
        return reason if reason.startswith("scope.users") else f"filter: it {reason}"
    if any(user.id in group.members for group in sync.snapshot.groups.values()):
        return (
            "nested: in this sync's groups by way of nested ones alone, and scope.nested is direct"
        )
    return "in no group of this sync's scope.groups"


def _unjudged(connector: ConnectorScope) -> Iterator[str]:
    users = connector.filters.get(Kind.USER, ())
    groups = connector.filters.get(Kind.GROUP, ())
    clauses = (
        *unjudged(users, lambda name: of_user(ANY_USER, name)),
        *unjudged(groups, lambda name: of_group(ANY_GROUP, name)),
    )
    return (UNJUDGED.format(clause) for clause in dict.fromkeys(clauses))


def _listed(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(differences, key=lambda each: (each.kind, name_key(each.name), each.why)))
