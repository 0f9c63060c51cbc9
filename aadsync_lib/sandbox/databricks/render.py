"""Records as the SCIM resources a client sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aadsync_lib.sandbox.databricks.names import cased
from aadsync_lib.sandbox.databricks.records import (
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
    User,
)
from aadsync_lib.sandbox.databricks.state import DatabricksState

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
SCHEMAS: dict[Kind, str] = {
    "Users": CORE + "User",
    "Groups": CORE + "Group",
    "ServicePrincipals": CORE + "ServicePrincipal",
}
ALWAYS = frozenset({"id", "schemas", "applicationid"})
"""Shown whatever is asked for; Terraform's provider does not ask for the last, and relies on it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The attributes asked for; names in lower case, dotted ones included."""

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, attributes: str | None, excluded: str | None) -> Selection:
        return cls(_names(attributes) or None, _names(excluded) or frozenset())

    def wants(self, name: str) -> bool:
        name = name.lower()
        if name in ALWAYS:
            return True
        if self.only is not None:
            return any(n.split(".")[0] == name for n in self.only)
        return name not in self.without

    def apply(self, resource: JsonObject) -> JsonObject:
        if self.only is None and not self.without:
            return resource
        return {k: self._sub(k, v) for k, v in resource.items() if self.wants(k)}

    def _sub(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._sub(name, item) for item in value]
        if not isinstance(value, dict):
            return value
        prefix = name.lower() + "."
        if self.only is not None and name.lower() not in self.only:
            return {k: v for k, v in value.items() if prefix + k.lower() in self.only}
        return {k: v for k, v in value.items() if prefix + k.lower() not in self.without}


def _names(text: str | None) -> frozenset[str]:
    names = (n.strip().lower().rpartition(":")[2] for n in (text or "").split(","))
    return frozenset(n for n in names if n)


EVERYTHING = Selection()


def render(
    state: DatabricksState, row: Record, selection: Selection = EVERYTHING, *, members: bool = True
) -> JsonObject:
    match row:
        case User():
            resource = _user(row)
        case ServicePrincipal():
            resource = _service_principal(row)
        case Group():
            resource = _group(row)
            if members and selection.wants("members"):
                _put_members(state, row, resource)
    if "externalId" in resource:
        resource["externalId"] = cased(resource["externalId"], state.switches.external_id_case)
    if row.roles:
        resource["roles"] = [{"value": role} for role in row.roles]
    return selection.apply(resource | state.more(row))


def _user(row: User) -> JsonObject:
    resource: JsonObject = {
        "schemas": [SCHEMAS["Users"]],
        "id": row.id,
        "userName": row.user_name,
        "displayName": row.display_name,
        "emails": [{"type": "work", "value": row.user_name, "primary": True}],
        "active": row.active,
    }
    name = {"givenName": row.given_name, "familyName": row.family_name}
    if any(name.values()):
        resource["name"] = {k: v for k, v in name.items() if v}
    return _with_external_id(resource, row.external_id)


def _service_principal(row: ServicePrincipal) -> JsonObject:
    resource: JsonObject = {
        "schemas": [SCHEMAS["ServicePrincipals"]],
        "id": row.id,
        "applicationId": row.application_id,
        "displayName": row.display_name,
        "active": row.active,
    }
    return _with_external_id(resource, row.external_id)


def _group(row: Group) -> JsonObject:
    resource: JsonObject = {
        "schemas": [SCHEMAS["Groups"]],
        "id": row.id,
        "displayName": row.display_name,
    }
    return _with_external_id(resource, row.external_id)


def _with_external_id(resource: JsonObject, external_id: str | None) -> JsonObject:
    if external_id:
        resource["externalId"] = external_id
    return resource


def _put_members(state: DatabricksState, row: Group, resource: JsonObject) -> None:
    shown: Iterable[str] = () if row.aim_managed else row.members
    members = [m for m in (_member(state, i) for i in shown) if m is not None]
    match state.switches.member_order:
        case "reversed":
            members.reverse()
        case "shuffled":
            state.random.shuffle(members)
    if members or state.switches.empty_members_listed:
        resource["members"] = members


def _member(state: DatabricksState, member_id: str) -> JsonObject | None:
    found = state.shown(member_id)
    if found is None:  # a stale group can name someone who is gone
        return None
    kind, row = found
    return {"$ref": f"{kind}/{member_id}", "value": member_id, "display": row.display_name}
