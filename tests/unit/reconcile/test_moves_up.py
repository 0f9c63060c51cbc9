"""Who comes into a group directly while the nested group they were in leaves: no failure takes access."""

from __future__ import annotations

import pytest

from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, service, user
from tests.unit.world import World

ADA, BOB, CY, RUN = user("ada"), user("bob"), user("cy"), service("run")
BOBS = "bob@contoso.com"


def before(who=BOB):
    return directory(ADA, BOB, CY, RUN, group("Red", [ADA, "g-blue"]), group("Blue", [who, CY]))


def taken_out(who):
    """Blue stays, and is in Red no more; who was in it is in Red directly."""
    return directory(ADA, BOB, CY, RUN, group("Red", [ADA, who]), group("Blue", [who, CY]))


def ended(who):
    return directory(ADA, BOB, CY, RUN, group("Red", [ADA, who]))


def moved_up(who):
    """Blue stays in Red, and who was in Blue is in Red directly instead."""
    red = group("Red", [ADA, "g-blue", who])
    return directory(ADA, BOB, CY, RUN, red, group("Blue", [CY]))


def deep(last):
    """Red holds Mid, which holds Blue; ``last`` says whether bob comes into Red."""
    if not last:
        blue = group("Blue", [BOB])
        return directory(BOB, ADA, blue, group("Mid", ["g-blue"]), group("Red", [ADA, "g-mid"]))
    return directory(BOB, ADA, group("Mid"), group("Red", [ADA, "g-mid", BOB]))


SHAPES = {
    "taken out": (taken_out, {}),
    "deleted": (ended, {"retired_groups": "delete"}),
    "emptied": (ended, {"retired_groups": "empty"}),
    "out of the nested group": (moved_up, {}),
}
EACH = pytest.mark.parametrize("shape", SHAPES)


def refusing(name):
    return lambda what: "no" if what == f"member {name}" else None


@EACH
@pytest.mark.parametrize("who", [BOB, RUN], ids=["person", "service principal"])
def test_who_cannot_be_added_above_keeps_what_they_have(shape, who):
    after, policy = SHAPES[shape]
    name = BOBS if who is BOB else "app-run"
    with World(before(who), **policy) as world:
        world.sync()
        world.target.refuses = refusing(name)
        for _ in range(3):
            report = world.sync(after(who))
            assert name in world.target.effective("Red")
            assert report.status is Status.PARTIAL
        world.target.refuses = lambda what: None
        world.runner().sync(full=True)
        world.runner().sync(full=True)
        assert name in world.target.members_of("Red")
        assert world.planned().changes == ()
        names = {account.name for account in world.target.accounts.values()}
        assert ("Blue" in names) is (shape != "deleted")
        if shape == "taken out":
            assert "Blue" not in world.target.members_of("Red")


@EACH
def test_what_is_not_done_says_which_addition_it_waits_for(shape):
    after, policy = SHAPES[shape]
    with World(before(), **policy) as world:
        world.sync()
        world.target.refuses = refusing(BOBS)
        report = world.sync(after(BOB))
        reasons = [o.error for o in report.targets[0].outcomes if o.result is Result.SKIPPED]
        start = f"{BOBS} was not added to Red in this run, so "
        assert reasons
        assert all(reason.startswith(start) for reason in reasons)


@EACH
def test_where_nothing_fails_everything_is_done_in_one_run(shape):
    after, policy = SHAPES[shape]
    with World(before(), **policy) as world:
        world.sync()
        target, seen = world.target, []
        target.on_write = lambda _: seen.append(BOBS in target.effective("Red"))
        assert world.sync(after(BOB)).status is Status.SUCCEEDED
        assert all(seen)
        assert seen
        assert world.planned().changes == ()


def test_only_who_moves_waits():
    """One failure is one failure: cy leaves Blue, and nobody has to be added for that."""
    with World(before()) as world:
        world.sync()
        world.target.refuses = refusing(BOBS)
        red = group("Red", [ADA, "g-blue", BOB])
        world.sync(directory(ADA, BOB, CY, RUN, red, group("Blue", [ADA])))
        assert world.target.members_of("Blue") == {"ada@contoso.com", BOBS}


def test_who_fails_to_come_into_an_unrelated_group_leaves_all_the_same():
    with World(before()) as world:
        world.sync()
        world.target.refuses = refusing(BOBS)
        green = group("Green", [BOB])
        red = group("Red", [ADA, "g-blue"])
        world.sync(directory(ADA, BOB, CY, RUN, red, group("Blue", [CY]), green))
        assert BOBS not in world.target.effective("Red")


@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_a_group_far_below_waits_as_well(retired):
    with World(deep(False), retired_groups=retired) as world:
        world.sync()
        world.target.refuses = refusing(BOBS)
        for _ in range(2):
            world.sync(deep(True))
            assert BOBS in world.target.effective("Red")
        world.target.refuses = lambda what: None
        world.runner().sync(full=True)
        world.runner().sync(full=True)
        assert BOBS in world.target.members_of("Red")
        assert world.planned().changes == ()
