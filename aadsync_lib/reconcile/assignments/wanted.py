"""Access that the rules of a workspace ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.model.assignment import AccessRule, ManagedWorkspace
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Permission, Principal, name_key

FOR_GROUPS = frozenset({"allow-instance-pool-create"})  # Databricks grants it to groups only
CONSUMER, MORE = "workspace-consume", frozenset({"workspace-access", "databricks-sql-access"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody should have in a workspace, and the patterns that say so."""

    principal: Principal
    permission: Permission | None
    entitlements: frozenset[str]
    patterns: tuple[str, ...]

    @property
    def contradiction(self) -> str | None:
        """Why no workspace can give that, if so."""
        others = sorted(self.entitlements & MORE) if CONSUMER in self.entitlements else ()
        if not others:
            return None
        return (
            f"the rules {', '.join(self.patterns)} give it {CONSUMER} and {' and '.join(others)}, which "
            f"Databricks does not give together; take one of them out"
        )


def managed_workspaces(target: TargetSettings) -> tuple[ManagedWorkspace, ...]:
    """Return the workspaces whose access the settings of a target manage."""
    if target.level == "workspace":
        if target.entitlements is None:
            return ()
        granted = (
            AccessRule(rule.groups, None, frozenset(rule.entitlements))
            for rule in target.entitlements
        )
        return (ManagedWorkspace(None, tuple(granted)),)
    return tuple(
        ManagedWorkspace(
            workspace.workspace_id,
            tuple(
                AccessRule(rule.groups, Permission(rule.permission), frozenset(rule.entitlements))
                for rule in workspace.assign
            ),
        )
        for workspace in target.workspaces
    )


def wanted(workspace: ManagedWorkspace, desired: Desired) -> Mapping[str, Wanted]:
    """Return who in scope should have what, by object id.

    The patterns are compared with the names of groups on the target, and with those of the people and
    service principals that an application of the scope assigns directly; where the target is the workspace
    itself, with those of groups alone. ``admin`` beats ``user``, entitlements are joined.
    """
    recipients = [group.principal for group in desired.groups.values()]
    if workspace.id is not None:
        recipients += _assigned(desired)
    asked = ((principal, _matching(workspace, principal)) for principal in recipients)
    return {principal.external_id: _joined(principal, rules) for principal, rules in asked if rules}


def wanted_as(
    workspace: ManagedWorkspace, want: Wanted | None, principal: Principal
) -> Wanted | None:
    """Return what is asked for somebody who also has the name of ``principal``, as long as it does."""
    rules = _matching(workspace, principal)
    if not rules:
        return want
    as_named = _joined(principal, rules)
    if want is None:
        return as_named
    permission = max(want.permission, as_named.permission, key=_height)
    return replace(
        want, permission=permission, entitlements=want.entitlements | as_named.entitlements
    )


def _height(permission: Permission | None) -> int:
    return 0 if permission is None else 1 + (permission is Permission.ADMIN)


def _assigned(desired: Desired) -> Iterator[Principal]:
    for external_id in sorted(desired.assigned):
        if external_id in desired.principals:
            yield desired.principals[external_id]


def _matching(
    workspace: ManagedWorkspace, principal: Principal
) -> list[tuple[AccessRule, list[str]]]:
    names = {name_key(principal.name)}
    if principal.kind is Kind.SERVICE_PRINCIPAL:
        names.add(name_key(principal.display_name))
    found = ((rule, _hits(rule.patterns, names)) for rule in workspace.rules)
    return [(rule, hits) for rule, hits in found if hits]


def _hits(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    return [
        pattern
        for pattern in patterns
        if any(fnmatchcase(name, name_key(pattern)) for name in names)
    ]


def _joined(principal: Principal, rules: list[tuple[AccessRule, list[str]]]) -> Wanted:
    permissions = {rule.permission for rule, _ in rules}
    highest = Permission.ADMIN if Permission.ADMIN in permissions else Permission.USER
    entitlements = frozenset[str]().union(*(rule.entitlements for rule, _ in rules))
    if principal.kind is not Kind.GROUP:
        entitlements -= FOR_GROUPS
    patterns = tuple(dict.fromkeys(hit for _, hits in rules for hit in hits))
    permission = None if permissions == {None} else highest
    return Wanted(principal, permission, entitlements, patterns)
