"""A small hand-made world, and ways to read answers."""

from typing import Any

import httpx

from aadsync_lib.sandbox import World

DATA = "11111111-0000-4000-8000-000000000001"
TEAM = "11111111-0000-4000-8000-000000000002"
SOCIAL = "11111111-0000-4000-8000-000000000003"
COUNCIL = "11111111-0000-4000-8000-000000000004"
ADA = "22222222-0000-4000-8000-000000000001"
BOB = "22222222-0000-4000-8000-000000000002"
EVE = "22222222-0000-4000-8000-000000000003"
ROBOT = "33333333-0000-4000-8000-000000000001"
ROBOT_APP = "33333333-0000-4000-8000-00000000aaaa"
APPLICATION = "33333333-0000-4000-8000-000000000002"
LAPTOP = "44444444-0000-4000-8000-000000000001"
DESK = "55555555-0000-4000-8000-000000000001"
GUEST_NAME = "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com"


def small_world() -> World:
    """Data has people, a service principal, a device, a contact and the nested group Team."""
    entra = {
        "users": [
            {"id": ADA, "userPrincipalName": "Ada@contoso.com", "displayName": "Ada Lovelace",
             "mail": "ada@contoso.com", "department": "Data"},
            {"id": BOB, "userPrincipalName": "bob.o'neil@contoso.com", "accountEnabled": False},
            {"id": EVE, "userPrincipalName": GUEST_NAME, "mail": "eve@fabrikam.com",
             "userType": "Guest"},
        ],
        "groups": [
            {"id": DATA, "displayName": "dbx-data",
             "members": [ADA, ROBOT, TEAM, LAPTOP, DESK]},
            {"id": TEAM, "displayName": "R&D's team", "members": [BOB, EVE]},
            {"id": SOCIAL, "displayName": "Social", "groupTypes": ["Unified"],
             "mailEnabled": True, "securityEnabled": False, "members": [ADA]},
            {"id": COUNCIL, "displayName": "Council", "visibility": "HiddenMembership",
             "members": [BOB]},
        ],
        "servicePrincipals": [
            {"id": ROBOT, "displayName": "Robot", "appId": ROBOT_APP},
            {"id": APPLICATION, "displayName": "Databricks", "appId": APPLICATION},
        ],
        "devices": [{"id": LAPTOP, "displayName": "Laptop"}],
        "contacts": [{"id": DESK, "displayName": "Desk", "mail": "desk@fabrikam.com"}],
    }  # fmt: skip
    return World.from_json({"entra": entra})


def all_pages(client: httpx.Client, url: str, **options: Any) -> list[dict[str, Any]]:
    """Every row of a collection, through its next links."""
    answer = client.get(url, **options).raise_for_status().json()
    rows = answer["value"]
    while link := answer.get("@odata.nextLink"):
        answer = client.get(link, headers=options.get("headers")).raise_for_status().json()
        rows += answer["value"]
    return rows


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def read_round(client: httpx.Client, url: str, **options) -> tuple[list[dict], str]:
    """All rows of a round, and the link to the next."""
    rows = []
    while True:
        answer = client.get(url, **options).raise_for_status().json()
        rows += answer["value"]
        assert ("@odata.nextLink" in answer) != ("@odata.deltaLink" in answer)
        if "@odata.deltaLink" in answer:
            return rows, answer["@odata.deltaLink"]
        url = answer["@odata.nextLink"]


def members_of(rows: list[dict], group: str) -> list[str]:
    """Members of a group, put together from all rows that repeat it."""
    return [m["id"] for row in rows if row["id"] == group for m in row.get("members@delta", [])]
