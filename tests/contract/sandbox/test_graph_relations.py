"""App role assignments, deleted items, and objects by ids."""

import pytest

from tests.contract.sandbox.contoso import (
    ADA,
    APPLICATION,
    BOB,
    DATA,
    EVE,
    ROBOT,
    SOCIAL,
    TEAM,
    all_pages,
    error_of,
    ids,
)

ROLE = "77777777-0000-4000-8000-000000000001"
ZERO = "00000000-0000-0000-0000-000000000000"
ASSIGNED = f"/servicePrincipals/{APPLICATION}/appRoleAssignedTo"
BIN = "/directory/deletedItems"


@pytest.fixture
def assigned(box):
    for principal, role in ((DATA, ROLE), (ADA, ZERO), (ROBOT, ROLE)):
        box.world.entra.assign(APPLICATION, principal, role)


@pytest.mark.usefixtures("assigned")
class TestAssignments:
    def test_they_name_principal_type_and_role(self, graph):
        rows = graph.get(ASSIGNED).json()["value"]
        assert [(row["principalId"], row["principalType"]) for row in rows] == [
            (DATA, "Group"),
            (ADA, "User"),
            (ROBOT, "ServicePrincipal"),
        ]
        assert rows[0]["principalDisplayName"] == "dbx-data"
        assert [row["appRoleId"] for row in rows] == [ROLE, ZERO, ROLE]

    def test_they_come_in_pages(self, graph):
        assert len(all_pages(graph, f"{ASSIGNED}?$top=2&$select=principalId")) == 3

    def test_they_are_found_by_application_id(self, graph):
        path = f"/servicePrincipals(appId='{APPLICATION}')/appRoleAssignedTo"
        assert len(graph.get(path).json()["value"]) == 3

    def test_they_are_listed_of_a_group(self, graph):
        rows = graph.get(f"/groups/{DATA}/appRoleAssignments").json()["value"]
        assert [row["resourceDisplayName"] for row in rows] == ["Databricks"]

    def test_they_show_names_as_they_are_now(self, box, graph):
        box.world.entra.rename_group(DATA, "Renamed")
        assert graph.get(ASSIGNED).json()["value"][0]["principalDisplayName"] == "Renamed"

    def test_they_end_with_their_principal(self, box, graph):
        box.world.entra.delete_user(ADA)
        rows = graph.get(ASSIGNED).json()["value"]
        assert ADA not in {row["principalId"] for row in rows}

    def test_they_can_be_withdrawn(self, box, graph):
        row = graph.get(ASSIGNED).json()["value"][0]
        box.world.entra.unassign(row["id"])
        assert len(graph.get(ASSIGNED).json()["value"]) == 2

    def test_they_need_the_application_permission(self, box, graph):
        box.world.entra.permissions.remove("Application.Read.All")
        assert error_of(graph.get(ASSIGNED)) == (403, "Authorization_RequestDenied")

    @pytest.mark.parametrize("option", ["$filter=principalType eq 'User'", "$select=shoeSize"])
    def test_they_refuse_what_is_not_supported(self, graph, option):
        assert error_of(graph.get(f"{ASSIGNED}?{option}")) == (400, "BadRequest")

    def test_the_sdk_reads_them(self, msgraph):
        async def read(client):
            principal = client.service_principals.by_service_principal_id(APPLICATION)
            return await principal.app_role_assigned_to.get()

        assert [row.principal_type for row in msgraph(read).value] == [
            "Group",
            "User",
            "ServicePrincipal",
        ]


