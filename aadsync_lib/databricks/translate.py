"""Accounts and changes as SCIM spells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Attributes, Kind, canonical_id
from aadsync_lib.responses import JsonObject

RESOURCES = {Kind.USER: "Users", Kind.SERVICE_PRINCIPAL: "ServicePrincipals", Kind.GROUP: "Groups"}
NAMES = {Kind.USER: "userName", Kind.SERVICE_PRINCIPAL: "applicationId", Kind.GROUP: "displayName"}
# A group's members are never in a listing, or not all of them. Roles mark account admins, and
# meta, where it is given, the groups that one workspace has to itself.
LIST_QUERY = {
    Kind.USER: {"excludedAttributes": "emails,entitlements,groups,name"},
    Kind.SERVICE_PRINCIPAL: {"excludedAttributes": "entitlements,groups"},
    Kind.GROUP: {"attributes": "id,displayName,externalId,roles,meta"},
}
SCHEMAS = {
    Kind.USER: "urn:ietf:params:scim:schemas:core:2.0:User",
    Kind.SERVICE_PRINCIPAL: "urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal",
    Kind.GROUP: "urn:ietf:params:scim:schemas:core:2.0:Group",
}
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADMIN_ROLE = "account_admin"
LOCAL = "WorkspaceGroup"
OTHER_CLOUDS = (
    "cloud.databricks.com",
    "cloud.databricks.us",
    "cloud.databricks.mil",
    "gcp.databricks.com",
)


def on_azure(host: str) -> bool:
    """Return whether service principals of this host take Entra's application id.

    On AWS and Google Cloud Databricks makes up an id of its own. Anything unknown counts as Azure.
    """
    name = urlsplit(host if "//" in host else f"//{host}").hostname or ""
    return not name.endswith(OTHER_CLOUDS)


def path_of(kind: Kind, target_id: str) -> str:
    """Return the path of one object below the SCIM root."""
    return f"{RESOURCES[kind]}/{quote(target_id, safe='')}"


def account_of(kind: Kind, row: JsonObject) -> Account:
    """Read one row of a listing."""
    return Account(
        id=str(row["id"]),
        kind=kind,
        name=str(row.get(NAMES[kind]) or ""),
        display_name=row.get("displayName") or None,
        external_id=canonical_id(row["externalId"]) if row.get("externalId") else None,
        active=row.get("active") is not False,
        admin=any(role.get("value") == ADMIN_ROLE for role in row.get("roles") or ()),
        local=(row.get("meta") or {}).get("resourceType") == LOCAL,
    )


def name_filter(kind: Kind, name: str) -> str | None:
    """Return the filter for this name, or ``None`` where how to escape it is not known."""
    name = name.strip()
    if not name.isprintable() or '"' in name or "\\" in name:
        return None
    literal = json.dumps(name.lower() if kind is Kind.USER else name, ensure_ascii=False)
    return f"{NAMES[kind]} eq {literal}"


def new_body(
    kind: Kind, wanted: Attributes, members: Sequence[str], *, application_id: bool
) -> JsonObject:
    """Return the body that creates an object."""
    body: JsonObject = {"schemas": [SCHEMAS[kind]]}
    if kind is Kind.USER and wanted.user_name is not None:
        # Databricks lower-cases the name, and may refuse an address that differs from it.
        name = wanted.user_name.lower()
        body["userName"] = name
        body["emails"] = [{"value": name, "type": "work", "primary": True}]
    if kind is Kind.SERVICE_PRINCIPAL and application_id and wanted.application_id is not None:
        body["applicationId"] = wanted.application_id
    if wanted.display_name is not None:
        body["displayName"] = wanted.display_name
    if wanted.external_id is not None:
        body["externalId"] = wanted.external_id
    if kind is not Kind.GROUP and wanted.active is not None:
        body["active"] = wanted.active
    if members:
        body["members"] = values(members)
    return body


def attribute_operations(wanted: Attributes) -> list[JsonObject]:
    """Return the PATCH operations that set what can be changed; names and ids cannot."""
    operations = []
    if wanted.active is not None:
        # The one shape that is documented; a bare string is answered with a cast error.
        operations.append(_replace("active", [{"value": "true" if wanted.active else "false"}]))
    if wanted.display_name is not None:
        operations.append(_replace("displayName", wanted.display_name))
    if wanted.external_id is not None:
        operations.append(_replace("externalId", wanted.external_id))
    return operations


def member_operations(add: Sequence[str], remove: Iterable[str]) -> list[JsonObject]:
    """Return the PATCH operations that remove, then add.

    A removal names its member in the path and has no value: with one it is refused, and without
    the filter it empties the group.
    """
    operations: list[JsonObject] = [
        {"op": "remove", "path": f"members[value eq {json.dumps(member)}]"} for member in remove
    ]
    if add:
        operations.append({"op": "add", "path": "members", "value": values(add)})
    return operations


def patch_body(operations: Sequence[JsonObject]) -> JsonObject:
    """Return the body of a PATCH."""
    return {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}


def values(ids: Iterable[str]) -> list[JsonObject]:
    """Return ids as SCIM lists them."""
    return [{"value": member} for member in ids]


def _replace(path: str, value: Any) -> JsonObject:
    return {"op": "replace", "path": path, "value": value}
