"""Recognition of identity federation: a workspace that takes its identities from its account."""

from __future__ import annotations

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.place import API
from aadsync_lib.model.account import Unread
from aadsync_lib.ports import ChangeRefused

ASSIGNMENTS = "preview/permissionassignments"
SHOWN = f"{API}/{ASSIGNMENTS}"
NOT_FEDERATED = "not available for this workspace"  # with status 400

RECOGNISED = (
    f"the workspace takes its identities from its account (identity federation): it answers GET "
    f"{SHOWN}, which others refuse with 400"
)
INSTEAD = (
    "Use a target of level account, and name this workspace under its workspaces, with the groups to "
    "assign: what level workspace makes would be known here alone and stand in the way of the account's "
    "groups of the same name."
)
UNKNOWN = (
    f"whether this workspace takes its identities from its account (identity federation) is not known: "
    f"{{0}}. If it does, use a target of level account with this workspace under its workspaces; an admin "
    f"of the workspace may read GET {SHOWN}, which tells"
)


def is_federated(client: ScimClient) -> bool | Unread:
    """Ask for the workspace's assignments, which exist with identity federation alone; nothing is written.

    Without federation the answer is 400 "Permission assignment APIs are not
    available for this workspace"; any other error leaves it open.
    """
    try:
        client.get(ASSIGNMENTS)
    except Refusal as refusal:
        if refusal.status == 400 and NOT_FEDERATED in refusal.detail.lower():
            return False
        return Unread(str(refusal))
    except ChangeRefused as failure:
        return Unread(str(failure))
    return True
