"""Delta query: what changed since the last round."""

import httpx
import pytest
from contoso import (
    ADA,
    BOB,
    COUNCIL,
    DATA,
    DESK,
    EVE,
    LAPTOP,
    ROBOT,
    ROBOT_APP,
    SOCIAL,
    TEAM,
    error_of,
    ids,
)

from aadsync_lib.sandbox import Sandbox

GROUPS = "/groups/delta?$select=displayName,members"
GONE = {"reason": "deleted"}


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


@pytest.mark.parametrize("path", ["/groups/delta", "/groups/delta()"])
def test_a_first_round_lists_everything_with_direct_members(graph, path):
    rows, _ = read_round(graph, path)
    assert ids(rows) == [DATA, TEAM, SOCIAL, COUNCIL]
    assert members_of(rows, DATA) == [ADA, ROBOT, TEAM, LAPTOP, DESK]


def test_members_carry_type_and_id_only(graph):
    rows, _ = read_round(graph, GROUPS)
    assert rows[1]["members@delta"][0] == {"@odata.type": "#microsoft.graph.user", "id": BOB}


def test_members_are_tracked_only_when_selected(box, graph):
    rows, link = read_round(graph, "/groups/delta?$select=displayName")
    assert "members@delta" not in rows[0]
    box.world.entra.add_member(TEAM, ADA)
    assert read_round(graph, link)[0] == []


def test_a_round_without_changes_is_empty(graph):
    _, link = read_round(graph, GROUPS)
    assert read_round(graph, link)[0] == []


def test_latest_gives_a_link_and_no_rows(box, graph):
    rows, link = read_round(graph, GROUPS + "&$deltatoken=latest")
    assert rows == []
    box.world.entra.rename_group(TEAM, "Renamed")
    assert ids(read_round(graph, link)[0]) == [TEAM]


