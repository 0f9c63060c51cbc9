"""SCIM resources and patches from values by target attribute."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aadsync_lib.sandbox.entra.kinds import JsonObject

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PATHS = {"User": "Users", "Group": "Groups"}
_TYPED = re.compile(r'(\w+)\[type eq "(\w+)"\]\.(\w+)')
_EXTENSION = re.compile(r"(urn:.+):([^:]+)")


def resource(kind: str, values: Mapping[str, str]) -> JsonObject:
    """A whole resource, as it is created."""
    return {"schemas": [CORE + kind], **attributes(values)}


def attributes(values: Mapping[str, str]) -> JsonObject:
    body: JsonObject = {}
    for target, value in values.items():
        _put(body, target, value == "True" if target == "active" else value)
    return body


def _put(body: JsonObject, target: str, value: Any) -> None:
    if typed := _TYPED.fullmatch(target):
        name, sort, part = typed.groups()
        body[name] = [{"type": sort, part: value, "primary": True}]
    elif extension := _EXTENSION.fullmatch(target):
        body.setdefault(extension[1], {})[extension[2]] = value
    elif "." in target:
        name, part = target.split(".", 1)
        body.setdefault(name, {})[part] = value
    else:
        body[target] = value


def value_in(body: JsonObject, target: str) -> str | None:
    """What a resource has for a target attribute."""
    if typed := _TYPED.fullmatch(target):
        name, sort, part = typed.groups()
        items = [item for item in body.get(name, ()) if item.get("type") == sort]
        return items[0].get(part) if items else None
    if extension := _EXTENSION.fullmatch(target):
        return _text(body.get(extension[1], {}).get(extension[2]))
    value: Any = body
    for name in target.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return _text(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def replacing(values: Mapping[str, str]) -> list[JsonObject]:
    return [{"op": "Replace", "value": attributes(values)}] if values else []


def member_changes(added: Iterable[str], removed: Iterable[str]) -> list[JsonObject]:
    operations: list[JsonObject] = []
    if listed := [{"value": member} for member in added]:
        operations.append({"op": "Add", "path": "members", "value": listed})
    operations += [{"op": "Remove", "path": f'members[value eq "{m}"]'} for m in removed]
    return operations


def patch(operations: list[JsonObject]) -> JsonObject:
    return {"schemas": [PATCH], "Operations": operations}
