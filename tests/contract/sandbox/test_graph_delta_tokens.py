"""Delta query: its tokens and its options."""

import pytest

from tests.contract.sandbox.contoso import COUNCIL, DATA, SOCIAL, TEAM, error_of, ids, read_round

GROUPS = "/groups/delta?$select=displayName,members"


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