def test_a_rename_is_reported_once(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.rename_group(TEAM, "Renamed")
    rows, link = read_round(graph, link)
    assert rows == [{"id": TEAM, "displayName": "Renamed"}]
    assert read_round(graph, link)[0] == []


def test_a_removed_member_is_marked(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.remove_member(TEAM, BOB)
    (row,) = read_round(graph, link)[0]
    entry = {"@odata.type": "#microsoft.graph.user", "id": BOB, "@removed": GONE}
    assert row["members@delta"] == [entry]


def test_only_the_last_of_several_changes_of_a_membership_counts(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.remove_member(TEAM, BOB)
    box.world.entra.add_member(TEAM, BOB)
    (row,) = read_round(graph, link)[0]
    assert row["members@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": BOB}]


def test_a_deleted_member_is_a_removed_member(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.delete_user(BOB)
    rows, _ = read_round(graph, link)
    assert members_of(rows, TEAM) == [BOB]
    assert rows[0]["members@delta"][0]["@removed"] == GONE


def test_a_change_in_a_nested_group_is_reported_of_that_group_only(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.add_member(TEAM, ADA)
    assert ids(read_round(graph, link)[0]) == [TEAM]


def test_a_deleted_security_group_is_gone(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.delete_group(TEAM)
    rows, _ = read_round(graph, link)
    assert {"id": TEAM, "@removed": GONE} in rows
    assert members_of(rows, DATA) == [TEAM]


def test_a_deleted_microsoft_365_group_can_be_restored(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.delete_group(SOCIAL)
    rows, link = read_round(graph, link)
    assert rows == [{"id": SOCIAL, "@removed": {"reason": "changed"}}]
    box.world.entra.restore(SOCIAL)
    rows, _ = read_round(graph, link)
    assert rows[0]["displayName"] == "Social"
    assert members_of(rows, SOCIAL) == [ADA]


def test_a_user_goes_from_changed_to_deleted_when_purged(box, graph):
    _, link = read_round(graph, "/users/delta?$select=displayName")
    box.world.entra.delete_user(ADA)
    rows, link = read_round(graph, link)
    assert rows == [{"id": ADA, "@removed": {"reason": "changed"}}]
    box.world.entra.purge(ADA)
    rows, _ = read_round(graph, link)
    assert rows == [{"id": ADA, "@removed": GONE}]


def test_a_restored_user_comes_back_with_its_memberships(box, graph):
    box.world.entra.delete_user(BOB)
    _, users = read_round(graph, "/users/delta?$select=displayName,userPrincipalName")
    _, groups = read_round(graph, GROUPS)
    box.world.entra.restore(BOB)
    assert read_round(graph, users)[0][0]["userPrincipalName"] == "bob.o'neil@contoso.com"
    assert members_of(read_round(graph, groups)[0], TEAM) == [BOB]


def test_users_are_reported_for_selected_properties_only(box, graph):
    _, link = read_round(graph, "/users/delta?$select=displayName,accountEnabled")
    box.world.entra.update_user(ADA, department="AI")
    rows, link = read_round(graph, link)
    assert rows == []
    box.world.entra.update_user(ADA, accountEnabled=False)
    assert read_round(graph, link)[0][0]["accountEnabled"] is False


def test_a_property_that_was_never_set_is_left_out_and_a_cleared_one_is_null(box, graph):
    rows, link = read_round(graph, "/users/delta?$select=displayName,mail")
    assert "mail" not in rows[1]
    box.world.entra.update_user(ADA, mail=None)
    assert read_round(graph, link)[0] == [{"id": ADA, "displayName": "Ada Lovelace", "mail": None}]


def test_minimal_answers_hold_changed_properties_only(box, graph):
    _, link = read_round(graph, "/users/delta?$select=displayName,mail")
    box.world.entra.update_user(ADA, mail="lovelace@contoso.com")
    rows, _ = read_round(graph, link, headers={"Prefer": "return=minimal"})
    assert rows == [{"id": ADA, "mail": "lovelace@contoso.com"}]


def test_service_principals_have_a_delta(box, graph):
    rows, link = read_round(graph, "/servicePrincipals/delta?$select=appId,accountEnabled")
    assert rows[0]["appId"] == ROBOT_APP
    box.world.entra.update(ROBOT, accountEnabled=False)
    assert read_round(graph, link)[0][0]["accountEnabled"] is False


def test_a_large_group_is_repeated_over_several_pages(box, graph):
    box.world.entra.delta_members_per_page = 2
    rows, link = read_round(graph, GROUPS)
    assert ids(rows).count(DATA) == 3
    assert members_of(rows, DATA) == [ADA, ROBOT, TEAM, LAPTOP, DESK]
    assert members_of(rows, TEAM) == [BOB, EVE]
    for member in (BOB, EVE, SOCIAL):
        box.world.entra.add_member(DATA, member)
    rows, _ = read_round(graph, link)
    assert ids(rows) == [DATA, DATA]
    assert members_of(rows, DATA) == [BOB, EVE, SOCIAL]


def test_changes_during_a_first_round_lose_nobody(box, graph):
    state = box.world.entra
    state.delta_page_size = state.delta_members_per_page = 2
    first = graph.get(GROUPS).json()
    state.remove_member(DATA, ADA)
    state.delete_group(TEAM)
    rows, link = read_round(graph, first["@odata.nextLink"])
    assert {SOCIAL, COUNCIL} <= set(ids(rows))
    assert set(members_of(first["value"] + rows, DATA)) >= {LAPTOP, DESK}
    later, _ = read_round(graph, link)
    assert {"id": TEAM, "@removed": GONE} in later
    assert ADA in members_of(later, DATA)


def test_an_empty_page_has_a_next_link(box, graph):
    box.world.entra.empty_pages = 1
    first = graph.get(GROUPS).json()
    assert first["value"] == []
    assert ids(read_round(graph, first["@odata.nextLink"])[0]) == [DATA, TEAM, SOCIAL, COUNCIL]


def test_replays_repeat_changes_already_told(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.rename_group(TEAM, "Renamed")
    _, link = read_round(graph, link)
    box.world.entra.delta_replays = 1
    assert ids(read_round(graph, link)[0]) == [TEAM]


def test_a_late_change_shows_in_a_later_round(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.delta_lag = 1
    box.world.entra.rename_group(TEAM, "Renamed")
    rows, link = read_round(graph, link)
    assert rows == []
    box.world.entra.delta_lag = 0
    assert ids(read_round(graph, link)[0]) == [TEAM]


def test_a_first_round_may_show_the_recycle_bin(box, graph):
    box.world.entra.delete_user(BOB)
    box.world.entra.removed_in_first_round = True
    rows, _ = read_round(graph, "/users/delta?$select=displayName")
    assert rows[-1] == {"id": BOB, "@removed": {"reason": "changed"}}


def test_an_expired_delta_token_sends_to_the_start(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.expire_delta_tokens()
    answer = graph.get(link)
    assert error_of(answer) == (410, "resyncRequired")
    location = answer.headers["Location"]
    assert location.endswith("/groups/delta?$deltatoken=")
    assert ids(read_round(graph, location)[0]) == [DATA, TEAM, SOCIAL, COUNCIL]


def test_an_expired_delta_token_may_be_a_missing_sync_state(box, graph):
    _, link = read_round(graph, GROUPS)
    box.world.entra.expire_delta_tokens("syncStateNotFound")
    assert error_of(graph.get(link)) == (400, "syncStateNotFound")


def test_a_delta_token_of_another_life_of_the_tenant_is_expired(box, graph):
    _, link = read_round(graph, GROUPS)
    box.reset(type(box.world).from_json(box.world.to_json()))
    assert graph.get(link).status_code == 410


def test_an_expired_page_token_in_a_round_has_its_own_error(box, graph):
    box.world.entra.delta_page_size = 1
    link = graph.get(GROUPS).json()["@odata.nextLink"]
    box.world.entra.expire_page_tokens()
    assert error_of(graph.get(link)) == (400, "Directory_ExpiredPageToken")


def test_tokens_carry_the_options(box, graph):
    box.world.entra.delta_page_size = 1
    answer = graph.get(GROUPS).json()
    assert "select" not in answer["@odata.nextLink"]
    assert "createdDateTime" not in graph.get(answer["@odata.nextLink"]).json()["value"][0]


def test_delta_follows_up_to_fifty_objects_by_id(box, graph):
    url = f"/groups/delta?$select=displayName&$filter=id eq '{TEAM}' or id eq '{SOCIAL}'"
    rows, link = read_round(graph, url)
    assert ids(rows) == [TEAM, SOCIAL]
    box.world.entra.rename_group(DATA, "Not followed")
    box.world.entra.rename_group(TEAM, "Followed")
    assert ids(read_round(graph, link)[0]) == [TEAM]


@pytest.mark.parametrize(
    "options",
    [
        "$filter=displayName eq 'x'",
        "$filter=" + " or ".join(f"id eq '{n}'" for n in range(51)),
        "$top=5",
        "$expand=members",
        "$orderby=displayName",
    ],
)
def test_other_options_are_refused(graph, options):
    assert error_of(graph.get(f"/groups/delta?{options}")) == (400, "Request_UnsupportedQuery")


def test_an_unknown_property_is_refused(graph):
    assert error_of(graph.get("/users/delta?$select=members")) == (400, "BadRequest")


def test_hidden_members_are_not_told_without_the_permission(box, graph):
    box.world.entra.permissions.remove("Member.Read.Hidden")
    rows, _ = read_round(graph, GROUPS)
    assert members_of(rows, COUNCIL) == []


def test_the_sdk_follows_a_delta_link(box: Sandbox, msgraph):
    async def read(client):
        first = await client.groups.delta.get()
        box.world.entra.remove_member(TEAM, BOB)
        return await client.groups.delta.with_url(first.odata_delta_link).get()

    (group,) = msgraph(read).value
    assert group.id == TEAM
    # The SDK turns what looks like a GUID into one.
    assert str(group.additional_data["members@delta"][0]["id"]) == BOB
