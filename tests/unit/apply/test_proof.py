"""What was made by a sync is told by its externalId on the object, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, RUN = user("ada"), service("run")
OF = {
    Kind.USER: (directory(ADA, assigned=[ADA]), "u-ada", "ada@contoso.com"),
    Kind.SERVICE_PRINCIPAL: (directory(RUN, assigned=[RUN]), "s-run", "app-run"),
    Kind.GROUP: (directory(group("Data")), "g-data", "Data"),
}
EACH = pytest.mark.parametrize("kind", Kind)
LOST = [Fault.LOST_BEFORE, Fault.KILLED_BEFORE]


def cut_off(kind, faults, *, stores=True, **policy):
    """A world whose first run sent the creation of one object, and got no answer to it."""
    world = World(OF[kind][0], FakeTarget(stores_external_ids=stores), **policy)
    world.target.faults = faults
    return world


def by_hand(world, kind, **more):
    """Let somebody make the object at the very moment when the first request goes out."""
    target, name = world.target, OF[kind][2]
    adding = {0: lambda: target.add(kind, name, **more)}
    target.on_write = lambda index: adding.pop(index, lambda: None)()


def link(world, kind):
    return world.store.links("account").by_external.get(OF[kind][1])


def held(report):
    return [o.reason for o in report.targets[0].outcomes if o.result is Result.QUARANTINED]


def run(world):
    """Sync as often as it takes to get over a run that was killed, and return the last report."""
    world.sync_until_killed()
    return world.sync()


@EACH
@pytest.mark.parametrize("fault", LOST)
def test_what_somebody_made_in_the_meantime_is_adopted(kind, fault):
    with cut_off(kind, {0: fault}) as world:
        by_hand(world, kind)
        assert run(world).status is Status.SUCCEEDED
        assert link(world, kind).origin is Origin.ADOPTED
        assert world.planned().changes == ()


@EACH
@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("external_id", [None, "alien"])
def test_what_somebody_made_in_the_meantime_is_not_taken_where_nothing_is_adopted(
    kind, fault, external_id
):
    with cut_off(kind, {0: fault}, adopt="never") as world:
        by_hand(world, kind, external_id=external_id)
        report = run(world)
        assert link(world, kind) is None
        assert world.target.named(OF[kind][2]).external_id == external_id
        wider = "unowned" if external_id is None else "same_name"
        assert f"policy.adopt.{kind.value}s: {wider}" in report.in_quarantine[0].reason
        assert report.status is Status.PARTIAL
        assert len(world.target.accounts) == 1


@EACH
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
@pytest.mark.parametrize("adopt", ["never", "unowned", "same_name"])
def test_our_id_on_it_proves_it_whatever_may_be_adopted(kind, fault, adopt):
    with cut_off(kind, {0: fault}, adopt=adopt) as world:
        assert run(world).status is Status.SUCCEEDED
        assert link(world, kind).origin is Origin.CREATED
        assert len(world.target.accounts) == 1


@EACH
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
def test_our_id_in_capitals_proves_it_too(kind, fault):
    with cut_off(kind, {0: fault}, adopt="never") as world:
        target = world.target
        create = target._create

        def capitals(kind_, wanted, members):
            return create(kind_, replace(wanted, external_id=wanted.external_id.upper()), members)

        target._create = capitals
        world.sync_until_killed()
        assert link(world, kind) is None or link(world, kind).origin is Origin.CREATED
        target._create = create
        world.sync()
        assert link(world, kind).origin is Origin.CREATED
        assert len(target.accounts) == 1


@EACH
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
def test_an_account_that_keeps_no_external_id_adopts_what_was_made(kind, fault):
    with cut_off(kind, {0: fault}, stores=False) as world:
        assert run(world).status is Status.SUCCEEDED
        assert link(world, kind).origin is Origin.ADOPTED
        assert len(world.target.accounts) == 1
        assert world.planned().changes == ()


@EACH
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
def test_where_nothing_is_adopted_a_person_says_whose_it_is(kind, fault):
    with cut_off(kind, {0: fault}, stores=False, adopt="never") as world:
        report = run(world)
        (entry,) = report.in_quarantine
        assert f"policy.adopt.{kind.value}s: unowned" in entry.reason
        assert (link(world, kind), report.status) == (None, Status.PARTIAL)
        world.configure(adopt="unowned")
        assert world.sync().status is Status.SUCCEEDED
        assert link(world, kind).origin is Origin.ADOPTED
        assert len(world.target.accounts) == 1


def test_a_lost_answer_is_named_where_what_is_there_may_be_ours():
    with cut_off(Kind.USER, {0: Fault.LOST_AFTER}, stores=False, adopt="never") as world:
        (reason,) = held(world.sync())
    assert reason == (
        "exists already as 1001 (externalId none), which policy.adopt.users: never does not take "
        "over; this run may have made it, as an answer was lost, but nothing on it proves that; "
        "policy.adopt.users: unowned adopts it, and once it is deleted the next run makes it anew"
    )


@EACH
@pytest.mark.parametrize("written", [str.lower, str.upper])
@pytest.mark.parametrize(("adopt", "taken"), [("never", False), ("unowned", True)])
def test_our_id_without_a_lost_answer_is_adoption(kind, written, adopt, taken):
    with cut_off(kind, {}, adopt=adopt) as world:
        by_hand(world, kind, external_id=written(OF[kind][1]))
        report = world.sync()
        assert (link(world, kind) is not None) is taken
        if taken:
            assert link(world, kind).origin is Origin.ADOPTED
        else:
            (reason,) = held(report)
            assert f"policy.adopt.{kind.value}s: unowned adopts it" in reason


@EACH
def test_what_came_by_adoption_is_not_deleted_when_it_leaves(kind):
    name = OF[kind][2]
    policy = {"leavers": "delete", "retired_groups": "empty"}
    with cut_off(kind, {0: Fault.LOST_BEFORE}, **policy) as world:
        by_hand(world, kind)
        world.sync()
        world.sync(directory(group("Other")))
        assert world.target.named(name)


@EACH
def test_what_we_had_made_before_comes_back_as_made_by_us(kind):
    """The store still knows who made this very object, though it is linked to nobody now."""
    with cut_off(kind, {}, leavers="keep", retired_groups="keep") as world:
        world.sync()
        old = link(world, kind)
        assert old.origin is Origin.CREATED
        target = world.target
        target.behind.add(old.target_id)
        other = Link(kind, old.external_id, "9999", Origin.ADOPTED, old.name)
        with world.store.lease("account", "r"):
            world.store.settle("account", {}, linked=(other,))
        world.sync()
        assert (link(world, kind).target_id, link(world, kind).origin) == (
            old.target_id,
            Origin.CREATED,
        )
