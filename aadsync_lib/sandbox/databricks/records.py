"""Users, service principals, groups and tokens of an account."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Kind = Literal["Users", "Groups", "ServicePrincipals"]
JsonObject = dict[str, Any]

ADMIN_ROLE = "account_admin"


@dataclass(slots=True)
class User:
    """A person; ``user_name`` never changes, and is lower case unless a switch keeps its case."""

    id: str
    user_name: str
    display_name: str
    external_id: str | None = None
    active: bool = True
    roles: list[str] = field(default_factory=list)
    given_name: str | None = None
    family_name: str | None = None
    entitlements: list[str] = field(default_factory=list)
    """Of this workspace; an account has none."""

    @property
    def name(self) -> str:
        return self.user_name

    def copy(self) -> User:
        return replace(self, roles=list(self.roles))

    def to_json(self) -> JsonObject:
        return asdict(self)


@dataclass(slots=True)
class ServicePrincipal:
    """An application; ``application_id`` is set at creation and never changes."""

    id: str
    application_id: str
    display_name: str
    external_id: str | None = None
    active: bool = True
    roles: list[str] = field(default_factory=list)
    entitlements: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.application_id

    def copy(self) -> ServicePrincipal:
        return replace(self, roles=list(self.roles))

    def to_json(self) -> JsonObject:
        return asdict(self)


@dataclass(slots=True)
class Group:
    """A group with its direct members by id, in the order they were added."""

    id: str
    display_name: str
    external_id: str | None = None
    roles: list[str] = field(default_factory=list)
    members: dict[str, None] = field(default_factory=dict)
    system: bool = False
    aim_managed: bool = False
    entitlements: list[str] = field(default_factory=list)
    managers: list[str] = field(default_factory=list)
    """Ids of those who may change its members without being account admins."""

    @property
    def name(self) -> str:
        return self.display_name

    def copy(self) -> Group:
        return replace(self, roles=list(self.roles), members=dict(self.members))

    def to_json(self) -> JsonObject:
        return {**asdict(self), "members": list(self.members)}

    @classmethod
    def from_json(cls, data: JsonObject) -> Group:
        return cls(**{**data, "members": dict.fromkeys(data.get("members", ()))})


Record = User | ServicePrincipal | Group


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; one for SCIM provisioning belongs to nobody and opens 2.1 paths only."""

    identity: str | None = None
    scim_only: bool = False
    expires: float | None = None

    def to_json(self) -> JsonObject:
        return asdict(self)
