"""What automatic identity management would make of a target, and the externalIds that prepare for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.aim import AimTarget
from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB, RUN = user("ada"), user("bob"), service("run")


@pytest.fixture
def world():
    with World(directory(ADA, BOB, RUN, group("Data", [ADA, BOB, RUN]))) as world:
        yield world


@pytest.fixture
def target(world) -> FakeTarget:
    return world.target


def report(world) -> AimTarget:
    return world.planner().aim_report().targets[0]


def aligned(world) -> list[tuple[Action, str | None, str | None]]:
    changes = world.planner().plan_alignment().plan.targets[0].changes
    return [
        (change.action, change.before and change.before.external_id, change.target_id)
        for change in changes
    ]


def test_an_empty_target_has_nothing_in_the_way(world):
    assert report(world).clean
    assert aligned(world) == []


def test_a_synced_one_has_nothing_in_the_way(world):
    world.sync()
    assert report(world) == AimTarget("account")
    assert aligned(world) == []


def test_whoever_has_two_objects_is_doubled_already(world, target):
    first = target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    second = target.add(Kind.USER, "ada@old.com", external_id="u-ada")
    assert [m.target_id for m in report(world).doubled] == [first, second]
    assert report(world).missing == ()


def test_a_linked_object_that_lost_its_id_is_missing_it_and_gets_it_back(world, target):
    world.sync()
    ada = target.named("ada@contoso.com")
    target.accounts[ada.id] = replace(ada, external_id=None)
    assert [m.target_id for m in report(world).missing] == [ada.id]
    assert aligned(world) == [(Action.ADOPT_USER, None, ada.id)]
    assert world.runner().align().status is Status.SUCCEEDED
    assert target.accounts[ada.id].external_id == "u-ada"
    assert world.planned().changes == ()


def test_a_linked_object_of_another_id_is_mended_where_the_policy_says_so(world, target):
    world.sync()
    ada = target.named("ada@contoso.com")
    target.accounts[ada.id] = replace(ada, external_id="okta")
    assert aligned(world) == []
    world.configure(adopt_names=["ada@contoso.com"])
    assert aligned(world) == [(Action.ADOPT_USER, "okta", ada.id)]


def test_a_group_of_the_name_with_another_id_blocks(world, target):
    other = target.add(Kind.GROUP, "data", external_id="okta")
    (blocking,) = report(world).blocked
    assert (blocking.target_id, blocking.has, blocking.external_id) == (other, "okta", "g-data")
    assert report(world).wrong == (blocking,)
    assert aligned(world) == []
    world.configure(adopt="same_name")
    assert aligned(world) == [(Action.ADOPT_GROUP, "okta", other)]


def test_what_belongs_to_another_in_scope_is_nobody_elses(world, target):
    target.add(Kind.USER, "ada@contoso.com", external_id="u-bob")
    shown = report(world)
    assert [m.external_id for m in shown.doubled] == []
    assert shown.wrong == ()


def test_what_another_sync_manages_is_left_to_it(world, target):
    with world.store_of("other") as store:
        ada = target.add(Kind.USER, "ada@contoso.com")
        link = Link(Kind.USER, "u-ada", ada, Origin.CREATED, "ada@contoso.com")
        store.begin_run("r1", "d", "s", full=True)
        store.settle("account", {}, linked=[link])
    assert aligned(world) == []


def test_members_that_differ_are_told_from_both_sides(world, target):
    ada = target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    eve = target.add(Kind.USER, "eve@contoso.com")
    target.add(Kind.GROUP, "Data", [ada, eve], external_id="g-data")
    (gap,) = report(world).memberships
    assert gap.joining == ("app-run", "bob@contoso.com")
    assert gap.leaving == ("eve@contoso.com",)


def test_a_group_whose_members_were_not_read_tells_nothing(world, target):
    data = target.add(Kind.GROUP, "Data", external_id="g-data")
    target.unreadable.add(data)
    assert report(world).memberships == ()


class TestManaged:
    """A group that automatic identity management has."""

    @pytest.fixture
    def filled(self, world, target) -> str:
        world.sync()
        data = target.named("Data", Kind.GROUP).id
        target.filled.add(data)
        return data

    def test_nothing_of_it_is_planned_and_the_reason_is_given(self, world, target, filled):
        planned = world.planned()
        assert planned.changes == ()
        (held,) = planned.quarantined
        assert held.name == "Data"
        assert "automatic identity management has this group" in held.reason

    def test_people_are_kept_in_step_all_the_same(self, world, target, filled):
        world.source.snapshot = directory(
            user("ada", display_name="Ada King"), BOB, RUN, group("Data", [ADA, BOB, RUN])
        )
        assert [change.action for change in world.planned().changes] == [Action.UPDATE_USER]

    def test_it_is_listed_as_such_and_has_no_gap(self, world, target, filled):
        shown = report(world)
        assert [m.target_id for m in shown.managed] == [filled]
        assert shown.memberships == ()
        assert shown.clean

    @pytest.mark.parametrize("retired", ["empty", "delete"])
    def test_leaving_the_scope_does_not_touch_it(self, world, target, filled, retired):
        world.configure(retired_groups=retired)
        world.source.snapshot = directory(ADA, BOB, RUN, assigned=[ADA, BOB, RUN])
        assert world.planned().changes == ()
        assert filled in target.accounts


def test_what_could_not_be_read_is_no_difference_and_leaves_both_done_in_part(world, target):
    world.sync()
    world.source.snapshot = directory(ADA, RUN, group("Data", [ADA, RUN], unread="503"))
    whole = world.planner().aim_report()
    assert whole.targets[0].memberships == ()
    assert not whole.complete
    assert world.runner().align().status is Status.PARTIAL
