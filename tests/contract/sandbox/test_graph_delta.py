"""Delta query: what changed since the last round."""

import pytest

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.contoso import (
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
    ids,
    members_of,
    read_round,
)

GROUPS = "/groups/delta?$select=displayName,members"
GONE = {"reason": "deleted"}


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
