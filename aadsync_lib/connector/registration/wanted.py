"""The application permissions that settings need, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aadsync_lib.config.settings import Settings
from aadsync_lib.connector.permissions import (
    ASSIGN_ROLES,
    OWN_APPLICATIONS,
    READ_APPLICATIONS,
    READ_GROUPS,
    READ_LOG,
    READ_USERS,
)

ANYTHING = (
    f"{ASSIGN_ROLES} reaches further than its use here: who has it can grant itself, and everybody "
    f"else, any permission in the tenant. It is asked for because targets[].connector.assign has "
    f"aadsync assign groups and people. Without it: let a person run connector setup, or assign them "
    f"by hand and leave assign out."
)


@dataclass(frozen=True, slots=True)
class Permission:
    """An application permission of Graph, with what needs it."""

    name: str
    reason: str


def permissions_for(settings: Settings) -> tuple[Permission, ...]:
    """Return the least permissions with which everything in the settings works."""
    reasons: dict[str, list[str]] = {}
    for name, reason in (*_of_sync(settings), *_of_connectors(settings)):
        reasons.setdefault(name, []).append(reason)
    return tuple(Permission(name, " and ".join(dict.fromkeys(w))) for name, w in reasons.items())


def _of_sync(settings: Settings) -> Iterator[tuple[str, str]]:
    scope = settings.whole_scope()
    yield READ_GROUPS, "reads groups and their members"
    yield READ_USERS, "reads people with accountEnabled and userType"
    if scope.service_principals:
        yield READ_APPLICATIONS, "reads service principals in groups (scope.service_principals)"
    if any(selector.application for selector in scope.groups):
        yield READ_APPLICATIONS, "reads who is assigned to the application of a selector"


def _of_connectors(settings: Settings) -> Iterator[tuple[str, str]]:
    for target in settings.targets:
        connector = target.connector
        if connector is None:
            continue
        of = f"of the connector of {target.name}"
        yield READ_APPLICATIONS, f"reads the application and assignments {of}"
        yield OWN_APPLICATIONS, f"makes and runs the application and job {of}"
        if connector.assign.groups or connector.assign.users:
            yield ASSIGN_ROLES, f"assigns groups and people {of}"
        yield READ_LOG, f"reads the provisioning log {of}"
