"""The state of one Databricks account, in memory, loadable from and savable to JSON."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from aadsync_lib.sandbox.databricks.directory import Directory
from aadsync_lib.sandbox.databricks.errors import ApiError
from aadsync_lib.sandbox.databricks.names import name_key
from aadsync_lib.sandbox.databricks.records import (
    ADMIN_ROLE,
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
    Token,
    User,
)
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.databricks.table import Table
from aadsync_lib.sandbox.databricks.values import Draft


@dataclass
class DatabricksState(Directory):
    """One account. Hold ``lock`` while reading or changing it from another thread."""

    level: ClassVar[str] = "account"
    system_groups: ClassVar[tuple[str, ...]] = ("account users",)

    account_id: str = "00000000-0000-4000-8000-00000000da7a"
    switches: Switches = field(default_factory=Switches)
    clock: Callable[[], float] = time.monotonic
    external_tokens: Callable[[str], str | None] | None = None
    """Names the application a token of another issuer stands for, as Entra tokens do on Azure."""
    application_exists: Callable[[str], bool] | None = None
    """Whether Entra has an application of that id; ``None`` where there is no Entra to ask."""

    oauth_clients: dict[str, str] = field(init=False, default_factory=dict)
    federations: dict[str, tuple[str, str]] = field(init=False, default_factory=dict)
    """Issuer and subject of the tokens that a service principal (client id) logs in with, without a secret."""
    secret_ends: dict[str, tuple[float | str | None, ...]] = field(init=False, default_factory=dict)
    """When each OAuth secret of a client id ends, in seconds since the epoch, or as it is shown; ``None`` is never."""
    tokens: dict[str, Token] = field(init=False, default_factory=dict)
    random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.switches.seed)  # noqa: S311 - reproducible, not secret
        for name in self.system_groups:
            self.add_group(name, system=True)

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
            self.arrived(user)
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
            self.arrived(principal)
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
        managers: Iterable[str] = (),
    ) -> Group:
        """Add a group whose members and managers are given by name or id."""
        group = Group(self.new_id(), display_name, external_id, list(roles))
        group.system, group.aim_managed = system, aim_managed
        with self.lock:
            group.managers = [self.resolve(manager) for manager in managers]
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

    # What depends on the level.

    def refresh(self) -> None:
        """Bring up to date what is derived from elsewhere, before a request is handled."""

    def draft(self, record_id: str | None) -> Draft:  # noqa: ARG002 - a workspace looks it up
        """Return an empty draft for a record; ``None`` is one to come."""
        return Draft()

    def check_change(self, row: Record, draft: Draft) -> None:  # noqa: ARG002 - as above
        """Refuse changes that nobody may make at this level."""
        self.check_deletion(row)

    def check_deletion(self, row: Record) -> None:
        if isinstance(row, Group) and row.system:
            raise ApiError(403, f"Group {row.display_name} is managed by the system")

    def settled(self, row: Record, draft: Draft) -> None:
        """Keep what a draft says of things that records do not hold."""

    def arrived(self, row: Record) -> None:
        """Take a record in that was just created."""

    def more(self, row: Record) -> JsonObject:
        """Return attributes that answers show besides the record's own."""
        if not self.switches.meta_at_account:
            return {}
        return {"meta": {"resourceType": type(row).__name__}}

    def token_of(self, value: str) -> Token | None:
        """Return the token behind a bearer's text, its own or one of another issuer."""
        token = self.tokens.get(value)
        if token is not None or self.external_tokens is None:
            return token
        application_id = self.external_tokens(value)
        principals = self.service_principals.named(application_id) if application_id else []
        return Token(principals[0].id) if principals else None

    def secret_of(self, client_id: str) -> str | None:
        return self.oauth_clients.get(client_id)

    # Looking at an account.

    def named(self, kind: Kind, name: str) -> list[Any]:
        """Every record of a kind that this account takes for one of that name."""
        folding = self.switches.name_folding
        key = name_key(name, folding)
        return [r for r in self.table(kind).named(name) if name_key(r.name, folding) == key]

    def members(self, group: str) -> set[str]:
        """Names of the direct members of the group of that name or id."""
        with self.lock:
            return {self.name_of(m) for m in self.groups[self.resolve(group)].members}

    def name_of(self, record_id: str) -> str:
        found = self.shown(record_id)
        if found is None:
            raise KeyError(record_id)
        return found[1].name

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
                        "members": sorted(self.name_of(m) for m in g.members),
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
                "federations": {key: list(value) for key, value in self.federations.items()},
                "tokens": {k: t.to_json() for k, t in self.tokens.items() if t.expires is None},
            }

    @classmethod
    def from_json(cls, data: JsonObject) -> DatabricksState:
        state = cls(data["account_id"], Switches(**data.get("switches", {})))
        state.restore(data)
        return state

    def restore(self, data: JsonObject) -> None:
        """Take in the records, clients and tokens of a saved one, in place of those there are."""
        for group_id in list(self.groups):
            self.groups.drop(group_id)
        for user in data.get("users", ()):
            self.users.add(User(**user))
        for principal in data.get("service_principals", ()):
            self.service_principals.add(ServicePrincipal(**principal))
        groups = [Group.from_json(g) for g in data.get("groups", ())]
        for group in groups:
            self.groups.add(group)
        for group in groups:
            for member in group.members:
                self.link(group.id, member)
        self.oauth_clients.update(data.get("oauth_clients", {}))
        federations = data.get("federations", {}).items()
        self.federations.update({key: (issuer, sub) for key, (issuer, sub) in federations})
        self.tokens.update({k: Token(**t) for k, t in data.get("tokens", {}).items()})
        self.next_id = data["next_id"]


def _picture(row: User | ServicePrincipal) -> JsonObject:
    return {
        "active": row.active,
        "displayName": row.display_name,
        "externalId": row.external_id,
        "roles": sorted(row.roles),
    }


def _sorted(table: Table[Any]) -> list[Any]:
    return sorted(table.values(), key=lambda row: row.name)
