"""Who leaves a group because another way leads into it waits until that way shows on the target."""

from __future__ import annotations

import pytest

from aadsync_lib.apply.confirm import NOT_ADDED
from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB, CY, RUN = user("ada"), user("bob"), user("cy"), service("run")
LEE = user("bob", user_principal_name="lee@contoso.com")


class Forgetful(FakeTarget):
    """Answers 200 to members by these names, and does not put them in."""

    forgets: frozenset[str] = frozenset()

    def _change_members(self, group_id, add, remove):
        heard = [one for one in add if self.accounts[one].name not in self.forgets]
        super()._change_members(group_id, heard, remove)


def red(*members, others=()):
    people = [one for one in (ADA, BOB, CY, RUN) if one.id not in {other.id for other in others}]
    return directory(group("Red", members), *others, *people)


BLUE, GREEN, WITH_BOB = group("Blue", [CY]), group("Green", [CY]), group("Blue", [CY, BOB])
JUST_BOB, WITH_RUN = group("Blue", [BOB]), group("Blue", [CY, RUN])
BELOW = group("Blue", [CY, group("Green", [BOB])])
MOVES = {
    "into a group": (red(ADA, BOB, BLUE, others=[BLUE]), red(ADA, WITH_BOB, others=[WITH_BOB]), "bob@contoso.com"),
    "into a new group": (red(ADA, BOB), red(ADA, JUST_BOB, others=[JUST_BOB]), "bob@contoso.com"),
    "with a group": (red(BOB, others=[JUST_BOB]), red(JUST_BOB, others=[JUST_BOB]), "Blue"),
    "two groups down": (
        red(BOB, BLUE, others=[BLUE, group("Green", [BOB])]),
        red(BELOW, others=[BELOW, group("Green", [BOB])]),
        "Green",
    ),
    "out of a group that ends": (
        red(JUST_BOB, GREEN, others=[JUST_BOB, GREEN]),
        red(group("Green", [CY, BOB]), others=[group("Green", [CY, BOB])]),
        "bob@contoso.com",
    ),
    "as a service principal": (
        red(RUN, BLUE, others=[BLUE]), red(WITH_RUN, others=[WITH_RUN]), "app-run",
    ),
    "under another name": (red(BOB), red(LEE, others=[LEE]), "lee@contoso.com"),
}  # fmt: skip


@pytest.fixture
def target():
    return Forgetful()


@pytest.fixture(params=MOVES)
def move(request):
    return MOVES[request.param]


def in_red(target):
    """Return who is in Red by any account."""
    ids = {one.name: one.external_id for one in target.accounts.values()}
    return {ids[name] for name in target.effective("Red")}


@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_who_was_accepted_elsewhere_and_is_not_there_stays_where_they_are(target, move, retired):
    before, after, forgotten = move
    with World(before, target, user_name_change="recreate", retired_groups=retired) as world:
        world.sync()
        there, target.forgets = in_red(target), frozenset({forgotten})
        report = world.sync(after)
        assert in_red(target) == there
        assert report.status is Status.PARTIAL
        outcomes = report.targets[0].outcomes
        assert {o.error for o in outcomes if o.result is Result.FAILED} == {NOT_ADDED}
        skipped = [o.error for o in outcomes if o.result is Result.SKIPPED]
        assert skipped
        assert all(f"{forgotten} was not added to" in error for error in skipped)
        target.forgets = frozenset()
        assert world.sync().status is Status.SUCCEEDED
        assert in_red(target) == there
        assert world.planned().changes == ()


def test_a_way_that_shows_late_is_waited_for_before_anybody_leaves(target):
    before, after, _ = MOVES["into a group"]
    with World(before, target) as world:
        world.sync()
        sleeps = []
        target.on_write = lambda _: sleeps.append(world.clock.sleeps)
        target.stale = {target.named("Blue").id: 4}  # one read is the plan's
        assert world.sync(after).status is Status.SUCCEEDED
        assert target.members_of("Red") == {"ada@contoso.com", "Blue"}
        assert sleeps[0] == ()
        assert sleeps[-1] == world.clock.sleeps
        assert sum(world.clock.sleeps) <= 60


def test_what_cannot_be_read_is_taken_as_it_was_answered(target):
    before, after, _ = MOVES["into a group"]
    with World(before, target) as world:
        world.sync()
        target.on_write = lambda _: target.unreadable.update(target.groups)
        assert world.sync(after).status is Status.SUCCEEDED
        assert world.clock.sleeps == ()
        assert target.members_of("Red") == {"ada@contoso.com", "Blue"}
