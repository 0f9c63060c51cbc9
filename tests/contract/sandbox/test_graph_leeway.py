"""What Graph shows late, or longer than it should: each switch both ways."""

from __future__ import annotations

import pytest

BY_PREFIX = {"$filter": "startswith(displayName,'late')"}
BY_NAME = {"$filter": "displayName eq 'late-data'"}


@pytest.fixture
def turn(admin):
    def turn(**switches):
        assert admin.post("/switches", json={"entra": switches}).status_code == 204

    return turn


@pytest.fixture
def group(box):
    return box.world.entra.add_group("late-data")


def ids(answer):
    return [row["id"] for row in answer.json()["value"]]


class TestIndexLag:
    """Filters behind what GET by id shows."""

    @pytest.mark.parametrize("query", [BY_PREFIX, BY_NAME])
    def test_filters_leave_named_groups_out_while_get_by_id_has_them(
        self, graph, turn, group, query
    ):
        assert ids(graph.get("/groups", params=query)) == [group]
        turn(unlisted=[group])
        assert ids(graph.get("/groups", params=query)) == []
        assert graph.get(f"/groups/{group}").json()["displayName"] == "late-data"
        assert group in ids(graph.get("/groups"))
        assert ids(graph.get("/groups", params={"$filter": f"id in ('{group}')"})) == [group]

    def test_it_ends_when_it_is_switched_off(self, graph, turn, group):
        turn(unlisted=[group])
        turn(unlisted=[])
        assert ids(graph.get("/groups", params=BY_NAME)) == [group]


def test_an_assignment_is_gone_with_its_group_or_outlives_it(box, graph, turn, group):
    entra = box.world.entra
    application = entra.add_service_principal("Databricks", "app-1")
    entra.assign(application, group)
    entra.delete_group(group)
    path = f"/servicePrincipals/{application}/appRoleAssignedTo"
    assert graph.get(path).json()["value"] == []
    turn(orphan_assignments=True)
    [row] = graph.get(path).json()["value"]
    assert (row["principalId"], row["principalType"]) == (group, "Group")
    assert row["principalDisplayName"] is None


def test_properties_are_set_as_by_an_administrator(box, graph, turn, group):
    nested = box.world.entra.add_group("nested")
    box.world.entra.add_member(group, nested)
    turn(update={nested: {"displayName": None}})
    [member] = graph.get(f"/groups/{group}/members").json()["value"]
    assert (member["id"], member["displayName"]) == (nested, None)


def test_a_fault_makes_one_get_by_id_a_404(box, graph, admin, group):
    fault = {"kind": "404", "side": "graph", "path": f"/groups/{group}$"}
    admin.post("/faults", json=fault)
    assert [graph.get(f"/groups/{group}").status_code for _ in range(2)] == [404, 200]
