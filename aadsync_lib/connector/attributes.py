"""Names of attributes as the provisioning service knows them, where a schema shows its definitions."""

from __future__ import annotations

from collections.abc import Mapping

from aadsync_lib.errors import AadsyncError
from aadsync_lib.responses import JsonObject

# Graph's names, by which the settings go, that the provisioning service has another name for.
OTHERS: Mapping[str, str] = {
    "id": "objectId",
    "onpremisessyncenabled": "dirSyncEnabled",
    "mobilephone": "mobile",
    "officelocation": "physicalDeliveryOfficeName",
    "businessphones": "telephoneNumber",
}


def source_name(schema: JsonObject, mapping: JsonObject, name: str) -> str:
    """Return the name of a source attribute. Raises ``AadsyncError`` for one without a definition."""
    other = OTHERS.get(name.lower())
    known = _known(schema, str(mapping.get("sourceObjectName")))
    if not known:
        return other or name
    for each in filter(None, (name, other)):
        if each.lower() in known:
            return known[each.lower()]
    raise _unknown(name, "source", known)


def target_name(schema: JsonObject, mapping: JsonObject, name: str) -> str:
    """Return the name of a target attribute. Raises ``AadsyncError`` for one without a definition."""
    known = _known(schema, str(mapping.get("targetObjectName")))
    if known and name.lower() not in known:
        raise _unknown(name, "target", known)
    return known.get(name.lower(), name)


def _known(schema: JsonObject, kind: str) -> dict[str, str]:
    """Return the attributes of a type of object as they are written, by their names in small letters."""
    return {
        str(attribute.get("name")).lower(): str(attribute.get("name"))
        for directory in schema.get("directories") or []
        for each in directory.get("objects") or []
        if str(each.get("name")).lower() == kind.lower()
        for attribute in each.get("attributes") or []
    }


def _unknown(name: str, side: str, known: Mapping[str, str]) -> AadsyncError:
    return AadsyncError(
        f"connector: {name!r} is no {side} attribute of this application; it has "
        f"{', '.join(sorted(known.values()))}. Another one has to be added to its attribute list in "
        f"the Entra portal first. Nothing was changed."
    )
