"""The state of the sandbox's Entra tenant: its directory, the caller's permissions, switches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Self

from aadsync_lib.sandbox.entra.directory import Deleted, Directory
from aadsync_lib.sandbox.entra.graph_roles import GRAPH_APP, graph_principal
from aadsync_lib.sandbox.entra.kinds import KINDS, JsonObject, Kind
from aadsync_lib.sandbox.entra.memory.applications import Applications
from aadsync_lib.sandbox.entra.memory.provisioning import Provisioning
from aadsync_lib.sandbox.entra.tokens import Tokens

PERMISSIONS = frozenset(
    {"GroupMember.Read.All", "User.Read.All", "Application.Read.All", "Member.Read.Hidden"}
)
CONNECTOR_PERMISSIONS = frozenset(
    {"Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All", "ProvisioningLog.Read.All"}
)
"""With those of a sync, all that setting up and watching a connector takes."""
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
TENANT = "5f0a2d3e-6c1b-4d4e-9f70-0c0ffee0ada0"


class EntraState(Directory):
    """A tenant. The switches below ``permissions`` make it as unpleasant as the real one."""

    def __init__(
        self,
        tenant_id: str = TENANT,
        display_name: str = "Contoso",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(tenant_id, clock)
        self.display_name = display_name
        self._permissions: set[str] = set(PERMISSIONS)
        self._of_caller: set[str] | None = None
        self.empty_pages = 0  # every n-th page is empty, with a next link; 0: none
        self.delta_page_size = 200
        self.delta_members_per_page = 500
        self.delta_replays = 0  # a round repeats so many changes of the round before
        self.delta_lag = 0  # so many of the latest changes do not show in delta yet
        self.delta_expiry = "gone"  # gone: 410 with Location | syncStateNotFound: 400
        self.removed_in_first_round = False  # a first round shows the recycle bin, too
        self.unlisted: list[str] = []  # ids that listings by filter leave out; GET by id has them
        self.orphan_assignments = False  # assignments outlive the principals that they are of
        self.applications = Applications()
        self.provisioning = Provisioning()
        self.pages_served = 0
        secret = token_hex(16)  # the change log lives as long as this state, and so do tokens
        self.page_tokens = Tokens("page", secret)
        self.delta_tokens = Tokens("delta", secret)

    @property
    def permissions(self) -> set[str]:
        """What the application that the sandbox is made with may do; during a request, what its caller may."""
        return self._permissions if self._of_caller is None else self._of_caller

    @permissions.setter
    def permissions(self, value: set[str]) -> None:
        self._permissions = value

    @contextmanager
    def called_with(self, permissions: frozenset[str] | None) -> Iterator[None]:
        """Handle a request of a caller with these permissions, under the lock."""
        self._of_caller = None if permissions is None else set(permissions)
        try:
            yield
        finally:
            self._of_caller = None

    def find(self, name: str) -> str | None:
        """Every tenant has Graph's service principal; here from the first time that somebody asks for it."""
        if name == GRAPH_APP and super().find(name) is None:
            self.insert("servicePrincipal", graph_principal(self.tenant_id))
        return super().find(name)

    def expire_page_tokens(self) -> None:
        self.page_tokens.expire()

    def expire_delta_tokens(self, answer: str = "gone") -> None:
        """Expire every delta token. ``answer`` is ``gone`` or ``syncStateNotFound``."""
        self.delta_expiry = answer
        self.delta_tokens.expire()

    def may_read(self, kind: Kind) -> bool:
        return not self.permissions.isdisjoint(kind.permissions)

    def members_visible(self, group: str) -> bool:
        """Whether the caller sees who is in ``group`` at all."""
        hidden = self.objects[group].get("visibility") == "HiddenMembership"
        return not hidden or "Member.Read.Hidden" in self.permissions

    def add_user(self, user_principal_name: str, **properties: Any) -> str:
        name = properties.pop("displayName", user_principal_name.partition("@")[0])
        return self.add(
            "user", {"userPrincipalName": user_principal_name, "displayName": name, **properties}
        )

    def update_user(self, user: str, **properties: Any) -> None:
        self.update(user, **properties)

    def delete_user(self, user: str) -> None:
        """Move a user to the recycle bin, where its name carries its id in front."""
        name = self.objects[user]["userPrincipalName"]
        self.delete(user, soft=True)
        self.deleted[user].object["userPrincipalName"] = user.replace("-", "") + name

    def restore(self, key: str) -> None:
        item = self.deleted[key].object
        name = item.get("userPrincipalName")
        if name is not None:
            item["userPrincipalName"] = name.removeprefix(key.replace("-", ""))
        super().restore(key)

    def add_group(self, display_name: str, **properties: Any) -> str:
        members = properties.pop("members", ())
        group = self.add("group", {"displayName": display_name, **properties})
        for member in members:
            self.add_member(group, member)
        return group

    def rename_group(self, group: str, display_name: str) -> None:
        self.update(group, displayName=display_name)

    def delete_group(self, group: str) -> None:
        """Microsoft 365 groups go to the recycle bin; security groups are gone at once."""
        self.delete(group, soft="Unified" in self.objects[group]["groupTypes"])

    def add_service_principal(self, display_name: str, app_id: str, **properties: Any) -> str:
        return self.add(
            "servicePrincipal", {"displayName": display_name, "appId": app_id, **properties}
        )

    def delete_service_principal(self, service_principal: str) -> None:
        self.delete(service_principal, soft=True)
        self.provisioning.forget(service_principal)

    def add_device(self, display_name: str, **properties: Any) -> str:
        return self.add("device", {"displayName": display_name, **properties})

    def add_contact(self, display_name: str, **properties: Any) -> str:
        return self.add("orgContact", {"displayName": display_name, **properties})

    def assign(
        self, service_principal: str, principal: str, app_role_id: str = DEFAULT_ACCESS
    ) -> str:
        """Assign a user, group or service principal to an enterprise application."""
        with self.lock:
            key = f"{principal}.{service_principal}.{app_role_id}"
            self.assignments[key] = {
                "id": key,
                "appRoleId": app_role_id,
                "createdDateTime": self.now(),
                "principalId": principal,
                "resourceId": service_principal,
            }
            return key

    def unassign(self, assignment: str) -> None:
        with self.lock:
            del self.assignments[assignment]

    def to_json(self) -> JsonObject:
        """The ``entra`` section of a world file."""
        with self.lock:
            listed = {
                kind.collection: [self._written(key) for key in self.ids(kind.name)]
                for kind in KINDS.values()
            }
            return {
                "tenant_id": self.tenant_id,
                "display_name": self.display_name,
                "permissions": sorted(self.permissions),
                **listed,
                "deleted": [_deleted_json(gone) for gone in self.deleted.values()],
                "appRoleAssignments": list(self.assignments.values()),
                "applicationState": self.applications.to_json(),
                "provisioning": self.provisioning.to_json(),
            }

    def _written(self, key: str) -> JsonObject:
        item = self.objects[key]
        members = self.members.get(key)
        return item if members is None else {**item, "members": list(members)}

    @classmethod
    def from_json(cls, section: JsonObject) -> Self:
        state = cls(section.get("tenant_id", TENANT), section.get("display_name", "Contoso"))
        state.permissions = set(section.get("permissions", PERMISSIONS))
        members: dict[str, list[str]] = {}
        for kind in KINDS.values():
            for item in section.get(kind.collection, ()):
                own = {k: v for k, v in item.items() if k != "members"}
                members[state.insert(kind.name, _named(own))] = item.get("members", [])
        for gone in section.get("deleted", ()):
            state.bury(gone)
        for group, listed in members.items():
            for member in listed:
                state.add_member(group, member)
        for entry in section.get("appRoleAssignments", ()):
            role = entry.get("appRoleId", DEFAULT_ACCESS)
            key = state.assign(entry["resourceId"], entry["principalId"], role)
            state.assignments[key].update(entry)
        state.applications = Applications.from_json(section.get("applicationState", {}))
        state.provisioning = Provisioning.from_json(section.get("provisioning", {}))
        state.log.clear()
        return state

    def bury(self, entry: JsonObject) -> None:
        """Put an object of a world file straight into the recycle bin."""
        item = dict(entry["object"])
        item.setdefault("deletedDateTime", self.now())
        self.deleted[item["id"]] = Deleted(
            entry["kind"], item, tuple(entry.get("parents", ())), tuple(entry.get("members", ()))
        )


def _deleted_json(gone: Deleted) -> JsonObject:
    return {
        "kind": gone.kind,
        "object": gone.object,
        "parents": list(gone.parents),
        "members": list(gone.members),
    }


def _named(item: JsonObject) -> JsonObject:
    name = item.get("userPrincipalName", item.get("id"))
    return {"displayName": None if name is None else name.partition("@")[0], **item}
