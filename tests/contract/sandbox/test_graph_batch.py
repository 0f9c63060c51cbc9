"""JSON batches."""

import httpx
import pytest

from aadsync_lib.sandbox import Fault
from tests.contract.sandbox.contoso import ADA, BOB, DATA, EVE, ROBOT, error_of, ids


def send(client: httpx.Client, *requests: dict) -> dict[str, dict]:
    answer = client.post("/$batch", json={"requests": list(requests)}).raise_for_status()
    return {item["id"]: item for item in answer.json()["responses"]}


def get(key: str, url: str, **more) -> dict:
    return {"id": key, "method": "GET", "url": url, **more}


def test_each_request_has_its_own_status(graph):
    answers = send(graph, get("1", f"/users/{ADA}"), get("2", "/users/nobody"))
    assert answers["1"]["body"]["id"] == ADA
    assert answers["2"]["status"] == 404
    assert answers["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"


def test_addresses_may_be_relative_or_absolute(box, graph):
    urls = (f"/users/{ADA}", f"users/{ADA}", f"{box.graph_url}/users/{ADA}")
    answers = send(graph, *(get(str(n), url) for n, url in enumerate(urls)))
    assert [answer["body"]["id"] for answer in answers.values()] == [ADA] * 3


def test_next_links_inside_lead_to_the_same_host(box, graph):
    body = send(graph, get("1", "/users?$top=1&$select=id"))["1"]["body"]
    assert body["@odata.nextLink"].startswith(f"{box.graph_url}/users?$top=1")
    assert ids(graph.get(body["@odata.nextLink"]).json()["value"]) == [BOB]


def test_headers_inside_belong_to_one_request(graph):
    url = f"/groups/{DATA}/members?$count=true"
    eventual = {"ConsistencyLevel": "eventual"}
    answers = send(graph, get("1", url, headers=eventual), get("2", url))
    assert ROBOT in ids(answers["1"]["body"]["value"])
    assert ROBOT not in ids(answers["2"]["body"]["value"])


def test_a_batch_holds_at_most_twenty(graph):
    requests = [get(str(n), f"/users/{ADA}") for n in range(21)]
    assert len(send(graph, *requests[:20])) == 20
    answer = graph.post("/$batch", json={"requests": requests})
    assert error_of(answer) == (400, "BadRequest")


def test_one_request_may_be_throttled_with_its_own_wait(box, graph):
    box.faults.add(Fault("429", side="graph", path=f"/users/{BOB}", retry_after="7"))
    answers = send(graph, *(get(user, f"/users/{user}") for user in (ADA, BOB, EVE)))
    assert {key: item["status"] for key, item in answers.items()} == {ADA: 200, BOB: 429, EVE: 200}
    assert answers[BOB]["headers"]["Retry-After"] == "7"


def test_the_whole_batch_may_be_throttled(box, graph):
    box.faults.add(Fault("429", side="graph", path=r"\$batch"))
    assert graph.post("/$batch", json={"requests": [get("1", "/users")]}).status_code == 429


def test_a_broken_connection_inside_fails_that_request_only(box, graph):
    box.faults.add(Fault("reset", side="graph", path=f"/users/{BOB}"))
    answers = send(graph, get("1", f"/users/{BOB}"), get("2", f"/users/{ADA}"))
    assert (answers["1"]["status"], answers["2"]["status"]) == (504, 200)


def test_a_failed_dependency_fails_its_dependents(graph):
    answers = send(
        graph,
        get("1", "/users/nobody"),
        get("2", f"/users/{ADA}", dependsOn=["1"]),
        get("3", f"/users/{ADA}", dependsOn=["2"]),
    )
    assert [answers[key]["status"] for key in "123"] == [404, 424, 424]


def test_a_body_inside_reaches_its_handler(box, graph):
    box.world.entra.permissions.add("Directory.Read.All")
    request = {
        "id": "1",
        "method": "POST",
        "url": "/directoryObjects/getByIds",
        "body": {"ids": [ADA]},
    }
    assert ids(send(graph, request)["1"]["body"]["value"]) == [ADA]


def test_a_number_inside_comes_as_it_is(graph):
    url = f"/groups/{DATA}/members/$count"
    request = get("1", url, headers={"ConsistencyLevel": "eventual"})
    assert send(graph, request)["1"]["body"] == 5


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"{}",
        b'{"requests": [{"url": "/users"}]}',
        b'{"requests": [{"id": "1", "url": "/users"}, {"id": "1", "url": "/users"}]}',
        b'{"requests": [{"id": "1", "url": "/users", "dependsOn": ["9"]}]}',
    ],
)
def test_a_malformed_batch_is_refused(graph, body):
    assert error_of(graph.post("/$batch", content=body)) == (400, "BadRequest")


def test_a_batch_needs_a_token(graph):
    graph.headers.pop("Authorization")
    assert graph.post("/$batch", json={"requests": []}).status_code == 401


def test_a_batch_is_one_request_in_the_log(box, graph):
    send(graph, get("1", "/users"), get("2", "/groups"))
    box.stop()  # what is still being logged is logged then
    assert [entry.path for entry in box.log.entries] == ["/v1.0/$batch"]


def test_a_dependency_that_succeeded_lets_its_dependents_run(graph):
    answers = send(graph, get("1", "/users"), get("2", f"/users/{ADA}", dependsOn=["1"]))
    assert answers["2"]["body"]["id"] == ADA


def test_an_answer_cut_off_inside_is_text(box, graph):
    box.faults.add(Fault("truncated", side="graph", path=f"/users/{ADA}"))
    body = send(graph, get("1", f"/users/{ADA}"))["1"]["body"]
    assert body.startswith('{"@odata.context"')
