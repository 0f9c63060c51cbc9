"""What the next run makes of an adoption that broke off is no drift: no hand has made it."""

from __future__ import annotations

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget, Fault, in_turns
from tests.unit.world import World

ADA, BOB, RUN = user("ada"), user("bob"), service("run")
AFTER = directory(ADA, BOB, RUN, group("Data", [ADA, RUN]), group("Ops", [BOB, "g-data"]))
CREATES = {
    Kind.USER: "create user ada@contoso.com",
    Kind.SERVICE_PRINCIPAL: "create service_principal app-run",
    Kind.GROUP: "create group Data",
}
STORES = pytest.mark.parametrize("stores", [True, False], ids=["externalId kept", "dropped"])


def there(stores, joined):
    """An account that somebody has made by hand, with other names and members than Entra's."""
    target = FakeTarget(stores_external_ids=stores)
    ada = target.add(Kind.USER, "ada@contoso.com", display_name="X", active=False)
    run = target.add(Kind.SERVICE_PRINCIPAL, "app-run", display_name="Y", active=False)
    stranger = target.add(Kind.USER, "eve@contoso.com")
    target.add(Kind.GROUP, "DATA", [stranger, *((ada, run) if joined else ())])
    return target


def writes(stores, joined, **policy):
    with World(AFTER, there(stores, joined), **policy) as world:
        world.sync()
        return len(world.target.log)


@STORES
@in_turns(*(fault for fault in Fault if fault is not Fault.REFUSED))
@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("drift", ["repair", "report"])
def test_an_adoption_that_broke_off_anywhere_is_no_drift(stores, fault, turn, joined, drift):
    count = writes(stores, joined, drift=drift)
    assert count >= 5
    for index in range(count)[turn]:
        with World(AFTER, there(stores, joined), drift=drift) as world:
            world.target.faults = {index: fault}
            world.sync_until_killed()
            for _ in range(2):
                assert world.planned().drift == (), f"{fault} at write {index}"
                assert world.sync().targets[0].drift == (), f"{fault} at write {index}"
            assert world.planned().changes == ()
            assert world.target.members_of("Data") == {"ada@contoso.com", "app-run"}


@STORES
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.KILLED_AFTER])
def test_a_creation_that_is_found_again_is_no_drift(kind, stores, fault):
    with World(AFTER, FakeTarget(stores_external_ids=stores)) as world:
        target, armed = world.target, [True]
        write = target._write

        def losing(what, act):
            if armed[0] and what == CREATES[kind]:
                armed[0] = False
                target.faults[len(target.log)] = fault
            return write(what, act)

        target._write = losing
        world.sync_until_killed()
        report = world.sync()
        assert not armed[0]
        assert report.targets[0].drift == ()
        assert report.status is Status.SUCCEEDED
        assert world.planned().changes == ()
