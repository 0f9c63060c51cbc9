"""Members of groups, as v1.0 shows them."""

import pytest
from msgraph.generated.models.service_principal import ServicePrincipal

from tests.contract.sandbox.contoso import (
    ADA,
    BOB,
    COUNCIL,
    DATA,
    DESK,
    EVE,
    LAPTOP,
    ROBOT,
    SOCIAL,
    TEAM,
    all_pages,
    error_of,
    ids,
)

EVENTUAL = {"ConsistencyLevel": "eventual"}


def test_plain_members_leave_service_principals_out(graph):
    rows = graph.get(f"/groups/{DATA}/members").json()["value"]
    assert ids(rows) == [ADA, TEAM, LAPTOP, DESK]


def test_plain_members_say_their_type(graph):
    rows = graph.get(f"/groups/{DATA}/members").json()["value"]
    types = [row["@odata.type"].removeprefix("#microsoft.graph.") for row in rows]
    assert types == ["user", "group", "device", "orgContact"]


@pytest.mark.parametrize("prefix", ["microsoft.graph", "graph"])
def test_the_cast_lists_service_principals_and_omits_their_type(graph, prefix):
    rows = graph.get(f"/groups/{DATA}/members/{prefix}.servicePrincipal").json()["value"]
    assert ids(rows) == [ROBOT]
    assert "@odata.type" not in rows[0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("user", [ADA]), ("group", [TEAM]), ("device", [LAPTOP]), ("orgContact", [DESK])],
)
def test_each_cast_lists_its_own_type_only(graph, kind, expected):
    rows = graph.get(f"/groups/{DATA}/members/microsoft.graph.{kind}").json()["value"]
    assert ids(rows) == expected


def test_an_advanced_members_query_lists_service_principals_too(graph):
    answer = graph.get(f"/groups/{DATA}/members?$count=true", headers=EVENTUAL).json()
    assert ROBOT in ids(answer["value"])
    assert answer["@odata.count"] == 5


def test_count_is_ignored_without_the_consistency_header(graph):
    answer = graph.get(f"/groups/{DATA}/members?$count=true").json()
    assert "@odata.count" not in answer
    assert ROBOT not in ids(answer["value"])


def test_the_number_of_members_includes_service_principals(graph):
    answer = graph.get(f"/groups/{DATA}/members/$count", headers=EVENTUAL)
    assert answer.text == "5"
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_number_of_members_needs_the_consistency_header(graph):
    assert graph.get(f"/groups/{DATA}/members/$count").status_code == 400


def test_a_cast_has_its_own_number(graph):
    path = f"/groups/{DATA}/members/microsoft.graph.user/$count"
    assert graph.get(path, headers=EVENTUAL).text == "1"


def test_a_group_cast_on_a_microsoft_365_group_is_refused(graph):
    answer = graph.get(f"/groups/{SOCIAL}/members/microsoft.graph.group")
    assert error_of(answer) == (400, "Request_UnsupportedQuery")


def test_an_unknown_cast_is_refused(graph):
    answer = graph.get(f"/groups/{DATA}/members/microsoft.graph.alien")
    assert error_of(answer) == (400, "BadRequest")


def test_members_of_an_unreadable_type_come_with_nulls(box, graph):
    box.world.entra.permissions = {"GroupMember.Read.All"}
    path = f"/groups/{DATA}/members?$select=id,displayName,userPrincipalName"
    ada = graph.get(path).json()["value"][0]
    assert ada == {
        "@odata.type": "#microsoft.graph.user",
        "id": ADA,
        "displayName": None,
        "userPrincipalName": None,
    }


def test_devices_are_unreadable_with_the_recommended_permissions(graph):
    laptop = graph.get(f"/groups/{DATA}/members?$select=id,displayName").json()["value"][2]
    assert laptop["id"] == LAPTOP
    assert laptop["displayName"] is None


def test_select_on_mixed_members_gives_each_type_what_it_has(graph):
    path = f"/groups/{DATA}/members?$select=id,displayName,userPrincipalName,securityEnabled"
    ada, team, *_ = graph.get(path).json()["value"]
    assert "securityEnabled" not in ada
    assert team["securityEnabled"] is True
    assert "userPrincipalName" not in team


def test_a_hidden_group_shows_its_members_with_the_permission(graph):
    assert ids(graph.get(f"/groups/{COUNCIL}/members").json()["value"]) == [BOB]


def test_a_hidden_group_looks_empty_without_the_permission(box, graph):
    box.world.entra.permissions.remove("Member.Read.Hidden")
    answer = graph.get(f"/groups/{COUNCIL}/members")
    assert (answer.status_code, answer.json()["value"]) == (200, [])


def test_members_need_a_group_permission(box, graph):
    box.world.entra.permissions = {"User.Read.All"}
    answer = graph.get(f"/groups/{DATA}/members")
    assert error_of(answer) == (403, "Authorization_RequestDenied")


def test_members_of_an_unknown_group_are_not_found(graph):
    answer = graph.get("/groups/66666666-0000-4000-8000-000000000000/members")
    assert error_of(answer) == (404, "Request_ResourceNotFound")


def test_a_soft_deleted_user_is_no_member(box, graph):
    box.world.entra.delete_user(ADA)
    assert ADA not in ids(graph.get(f"/groups/{DATA}/members").json()["value"])


def test_a_filter_on_members_is_an_advanced_query(graph):
    path = f"/groups/{TEAM}/members"
    params = {"$filter": "startswith(displayName,'bob')"}
    assert error_of(graph.get(path, params=params)) == (400, "Request_UnsupportedQuery")
    rows = graph.get(path, params={**params, "$count": "true"}, headers=EVENTUAL).json()["value"]
    assert ids(rows) == [BOB]


def test_transitive_members_are_flat_and_include_nested_groups(graph):
    rows = all_pages(graph, f"/groups/{DATA}/transitiveMembers?$top=2")
    assert set(ids(rows)) == {ADA, TEAM, LAPTOP, DESK, BOB, EVE}


def test_transitive_members_end_on_a_cycle(box, graph):
    box.world.entra.add_member(TEAM, DATA)
    rows = all_pages(graph, f"/groups/{DATA}/transitiveMembers/microsoft.graph.group")
    assert set(ids(rows)) == {TEAM, DATA}


def test_a_group_may_be_its_own_member(box, graph):
    box.world.entra.add_member(TEAM, TEAM)
    assert TEAM in ids(graph.get(f"/groups/{TEAM}/members").json()["value"])


def test_member_of_lists_the_direct_groups(graph):
    assert ids(graph.get(f"/users/{BOB}/memberOf").json()["value"]) == [TEAM, COUNCIL]


def test_member_of_hides_hidden_groups_without_the_permission(box, graph):
    box.world.entra.permissions.remove("Member.Read.Hidden")
    assert ids(graph.get(f"/users/{BOB}/memberOf").json()["value"]) == [TEAM]


def test_the_sdk_reads_members_and_the_cast(msgraph):
    async def read(client):
        members = client.groups.by_group_id(DATA).members
        return (await members.get()).value, (await members.graph_service_principal.get()).value

    plain, cast = msgraph(read)
    assert [member.id for member in plain] == [ADA, TEAM, LAPTOP, DESK]
    assert [member.id for member in cast] == [ROBOT]
    assert isinstance(cast[0], ServicePrincipal)
