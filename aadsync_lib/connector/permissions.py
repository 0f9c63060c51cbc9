"""Application permissions of Microsoft Graph, by the request that needs them, the least first.

A refusal of Graph says only "Insufficient privileges to complete the operation". Sources: the pages
of Graph's reference of each request, and its permissions.json of 2026-08.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

READ_GROUPS = "GroupMember.Read.All"
READ_HIDDEN = "Member.Read.Hidden"
READ_USERS = "User.Read.All"
READ_APPLICATIONS = "Application.Read.All"
OWN_APPLICATIONS = "Application.ReadWrite.OwnedBy"
WRITE_APPLICATIONS = "Application.ReadWrite.All"
ASSIGN_ROLES = "AppRoleAssignment.ReadWrite.All"
READ_JOBS = "Synchronization.Read.All"
WRITE_JOBS = "Synchronization.ReadWrite.All"
READ_LOG = "ProvisioningLog.Read.All"
READ_AUDIT = "AuditLog.Read.All"
READ_DIRECTORY = "Directory.Read.All"
WRITE_DIRECTORY = "Directory.ReadWrite.All"

OF_OWN = frozenset({OWN_APPLICATIONS})  # permissions that reach only what the caller owns

Alternatives = tuple[str, ...]
"""Permissions of which any one is enough, the least first."""

_READ_GROUPS = (READ_GROUPS, "Group.Read.All", READ_DIRECTORY)
_READ_DELETED_GROUPS = ("Group.Read.All", READ_DIRECTORY)
_READ_USERS = (READ_USERS, READ_DIRECTORY)
_WRITE_APPLICATIONS = (OWN_APPLICATIONS, WRITE_APPLICATIONS)
_READ_APPLICATIONS = (READ_APPLICATIONS, *_WRITE_APPLICATIONS, READ_DIRECTORY)
_INSTANTIATE = (*_WRITE_APPLICATIONS, WRITE_DIRECTORY)
_WRITE_JOBS = (OWN_APPLICATIONS, WRITE_JOBS)
_READ_JOBS = (OWN_APPLICATIONS, READ_JOBS, WRITE_JOBS)
_READ_LOG = (READ_LOG, READ_AUDIT, READ_DIRECTORY)
_ASSIGN = ((ASSIGN_ROLES,), _READ_APPLICATIONS)

_APPLICATION = r"/applications(/|\(|$)"
_SERVICE_PRINCIPAL = r"/servicePrincipals(/[^/]+|\([^)]*\))"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What requests of these methods to these paths need: one of every tuple of alternatives."""

    methods: frozenset[str]
    path: re.Pattern[str]
    needs: tuple[Alternatives, ...]


def _rule(methods: str, path: str, *needs: Alternatives) -> _Rule:
    return _Rule(frozenset(methods.split()), re.compile(path), needs)


_READS, _WRITES = "GET", "POST PUT PATCH DELETE"
# The first that fits counts.
_RULES = (
    _rule("GET", r"^/auditLogs/provisioning", _READ_LOG),
    _rule("POST", r"^/applicationTemplates/[^/]+/(microsoft\.graph\.)?instantiate", _INSTANTIATE),
    _rule("GET", r"^/applicationTemplates"),  # none is documented
    _rule("GET", rf"^{_SERVICE_PRINCIPAL}/synchronization/", _READ_JOBS),
    _rule("PATCH", rf"^{_SERVICE_PRINCIPAL}/synchronization/jobs/[^/]+$", (WRITE_JOBS,)),
    _rule(_WRITES, rf"^{_SERVICE_PRINCIPAL}/synchronization/", _WRITE_JOBS),
    _rule("POST DELETE", r"/appRoleAssign(edTo|ments)(/|$)", *_ASSIGN),
    _rule("GET", r"/appRoleAssign(edTo|ments)(/|$)", _READ_APPLICATIONS),
    _rule(_READS, rf"^({_APPLICATION}|/servicePrincipals)", _READ_APPLICATIONS),
    _rule(_WRITES, rf"^({_APPLICATION}|/servicePrincipals)", _WRITE_APPLICATIONS),
    _rule("GET", r"^/directory/deletedItems/(microsoft\.)?graph\.group", _READ_DELETED_GROUPS),
    _rule("GET", r"^/directory/deletedItems/(microsoft\.)?graph\.user", _READ_USERS),
    _rule("GET", r"^/directory/deletedItems", _READ_APPLICATIONS),
    _rule("GET", r"^/groups", _READ_GROUPS),
    _rule("GET", r"^/users", _READ_USERS),
)


def needs(method: str, url: str) -> tuple[Alternatives, ...]:
    """Return what a request needs: one permission of every tuple, the least of each first.

    ``url`` is relative to the version or absolute. Empty where none is documented.
    """
    path = re.sub(r"^/(v1\.0|beta)(?=/)", "", unquote(urlsplit(url).path))
    for rule in _RULES:
        if method.upper() in rule.methods and rule.path.search(path):
            return rule.needs
    return ()


def least(method: str, url: str) -> tuple[str, ...]:
    """Return the least permissions that together are enough for a request."""
    return tuple(alternatives[0] for alternatives in needs(method, url))


def missing(method: str, url: str, roles: Collection[str]) -> tuple[str, ...]:
    """Return the least permissions that a token with these ``roles`` lacks for a request."""
    return tuple(
        alternatives[0]
        for alternatives in needs(method, url)
        if not any(permission in roles for permission in alternatives)
    )


def permission_for(method: str, url: str, roles: Collection[str] | None = None) -> str:
    """Return in words what to grant for a request that was refused: ``A and B``.

    ``roles`` are those of the token, where it shows them. Where it has all that is needed, the
    caller is not the owner of what it has a permission for its own applications alone.
    """
    lacking = least(method, url) if roles is None else missing(method, url, roles)
    if lacking:
        return " and ".join(_with_hint(name, method, url) for name in lacking)
    wider = [a[1] for a in needs(method, url) if len(a) > 1 and a[0] in OF_OWN]
    return " and ".join(wider) or "a role that allows it"


def _with_hint(name: str, method: str, url: str) -> str:
    """Name the wider permission beside one that reaches only what the caller owns."""
    if name not in OF_OWN:
        return name
    wider = next(a[1] for a in needs(method, url) if a[0] == name)
    return f"{name} (for what this login owns; {wider} for the rest)"
