"""Workspaces of a fictional company, every other one federated, each used by hand before."""

from aadsync_lib.sandbox.generator.people import numbered
from aadsync_lib.sandbox.world import World

WORKSPACES = (
    "analytics", "sales", "research", "finance", "products", "operations", "science", "support",
)  # fmt: skip
AUDITOR = "auditor@fabrikam.com"


def add_workspaces(world: World, count: int, admin: str) -> None:
    """Add so many workspaces, of which ``admin``, a user of the account, is an admin."""
    for number in range(count):
        name = numbered(WORKSPACES, number).replace(" ", "-")
        workspace = world.add_workspace(name, federated=number % 2 == 0)
        if workspace.federated:
            workspace.assign(admin, "ADMIN")
            workspace.assign(AUDITOR)
        else:
            workspace.add_user(admin, "Break Glass")
            workspace.add_user(AUDITOR, "External Auditor")
            workspace.add_members("admins", admin)
        workspace.add_group("legacy-reports", members=[AUDITOR])
