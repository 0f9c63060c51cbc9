"""A fault at any write, then a clean run: the state is the one of a run without the fault."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, service, settings, user
from tests.unit.fakes import FakeTarget, Fault, in_turns
from tests.unit.randoms import directories, policies
from tests.unit.world import World

ADA, BOB, CY, RUN = user("ada"), user("bob"), user("cy"), service("run")
BEFORE = directory(
    ADA, BOB, RUN, group("Data", [ADA, BOB, "g-in"]), group("In", [RUN]), group("Old", [BOB]),
    group("Red", id="g-1"), group("Blue", id="g-2"), group("Gone", [ADA]),
)  # fmt: skip
AFTER = directory(
    ADA, CY, RUN, group("Data 2", [ADA, CY], id="g-data"), group("In", [RUN, "g-old"]),
    group("Old", [CY]), group("New", [ADA, "g-in"]), group("Blue", id="g-1"),
    group("Red", id="g-2"),
)  # fmt: skip
POLICIES = (
    {"adopt": "never"},
    {"adopt": "unowned", "leavers": "delete", "retired_groups": "delete", "members": "managed"},
)


def ended(world, proven=True):
    """Everything that a second run must bring about, wherever a first one broke off.

    Where nothing proves who made an object, the origin of its link may be another one.
    """
    origins = {
        oid: (link.origin, world.target.accounts[link.target_id].name)
        for oid, link in world.store.links("account").by_external.items()
        if link.target_id in world.target.accounts
    }
    return shown((world.target.state(), origins), proven)


def shown(ending, proven):
    state, origins = ending
    return state, origins if proven else {oid: name for oid, (_, name) in origins.items()}


def prepared(policy, stores):
    world = World(BEFORE, FakeTarget(stores_external_ids=stores), **policy)
    world.sync()
    world.source.snapshot = AFTER
    return world


@pytest.mark.parametrize("policy", POLICIES, ids=["deactivate", "delete"])
@pytest.mark.parametrize("stores", [True, False], ids=["externalId kept", "externalId dropped"])
@in_turns(*Fault)
def test_a_fault_at_any_write_is_mended_by_the_next_run(fault, turn, policy, stores):
    with prepared(policy, stores) as world:
        start = len(world.target.log)
        world.sync()
        wanted, writes = ended(world), len(world.target.log) - start
    assert writes >= 10
    for index in range(writes)[turn]:
        with prepared(policy, stores) as world:
            world.target.faults = {start + index: fault}
            killed = world.sync_until_killed()
            assert killed is fault.name.startswith("KILLED")
            report = world.sync()
            if not stores and policy["adopt"] == "never" and fault.name.endswith("_AFTER"):
                world.configure(adopt="unowned")  # nothing proves what was made: a person says so
                report = world.sync()
            proven = stores or not fault.name.endswith("_AFTER")
            assert ended(world, proven) == shown(wanted, proven), f"{fault} at write {index}"
            assert report.status is Status.SUCCEEDED
            assert world.store.pending("account") == ()
            assert world.planned().changes == ()


@given(
    directories(tidy=True, every=True), directories(tidy=True, every=True), policies,
    st.integers(0, 100), st.sampled_from(list(Fault)),
)  # fmt: skip
def test_a_fault_anywhere_in_any_world_is_mended(first, second, policy, place, fault):
    config = settings(**policy)
    with World(first, config=config) as world:
        world.sync()
        start = len(world.target.log)
        clean = world.sync(second).targets[0]
        assume(not clean.quarantined and not clean.failed)
        wanted = ended(world)
        writes = len(world.target.log) - start
    assume(writes)
    with World(first, config=config) as world:
        world.sync()
        world.source.snapshot = second
        world.target.faults = {start + place % writes: fault}
        world.sync_until_killed()
        world.sync()
        assert ended(world) == wanted
