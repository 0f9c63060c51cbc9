from __future__ import annotations

import json

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.runner import Runner
from aadsync_lib.errors import (
    DeclinedError,
    LeaseHeldError,
    PartialError,
    ScopeEmptyError,
    SourceError,
    StalePlanError,
    StoreError,
)
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.run import Status
from tests.unit.build import NO_LIMITS, directory, group, settings, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
SMALL = directory(ADA, group("Data", [ADA]))
NOBODY_LEAVES = NO_LIMITS | {"users_deprovisioned": {"count": 0, "share": None}}


@pytest.fixture
def world():
    with World(SMALL) as one:
        yield one


@pytest.fixture
def two():
    with World(SMALL, FakeTarget("left"), FakeTarget("right")) as one:
        yield one


def recorded(world):
    return {run.run_id: run for run in world.store.runs()}


def test_a_plan_has_no_side_effects(world):
    first = world.plan()
    assert not first.empty
    assert world.plan().digest == first.digest
    assert world.target.log == []
    assert recorded(world) == {}
    assert len(world.store.links("account")) == 0


def test_a_no_changes_nothing_and_records_no_run(world):
    asked = []

    def decline(plan, verdict):
        asked.append((plan, verdict.allowed))
        return False

    with pytest.raises(DeclinedError, match="Nothing was changed"):
        Runner(world.planner(), world.store, consent=decline).sync()
    assert asked == [(world.plan(), True)]
    assert (world.target.log, recorded(world)) == ([], {})


def test_nobody_is_asked_of_nothing_and_of_what_is_refused(world):
    asked = []

    def agree(*given):
        asked.append(given)
        return True

    Runner(world.planner(), world.store, consent=agree).sync()
    Runner(world.planner(), world.store, consent=agree).sync()
    assert len(asked) == 1
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    with pytest.raises(RefusedError):
        Runner(world.planner(), world.store, consent=agree).sync(approve="sha256:0")
    assert len(asked) == 1


def test_a_selector_that_finds_nothing_stops_a_first_sync_and_only_that(world):
    empty = Notice("scope_empty", "name 'Dta': no group; nearest: 'Data'.")
    world.source.snapshot = directory(ADA, group("Data", [ADA]), notices=(empty,))
    with pytest.raises(ScopeEmptyError, match="nearest: 'Data'"):
        world.sync()
    assert (world.target.log, recorded(world)) == ([], {})
    assert not world.plan().empty
    world.source.snapshot = SMALL
    world.sync()
    world.source.snapshot = directory(ADA, group("Data", [ADA]), notices=(empty,))
    assert world.sync().status is Status.SUCCEEDED


def test_a_refusal_names_what_of_the_scope_finds_nothing(world):
    world.sync()
    empty = Notice("scope_empty", "name 'Dta': no group; nearest: 'Data'.")
    world.source.snapshot = directory(ADA, notices=(empty,))
    with pytest.raises(RefusedError) as error:
        world.sync(approve=f"sha256:{0:064}")
    *_, reason, line, _, approval = str(error.value).splitlines()
    assert "which may be why" in reason
    assert line == "  name 'Dta': no group; nearest: 'Data'."
    assert error.value.verdict.digest in approval


def test_a_run_is_recorded_with_its_report(world):
    report = world.sync()
    (run,) = world.store.runs()
    assert (run.run_id, run.status, run.digest) == (report.run_id, "succeeded", report.digest)
    raw = json.loads(run.report)
    assert raw["status"] == "succeeded"
    assert raw["targets"][0]["applied"] == {"create_user": 1, "create_group": 1, "add_members": 1}
    assert run.run_id.startswith("20250615T150640Z-")
    assert report.requests.graph == 1
    assert report.requests.databricks == world.target.requests


def test_a_second_run_writes_nothing(world):
    world.sync()
    sent = len(world.target.log)
    report = world.sync()
    assert report.status is Status.SUCCEEDED
    assert len(world.target.log) == sent


def test_a_refusal_records_nothing_but_the_run(world):
    world.sync()
    world.configure(limits=NOBODY_LEAVES)
    sent, links = len(world.target.log), world.names_of_links()
    with pytest.raises(RefusedError, match="users_deprovisioned is 1, allowed 0") as refused:
        world.sync(directory(group("Data")))
    assert refused.value.report.status is Status.REFUSED
    (over, *_) = refused.value.report.over
    assert over.startswith("account: users_deprovisioned is 1, allowed 0")
    assert json.loads(recorded(world)[refused.value.report.run_id].report)["over"][0] == over
    assert refused.value.plan.targets[0].changes
    run = recorded(world)[refused.value.report.run_id]
    assert run.status == "refused"
    assert world.store.outcomes(run.run_id) == ()
    assert len(world.target.log) == sent
    assert world.names_of_links() == links


