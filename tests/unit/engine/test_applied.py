"""Saved plans of which nothing is left to do."""

from dataclasses import replace

import pytest

from aadsync_lib.errors import StalePlanError
from aadsync_lib.model.identity import Kind
from tests.unit.build import directory, group, settings, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
SMALL = directory(ADA, group("Data", [ADA]))


@pytest.fixture
def world():
    with World(SMALL) as world:
        yield world


def fingerprinted(world):
    """Plan as ``plan --save`` does."""
    return world.planner().plan(fingerprint=True).plan


def refused(world, saved):
    """Apply a plan that was applied already; return by whom, once nothing was seen to be done."""
    writes, runs = len(world.target.log), world.store.runs()
    with pytest.raises(StalePlanError) as error:
        world.runner().apply(saved)
    assert (len(world.target.log), world.store.runs()) == (writes, runs)
    text = "The saved plan was applied already: "
    assert str(error.value).startswith(text)
    return str(error.value).removeprefix(text).partition(". ")[0]


def test_a_plan_that_was_applied_is_refused_and_the_run_that_did_it_is_named(world):
    saved = world.plan()
    run = world.runner().apply(saved)
    assert refused(world, saved) == f"run {run.run_id} did it"


def test_a_sync_that_did_more_has_applied_it_as_well(world):
    saved = fingerprinted(world)
    more = directory(ADA, BOB, group("Data", [ADA, BOB]))
    run = world.sync(more)
    assert refused(world, saved) == f"run {run.run_id} did it"


def test_several_runs_may_have_done_it_together(world):
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    saved = fingerprinted(world)
    first = world.sync(SMALL)
    second = world.sync(directory(ADA, BOB, group("Data", [ADA, BOB])))
    assert refused(world, saved) == f"runs {first.run_id}, {second.run_id} did it"


def test_the_same_done_by_other_hands_counts_while_entra_stays(world):
    world.sync()
    world.source.snapshot = directory(ADA, group("Data"), assigned=[ADA])
    saved = fingerprinted(world)
    world.target.groups[world.target.named("Data").id].clear()
    assert refused(world, saved) == "the target has all of it, by other hands"


def test_what_entra_does_not_ask_for_any_more_is_not_applied(world):
    world.sync()
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    saved = fingerprinted(world)
    world.source.snapshot = SMALL
    with pytest.raises(StalePlanError, match="Entra has changed"):
        world.runner().apply(saved)


def test_an_applied_plan_is_refused_where_something_else_is_planned_now_and_says_that_it_was(world):
    saved = world.plan()
    run = world.runner().apply(saved)
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    with pytest.raises(StalePlanError) as refused:
        world.runner().apply(saved)
    assert f"applied already (run {run.run_id} did it), and other changes" in str(refused.value)
    assert "planned now: create user bob@contoso.com" in str(refused.value)


def test_what_is_to_be_done_again_is_not_applied(world):
    saved = fingerprinted(world)
    world.sync()
    world.target.delete(Kind.USER, world.target.named("ada@contoso.com").id)
    with pytest.raises(StalePlanError) as refused:
        world.runner().apply(saved)
    assert "already" not in str(refused.value)


def test_a_run_before_the_plan_was_saved_has_not_applied_it(world):
    world.sync()
    for mend in (world.sync, lambda: fingerprinted(world)):
        world.target.groups[world.target.named("Data").id].clear()  # by hand, twice
        world.clock.advance(60.0)
        same = mend()
    assert same.digest == world.store.runs()[0].digest
    world.source.snapshot = directory(ADA, group("Data"), assigned=[ADA])
    with pytest.raises(StalePlanError) as refused:
        world.runner().apply(same)
    assert "already" not in str(refused.value)


def test_settings_that_moved_refuse_it_all_the_same(world):
    saved = world.plan()
    world.runner().apply(saved)
    world.configure(leavers="delete")
    with pytest.raises(StalePlanError, match="the settings have changed"):
        world.runner().apply(saved)


def test_so_is_an_undo_that_was_applied(world):
    run = world.sync()
    saved = world.planner().plan_undo(run.run_id).plan
    undone = world.runner().apply(saved)
    world.clock.advance(1.0)
    assert refused(world, saved) == f"run {undone.run_id} did it"


def test_the_part_of_one_target_is_done_by_a_run_of_all():
    names = ("left", "right")
    with World(SMALL, *map(FakeTarget, names), config=settings(targets=names)) as two:
        saved = fingerprinted(two)
        run = two.sync()
        part = replace(saved, targets=saved.targets[:1], source_digest=None)
        two.targets = two.targets[:1]
        assert refused(two, part) == f"run {run.run_id} did it"


def test_an_empty_plan_is_of_nothing_that_was_applied(world):
    world.sync()
    saved = world.plan()
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    with pytest.raises(StalePlanError) as refused:
        world.runner().apply(saved)
    assert "already" not in str(refused.value)
