"""Whoever a cycle leaves active in the account is who is in scope, after any changes in Entra."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aadsync_lib.sandbox import Sandbox, World
from tests.contract.sandbox.connecting import instantiated, with_job

PEOPLE = [f"u{number}" for number in range(4)]
GROUPS = [f"g{number}" for number in range(3)]
CHANGES = st.one_of(
    st.tuples(st.just("assign"), st.sampled_from(PEOPLE + GROUPS)),
    st.tuples(st.just("unassign"), st.sampled_from(PEOPLE + GROUPS)),
    st.tuples(st.just("join"), st.sampled_from(GROUPS), st.sampled_from(PEOPLE + GROUPS)),
    st.tuples(st.just("leave"), st.sampled_from(GROUPS), st.sampled_from(PEOPLE + GROUPS)),
    st.tuples(st.just("enabled"), st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(st.just("cycle")),
    st.tuples(st.just("part")),
    st.tuples(st.just("fault")),
)


@pytest.fixture(scope="module")
def server():
    with Sandbox(World()) as sandbox:
        yield sandbox


def world():
    users = [{"id": key, "userPrincipalName": f"{key}@contoso.com"} for key in PEOPLE]
    groups = [{"id": key, "displayName": key} for key in GROUPS]
    return World.from_json({"entra": {"users": users, "groups": groups}})


def change(box, setup, what, *who):
    entra = box.world.entra
    match what:
        case "assign":
            entra.assign(setup.principal, *who)
        case "unassign":
            entries = [e for e in entra.assignments.values() if e["principalId"] == who[0]]
            for entry in entries:
                entra.unassign(entry["id"])
        case "join" if who[0] != who[1]:
            entra.add_member(*who)
        case "leave":
            entra.remove_member(*who)
        case "enabled":
            entra.update(who[0], accountEnabled=who[1])
        case "cycle":
            setup.cycle()
        case "part":
            setup.cycle(objects=1)
        case "fault":
            fault = {"kind": "503", "side": "databricks", "path": "/Users|/Groups"}
            httpx.post(f"{box.databricks_url}/_sandbox/faults", json=fault, verify=False)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(CHANGES, min_size=4, max_size=25))
def test_a_cycle_makes_the_account_what_the_scope_says(server, changes):
    server.reset(world())
    headers = {"Authorization": f"Bearer {server.graph_token}"}
    with httpx.Client(base_url=server.graph_url, headers=headers, verify=False) as graph:
        setup = with_job(instantiated(server, graph))
        setup.save()
        setup.post("start")
        for each in changes:
            change(server, setup, *each)
        server.faults.clear()
        setup.cycle()  # the rest of one that was begun
        status = setup.cycle()
    assert status["lastExecution"]["state"] == "Succeeded"
    entra, account = server.world.entra, server.world.databricks
    assigned = {entry["principalId"] for entry in entra.assignments.values()}
    reached = assigned.union(*(entra.members[group] for group in assigned & set(GROUPS)))
    scope = {p for p in reached & set(PEOPLE) if entra.objects[p].get("accountEnabled", True)}
    active = {user.external_id for user in account.users.values() if user.active}
    assert active == scope
    groups = {group.external_id: group for group in account.groups.values() if not group.system}
    assert groups.keys() == assigned & set(GROUPS)
    for key, group in groups.items():
        members = {account.record(member).external_id for member in group.members}
        assert members <= set(entra.members[key]) & set(PEOPLE)