class TestDeletedItems:
    def test_they_need_a_cast(self, graph):
        assert error_of(graph.get(BIN)) == (400, "BadRequest")

    def test_a_deleted_user_is_there_with_its_date(self, box, graph):
        box.world.entra.delete_user(ADA)
        (row,) = graph.get(f"{BIN}/microsoft.graph.user").json()["value"]
        assert row["id"] == ADA
        assert row["deletedDateTime"]
        assert error_of(graph.get(f"/users/{ADA}")) == (404, "Request_ResourceNotFound")

    def test_a_deleted_user_carries_its_id_in_its_name(self, box, graph):
        box.world.entra.delete_user(ADA)
        row = graph.get(f"{BIN}/{ADA}").json()
        assert row["userPrincipalName"] == ADA.replace("-", "") + "Ada@contoso.com"
        assert row["@odata.type"] == "#microsoft.graph.user"

    def test_a_name_is_free_after_its_holder_was_deleted(self, box, graph):
        box.world.entra.delete_user(ADA)
        new = box.world.entra.add_user("ada@contoso.com")
        assert graph.get("/users/ada@contoso.com").json()["id"] == new

    def test_a_purged_user_is_gone(self, box, graph):
        box.world.entra.delete_user(ADA)
        box.world.entra.purge(ADA)
        assert graph.get(f"{BIN}/microsoft.graph.user").json()["value"] == []
        assert error_of(graph.get(f"{BIN}/{ADA}")) == (404, "Request_ResourceNotFound")

    def test_a_restored_user_is_back_in_its_groups(self, box, graph):
        box.world.entra.delete_user(BOB)
        box.world.entra.restore(BOB)
        assert BOB in ids(graph.get(f"/groups/{TEAM}/members").json()["value"])
        assert graph.get("/users/bob.o'neil@contoso.com").json()["id"] == BOB

    def test_they_come_in_pages_and_can_be_filtered(self, box, graph):
        for user in (ADA, BOB, EVE):
            box.world.entra.delete_user(user)
        assert ids(all_pages(graph, f"{BIN}/graph.user?$top=2&$select=id")) == [ADA, BOB, EVE]
        rows = all_pages(graph, f"{BIN}/graph.user?$filter=userType eq 'Guest'")
        assert ids(rows) == [EVE]

    def test_groups_need_a_wider_permission(self, box, graph):
        box.world.entra.delete_group(SOCIAL)
        path = f"{BIN}/microsoft.graph.group"
        assert error_of(graph.get(path)) == (403, "Authorization_RequestDenied")
        assert error_of(graph.get(f"{BIN}/{SOCIAL}")) == (403, "Authorization_RequestDenied")
        box.world.entra.permissions.add("Group.Read.All")
        assert ids(graph.get(path).json()["value"]) == [SOCIAL]

    def test_security_groups_do_not_get_there(self, box, graph):
        box.world.entra.permissions.add("Group.Read.All")
        box.world.entra.delete_group(DATA)
        assert graph.get(f"{BIN}/microsoft.graph.group").json()["value"] == []

    def test_service_principals_do(self, box, graph):
        box.world.entra.delete_service_principal(ROBOT)
        assert ids(graph.get(f"{BIN}/microsoft.graph.servicePrincipal").json()["value"]) == [ROBOT]

    def test_devices_are_not_kept(self, graph):
        assert error_of(graph.get(f"{BIN}/microsoft.graph.device")) == (400, "BadRequest")

    def test_the_sdk_reads_them(self, box, msgraph):
        box.world.entra.delete_user(ADA)

        async def read(client):
            return await client.directory.deleted_items.graph_user.get()

        assert [user.id for user in msgraph(read).value] == [ADA]


class TestByIds:
    PATH = "/directoryObjects/getByIds"

    @pytest.fixture(autouse=True)
    def _permission(self, box):
        box.world.entra.permissions.add("Directory.Read.All")

    def test_they_say_their_type_and_leave_out_the_unknown(self, graph):
        answer = graph.post(self.PATH, json={"ids": [ADA, "nothing", DATA]}).json()
        assert [(row["id"], row["@odata.type"]) for row in answer["value"]] == [
            (ADA, "#microsoft.graph.user"),
            (DATA, "#microsoft.graph.group"),
        ]

    def test_types_narrow_them(self, graph):
        answer = graph.post(self.PATH, json={"ids": [ADA, DATA], "types": ["group"]})
        assert ids(answer.json()["value"]) == [DATA]

    def test_select_is_honoured(self, graph):
        answer = graph.post(f"{self.PATH}?$select=id,displayName", json={"ids": [ADA]})
        assert set(answer.json()["value"][0]) == {"@odata.type", "id", "displayName"}
        assert answer.headers["x-ms-resource-unit"] == "4"

    def test_they_need_the_wide_permission(self, box, graph):
        box.world.entra.permissions.remove("Directory.Read.All")
        answer = graph.post(self.PATH, json={"ids": [ADA]})
        assert error_of(answer) == (403, "Authorization_RequestDenied")

    @pytest.mark.parametrize("body", [b"[]", b"nonsense", b'{"ids": []}', b'{"ids": "x"}'])
    def test_a_malformed_body_is_refused(self, graph, body):
        assert graph.post(self.PATH, content=body).status_code == 400
