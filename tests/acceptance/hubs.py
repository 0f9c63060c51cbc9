"""A sync of an account that assigns its groups to two federated workspaces, and entitles them in one."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.sandbox import Sandbox, World
from tests.acceptance.stage import Picture, Stage

CLIENT_SECRET = "HUBS_CLIENT_SECRET"  # a name, not a value
HUB, LAB, SALES = "hub", "lab", "sales"
SQL = "databricks-sql-access"
Rule = dict[str, Any]


def rule(*groups: str, permission: str = "user", entitlements: tuple[str, ...] = ()) -> Rule:
    """A rule for groups whose names match."""
    return {"groups": list(groups), "permission": permission, "entitlements": list(entitlements)}


RULES: dict[str, list[Rule]] = {
    HUB: [rule("*", entitlements=(SQL,)), rule("Data", permission="admin")],
    LAB: [rule("Ops*", "dbx-all")],
}


def with_hubs(world: World) -> World:
    """Give the account two federated workspaces and one of the old kind."""
    world.add_workspace(HUB, federated=True)
    world.add_workspace(LAB, federated=True)
    world.add_workspace(SALES)
    return world


class Hubs(Stage):
    """A stage whose only target logs in by OAuth, to the account and to each workspace."""

    def __post_init__(self) -> None:
        self.rules: dict[str, list[Rule]] = {}
        super().__post_init__()

    def assign(self, rules: dict[str, list[Rule]]) -> None:
        """Set the rules, by name of the workspace."""
        self.rules = rules
        self._configure()

    def _settings(self) -> dict[str, Any]:
        tree = super()._settings()
        target = tree["targets"][0]
        secret = {"env": CLIENT_SECRET}
        client_id = self.box.client_id
        target["auth"] = {"method": "oauth_m2m", "client_id": client_id, "client_secret": secret}
        hosts = self.box.workspaces
        target["workspaces"] = [
            {"workspace_id": hosts[name].workspace_id, "host": hosts[name].url, "assign": rules}
            for name, rules in self.rules.items()
            if name in hosts
        ]
        return tree

    def picture(self) -> Picture:
        """Return the account, and who has access to its workspaces."""
        access = {f"{name} access": self.access(name) for name in self.box.workspaces}
        return super().picture() | access

    def access(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return permission and entitlements of everybody in a workspace, but for the sync itself."""
        state = self.box.workspaces[name].state
        if not state.federated:
            return {}
        return {
            who: (permission, *sorted(state.entitlements_of(who)))
            for who, permission in state.assigned().items()
            if who not in (self.box.client_id, "Sync")
        }

    def asked(self, *, after: int = 0) -> list[str]:
        """Return the requests about access since a mark, as verb and place."""
        entries = self.box.log.select("databricks", after=after, auth=False)
        return [
            f"{entry.method} {entry.place or 'account'}"
            for entry in entries
            if entry.place or "permissionassignments" in entry.path
        ]


def open_hubs(box: Sandbox, folder: Any, patch: pytest.MonkeyPatch) -> Hubs:
    """Return a sync of a world that has the hubs."""
    patch.setenv(CLIENT_SECRET, box.client_secret)
    return Hubs(box, folder)
