"""Graph's JSON as values of the model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aadsync_lib.config.scope import Clause
from aadsync_lib.model.directory import AttributeValue, Group, ServicePrincipal, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

Shown = User | ServicePrincipal | Group
TYPE = "@odata.type"
TYPE_PREFIX = "#microsoft.graph."
KINDS: Mapping[str, Kind] = {
    "user": Kind.USER,
    "agentUser": Kind.USER,
    "servicePrincipal": Kind.SERVICE_PRINCIPAL,
    "agentIdentity": Kind.SERVICE_PRINCIPAL,
    "agentIdentityBlueprintPrincipal": Kind.SERVICE_PRINCIPAL,
    "group": Kind.GROUP,
}
NO_PRINCIPALS = frozenset({"device", "orgContact"})
USER = (
    "id",
    "userPrincipalName",
    "mail",
    "displayName",
    "accountEnabled",
    "userType",
    "creationType",
)
EXTERNAL_NAME = "#ext#"  # in the userPrincipalName of who was invited, whatever the userType says
EXTERNAL_CREATION = frozenset({"invitation", "selfservicesignup"})
ON_PREMISES = "onPremisesExtensionAttributes"


@dataclass(frozen=True, slots=True)
class UserFields:
    """Properties of a user to ask for beside the usual ones: of ``scope.users``, and of mapping templates."""

    attributes: tuple[str, ...]

    @staticmethod
    def of(clauses: Iterable[Iterable[Clause]], mapped: Iterable[str] = ()) -> UserFields:
        """Take the attributes from the clauses of ``scope.users``, and those that templates name."""
        names = {clause.attribute for listed in clauses for clause in listed}
        return UserFields(tuple(sorted(names | (set(mapped) - set(USER)))))

    @property
    def select(self) -> str:
        """Properties to ask Graph for; all extension attributes come in one of them."""
        wanted = (_property(name) for name in self.attributes)
        return ",".join(dict.fromkeys((*USER, *wanted)))

    def values(self, row: JsonObject) -> dict[str, AttributeValue]:
        """Return the values under the names that the clauses use."""
        return {name: _value(row, name) for name in self.attributes}


def type_name(row: JsonObject) -> str:
    """Return the type of a member without its prefix."""
    return str(row.get(TYPE) or "without a type").removeprefix(TYPE_PREFIX)


def user(row: JsonObject, fields: UserFields) -> User | None:
    """Return a person, or ``None`` when the answer holds limited information only."""
    name, enabled = row.get("userPrincipalName"), row.get("accountEnabled")
    if not name or enabled is None:
        return None
    return User(
        id=row["id"],
        user_principal_name=name,
        mail=row.get("mail") or None,
        display_name=row.get("displayName") or None,
        enabled=bool(enabled),
        guest=_external(row),
        attributes=fields.values(row),
    )


def shown_user(row: JsonObject, fields: UserFields) -> tuple[User, frozenset[str]]:
    """Return a person as entries of a feed show it, and which of its fields and attributes they leave out."""
    row = _told(row, "userPrincipalName", "accountEnabled")
    needs = {name: {_property(name)} for name in fields.attributes} | {
        "user_principal_name": {"userPrincipalName"},
        "mail": {"mail"},
        "display_name": {"displayName"},
        "enabled": {"accountEnabled"},
        "guest": {"userPrincipalName", "userType"},
    }
    whole = {"userPrincipalName": "?", "accountEnabled": True, **row}
    return user(whole, fields) or User(row["id"], "?"), _unsaid(row, needs)


def shown_service_principal(row: JsonObject) -> tuple[ServicePrincipal, frozenset[str]]:
    """Return a service principal in the same way."""
    row = _told(row, "appId", "accountEnabled")
    needs = {"app_id": {"appId"}, "display_name": {"displayName"}, "enabled": {"accountEnabled"}}
    whole = {"appId": "?", "accountEnabled": True, **row}
    return service_principal(whole) or ServicePrincipal(row["id"], "?"), _unsaid(row, needs)


def shown_group(row: JsonObject) -> tuple[Group, frozenset[str]]:
    """Return a group in the same way."""
    row = _told(row, "displayName")
    needs = {
        "display_name": {"displayName"},
        "mail_nickname": {"mailNickname"},
        "security_enabled": {"securityEnabled"},
    }
    return group(row, frozenset(), None), _unsaid(row, needs)


def _told(row: JsonObject, *required: str) -> JsonObject:
    """Return a row without those properties that everybody has and that it shows as nothing."""
    return {k: v for k, v in row.items() if v not in (None, "") or k not in required}


def _unsaid(row: JsonObject, needs: Mapping[str, set[str]]) -> frozenset[str]:
    return frozenset(name for name, properties in needs.items() if not properties <= row.keys())


def _external(row: JsonObject) -> bool:
    """Return whether a person logs in with an account of another organization."""
    return (
        EXTERNAL_NAME in str(row.get("userPrincipalName")).lower()
        or str(row.get("userType")).lower() == "guest"
        or str(row.get("creationType")).lower() in EXTERNAL_CREATION
    )


def service_principal(row: JsonObject) -> ServicePrincipal | None:
    """Return a service principal, or ``None`` when the answer holds limited information only."""
    app_id, enabled = row.get("appId"), row.get("accountEnabled")
    if not app_id or enabled is None:
        return None
    return ServicePrincipal(row["id"], app_id, row.get("displayName") or None, bool(enabled))


def group(row: JsonObject, members: frozenset[str], unread: str | None) -> Group:
    """Return a group; its display name is empty where Entra has none, its kind security if not known."""
    return Group(
        id=row["id"],
        display_name=row.get("displayName") or "",
        mail_nickname=row.get("mailNickname") or None,
        security_enabled=row.get("securityEnabled") is not False,
        members=members,
        unread=unread,
    )


def _property(attribute: str) -> str:
    first, _, rest = attribute.partition(".")
    return ON_PREMISES if rest or first.startswith("extensionAttribute") else first


def _value(row: JsonObject, attribute: str) -> AttributeValue:
    """Return a value as text, where it is neither that nor a truth already."""
    holder: Any = row
    if _property(attribute) == ON_PREMISES:
        holder = row.get(ON_PREMISES) or {}
    value = holder.get(attribute.rpartition(".")[2])
    if value is None or isinstance(value, str | bool):
        return value
    return json.dumps(value, ensure_ascii=False)
