"""Users, groups and service principals, listed and by key."""

from datetime import datetime

import pytest
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from tests.contract.sandbox.contoso import (
    ADA,
    BOB,
    DATA,
    EVE,
    GUEST_NAME,
    ROBOT,
    ROBOT_APP,
    SOCIAL,
    error_of,
    ids,
)

DEFAULT = {
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
}  # fmt: skip


def test_users_show_the_default_properties_only(graph):
    for user in graph.get("/users").json()["value"]:
        assert set(user) == DEFAULT


def test_other_properties_of_users_need_select(graph):
    users = graph.get("/users?$select=id,accountEnabled,userType").json()["value"]
    assert users[1] == {"id": BOB, "accountEnabled": False, "userType": "Member"}


def test_select_returns_the_id_unasked(graph):
    assert graph.get(f"/users/{ADA}?$select=mail").json()["id"] == ADA


def test_select_of_an_unknown_property_is_refused(graph):
    assert error_of(graph.get("/users?$select=id,shoeSize")) == (400, "BadRequest")


def test_select_takes_schema_extensions(graph):
    answer = graph.get(f"/users/{ADA}?$select=extension_abc_costCenter").json()
    assert answer["extension_abc_costCenter"] is None


def test_a_user_is_found_by_name_without_regard_to_case(graph):
    assert graph.get("/users/ADA@contoso.com").json()["id"] == ADA


def test_a_guest_is_found_by_its_encoded_name(graph):
    path = "/users/" + GUEST_NAME.replace("#", "%23")
    assert graph.get(path).json()["id"] == EVE


def test_a_name_with_a_quote_is_found(graph):
    assert graph.get("/users/bob.o%27neil@contoso.com").json()["id"] == BOB


def test_a_group_id_is_no_user(graph):
    assert error_of(graph.get(f"/users/{DATA}")) == (404, "Request_ResourceNotFound")


def test_a_service_principal_is_found_by_id_and_by_application(graph):
    assert graph.get(f"/servicePrincipals/{ROBOT}").json()["id"] == ROBOT
    assert graph.get(f"/servicePrincipals(appId='{ROBOT_APP}')").json()["id"] == ROBOT


def test_an_unknown_application_is_not_found(graph):
    answer = graph.get(f"/servicePrincipals(appId='{ADA}')")
    assert error_of(answer) == (404, "Request_ResourceNotFound")


def test_groups_show_what_kind_they_are(graph):
    social = graph.get(f"/groups/{SOCIAL}").json()
    assert social["groupTypes"] == ["Unified"]
    assert (social["mailEnabled"], social["securityEnabled"]) == (True, False)


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/users", "User.Read.All"),
        ("/groups", "GroupMember.Read.All"),
        ("/servicePrincipals", "Application.Read.All"),
        (f"/users/{ADA}", "User.Read.All"),
        ("/users/delta", "User.Read.All"),
    ],
)
def test_a_collection_needs_its_permission(box, graph, path, permission):
    assert graph.get(path).status_code == 200
    box.world.entra.permissions.remove(permission)
    assert error_of(graph.get(path)) == (403, "Authorization_RequestDenied")


def test_the_organization_needs_its_own_permission(box, graph):
    assert error_of(graph.get("/organization")) == (403, "Authorization_RequestDenied")
    box.world.entra.permissions.add("Organization.Read.All")
    assert graph.get("/organization").json()["value"][0]["id"] == box.tenant_id


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}])
def test_a_request_without_a_token_is_refused(box, graph, headers):
    graph.headers.pop("Authorization")
    answer = graph.get("/users", headers=headers)
    assert error_of(answer) == (401, "InvalidAuthenticationToken")


def test_an_unknown_token_is_refused(graph):
    answer = graph.get("/users", headers={"Authorization": "Bearer made-up"})
    assert error_of(answer) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in answer.headers


def test_an_error_carries_request_id_and_date(graph):
    inner = graph.get("/users/nobody").json()["error"]["innerError"]
    assert inner["request-id"]
    assert inner["client-request-id"]
    assert datetime.fromisoformat(inner["date"])


def test_an_unknown_segment_is_a_bad_request(graph):
    assert error_of(graph.get("/unicorns")) == (400, "BadRequest")


def test_there_are_two_versions_and_no_third(box, graph):
    answer = graph.get(box.graph_url.replace("v1.0", "v2.0") + "/users")
    assert answer.json()["error"]["message"] == "Invalid version: v2.0"


def test_writing_is_not_offered(graph):
    assert graph.post("/users", json={}).status_code == 405


def test_the_cost_in_resource_units_follows_the_published_table(graph):
    def cost(path):
        return graph.get(path).headers["x-ms-resource-unit"]

    assert cost("/users") == "2"
    assert cost("/users?$select=id") == "1"
    assert cost(f"/groups/{DATA}/members") == "3"
    assert cost(f"/groups/{DATA}/members?$select=id&$top=5") == "1"
    assert cost(f"/groups/{DATA}/transitiveMembers") == "5"


def test_the_sdk_reads_a_guest_by_name(msgraph):
    async def read(client):
        return await client.users.by_user_id(GUEST_NAME).get()

    assert msgraph(read).id == EVE


def test_the_sdk_reads_a_service_principal_by_application(msgraph):
    async def read(client):
        return await client.service_principals_with_app_id(ROBOT_APP).get()

    assert msgraph(read).id == ROBOT


def test_the_sdk_raises_the_error_it_was_told(msgraph):
    async def read(client):
        return await client.groups.by_group_id("nothing").get()

    with pytest.raises(ODataError) as caught:
        msgraph(read)
    assert caught.value.response_status_code == 404
    assert caught.value.error.code == "Request_ResourceNotFound"


def test_ids_are_listed_in_order_of_creation(box, graph):
    new = box.world.entra.add_user("new@contoso.com")
    assert ids(graph.get("/users?$select=id").json()["value"]) == [ADA, BOB, EVE, new]
