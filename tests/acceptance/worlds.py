"""A small company on two days, with everything in between that a sync has to carry out."""

from __future__ import annotations

from aadsync_lib.sandbox import World

ROOT, DATA, ETL, OPS = (f"11111111-0000-4000-8000-00000000000{n}" for n in range(1, 5))
LAB = "11111111-0000-4000-8000-000000000005"
ADA, BOB, CYD, DAN, EVE, FAY = (f"22222222-0000-4000-8000-00000000000{n}" for n in range(1, 7))
GUS = "22222222-0000-4000-8000-000000000007"
ROBOT = "33333333-0000-4000-8000-000000000001"
ROBOT_APP = "33333333-0000-4000-8000-00000000aaaa"
NEW_ROBOT = "33333333-0000-4000-8000-000000000002"
NEW_ROBOT_APP = "33333333-0000-4000-8000-00000000bbbb"


def first_day() -> World:
    """Six people, a service principal and four groups, three levels deep."""
    names = {ADA: "ada", BOB: "bob", CYD: "cyd", DAN: "dan", EVE: "eve", FAY: "fay"}
    entra = {
        "users": [
            {"id": key, "userPrincipalName": f"{name}@contoso.com", "displayName": name.title()}
            for key, name in names.items()
        ],
        "groups": [
            {"id": ROOT, "displayName": "dbx-all", "members": [DATA, OPS, ADA]},
            {"id": DATA, "displayName": "Data", "members": [ETL, BOB, ROBOT]},
            {"id": ETL, "displayName": "ETL", "members": [CYD, DAN]},
            {"id": OPS, "displayName": "Ops", "members": [EVE, FAY]},
        ],
        "servicePrincipals": [{"id": ROBOT, "displayName": "Robot", "appId": ROBOT_APP}],
    }
    return World.from_json({"entra": entra})


def second_day(world: World) -> None:
    """A hire, a new robot, a new group, two leavers, renames, a move and a re-nesting."""
    entra = world.entra
    entra.add("user", {"id": GUS, "userPrincipalName": "gus@contoso.com", "displayName": "Gus"})
    entra.add_member(ETL, GUS)
    robot = {"id": NEW_ROBOT, "displayName": "Pilot", "appId": NEW_ROBOT_APP}
    entra.add("servicePrincipal", robot)
    entra.add("group", {"id": LAB, "displayName": "Lab"})
    entra.add_member(LAB, NEW_ROBOT)
    entra.add_member(LAB, BOB)
    entra.delete_user(FAY)
    entra.remove_member(ROOT, ADA)
    entra.update_user(CYD, displayName="Cyd Rivers")
    entra.rename_group(OPS, "Operations")
    entra.remove_member(ETL, DAN)
    entra.add_member(OPS, DAN)
    entra.remove_member(DATA, ETL)
    entra.add_member(OPS, ETL)
    entra.add_member(OPS, LAB)
