"""Attribute mappings in a schema, which is sent back whole with only what is named changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aadsync_lib.connector.attributes import source_name, target_name
from aadsync_lib.responses import JsonObject

TYPES = {"users": "User", "groups": "Group"}  # sourceObjectName, by the settings' word


def mappings_of(schema: JsonObject, kind: str) -> Iterator[JsonObject]:
    """Yield the object mappings of ``users`` or ``groups``."""
    for rule in schema.get("synchronizationRules") or []:
        for mapping in rule.get("objectMappings") or []:
            if str(mapping.get("sourceObjectName")).lower() == TYPES[kind].lower():
                yield mapping


def source_of(mapping: JsonObject, target: str) -> str | None:
    """Return the source of a target attribute: an attribute's name, or an expression; ``None`` for none."""
    row = _row(mapping, target)
    source = row.get("source") if row else None
    if not isinstance(source, dict):
        return None
    if str(source.get("type")).lower() == "attribute":
        return str(source.get("name"))
    return str(source.get("expression") or source.get("name"))


def differing(
    schema: JsonObject, kind: str, wanted: Mapping[str, str]
) -> Iterator[tuple[str, str | None, str]]:
    """Yield target attribute, source that it has and source that it is to have.

    Raises ``AadsyncError`` for an attribute that the schema has no definition of.
    """
    for mapping in mappings_of(schema, kind):
        for target, source in wanted.items():
            name = source_name(schema, mapping, source)
            has = source_of(mapping, target_name(schema, mapping, target))
            if (has or "").lower() != name.lower():
                yield target, has, name


def map_attributes(schema: JsonObject, kind: str, wanted: Mapping[str, str]) -> None:
    """Change the mappings of these target attributes, in place."""
    for mapping in mappings_of(schema, kind):
        for target, source in wanted.items():
            name, goal = source_name(schema, mapping, source), target_name(schema, mapping, target)
            if (source_of(mapping, goal) or "").lower() == name.lower():
                continue
            row = _row(mapping, goal)
            if row is None:
                row = _new(goal)
                mapping.setdefault("attributeMappings", []).append(row)
            row["source"] = _attribute(name)


def _row(mapping: JsonObject, target: str) -> JsonObject | None:
    rows = mapping.get("attributeMappings") or []
    return next(
        (row for row in rows if str(row.get("targetAttributeName")).lower() == target.lower()), None
    )


def _attribute(name: str) -> dict[str, Any]:
    return {"expression": f"[{name}]", "name": name, "type": "Attribute", "parameters": []}


def _new(target: str) -> dict[str, Any]:
    return {
        "targetAttributeName": target,
        "matchingPriority": 0,
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
    }
