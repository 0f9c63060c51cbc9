"""The service principal of Microsoft Graph, and the application permissions that it publishes as roles."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
KNOWN_IDS = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Synchronization.ReadWrite.All": "9b50c33d-700f-43b1-b2eb-87e89b703581",
}
"""Ids as several public lists agree on; those of the others are the sandbox's own."""
NAMES = (
    *KNOWN_IDS,
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Member.Read.Hidden",
    "ProvisioningLog.Read.All",
    "Synchronization.Read.All",
    "User.Read.All",
)


def role_id(name: str) -> str:
    return KNOWN_IDS.get(name) or str(uuid5(NAMESPACE_URL, f"{GRAPH_APP}/{name}"))


def graph_principal(tenant_id: str) -> dict[str, Any]:
    """The properties of Graph's service principal in a tenant; each has an object id of its own."""
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{tenant_id}/{GRAPH_APP}")),
        "appId": GRAPH_APP,
        "displayName": "Microsoft Graph",
        "servicePrincipalNames": [GRAPH_APP, "https://graph.microsoft.com"],
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "appRoles": [_role(name) for name in sorted(NAMES)],
        "tags": [],
    }


def _role(name: str) -> dict[str, Any]:
    return {
        "id": role_id(name),
        "value": name,
        "displayName": name,
        "description": name,
        "allowedMemberTypes": ["Application"],
        "isEnabled": True,
        "origin": "Application",
    }
