"""Checks of a schema before it takes the place of another."""

from collections.abc import Iterator
from typing import Any

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.provisioning.calls import refused
from aadsync_lib.sandbox.entra.provisioning.operators import is_operator

FLOW_TYPES = frozenset(
    {"Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"}
)
SOURCE_TYPES = frozenset({"Attribute", "Constant", "Function"})
OBJECT_FLOWS = frozenset({"Add", "Update", "Delete"})


def check_schema(schema: JsonObject, directories: list[JsonObject], *, lenient: bool) -> None:
    """Refuse rules that the service could not run. ``lenient`` takes attributes of any name."""
    rules = schema.get("synchronizationRules")
    if not isinstance(rules, list) or not rules:
        raise refused("A schema without synchronizationRules cannot be saved.")
    known = None if lenient else _known(directories)
    for rule in rules:
        if not rule.get("id") or not isinstance(rule.get("objectMappings"), list):
            raise refused("A synchronization rule needs an id and objectMappings.")
        for mapping in rule["objectMappings"]:
            _check_object(mapping, known)


def _known(directories: list[JsonObject]) -> dict[str, set[str]]:
    """Names of attributes by type of object."""
    kinds = [kind for directory in directories for kind in directory.get("objects", ())]
    return {kind["name"]: {item["name"] for item in kind["attributes"]} for kind in kinds}


def _check_object(mapping: JsonObject, known: dict[str, set[str]] | None) -> None:
    name = mapping.get("name")
    flows = {flow.strip() for flow in str(mapping.get("flowTypes", "")).split(",")}
    if not flows <= OBJECT_FLOWS:
        raise refused(f"'{mapping.get('flowTypes')}' is not a valid value of flowTypes.")
    attributes = mapping.get("attributeMappings")
    if not isinstance(attributes, list):
        raise refused(f"The mapping '{name}' has no attributeMappings.")
    targets = [item.get("targetAttributeName") for item in attributes]
    if len(set(targets)) != len(targets):
        raise refused(f"The mapping '{name}' has a target attribute more than once.")
    if not any(item.get("matchingPriority", 0) > 0 for item in attributes):
        raise refused(f"The mapping '{name}' has no matching attribute.")
    for item in attributes:
        _check_attribute(mapping, item, known)
    for operator, source in _clauses(mapping.get("scope")):
        if not is_operator(operator):
            raise refused(f"The operator '{operator}' is not known.")
        _check_known(known, mapping.get("sourceObjectName"), source)


def _check_attribute(
    mapping: JsonObject, item: JsonObject, known: dict[str, set[str]] | None
) -> None:
    source = item.get("source")
    if item.get("flowType", "Always") not in FLOW_TYPES:
        raise refused(f"'{item['flowType']}' is not a valid value of flowType.")
    _check_known(known, mapping.get("targetObjectName"), item.get("targetAttributeName"))
    if source is None:
        return
    if source.get("type") not in SOURCE_TYPES:
        raise refused(f"'{source.get('type')}' is not a valid type of a source.")
    if source["type"] == "Attribute":
        _check_known(known, mapping.get("sourceObjectName"), source.get("name"))


def _check_known(known: dict[str, set[str]] | None, kind: Any, attribute: Any) -> None:
    if known is not None and attribute not in known.get(kind, ()):
        raise refused(f"The attribute '{attribute}' of '{kind}' is not in a directory definition.")


def _clauses(scope: JsonObject | None) -> Iterator[tuple[Any, Any]]:
    for group in (scope or {}).get("groups") or ():
        for clause in group.get("clauses") or ():
            values = (clause.get("targetOperand") or {}).get("values") or []
            if not all(isinstance(value, str) for value in values):
                raise refused("Values of a clause are texts.")
            yield clause.get("operatorName"), clause.get("sourceOperandName")
