"""The part of one read of Entra that a scope sees: as if Entra had been read for that scope alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.model.directory import Group, Notice, Selected, Snapshot
from aadsync_lib.reconcile.desired.filters import unnested

KIND_SKIPPED = "group_kind_skipped"


def seen_by(snapshot: Snapshot, scope: Scope) -> Snapshot:
    """Return what the scope sees of a read that covers it, and others.

    What could not be read holds back what the scope sees of it, and nothing else.
    """
    lines = {part.line: part for part in snapshot.selected}
    parts = [_of_kind(snapshot, selector, lines[selector.line], scope) for selector in scope.groups]
    services = snapshot.service_principals if scope.service_principals else {}
    roots = frozenset[str]().union(*(part.roots for part in parts))
    assigned = frozenset[str]().union(*(part.assigned for part in parts))
    assigned -= snapshot.service_principals.keys() - services.keys()
    groups, skipped = _reached(snapshot, roots, scope)
    members = assigned.union(*(group.members for group in groups.values()))
    own = {notice for part in snapshot.selected for notice in part.notices}
    return replace(
        snapshot,
        roots=roots,
        users={key: user for key, user in snapshot.users.items() if key in members},
        service_principals={key: service for key, service in services.items() if key in members},
        groups={key: groups[key] for key in sorted(groups)},
        assigned=assigned,
        unread=tuple(dict.fromkeys(reason for part in parts for reason in part.unread)),
        notices=(
            *(notice for part in parts for notice in part.notices),
            *(n for n in snapshot.notices if n not in own and _concerns(n, scope)),
            *nested_kind_notices(skipped),
        ),
        selected=tuple(parts),
    )


def _concerns(notice: Notice, scope: Scope) -> bool:
    """Return whether a notice of the whole read is one of this scope: who nests nothing cuts no nesting."""
    return notice.code != KIND_SKIPPED or scope.nested != "direct"


def _of_kind(snapshot: Snapshot, selector: GroupSelector, part: Selected, scope: Scope) -> Selected:
    """Leave out the roots of another kind, but for those that are named by themselves."""
    if scope.groups_of_kind == "all" or selector.by in ("id", "name"):
        return part
    roots = frozenset(key for key in part.roots if snapshot.groups[key].security_enabled)
    notices = root_kind_notices(selector, len(part.roots) - len(roots))
    return replace(part, roots=roots, notices=(*part.notices, *notices))


def _reached(
    snapshot: Snapshot, roots: Iterable[str], scope: Scope
) -> tuple[Mapping[str, Group], int]:
    """Return the groups from these roots down, and how many memberships of another kind were cut."""
    services = frozenset[str]()
    if not scope.service_principals:
        services = frozenset(snapshot.service_principals)
    cut = frozenset(
        key
        for key, group in snapshot.groups.items()
        if unnested(scope, security=group.security_enabled)
    )
    reached: dict[str, Group] = {}
    waiting, skipped = list(roots), 0
    while waiting:
        key = waiting.pop()
        if key not in reached:
            group = snapshot.groups[key]
            reached[key] = replace(group, members=group.members - cut - services)
            skipped += len(group.members & cut)
            waiting += reached[key].members & snapshot.groups.keys()
    return reached, 0 if scope.nested == "direct" else skipped


def root_kind_notices(selector: GroupSelector, count: int) -> list[Notice]:
    """Say that a selector found groups of another kind than the scope takes, if it did."""
    if not count:
        return []
    groups = "1 group is no security group and was" if count == 1 else ""
    groups = groups or f"{count:,} groups are no security groups and were"
    return [Notice(KIND_SKIPPED, f"{selector}: {groups} left out (scope.groups_of_kind).")]


def nested_kind_notices(count: int) -> list[Notice]:
    """Say that nested groups were of another kind than the scope takes, if any were."""
    if not count:
        return []
    what = (
        f"{count} nested memberships of groups that are no security groups were left out "
        f"(scope.groups_of_kind)."
    )
    return [Notice(KIND_SKIPPED, what)]
