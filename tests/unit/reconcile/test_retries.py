"""What failed is tried again with growing distance, and then waits for a person."""

from __future__ import annotations

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import StalePlanError
from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Result, Status
from tests.unit.build import NO_LIMITS, directory, group, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
SMALL = directory(ADA, BOB, group("Data", [ADA, BOB]))


def refusing(*what):
    return lambda write: "no, for the test" if write.startswith(what) else None


def retry_policy(world, runs):
    """Return in which of the next runs something was sent that was refused."""
    found = []
    for run in range(1, runs + 1):
        sent = len(world.target.log)
        world.sync()
        if len(world.target.log) > sent:
            found.append(run)
    return found


@pytest.fixture
def world():
    with World(SMALL) as one:
        one.target.refuses = refusing("create user ada")
        yield one


def test_what_failed_is_tried_in_the_next_run_then_every_second_fourth_and_eighth(world):
    assert retry_policy(world, 40) == [1, 2, 4, 8, 16]
    (retry,) = world.store.retries("account")
    assert (retry.failures, retry.name, retry.error) == (5, "ada@contoso.com", "no, for the test")
    assert retry.last - retry.first == pytest.approx(15.0)


def test_what_waits_is_held_and_says_when_it_is_tried(world):
    world.sync()
    assert world.planned().on_hold == ()
    world.sync()
    plan = world.planned()
    (held,) = plan.on_hold
    assert held.external_id == "u-ada"
    assert held.reason == (
        "create_user failed 2 times, last: no, for the test; not tried in this run; "
        "aadsync sync --full tries it now"
    )
    assert plan.changes == ()
    assert world.sync().status is Status.PARTIAL
    assert world.planned().on_hold == ()
    world.sync()
    for runs in ("this and the next 2 runs", "this and the next run", "this run"):
        told = f"failed 3 times, last: no, for the test; not tried in {runs};"
        assert told in world.planned().on_hold[0].reason
        world.sync()
    assert world.planned().on_hold == ()


def test_after_enough_failures_a_person_has_to_look(world):
    world.configure(quarantine_after=2)
    world.sync()
    world.sync()
    (entry,) = world.planned().quarantined
    assert entry.external_id == "u-ada"
    assert entry.reason == (
        "create_user failed 2 times, last: no, for the test; it is tried once a day; "
        "aadsync sync --full tries it now"
    )
    assert retry_policy(world, 5) == []
    (record,) = world.store.quarantine("account")
    assert (record.external_id, record.times) == ("u-ada", 5)


def test_a_full_run_tries_everything_and_success_forgets(world):
    world.configure(quarantine_after=1)
    world.sync()
    world.sync()
    assert world.store.quarantine("account") != ()
    assert len(world.planner().plan(full=True).plan.targets[0].changes) == 2
    world.target.refuses = refusing("nothing")
    world.runner().sync(full=True)
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert world.store.retries("account") == ()
    assert world.store.quarantine("account") == ()
    assert world.planned().quarantined == ()


def test_a_plan_saved_by_a_full_run_can_be_applied(world):
    world.configure(quarantine_after=1)
    world.sync()
    saved = world.planner().plan(full=True).plan
    world.target.refuses = refusing("nothing")
    assert world.runner().apply(saved).status is Status.SUCCEEDED
    with pytest.raises(StalePlanError):
        world.runner().apply(saved)


def test_a_change_of_another_content_starts_anew(world):
    world.configure(quarantine_after=1)
    world.sync()
    ada = user("ada", display_name="Ada Lee")
    assert [one.name for one in world.planned().changes] == []
    world.source.snapshot = directory(ada, BOB, group("Data", [ada, BOB]))
    assert [one.name for one in world.planned().changes] == ["ada@contoso.com", "Data"]


def test_what_is_not_planned_any_more_is_forgotten(world):
    world.sync()
    world.sync(directory(BOB, group("Data", [BOB])))
    assert world.store.retries("account") == ()