def test_approval_lets_that_very_plan_run(world):
    world.sync()
    world.configure(limits=NOBODY_LEAVES)
    world.source.snapshot = directory(group("Data"))
    with pytest.raises(RefusedError):
        world.sync(approve="sha256:another")
    assert world.sync(approve=world.plan().digest).status is Status.SUCCEEDED


def test_approval_of_another_plan_stops_the_run_whatever_it_would_do(world):
    foreign = world.sync().digest
    world.source.snapshot = directory(BOB, group("Data", [BOB]))
    sent = len(world.target.log)
    with pytest.raises(RefusedError, match="not the plan that was approved") as refused:
        world.sync(approve=foreign)
    assert len(world.target.log) == sent
    (line,) = refused.value.report.over
    assert foreign in line
    assert refused.value.plan.digest in line
    assert json.loads(recorded(world)[refused.value.report.run_id].report)["over"] == [line]
    right = refused.value.plan.digest
    assert world.sync(approve=right).status is Status.SUCCEEDED
    with pytest.raises(RefusedError):  # nothing is left to do, which is another plan
        world.sync(approve=right)


def test_approval_of_another_plan_stops_an_undo(world):
    run = world.sync().run_id
    with pytest.raises(RefusedError, match="not the plan that was approved"):
        world.runner().undo(run, approve="sha256:another")
    assert world.target.named("ada@contoso.com").active


def test_one_target_over_its_limit_refuses_the_run_before_any_write(two):
    left, right = two.targets
    two.sync()
    two.configure(limits=NOBODY_LEAVES)
    two.source.snapshot = directory(BOB, group("Data", [BOB]))
    left._update(Kind.USER, left.named("ada@contoso.com").id, Attributes(active=False))
    sent = len(left.log), len(right.log)
    with pytest.raises(RefusedError):
        two.sync()
    assert (len(left.log), len(right.log)) == sent


def test_a_source_that_cannot_be_read_changes_and_records_nothing(world):
    world.source.error = SourceError("tenant not found")
    with pytest.raises(SourceError):
        world.sync()
    assert recorded(world) == {}
    assert world.target.log == []


def test_an_incomplete_read_makes_the_run_partial(world):
    world.sync()
    report = world.sync(directory(ADA, group("Data", [ADA]), unread=("application x: 403",)))
    assert report.status is Status.PARTIAL


@pytest.mark.parametrize("problem", ["quarantined", "held", "failed"])
def test_whatever_was_not_done_makes_the_run_partial(world, problem):
    if problem == "quarantined":
        world.source.snapshot = directory(ADA, user("ada", id="u-2"), group("D", [ADA, "u-2"]))
    if problem == "held":
        world.sync()
        world.target.unreadable.update(world.target.groups)
    if problem == "failed":
        world.target.faults = {0: Fault.REFUSED}
    assert world.sync().status is Status.PARTIAL


# --- saved plans


def test_a_saved_plan_is_applied_while_nothing_has_moved(world):
    saved = world.plan()
    report = world.runner().apply(saved)
    assert (report.status, report.digest) == (Status.SUCCEEDED, saved.digest)
    assert world.planned().changes == ()


def test_a_saved_plan_is_refused_when_entra_has_moved(world):
    saved = world.plan()
    world.source.snapshot = directory(BOB, group("Data", [BOB]))
    with pytest.raises(StalePlanError) as moved:
        world.runner().apply(saved)
    text = str(moved.value)
    assert "account: no longer planned: create user ada@contoso.com" in text
    assert "account: planned now: create user bob@contoso.com" in text
    assert "account: planned now: add members Data: bob@contoso.com" in text
    assert world.target.log == []
    assert recorded(world) == {}


def test_a_saved_plan_is_refused_when_the_target_has_moved(world):
    saved = world.plan()
    world.target.add(Kind.USER, "ada@contoso.com")
    with pytest.raises(StalePlanError, match="no longer planned: create user"):
        world.runner().apply(saved)


def test_of_what_moved_the_first_ten_are_told(world):
    saved = world.plan()
    people = [user(f"u{n}") for n in range(20)]
    world.source.snapshot = directory(ADA, *people, group("Data", [ADA]), assigned=people)
    with pytest.raises(StalePlanError, match="and 10 more"):
        world.runner().apply(saved)


def test_a_saved_plan_is_refused_when_the_settings_have_changed(world):
    saved = world.plan()
    world.configure(leavers="delete")
    with pytest.raises(StalePlanError, match="the settings have changed"):
        world.runner().apply(saved)


def test_a_saved_plan_of_another_sync_is_refused(world):
    with World(SMALL, config=settings(name="fabrikam")) as other:
        saved = other.plan()
    with pytest.raises(StalePlanError, match="of sync fabrikam, the settings are of contoso"):
        world.runner().apply(saved)


