"""SCIM PATCH as Databricks understands it, which is not all of RFC 7644."""

from __future__ import annotations

import re
from typing import Any

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject, Kind, Record
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.databricks.values import Draft, grant, revoke, set_attribute, values

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
VALUE_PATH = re.compile(r'(\w+)\[\s*value\s+eq\s+"?([^"\]]+)"?\s*\]', re.IGNORECASE)
REMOVE_WITH_VALUE = (
    'Unrecognized field "value" '
    "(class com.unboundid.scim2.common.messages.PatchOperation$RemoveOperation)"
)


def parse_patch(body: Any, kind: Kind, row: Record, state: DatabricksState) -> Draft:
    """Read all operations before any of them is carried out."""
    switches = state.switches
    operations = _operations(body, switches)
    draft = state.draft(row.id)
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("an operation must be an object", "invalidSyntax")
        match str(operation.get("op", "")).lower():
            case "add":
                _put(draft, kind, row, operation, switches, adding=True)
            case "replace":
                _put(draft, kind, row, operation, switches, adding=False)
            case "remove":
                _remove(draft, kind, row, operation, switches)
            case _:
                raise bad_request(f"unknown op {operation.get('op')!r}", "invalidSyntax")
    return draft


def _operations(body: Any, switches: Switches) -> list[Any]:
    if not isinstance(body, dict) or not isinstance(body.get("Operations"), list):
        raise bad_request("the request has no list of Operations", "invalidSyntax")
    if switches.patch_schemas_required and PATCH_SCHEMA not in body.get("schemas", ()):
        raise bad_request(f"schemas must be [{PATCH_SCHEMA}]", "invalidSyntax")
    operations: list[Any] = body["Operations"]
    most = switches.max_patch_operations
    if most is not None and len(operations) > most:
        raise ApiError(413, f"{len(operations)} operations are more than {most}")
    return operations


def _put(
    draft: Draft,
    kind: Kind,
    row: Record,
    operation: JsonObject,
    switches: Switches,
    *,
    adding: bool,
) -> None:
    path = operation.get("path")
    if "value" not in operation:
        raise bad_request(f"{operation['op']} of {path} has no value", "invalidValue")
    value = operation["value"]
    if path is None:
        if not isinstance(value, dict):
            raise bad_request("an operation without path needs an object", "invalidValue")
        attributes = dict(value)
    else:
        attributes = {str(path): value}
    for name, each in attributes.items():
        _check_size(each, switches)
        if "[" in name:
            raise bad_request(f"{operation['op']} does not support the path {name}", "invalidPath")
        if adding and name.lower() == "members" and kind == "Groups":
            draft.keep(values(each, "members"))
        elif adding and name.lower() == "roles":
            _add_roles(draft, row, values(each, "roles"))
        elif adding and name.lower() == "entitlements":
            grant(draft, each, keep=True)
        else:
            set_attribute(draft, kind, name, each, switches)


def _check_size(value: Any, switches: Switches) -> None:
    most = switches.max_patch_values
    if most is not None and isinstance(value, list) and len(value) > most:
        raise ApiError(413, f"{len(value)} values are more than {most}")


def _add_roles(draft: Draft, row: Record, roles: list[str]) -> None:
    have = row.roles if draft.roles is None else draft.roles
    draft.roles = list(dict.fromkeys([*have, *roles]))


def _remove(
    draft: Draft, kind: Kind, row: Record, operation: JsonObject, switches: Switches
) -> None:
    path = operation.get("path")
    if path == "entitlements":
        given = operation.get("value")
        revoke(draft, None if given is None else values(given, "entitlements"))
        return
    if "value" in operation:
        raise bad_request(REMOVE_WITH_VALUE, "invalidSyntax")
    if not isinstance(path, str):
        raise bad_request("remove needs a path", "noTarget")
    match = VALUE_PATH.fullmatch(path.strip())
    if match is None:
        _remove_all(draft, kind, path, switches)
        return
    attribute, value = match.group(1).lower(), match.group(2)
    if attribute == "members" and kind == "Groups":
        draft.members[value] = False
    elif attribute == "roles":
        have = row.roles if draft.roles is None else draft.roles
        draft.roles = [role for role in have if role != value]
    elif attribute == "entitlements":
        revoke(draft, [value])
    else:
        raise bad_request(f"remove does not support the path {path}", "invalidPath")


def _remove_all(draft: Draft, kind: Kind, path: str, switches: Switches) -> None:
    match path.lower():
        case "members" if kind == "Groups":
            if switches.remove_without_filter == "error":
                raise bad_request("remove of members needs a filter", "noTarget")
            draft.clear()
        case "roles":
            draft.roles = []
        case "externalid" if kind == "Groups":
            draft.external_id = ""
        case _:
            raise bad_request(f"remove does not support the path {path}", "invalidPath")