def test_a_partial_read_forgets_nothing(world):
    world.sync()
    world.sync(directory(BOB, group("Data", [BOB], unread="503")))
    assert [one.failures for one in world.store.retries("account")] == [1]


def test_a_refused_run_counts_for_nothing(world):
    world.sync()
    world.sync()
    (before,) = world.store.retries("account")
    world.configure(limits=NO_LIMITS | {"groups_emptied": {"count": 0}})
    with pytest.raises(RefusedError):
        world.sync(directory(ADA, BOB, group("Data"), group("Ops", [ADA, BOB])))
    assert world.store.retries("account") == (before,)


def test_members_fail_and_wait_one_by_one():
    with World(SMALL) as world:
        world.target.refuses = refusing("member ada")
        world.sync()
        assert world.target.members_of("Data") == {"bob@contoso.com"}
        world.sync()
        (held,) = world.planned().on_hold
        assert (held.external_id, held.name) == ("g-data", "Data")
        assert held.reason.startswith("adding ada@contoso.com failed 2 times, last: no, for the")
        world.sync(directory(ADA, BOB, CY, group("Data", [ADA, BOB, CY])))
        assert world.target.members_of("Data") == {"bob@contoso.com", "cy@contoso.com"}
        (retry,) = world.store.retries("account")
        assert (retry.failures, retry.waited) == (2, 1)
        assert retry.name == "ada@contoso.com in Data"


def test_members_that_failed_alike_are_told_in_one_line():
    people = [user(f"u{n}") for n in range(5)]
    with World(directory(*people, group("Data", people)), quarantine_after=1) as world:
        world.target.refuses = refusing("member")
        world.sync()
        (entry,) = world.planned().quarantined
        assert entry.reason == (
            "adding u0@contoso.com, u1@contoso.com, u2@contoso.com and 2 more failed once, last: "
            "no, for the test; it is tried once a day; aadsync sync --full tries it now"
        )


def test_members_of_a_group_that_could_not_be_made_have_not_failed_themselves():
    with World(SMALL) as world:
        world.target.refuses = refusing("create group")
        world.sync()
        assert [one.name for one in world.store.retries("account")] == ["Data"]
        world.sync()
        assert [one.name for one in world.planned().on_hold] == ["Data"]
        assert world.planned().changes == ()


def test_what_takes_access_away_is_tried_in_every_run():
    with World(SMALL) as world:
        world.sync()
        world.configure(quarantine_after=1)
        world.target.refuses = refusing("members")
        world.sync(directory(ADA, BOB, group("Data")))
        for _ in range(3):
            assert [change.action for change in world.planned().changes] == [Action.REMOVE_MEMBERS]
            assert [outcome.result for outcome in world.sync().failed] == [Result.FAILED]
        world.target.refuses = refusing("nothing")
        world.sync()
        assert world.target.members_of("Data") == set()


def test_nothing_of_a_group_is_touched_while_its_adoption_waits():
    target = FakeTarget()
    gid = target.add(Kind.GROUP, "Data", [])
    with World(SMALL, target) as world:
        target.refuses = refusing(f"update {gid}")
        world.sync()
        world.sync()
        plan = world.planned()
        assert [one.name for one in plan.on_hold] == ["Data"]
        assert plan.changes == ()
        assert target.groups[gid] == set()


def test_a_group_whose_rename_waits_keeps_the_name_taken():
    with World(directory(group("Data"), group("Ops"))) as world:
        world.sync()
        world.configure(quarantine_after=1)
        data = world.target.named("Data").id
        world.target.refuses = refusing(f"update {data}")
        moved = directory(group("Red", id="g-data"), group("Ops"))
        world.sync(moved)
        assert world.planned().quarantined[0].reason.startswith("rename_group failed once")
        after = directory(group("Red", id="g-data"), group("Data", id="g-ops"))
        world.source.snapshot = after
        plan = world.planned()
        assert plan.changes == ()
        assert {one.external_id for one in plan.quarantined} == {"g-data", "g-ops"}
