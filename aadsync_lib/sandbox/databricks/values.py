"""Attribute values in the forms clients are known to send; others are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import Kind
from aadsync_lib.sandbox.databricks.switches import Switches

MAX_GROUP_NAME = 255
MAX_EXTERNAL_ID = 64
EXTERNAL_ID_SWITCH: dict[Kind, str] = {
    "Users": "user_external_id",
    "Groups": "group_external_id",
    "ServicePrincipals": "service_principal_external_id",
}


@dataclass(slots=True)
class Draft:
    """Changes collected from all operations of a request, to be made together or not at all.

    Absent fields are not changed. ``members`` says of each member touched whether it stays.
    """

    display_name: str | None = None
    active: bool | None = None
    external_id: str | None = None
    """``""`` clears it."""
    given_name: str | None = None
    family_name: str | None = None
    roles: list[str] | None = None
    members: dict[str, bool] = field(default_factory=dict)
    clear_members: bool = False
    """Everyone goes who is not kept by ``members``."""
    granted: tuple[str, ...] | None = None
    """Entitlements of before; ``None`` on an account, which has none."""
    entitlements: list[str] | None = None

    @property
    def entitles_only(self) -> bool:
        """Whether it changes nothing but entitlements."""
        fields = (self.display_name, self.external_id, self.roles)
        return not (any(f is not None for f in fields) or self.members or self.clear_members)

    def keep(self, member_ids: list[str]) -> None:
        for member_id in member_ids:
            self.members[member_id] = True

    def clear(self) -> None:
        self.members.clear()
        self.clear_members = True


CAST_ERROR = "class java.lang.String cannot be cast to class java.lang.Boolean"
COMMON = frozenset({"displayname", "externalid", "roles"})
ATTRIBUTES: dict[Kind, frozenset[str]] = {
    "Users": COMMON | {"active", "name", "name.givenname", "name.familyname", "name.formatted"},
    "ServicePrincipals": COMMON | {"active"},
    "Groups": COMMON | {"members"},
}
FIXED = frozenset({"id", "schemas", "meta", "username", "emails", "applicationid", "groups"})
"""Sent back by careful clients; a change of them is ignored without an error."""


def takes(draft: Draft, kind: Kind, attribute: str) -> bool:
    """Whether a whole resource can set an attribute here; what it cannot is ignored."""
    name = attribute.lower()
    return name in ATTRIBUTES[kind] or (name == "entitlements" and draft.granted is not None)


def set_attribute(draft: Draft, kind: Kind, attribute: str, value: Any, switches: Switches) -> None:
    """Put the whole value of an attribute into the draft."""
    name = attribute.lower()
    if name in FIXED:
        return
    if name == "entitlements":
        grant(draft, value, keep=False)
        return
    if name not in ATTRIBUTES[kind]:
        raise bad_request(
            f"No such attribute with the name : {attribute} in the current resource", "invalidPath"
        )
    match name:
        case "displayname":
            draft.display_name = _display_name(value, kind, switches)
        case "externalid":
            _set_external_id(draft, kind, value, switches)
        case "active":
            draft.active = boolean(value, switches)
        case "roles":
            draft.roles = values(value, "roles")
        case "members":
            draft.clear()
            draft.keep(values(value, "members"))
        case _:
            _set_name(draft, name, value)


def _set_name(draft: Draft, name: str, value: Any) -> None:
    match name:
        case "name":
            for part, text in _object(value, "name").items():
                _set_name(draft, f"name.{part.lower()}", text)
        case "name.givenname":
            draft.given_name = _text(value, name)
        case "name.familyname":
            draft.family_name = _text(value, name)


ENTITLEMENTS = frozenset(
    {
        "workspace-access",
        "databricks-sql-access",
        "workspace-consume",
        "allow-cluster-create",
        "allow-instance-pool-create",
    }
)
CONSUMERS_OF = {"workspace-access", "databricks-sql-access"}
NO_ENTITLEMENTS = "No such attribute with the name : entitlements in the current resource"


def grant(draft: Draft, value: Any, *, keep: bool) -> None:
    """Give entitlements, besides those of before with ``keep``, else in their place."""
    have = _entitled(draft)
    wanted = list(dict.fromkeys([*(have if keep else ()), *values(_named(value), "entitlements")]))
    if unknown := [name for name in wanted if name not in ENTITLEMENTS]:
        raise bad_request(f"Entitlement {unknown[0]} is not supported", "invalidValue")
    if "workspace-consume" in wanted and not CONSUMERS_OF.isdisjoint(wanted):
        raise bad_request("workspace-consume cannot be had with other access", "invalidValue")
    draft.entitlements = wanted


def _named(value: Any) -> Any:
    """Leave out empty items: Terraform's provider sends ``[{}]`` where there is none to give."""
    return [item for item in value if item != {}] if isinstance(value, list) else value


def revoke(draft: Draft, names: list[str] | None) -> None:
    """Take entitlements away; ``None`` is all. Who has none has no such attribute."""
    have = _entitled(draft)
    if not have:
        raise bad_request(NO_ENTITLEMENTS, "invalidPath")
    draft.entitlements = [name for name in have if names is not None and name not in names]


def _entitled(draft: Draft) -> list[str]:
    if draft.granted is None:
        raise bad_request("entitlements can only be managed at the workspace level")
    return list(draft.granted) if draft.entitlements is None else draft.entitlements


def boolean(value: Any, switches: Switches) -> bool:
    """Read ``active``: true, or ``[{"value": "true"}]``. A bare string is a cast error."""
    match value:
        case bool():
            return value
        case [{"value": inner}]:
            text = str(inner).lower()
            if text in {"true", "false"}:
                return text == "true"
        case str() if switches.active_string == "error":
            raise ApiError(500, CAST_ERROR)
        case str() if value.lower() in {"true", "false"}:
            return value.lower() == "true"
    raise bad_request(f"active is not a boolean: {value!r}", "invalidValue")


def values(value: Any, attribute: str) -> list[str]:
    """Read ``[{"value": "1"}, …]``; a single object counts as a list of one."""
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise bad_request(f"{attribute} must be a list of objects", "invalidSyntax")
    found: list[str] = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("value"), str | int):
            raise bad_request(f"an item of {attribute} has no value: {item!r}", "invalidSyntax")
        found.append(str(item["value"]))
    return found


def _display_name(value: Any, kind: Kind, switches: Switches) -> str:
    text = _text(value, "displayName")
    if switches.trim_names:
        text = text.strip()
    if kind == "Groups" and not 0 < len(text) <= MAX_GROUP_NAME:
        raise bad_request(f"displayName must have 1 to {MAX_GROUP_NAME} characters")
    return text


def _set_external_id(draft: Draft, kind: Kind, value: Any, switches: Switches) -> None:
    text = "" if value is None else _text(value, "externalId")
    if kind == "Groups":
        if len(text) > MAX_EXTERNAL_ID:
            raise bad_request(f"externalId must have at most {MAX_EXTERNAL_ID} characters")
    elif not text:
        return
    if getattr(switches, EXTERNAL_ID_SWITCH[kind]) == "stored":
        draft.external_id = text


def _text(value: Any, attribute: str) -> str:
    if not isinstance(value, str):
        raise bad_request(f"{attribute} must be a string, not {value!r}", "invalidValue")
    return value


def _object(value: Any, attribute: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request(f"{attribute} must be an object, not {value!r}", "invalidValue")
    return value
