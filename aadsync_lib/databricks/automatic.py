"""Groups of automatic identity management, told by where their direct members come from."""

from __future__ import annotations

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.ports import ChangeRefused
from aadsync_lib.responses import JsonObject

PAGE = 1000  # the most that one request gives (Databricks SDK, list_direct_group_members)
FROM_ENTRA = "IDENTITY_PROVIDER"


def is_automatic(client: ScimClient, identity: str, group_id: str) -> bool:
    """Return whether any direct member of a group is the identity provider's.

    The identity API is not on every account, and not for every login: without an answer nothing is known,
    and the group is written as SCIM shows it.
    """
    query: JsonObject = {"page_size": PAGE}
    while True:
        try:
            answer = client.get(f"{identity}/groups/{group_id}/direct-members", query)
        except ChangeRefused:
            return False
        rows = answer.get("direct_group_members") or ()
        if any(row.get("membership_source") == FROM_ENTRA for row in rows):
            return True
        token = answer.get("next_page_token")
        if not token:
            return False
        query = {"page_size": PAGE, "page_token": token}
