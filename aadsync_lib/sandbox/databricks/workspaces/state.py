"""The state of one workspace: its directory, and what it does otherwise than an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from aadsync_lib.sandbox.databricks.auth import groups_of
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import Group, JsonObject, Record, Token
from aadsync_lib.sandbox.databricks.values import Draft
from aadsync_lib.sandbox.databricks.workspaces.directory import (
    ADMINS,
    EVERYBODY,
    KINDS,
    WorkspaceDirectory,
)
from aadsync_lib.sandbox.databricks.workspaces.secret_store import SecretStore

ID_RANGE = 10**12
FIRST_WORKSPACE = 7_405_600_000_000_001


@dataclass
class WorkspaceState(WorkspaceDirectory):
    """One workspace. Hold ``lock``, which is the account's, while reading or changing it."""

    level: ClassVar[str] = "workspace"

    secrets: SecretStore = field(init=False, default_factory=SecretStore, repr=False)
    """Secret scopes. A world that is saved goes without them."""

    def __post_init__(self) -> None:
        self.lock = self.account.lock
        self.clock = self._now
        self.account_id = self.account.account_id
        self.next_id += self.number * ID_RANGE
        super().__post_init__()
        self.system(EVERYBODY).entitlements = ["workspace-access", "databricks-sql-access"]

    @property
    def workspace_id(self) -> int:
        return FIRST_WORKSPACE + self.number

    def entitle(self, principal: str, *names: str) -> None:
        """Give the principal of that name or id exactly these entitlements."""
        with self.lock:
            record_id = self.resolve(principal)
            if self.account.kind_of(record_id) is not None:
                self.granted[record_id] = list(names)
            else:
                self.record(record_id).entitlements = list(names)

    def entitlements_of(self, principal: str) -> list[str]:
        with self.lock:
            return list(self.record(self.resolve(principal)).entitlements)

    def add_client(self, client_id: str, client_secret: str, *, admin: bool = True) -> None:
        """Accept an OAuth client; its principal is the account's where the workspace is federated."""
        with self.lock:
            self.oauth_clients[client_id] = client_secret
            if self.federated:
                self.account.add_client(client_id, client_secret, admin=False)
                self.assign(client_id, "ADMIN" if admin else "USER")
                return
            if not self.service_principals.named(client_id):
                self.add_service_principal(client_id, "Sync")
            if admin:
                self.add_members(self.system(ADMINS).id, client_id)

    def is_admin(self, caller: Record) -> bool:
        """Whether the caller is an admin of this workspace, directly or by a group."""
        if not self.federated:
            return self.system(ADMINS).id in groups_of(self, caller)
        ids = {caller.id, *groups_of(self.account, caller)}
        return any(self.assignments.get(i) == "ADMIN" for i in ids)

    def draft(self, record_id: str | None) -> Draft:
        if record_id is None or self.kind_of(record_id) is None:
            return Draft(granted=())
        return Draft(granted=tuple(self.record(record_id).entitlements))

    def check_change(self, row: Record, draft: Draft) -> None:
        if self.is_copy(row):
            _check_copy(row, draft)
        elif isinstance(row, Group) and row.system:
            _check_system(row, draft, federated=self.federated)

    def check_deletion(self, row: Record) -> None:
        super().check_deletion(row)
        if self.is_copy(row):
            raise bad_request(f"{row.name} can only be managed in account")

    def settled(self, row: Record, draft: Draft) -> None:
        if draft.entitlements is not None:
            row.entitlements = draft.entitlements
        if not self.is_copy(row):
            return
        if draft.entitlements is not None:
            self.granted[row.id] = draft.entitlements
        if draft.active is not None:
            (self.inactive.discard if draft.active else self.inactive.add)(row.id)

    def arrived(self, row: Record) -> None:
        """Everybody of a workspace is in its group of everybody."""
        if not isinstance(row, Group):
            self.link(self.system(EVERYBODY).id, row.id)

    def more(self, row: Record) -> JsonObject:
        kind = type(row).__name__
        local = isinstance(row, Group) and not self.is_copy(row)
        shown: JsonObject = {"meta": {"resourceType": f"Workspace{kind}" if local else kind}}
        if row.entitlements:
            shown["entitlements"] = [{"value": name} for name in row.entitlements]
        if parents := self._parents_of(row):
            shown["groups"] = [
                {"display": g.display_name, "type": "direct", "value": g.id,
                 "$ref": f"Groups/{g.id}"}
                for g in parents
            ]  # fmt: skip
        return shown

    def token_of(self, value: str) -> Token | None:
        """Tokens of the workspace, and those of the account where it is federated."""
        token = super().token_of(value)
        if token is None and self.federated:
            token = self.account.token_of(value)
        return None if token is None or token.scim_only else token

    def secret_of(self, client_id: str) -> str | None:
        secret = super().secret_of(client_id)
        return self.account.secret_of(client_id) if secret is None and self.federated else secret

    def snapshot(self) -> JsonObject:
        """A picture by name: as of an account, with entitlements and assignments."""
        with self.lock:
            self.refresh()
            rows = [row for kind in KINDS for row in self.table(kind).values()]
            return {
                **super().snapshot(),
                "entitlements": {
                    row.name: sorted(row.entitlements)
                    for row in sorted(rows, key=lambda row: str(row.name))
                    if row.entitlements
                },
                "assignments": dict(sorted(self.assigned().items())),
            }

    def to_json(self) -> JsonObject:
        with self.lock:
            self.refresh()
            saved = super().to_json()
            for name in ("users", "service_principals", "groups"):
                saved[name] = [row for row in saved[name] if row["id"] not in self._copies]
            del saved["account_id"]
            return {
                "name": self.name,
                "federated": self.federated,
                "number": self.number,
                "granted": dict(self.granted),
                "assignments": dict(self.assignments),
                "inactive": sorted(self.inactive),
                **saved,
            }

    def restore(self, data: JsonObject) -> None:
        super().restore(data)
        self.granted = dict(data["granted"])
        self.assignments = dict(data["assignments"])
        self.inactive = set(data["inactive"])

    def _now(self) -> float:
        return self.account.clock()

    def _parents_of(self, row: Record) -> list[Group]:
        ids = dict(self.parents.get(row.id, {}))
        if self.is_copy(row):
            above = self.account.parents.get(row.id, ())
            system = [g.id for g in self.groups.values() if g.system and row.id in g.members]
            ids |= dict.fromkeys([*(i for i in above if i in self.groups), *system])
        return [self.groups[i] for i in ids]


def _check_copy(row: Record, draft: Draft) -> None:
    """Of an account's principal, a workspace changes entitlements and whether it may enter."""
    if draft.members or draft.clear_members:
        raise bad_request("Members attribute not supported for current workspace.")
    if draft.display_name not in {None, row.display_name}:
        raise bad_request(f"displayName of {row.name} can only be managed in account")
    if draft.external_id not in {None, row.external_id}:
        raise bad_request(f"externalId of {row.name} can only be managed in account")


def _check_system(group: Group, draft: Draft, *, federated: bool) -> None:
    if draft.display_name not in {None, group.display_name} or draft.external_id:
        raise ApiError(403, f"Group {group.display_name} is managed by the system")
    if (draft.members or draft.clear_members) and (federated or group.display_name != ADMINS):
        raise ApiError(403, f"Members of {group.display_name} are managed by the system")
