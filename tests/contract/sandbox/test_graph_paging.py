"""Pages, their sizes and their tokens."""

import pytest

from aadsync_lib.sandbox import Fault
from tests.contract.sandbox.contoso import ADA, BOB, DATA, EVE, all_pages, error_of, ids


@pytest.fixture
def crowd(box):
    """A group of 250."""
    users = [box.world.entra.add_user(f"u{n}@contoso.com") for n in range(250)]
    return box.world.entra.add_group("Crowd", members=users), users


def test_a_page_has_a_hundred_rows_unless_told_otherwise(graph, crowd):
    assert len(graph.get(f"/groups/{crowd[0]}/members").json()["value"]) == 100


def test_all_pages_together_are_the_whole_group(graph, crowd):
    group, users = crowd
    assert ids(all_pages(graph, f"/groups/{group}/members?$top=60")) == users


@pytest.mark.parametrize("top", ["1000", "0", "-1", "many"])
def test_a_page_size_out_of_range_is_refused(graph, top):
    answer = graph.get(f"/users?$top={top}")
    assert error_of(answer) == (400, "Request_UnsupportedQuery")
    assert answer.json()["error"]["message"] == (
        f"Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
    )


def test_999_rows_are_one_page(graph, crowd):
    answer = graph.get("/users?$top=999").json()
    assert len(answer["value"]) == 253
    assert "@odata.nextLink" not in answer


def test_a_full_last_page_has_no_next_link(graph):
    answer = graph.get("/users?$top=3").json()
    assert len(answer["value"]) == 3
    assert "@odata.nextLink" not in answer


def test_a_next_link_keeps_host_path_and_options(box, graph):
    link = graph.get("/users?$top=2&$select=id,mail").json()["@odata.nextLink"]
    assert link.startswith(f"{box.graph_url}/users?$top=2&$select=id,mail&$skiptoken=")
    assert set(graph.get(link).json()["value"][0]) == {"id", "mail"}


def test_a_next_link_is_built_from_the_host_that_was_asked(box, graph):
    url = box.graph_url.replace("127.0.0.1", "localhost") + "/users?$top=1"
    assert graph.get(url).json()["@odata.nextLink"].startswith(url)


def test_a_next_link_keeps_a_filter_with_quotes(graph):
    params = {"$filter": "userType in ('Member','Guest')", "$top": "1"}
    rows = all_pages(graph, "/users", params=params)
    assert ids(rows) == [ADA, BOB, EVE]


def test_the_count_is_on_the_first_page_only(graph):
    headers = {"ConsistencyLevel": "eventual"}
    first = graph.get("/users?$count=true&$top=1", headers=headers).json()
    second = graph.get(first["@odata.nextLink"], headers=headers).json()
    assert first["@odata.count"] == 3
    assert "@odata.count" not in second


def test_an_advanced_query_needs_its_header_on_every_page(graph):
    path = "/users?$count=true&$top=1&$filter=userType ne 'Nobody'"
    first = graph.get(path, headers={"ConsistencyLevel": "eventual"}).json()
    answer = graph.get(first["@odata.nextLink"])
    assert error_of(answer) == (400, "Request_UnsupportedQuery")


def test_rows_that_come_or_go_between_pages_move_no_other(box, graph, crowd):
    group, users = crowd
    first = graph.get(f"/groups/{group}/members?$top=100").json()
    box.world.entra.remove_member(group, users[3])
    box.world.entra.remove_member(group, users[120])
    late = box.world.entra.add_user("late@contoso.com")
    box.world.entra.add_member(group, late)
    rest = all_pages(graph, first["@odata.nextLink"])
    assert ids(rest) == [u for u in users[100:] if u != users[120]] + [late]


def test_an_expired_page_token_has_its_own_error(box, graph):
    link = graph.get("/users?$top=1").json()["@odata.nextLink"]
    box.world.entra.expire_page_tokens()
    assert error_of(graph.get(link)) == (400, "Directory_ExpiredPageToken")
    assert graph.get("/users?$top=1").status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "AAAA", "%25%25", "ünicode"])
def test_a_token_that_was_never_issued_is_refused(graph, token):
    assert error_of(graph.get(f"/users?$skiptoken={token}")) == (400, "BadRequest")


def test_a_page_may_be_empty_and_still_have_a_next_link(box, graph):
    box.world.entra.empty_pages = 1
    first = graph.get("/users").json()
    assert first["value"] == []
    assert len(graph.get(first["@odata.nextLink"]).json()["value"]) == 3


def test_empty_pages_lose_nobody(box, graph, crowd):
    group, users = crowd
    box.world.entra.empty_pages = 2
    assert ids(all_pages(graph, f"/groups/{group}/members?$top=30")) == users


def test_a_page_in_the_middle_may_fail(box, graph, crowd):
    box.faults.add(Fault("503", side="graph", path=r"skiptoken", skip=1))
    link = graph.get(f"/groups/{crowd[0]}/members?$top=50").json()["@odata.nextLink"]
    link = graph.get(link).json()["@odata.nextLink"]
    assert graph.get(link).status_code == 503
    assert graph.get(link).status_code == 200


def test_one_object_may_be_forbidden(box, graph):
    box.faults.add(Fault("403", side="graph", path=f"/groups/{DATA}/members", count=None))
    answer = graph.get(f"/groups/{DATA}/members")
    assert error_of(answer) == (403, "Authorization_RequestDenied")
    assert graph.get(f"/groups/{DATA}").status_code == 200


def test_an_answer_may_be_cut_off(box, graph):
    box.faults.add(Fault("truncated", side="graph"))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        graph.get("/users").json()