def test_of_a_saved_plan_the_part_of_one_target_can_be_applied(two):
    saved = two.plan()
    left, right = two.targets
    two.targets = (left,)
    assert two.runner().apply(saved).status is Status.SUCCEEDED
    assert right.log == []
    two.targets = (left, right)
    with pytest.raises(StalePlanError):
        two.runner().apply(saved)


def test_a_target_that_the_saved_plan_lacks_is_refused(two):
    left, right = two.targets
    two.targets = (left,)
    saved = two.plan()
    two.targets = (left, right)
    with pytest.raises(StalePlanError, match="right: not in the saved plan"):
        two.runner().apply(saved)


# --- several targets


def test_every_target_gets_its_own_plan_and_links(two):
    two.targets[1].add(Kind.GROUP, "Data")
    report = two.sync()
    applied = {one.target: dict(one.applied) for one in report.targets}
    assert applied["left"]["create_group"] == 1
    assert applied["right"]["adopt_group"] == 1
    assert len(two.store.links("left")) == len(two.store.links("right")) == 2


def test_a_target_that_breaks_down_does_not_hide_what_became_of_the_other(two):
    left, right = two.targets

    def explode(index):
        raise StoreError("disk full")

    left.on_write = explode
    with pytest.raises(PartialError, match="StoreError: disk full"):
        two.sync()
    (run,) = two.store.runs()
    statuses = {one["target"]: one["status"] for one in json.loads(run.report)["targets"]}
    assert statuses == {"left": "failed", "right": "succeeded"}
    assert run.status == "failed"
    assert right.members_of("Data") == {"ada@contoso.com"}


def test_one_writer_at_a_time(world):
    with world.store.lease("account", "another-run"), pytest.raises(LeaseHeldError):
        world.sync()
    assert world.target.log == []
    assert world.sync().status is Status.SUCCEEDED


# --- runs that died


def test_what_a_dead_run_left_open_is_settled_by_the_next_one(world):
    world.target.faults = {0: Fault.KILLED_AFTER}
    assert world.sync_until_killed()
    (pending,) = world.store.pending("account")
    assert pending.change.action is Action.CREATE_USER
    assert world.planned().changes[0].action is not Action.CREATE_USER
    assert world.store.pending("account") == (pending,)
    world.sync()
    assert world.store.pending("account") == ()
    (outcome,) = world.store.outcomes(pending.run_id)
    assert outcome.result == "done"
    assert set(world.names_of_links()) == {"u-ada", "g-data"}


def test_what_cannot_be_told_yet_stays_open(world):
    world.sync()
    world.target.faults = {len(world.target.log) + 1: Fault.KILLED_AFTER}
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    assert world.sync_until_killed()
    assert len(world.store.pending("account")) == 1
    world.target.unreadable.update(world.target.groups)
    world.sync()
    assert len(world.store.pending("account")) == 1
    world.target.unreadable.clear()
    world.sync()
    assert world.store.pending("account") == ()


def test_a_run_that_was_refused_leaves_open_what_a_dead_one_announced(world):
    world.sync()
    world.target.faults = {len(world.target.log): Fault.KILLED_AFTER}
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]))
    assert world.sync_until_killed()
    world.configure(limits=NOBODY_LEAVES)
    world.source.snapshot = directory(group("Data"))
    with pytest.raises(RefusedError):
        world.sync()
    assert len(world.store.pending("account")) == 1


def test_who_was_deleted_leaves_groups_at_once_though_somebody_of_the_same_name_came(world):
    world.sync(directory(ADA, BOB, group("Data", [ADA, BOB])))
    again = user("ada", id="u-ada-again")
    report = world.sync(directory(again, BOB, group("Data", [again, BOB])))
    assert [one.external_id for one in report.targets[0].quarantined] == ["u-ada-again"]
    assert world.target.members_of("Data") == {"bob@contoso.com"}
    assert world.planned().changes == ()


def keeping(world, days):
    store = world.settings.store.model_copy(update={"retention_days": days})
    world.settings = world.settings.model_copy(update={"store": store})


def test_records_older_than_the_retention_go_with_the_next_run(world):
    keeping(world, 7)
    world.sync()
    world.clock.advance(8 * 86_400)
    second = world.sync()
    assert set(recorded(world)) == {second.run_id}
    assert world.planned().changes == ()


def test_without_a_retention_every_record_stays(world):
    world.sync()
    world.clock.advance(10_000 * 86_400)
    world.sync()
    assert len(recorded(world)) == 2


def test_a_run_whose_old_records_could_not_be_deleted_warns_and_is_as_good(
    world, monkeypatch, caplog
):
    def broken(before):
        raise StoreError("disk full")

    keeping(world, 7)
    monkeypatch.setattr(world.store, "prune", broken)
    assert world.sync().status is Status.SUCCEEDED
    assert "old records were not deleted, the next run tries again: disk full" in caplog.text


def test_a_run_is_full_where_everything_was_read(world):
    report = world.sync()
    assert report.full is report.plan.full is True
    assert recorded(world)[report.run_id].full is True
