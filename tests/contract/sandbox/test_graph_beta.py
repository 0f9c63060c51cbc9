"""Graph's beta version: it reads as v1.0 does, and lists service principals as members."""

import httpx
import pytest

from tests.contract.sandbox.contoso import (
    ADA,
    DATA,
    DESK,
    LAPTOP,
    ROBOT,
    TEAM,
    all_pages,
    ids,
)


@pytest.fixture
def beta(box):
    headers = {"Authorization": f"Bearer {box.graph_token}"}
    url = box.graph_url.replace("v1.0", "beta")
    with httpx.Client(base_url=url, headers=headers, verify=False) as client:
        yield client


def test_members_hold_service_principals_with_their_type(beta, graph):
    rows = beta.get(f"/groups/{DATA}/members").json()["value"]
    assert ids(rows) == [ADA, ROBOT, TEAM, LAPTOP, DESK]
    assert {row["id"]: row["@odata.type"] for row in rows}[ROBOT] == (
        "#microsoft.graph.servicePrincipal"
    )
    assert ROBOT in ids(all_pages(beta, f"/groups/{DATA}/transitiveMembers"))
    assert ROBOT not in ids(all_pages(graph, f"/groups/{DATA}/members"))


def test_pages_follow_one_another_in_the_version_that_was_asked(beta):
    first = beta.get(f"/groups/{DATA}/members?$top=2&$select=id").json()
    assert "/beta/groups/" in first["@odata.nextLink"]
    assert first["@odata.context"].startswith(str(beta.base_url))
    assert ids(all_pages(beta, f"/groups/{DATA}/members?$top=2&$select=id")) == [
        ADA,
        ROBOT,
        TEAM,
        LAPTOP,
        DESK,
    ]


@pytest.mark.parametrize(
    "path", ["/users", f"/users/{ADA}", "/groups", "/servicePrincipals", "/groups/delta"]
)
def test_it_reads_what_v1_reads(beta, graph, path):
    rows = [client.get(path).raise_for_status().json() for client in (beta, graph)]
    keys = [ids(row["value"]) if "value" in row else row["id"] for row in rows]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("prefix", ["", "/beta"])
def test_a_batch_runs_in_its_own_version(beta, prefix):
    request = {"id": "1", "method": "GET", "url": f"{prefix}/groups/{DATA}/members"}
    answer = beta.post("/$batch", json={"requests": [request]}).json()["responses"][0]
    assert ROBOT in ids(answer["body"]["value"])


def test_it_needs_a_token(box, beta):
    beta.headers.pop("Authorization")
    assert beta.get("/users").status_code == 401


def test_slashes_to_spare_do_no_harm(box, beta):
    root = box.graph_url.removesuffix("/v1.0")
    assert beta.get(f"{root}//beta/users/{ADA}/").json()["id"] == ADA
    link = beta.get(f"{root}//beta/groups/{DATA}/members/?$top=1").json()["@odata.nextLink"]
    assert beta.get(link).status_code == 200
