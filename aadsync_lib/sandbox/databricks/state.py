"""The state of one Databricks account, in memory, loadable from and savable to JSON."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from aadsync_lib.sandbox.databricks.directory import Directory
from aadsync_lib.sandbox.databricks.names import name_key
from aadsync_lib.sandbox.databricks.records import (
    ADMIN_ROLE,
    Group,
    JsonObject,
    Kind,
    ServicePrincipal,
    Token,
    User,
)
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.databricks.table import Table

SYSTEM_GROUP = "account users"


@dataclass
class DatabricksState(Directory):
    """One account. Hold ``lock`` while reading or changing it from another thread."""

    account_id: str = "00000000-0000-4000-8000-00000000da7a"
    switches: Switches = field(default_factory=Switches)
    clock: Callable[[], float] = time.monotonic
    external_tokens: Callable[[str], str | None] | None = None
    """Names the application a token of another issuer stands for, as Entra tokens do on Azure."""
    application_exists: Callable[[str], bool] | None = None
    """Whether Entra has an application of that id; ``None`` where there is no Entra to ask."""

    oauth_clients: dict[str, str] = field(init=False, default_factory=dict)
    tokens: dict[str, Token] = field(init=False, default_factory=dict)
    random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.switches.seed)  # noqa: S311 - reproducible, not secret
        self.add_group(SYSTEM_GROUP, system=True)

    # Building and changing an account from Python, as an administrator would in the console.

    def add_user(
        self,
        user_name: str,
        display_name: str | None = None,
        external_id: str | None = None,
        active: bool = True,
        roles: Iterable[str] = (),
    ) -> User:
        name = user_name.lower() if self.switches.user_name_case == "lower" else user_name
        user = User(
            self.new_id(), name, display_name or name, external_id, active, roles=list(roles)
        )
        with self.lock:
            self.users.add(user)
        return user

    def add_service_principal(
        self,
        application_id: str,
        display_name: str | None = None,
        external_id: str | None = None,
        active: bool = True,
        roles: Iterable[str] = (),
    ) -> ServicePrincipal:
        principal = ServicePrincipal(
            self.new_id(),
            application_id,
            display_name or application_id,
            external_id,
            active,
            list(roles),
        )
        with self.lock:
            self.service_principals.add(principal)
        return principal

    def add_group(
        self,
        display_name: str,
        external_id: str | None = None,
        members: Iterable[str] = (),
        *,
        system: bool = False,
        aim_managed: bool = False,
        roles: Iterable[str] = (),
    ) -> Group:
        """Add a group whose members are given by name or id."""
        group = Group(self.new_id(), display_name, external_id, list(roles))
        group.system, group.aim_managed = system, aim_managed
        with self.lock:
            self.groups.add(group)
            self.add_members(group.id, *members)
        return group

    def add_members(self, group: str, *members: str) -> None:
        with self.lock:
            group_id = self.resolve(group)
            for member in members:
                self.link(group_id, self.resolve(member))

    def remove_members(self, group: str, *members: str) -> None:
        with self.lock:
            group_id = self.resolve(group)
            for member in members:
                self.unlink(group_id, self.resolve(member))

    def add_token(
        self, token: str, identity: str | None = None, *, scim_only: bool = False
    ) -> None:
        """Accept a bearer token of the user or service principal of that name or id."""
        with self.lock:
            principal = self.resolve(identity) if identity is not None else None
            self.tokens[token] = Token(principal, scim_only)

    def add_client(self, client_id: str, client_secret: str, *, admin: bool = True) -> None:
        """Accept an OAuth client, making its service principal where there is none."""
        with self.lock:
            self.oauth_clients[client_id] = client_secret
            if not self.service_principals.named(client_id):
                roles = [ADMIN_ROLE] if admin else []
                self.add_service_principal(client_id, "Sync", roles=roles)

    def capitalise_external_ids(self) -> None:
        """Turn every externalId into capitals, as another tool may have written them."""
        with self.lock:
            for table in (self.users, self.service_principals, self.groups):
                for row in table.values():
                    row.external_id = row.external_id and row.external_id.upper()

    # Looking at an account.

    def named(self, kind: Kind, name: str) -> list[Any]:
        """Every record of a kind that this account takes for one of that name."""
        folding = self.switches.name_folding
        key = name_key(name, folding)
        return [r for r in self.table(kind).named(name) if name_key(r.name, folding) == key]

    def members(self, group: str) -> set[str]:
        """Names of the direct members of the group of that name or id."""
        with self.lock:
            return {self.record(m).name for m in self.groups[self.resolve(group)].members}

    def snapshot(self) -> JsonObject:
        """Return a picture without ids and system groups, to compare final states."""
        with self.lock:
            return {
                "users": {u.user_name: _picture(u) for u in _sorted(self.users)},
                "service_principals": {
                    s.application_id: _picture(s) for s in _sorted(self.service_principals)
                },
                "groups": {
                    g.display_name: {
                        "externalId": g.external_id,
                        "members": sorted(self.record(m).name for m in g.members),
                    }
                    for g in _sorted(self.groups)
                    if not g.system
                },
            }

    def to_json(self) -> JsonObject:
        with self.lock:
            return {
                "account_id": self.account_id,
                "switches": asdict(self.switches),
                "next_id": self.next_id,
                "users": [u.to_json() for u in self.users.values()],
                "service_principals": [s.to_json() for s in self.service_principals.values()],
                "groups": [g.to_json() for g in self.groups.values()],
                "oauth_clients": dict(self.oauth_clients),
                "tokens": {k: t.to_json() for k, t in self.tokens.items() if t.expires is None},
            }

    @classmethod
    def from_json(cls, data: JsonObject) -> DatabricksState:
        state = cls(data["account_id"], Switches(**data.get("switches", {})))
        for group_id in list(state.groups):
            state.groups.drop(group_id)
        for user in data.get("users", ()):
            state.users.add(User(**user))
        for principal in data.get("service_principals", ()):
            state.service_principals.add(ServicePrincipal(**principal))
        groups = [Group.from_json(g) for g in data.get("groups", ())]
        for group in groups:
            state.groups.add(group)
        for group in groups:
            for member in group.members:
                state.link(group.id, member)
        state.oauth_clients.update(data.get("oauth_clients", {}))
        state.tokens.update({k: Token(**t) for k, t in data.get("tokens", {}).items()})
        state.next_id = data["next_id"]
        return state


def _picture(row: User | ServicePrincipal) -> JsonObject:
    return {
        "active": row.active,
        "displayName": row.display_name,
        "externalId": row.external_id,
        "roles": sorted(row.roles),
    }


def _sorted(table: Table[Any]) -> list[Any]:
    return sorted(table.values(), key=lambda row: row.name)
