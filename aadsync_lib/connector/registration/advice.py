"""Advice to the person who signs in, about requests that Graph refused."""

from __future__ import annotations

from aadsync_lib.connector.permissions import permission_for

CONSENT = "Privileged Role Administrator"
MAKE = "Cloud Application Administrator"


def role_for(method: str, path: str) -> str:
    """Name the role in Entra that a person needs, and the permission that an application needs."""
    role = CONSENT if method == "POST" and "/appRoleAssignments" in path else MAKE
    return f"Sign in as somebody with the role {role} (an application needs {permission_for(method, path)})."
