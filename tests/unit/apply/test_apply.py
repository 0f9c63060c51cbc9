"""What becomes of changes when the target answers otherwise than expected."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from aadsync_lib.errors import PartialError, StoreError
from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Result, Status
from aadsync_lib.ports import ChangeRefused, MembersRefused
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
SMALL = directory(ADA, group("Data", [ADA]))


@pytest.fixture
def world():
    with World(SMALL) as one:
        yield one


def outcomes(report, result):
    found = [one for one in report.targets[0].outcomes if one.result is result]
    return {(one.change.action.value, one.change.name): one.error for one in found}


def origins(world):
    return {oid: link.origin for oid, link in world.store.links("account").by_external.items()}


def unseen(world, kind, name, **more):
    """Put something on the target after it was read: the create then finds it there."""
    target = world.target
    read = target.read

    def reading():
        snapshot = read()
        target.add(kind, name, **more)
        target.read = read
        return snapshot

    target.read = reading


# --- 409


def test_an_object_with_our_id_that_is_there_already_is_adopted(world):
    unseen(world, Kind.USER, "ada@contoso.com", external_id="u-ada", active=False)
    report = world.sync()
    assert report.status is Status.SUCCEEDED
    assert origins(world)["u-ada"] is Origin.ADOPTED
    assert world.target.named("ada@contoso.com").active
    assert world.target.members_of("Data") == {"ada@contoso.com"}
    assert world.planned().changes == ()


def test_an_adoptable_object_that_is_there_already_is_adopted(world):
    unseen(world, Kind.GROUP, "data")
    world.sync()
    assert origins(world)["g-data"] is Origin.ADOPTED
    assert world.target.members_of("Data") == {"ada@contoso.com"}


@pytest.mark.parametrize(("adopt", "external_id"), [("never", None), ("unowned", "alien")])
def test_an_object_of_somebody_else_is_quarantined_and_left_alone(world, adopt, external_id):
    world.configure(adopt=adopt)
    unseen(world, Kind.USER, "ada@contoso.com", external_id=external_id, display_name="Theirs")
    report = world.sync()
    ((name, error),) = outcomes(report, Result.QUARANTINED).items()
    assert name == ("create_user", "ada@contoso.com")
    assert f"policy.adopt.users: {adopt} does not take over" in error
    assert world.target.named("ada@contoso.com").display_name == "Theirs"
    assert report.status is Status.PARTIAL


@pytest.mark.parametrize("external_id", [None, "u-ada"])
def test_what_another_sync_made_in_the_meantime_stays_with_it(world, external_id):
    world.configure(adopt="same_name")
    unseen(world, Kind.USER, "ada@contoso.com", external_id=external_id)

    def linked(_):
        theirs = world.target.named("ada@contoso.com").id
        link = Link(Kind.USER, "u-ada", theirs, Origin.CREATED, "ada@contoso.com")
        with closing(world.store_of("finance")) as store, store.lease("account", "r"):
            store.settle("account", {}, linked=(link,))

    world.target.on_write = linked
    report = world.sync()
    ((name, error),) = outcomes(report, Result.QUARANTINED).items()
    assert name == ("create_user", "ada@contoso.com")
    assert "managed by the sync finance" in error
    assert "u-ada" not in origins(world)


def test_an_object_linked_to_another_identity_is_never_taken_over(world):
    world.configure(adopt="same_name")
    world.sync()
    data = world.target.named("Data").id
    snapshot = directory(ADA, group("Data", [ADA]), group("Ops"))
    world.source.snapshot = snapshot
    read = world.target.read

    def reading():
        seen = read()
        world.target.accounts[data] = replace(world.target.accounts[data], name="Ops")
        return seen

    world.target.read = reading
    report = world.sync()
    assert ("create_group", "Ops") in outcomes(report, Result.QUARANTINED)
    assert world.store.links("account").by_target[data].external_id == "g-data"


def test_a_lookup_that_lags_behind_is_repeated(world):
    unseen(world, Kind.USER, "ada@contoso.com", external_id="u-ada", display_name="Ada")
    world.target.blind = 3
    assert world.sync().status is Status.SUCCEEDED
    assert world.clock.sleeps == (2.0, 4.0, 8.0)


def test_what_is_there_and_cannot_be_found_fails(world):
    unseen(world, Kind.USER, "ada@contoso.com", external_id="u-ada")
    world.target.blind = 99
    failed = outcomes(world.sync(), Result.FAILED)
    assert "already exists" in failed["create_user", "ada@contoso.com"]


def test_what_is_there_while_lookups_are_refused_fails_with_the_first_reason(world):
    unseen(world, Kind.USER, "ada@contoso.com", external_id="u-ada")
    world.target.blind_error = ChangeRefused("500")
    failed = outcomes(world.sync(), Result.FAILED)
    assert "already exists" in failed["create_user", "ada@contoso.com"]


def test_members_of_a_group_that_was_there_already_can_be_refused_one_by_one(world):
    unseen(world, Kind.GROUP, "Data")
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    world.target.refuses = lambda what: (
        "limit reached" if what == "member bob@contoso.com" else None
    )
    report = world.sync()
    assert outcomes(report, Result.FAILED) == {("add_members", "Data"): "limit reached"}
    assert world.target.members_of("Data") == {"ada@contoso.com"}
    assert "g-data" in origins(world)


# --- lost answers


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("adopt", ["never", "unowned"])
def test_a_create_whose_answer_was_lost_is_found_or_sent_again(fault, adopt):
    with World(SMALL, adopt=adopt) as world:
        world.target.faults = {0: fault, 2: fault}
        report = world.sync()
        assert report.status is Status.SUCCEEDED
        assert set(origins(world).values()) == {Origin.CREATED}
        assert len(world.target.accounts) == 2
        assert world.target.members_of("Data") == {"ada@contoso.com"}


def test_a_create_lost_twice_is_unknown_until_the_next_run_looks(world):
    world.configure(adopt="never")
    world.target.faults = {0: Fault.LOST_BEFORE, 1: Fault.LOST_BEFORE}
    report = world.sync()
    assert ("create_user", "ada@contoso.com") in outcomes(report, Result.UNKNOWN)
    assert len(world.store.pending("account")) == 1
    world.target.faults = {}
    assert world.sync().status is Status.SUCCEEDED
    assert world.store.pending("account") == ()


@pytest.mark.parametrize("trouble", ["lookups refused", "lookups blind", "second refused"])
def test_a_create_that_may_have_been_done_is_never_given_up_as_failed(world, trouble):
    """With adopt never, only the open journal entry still tells that the account is ours."""
    world.configure(adopt="never")
    world.target.faults = {0: Fault.LOST_AFTER}
    if trouble == "lookups refused":
        world.target.blind_error = ChangeRefused("500")
    else:
        world.target.blind = 99
    if trouble == "second refused":
        world.target.faults[1] = Fault.REFUSED
    assert ("create_user", "ada@contoso.com") in outcomes(world.sync(), Result.UNKNOWN)
    world.target.blind, world.target.blind_error, world.target.faults = 0, None, {}
    assert world.sync().status is Status.SUCCEEDED
    assert origins(world) == {"u-ada": Origin.CREATED, "g-data": Origin.CREATED}
    assert world.planned().changes == ()


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_any_other_write_whose_answer_was_lost_is_unknown(world, fault):
    world.sync()
    world.target.faults = {len(world.target.log): fault}
    world.source.snapshot = directory(ADA, group("Data 2", [ADA], id="g-data"))
    report = world.sync()
    assert ("rename_group", "Data 2") in outcomes(report, Result.UNKNOWN)
    assert len(world.store.pending("account")) == 1
    world.sync()
    assert world.store.pending("account") == ()
    assert world.target.named("Data 2").external_id == "g-data"


# --- one failure is one failure


def test_a_failed_creation_holds_back_only_its_memberships(world):
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA]))
    world.target.refuses = lambda what: (
        "no seats" if what.endswith("user ada@contoso.com") else None
    )
    report = world.sync()
    assert outcomes(report, Result.FAILED) == {("create_user", "ada@contoso.com"): "no seats"}
    skipped = outcomes(report, Result.SKIPPED)
    assert set(skipped) == {("add_members", "Data"), ("add_members", "Ops")}
    assert world.target.members_of("Data") == {"bob@contoso.com"}
    assert world.target.members_of("Ops") == set()


def test_members_that_none_can_be_added_of_are_not_sent(world):
    world.sync()
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    world.target.refuses = lambda what: "no seats" if "bob" in what else None
    sent = len(world.target.log)
    report = world.sync()
    assert outcomes(report, Result.SKIPPED).keys() == {("add_members", "Data")}
    assert len(world.target.log) == sent + 1


def test_members_wait_for_an_adoption_that_fails(world):
    world.target.add(Kind.GROUP, "DATA")
    world.target.refuses = lambda what: "403" if what == "update 1001" else None
    report = world.sync()
    assert set(outcomes(report, Result.FAILED)) == {
        ("adopt_group", "Data"), ("rename_group", "Data")
    }  # fmt: skip
    ((_, reason),) = outcomes(report, Result.SKIPPED).items()
    assert reason == "waits for g-data/itself, which failed"


@pytest.mark.parametrize("first", [True, False], ids=["at creation", "later"])
def test_a_member_that_is_refused_does_not_hold_back_the_others(world, first):
    if not first:
        world.sync(directory(group("Data")))
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    world.target.refuses = lambda what: "too many" if what == "member bob@contoso.com" else None
    report = world.sync()
    assert outcomes(report, Result.FAILED) == {("add_members", "Data"): "too many"}
    assert report.targets[0].members_added == 1
    assert world.target.members_of("Data") == {"ada@contoso.com"}
    assert world.store.pending("account") == ()


def test_additions_of_which_all_are_refused_count_as_failed_once(world):
    world.target.refuses = lambda what: "too many" if what.startswith("member") else None
    report = world.sync()
    assert outcomes(report, Result.FAILED) == {("add_members", "Data"): "too many"}
    assert report.targets[0].applied == {"create_user": 1, "create_group": 1}


@pytest.mark.parametrize("first", [True, False], ids=["at creation", "later"])
def test_each_member_that_is_refused_is_a_failure_that_begins_with_its_name(world, first):
    people = [user(f"p{number}") for number in range(5)]
    if not first:
        world.sync(directory(*people, group("Data", people[4:])))
    world.source.snapshot = directory(*people, group("Data", people[:4]))
    bad = {"member p1@contoso.com", "member p3@contoso.com"}
    world.target.refuses = lambda what: "too many" if what in bad else None
    report = world.sync()
    assert [(o.change.action.value, o.change.name, o.reason) for o in report.failed] == [
        ("add_members", "Data", "p1@contoso.com: too many"),
        ("add_members", "Data", "p3@contoso.com: too many"),
    ]
    assert world.target.members_of("Data") == {"p0@contoso.com", "p2@contoso.com"}
    assert report.targets[0].members_removed == (0 if first else 1)
    world.target.refuses = lambda what: None
    world.runner().sync(full=True)
    assert len(world.target.members_of("Data")) == 4


@pytest.mark.parametrize("first", [True, False], ids=["at creation", "later"])
@pytest.mark.parametrize("adopted", [True, False], ids=["adopted", "made"])
def test_members_that_were_not_tried_are_tried_in_the_next_run(world, first, adopted):
    people = [user(f"p{number}") for number in range(4)]
    world.sync(directory(*people, *([] if first else [group("Data")]), assigned=people))
    if first and adopted:
        unseen(world, Kind.GROUP, "Data")
    world.source.snapshot = directory(*people, group("Data", people), assigned=people)
    target = world.target
    change = target._change_members

    def gives_up(group_id, add, remove):
        change(group_id, (), remove)
        if add:
            untried = dict.fromkeys(add[2:], "not tried in this run")
            raise MembersRefused(group_id, dict.fromkeys(add[:2], "no"), untried)

    target._change_members = gives_up
    report = world.sync()
    assert outcomes(report, Result.SKIPPED) == {("add_members", "Data"): "not tried in this run"}
    assert sum(o.result is Result.FAILED for o in report.failed) == 2
    assert report.targets[0].members_added == 0
    assert world.store.pending("account") == ()
    assert len(world.store.retries("account")) == 2
    target._change_members = change
    world.sync()
    world.sync()
    assert len(world.target.members_of("Data")) >= 2
    world.runner().sync(full=True)
    assert len(world.target.members_of("Data")) == 4


def test_members_are_moved_without_a_moment_without_access(world):
    world.sync(directory(ADA, group("Data", [ADA]), group("Ops")))
    target, seen = world.target, []
    target.on_write = lambda _: seen.append(
        "ada@contoso.com" in target.members_of("Data") | target.members_of("Ops")
    )
    world.sync(directory(ADA, group("Data"), group("Ops", [ADA])))
    assert seen == [True, True]
    assert target.members_of("Ops") == {"ada@contoso.com"}


def test_nesting_can_be_turned_round_in_one_run(world):
    world.sync(directory(group("A", ["g-b"]), group("B"), roots=["A", "B"]))
    report = world.sync(directory(group("A"), group("B", ["g-a"])))
    assert report.status is Status.SUCCEEDED
    assert world.target.members_of("B") == {"A"}


def test_names_can_be_swapped_in_one_run(world):
    world.sync(directory(group("A", id="g1"), group("B", id="g2")))
    ids = {name: world.target.named(name).id for name in "AB"}
    report = world.sync(directory(group("B", id="g1"), group("A", id="g2")))
    assert report.status is Status.SUCCEEDED
    assert {name: world.target.named(name).id for name in "AB"} == {"A": ids["B"], "B": ids["A"]}


def test_an_object_that_passes_to_another_identity_ends_the_link_it_had():
    with World(SMALL, adopt="same_name", leavers="keep") as world:
        world.sync()
        there = world.target.named("ada@contoso.com").id
        again = user("ada", id="u-new")
        world.sync(directory(again, group("Data", [again])))
        links = world.store.links("account")
        assert links.by_target[there].external_id == "u-new"
        assert "u-ada" not in links.by_external
        assert world.target.named("ada@contoso.com").external_id == "u-new"


# --- stopping


class Shown:
    """A progress bar that remembers, and may press Ctrl-C after some steps."""

    def __init__(self, stop_after=None):
        self.steps, self.total, self.ended = 0, 0, 0
        self.stop_after = stop_after
        self.stop = None

    def start(self, total, label):
        self.total += total

    def advance(self, count):
        self.steps += count
        if self.steps == self.stop_after:
            self.stop()

    def done(self):
        self.ended += 1


def test_progress_counts_every_task_and_ends():
    shown = Shown()
    with World(SMALL, progress=shown) as world:
        world.sync()
    assert (shown.steps, shown.total, shown.ended) == (2, 2, 1)


def test_stop_lets_the_flight_finish_and_reports_the_rest_as_not_started():
    shown = Shown(stop_after=1)
    with World(SMALL, progress=shown) as world:
        runner = world.runner()
        shown.stop = runner.stop
        report = runner.sync()
        assert report.targets[0].applied == {"create_user": 1}
        skipped = outcomes(report, Result.SKIPPED)
        assert set(skipped) == {("create_group", "Data"), ("add_members", "Data")}
        assert all("run sync again to go on" in reason for reason in skipped.values())
        assert world.store.pending("account") == ()
        assert world.sync().status is Status.SUCCEEDED


def test_when_nothing_can_be_recorded_nothing_more_is_sent(world):
    people = [user(f"u{n}") for n in range(40)]
    world.source.snapshot = directory(*people, group("Data", people))
    announce, calls = world.store.announce, []

    def failing(*args):
        calls.append(args)
        if len(calls) > 3:
            raise StoreError("disk full")
        return announce(*args)

    world.store.announce = failing
    with pytest.raises(PartialError, match="StoreError: disk full"):
        world.sync()
    assert len(world.target.log) == 3


def test_an_unexpected_error_ends_the_run_after_what_is_in_flight(world):
    def explode(index):
        if index == 0:
            raise ZeroDivisionError

    world.target.on_write = explode
    with pytest.raises(PartialError, match="ZeroDivisionError"):
        world.sync()
    assert world.store.runs()[0].status == "failed"
    world.target.on_write = lambda _: None
    assert world.sync().status is Status.SUCCEEDED


# --- confirmation


def test_a_member_that_was_accepted_and_is_not_there_is_reported():
    target = FakeTarget(ignores_unknown_members=True)
    with World(directory(ADA, group("Data")), target) as world:
        world.sync(directory(ADA, group("Data"), assigned=[ADA]))
        world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
        ada = target.named("ada@contoso.com").id
        read = target.read

        def reading():
            seen = read()
            target._delete(ada)
            return seen

        target.read = reading
        report = world.sync()
    ((name, reason),) = outcomes(report, Result.FAILED).items()
    assert name == ("add_members", "Data")
    assert "does not list it" in reason
    assert report.targets[0].members_added == 1
    assert sum(world.clock.sleeps) <= 60


def test_when_no_member_arrived_nothing_counts_as_added():
    target = FakeTarget(ignores_unknown_members=True)
    with World(directory(ADA, group("Data"), assigned=[ADA]), target) as world:
        world.sync()
        world.source.snapshot = directory(ADA, group("Data", [ADA]))
        read, ada = target.read, target.named("ada@contoso.com").id

        def reading():
            seen = read()
            target._delete(ada)
            return seen

        target.read = reading
        report = world.sync()
    assert report.targets[0].members_added == 0
    assert report.targets[0].applied == {}


def test_a_read_that_lags_behind_is_waited_for(world):
    world.sync(directory(ADA, group("Data"), assigned=[ADA]))
    data = world.target.named("Data").id
    world.target.stale = {data: 4}  # one read is the plan's
    report = world.sync(SMALL)
    assert report.status is Status.SUCCEEDED
    assert world.clock.sleeps == (2.0, 4.0, 8.0)


def test_a_group_that_cannot_be_read_after_the_writes_tells_nothing(world):
    world.target.on_write = lambda index: world.target.unreadable.update(world.target.groups)
    world.sync(directory(ADA, group("Data"), assigned=[ADA]))
    report = world.sync(SMALL)
    assert world.clock.sleeps == ()
    assert not outcomes(report, Result.FAILED)


def test_what_was_removed_is_recorded_as_removed(world):
    world.sync()
    report = world.sync(directory(ADA, group("Data"), assigned=[ADA]))
    assert report.targets[0].members_removed == 1
    (outcome,) = report.targets[0].outcomes
    assert outcome.change.action is Action.REMOVE_MEMBERS
