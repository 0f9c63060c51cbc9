"""Plans and runs as JSON, and saved plans back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.errors import StalePlanError, UsageError
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.head import Address, Head
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import (
    Estimate,
    Loss,
    Managed,
    Plan,
    Quarantined,
    TargetPlan,
    Unapplied,
    UnappliedBy,
    Unowned,
)
from aadsync_lib.model.run import Status, TargetReport
from aadsync_lib.report.as_json import plan_from_json, plan_to_json, run_from_json, run_to_json
from tests.unit.report import samples
from tests.unit.report.golden import assert_golden

names = st.text(max_size=20)
maybe = st.none() | names
numbers = st.integers(0, 10**9)
flag = st.none() | st.booleans()
attributes = st.none() | st.builds(Attributes, maybe, maybe, maybe, maybe, flag)
members = st.builds(MemberRef, maybe, maybe, names, st.sampled_from(Kind))
changes = st.builds(
    Change, st.sampled_from(Action), maybe, maybe, names, names, attributes, attributes,
    st.lists(members, max_size=3).map(tuple), st.booleans(),
)  # fmt: skip
quarantined = st.lists(st.builds(Quarantined, maybe, names, names), max_size=2).map(tuple)
some_names = st.lists(names, max_size=2).map(tuple)
seconds = st.floats(0, 1e6)
addresses = (
    st.none() | st.builds(Address, names, names) | st.builds(Address, names, workspace_id=numbers)
)
losing = st.lists(st.builds(Loss, names, names, st.sampled_from(Kind), names), max_size=2).map(
    tuple
)
targets = st.builds(
    TargetPlan, names, st.lists(changes, max_size=4).map(tuple), quarantined, quarantined,
    st.lists(st.builds(Notice, names, names), max_size=2).map(tuple),
    st.builds(Managed, numbers, numbers, numbers), st.builds(Estimate, numbers, seconds),
    some_names, some_names, st.frozensets(names, max_size=3),
    st.lists(st.builds(Unowned, st.sampled_from(Kind), names, names, names, names, maybe), max_size=2).map(tuple),
    st.lists(st.builds(Unapplied, changes, st.sampled_from(UnappliedBy)), max_size=2).map(tuple), losing, addresses, maybe,
)  # fmt: skip
heads = st.none() | st.builds(Head, names, names, names, names, names)
plans = st.builds(
    Plan, names, st.lists(targets, max_size=3).map(tuple), st.booleans(), names,
    st.none() | st.text(min_size=1), maybe, head=heads,
)  # fmt: skip


def pretty(document):
    return json.dumps(document, indent=2) + "\n"


def saved(plan=None):
    return json.loads(json.dumps(plan_to_json(plan or samples.full_plan())))


@given(plans)
def test_plan_survives_json_and_back_with_the_same_digest(plan):
    back = plan_from_json(saved(plan))
    assert back == plan
    assert back.digest == plan.digest
    assert back.settings_digest == plan.settings_digest
    assert back.head == plan.head
    assert back.source_digest == plan.source_digest
    assert [t.state_digest for t in back.targets] == [t.state_digest for t in plan.targets]


def test_plan_document_reads_as_agreed():
    assert_golden("plan.json", pretty(plan_to_json(samples.full_plan())))
    assert_golden("plan_drifted.json", pretty(plan_to_json(samples.drifted_plan())))


def test_plan_that_an_earlier_version_saved_still_reads():
    now = samples.full_plan()
    then = replace(now, targets=tuple(replace(target, address=None) for target in now.targets))
    document = saved(then)
    for key in ("source_digest", "head"):
        del document[key]
    for target in document["targets"]:
        for key in ("found", "left", "state_digest", "losses"):
            del target[key]
    back = plan_from_json(document)
    assert [str(loss) for loss in back.targets[0].losing] == document["targets"][0]["losing"]
    kept = tuple(replace(target, losing=()) for target in back.targets)
    assert replace(back, targets=kept) == replace(
        then, targets=tuple(replace(target, losing=()) for target in then.targets)
    )


def test_digest_covers_the_places_and_nothing_else_of_the_head():
    plan = samples.full_plan()
    first, second = plan.targets
    later = replace(samples.HEAD, time="2027-01-01T00:00:00Z", by="somebody", settings="x.yml")
    assert replace(plan, head=later).digest == plan.digest
    for other in (
        Address("https://other.example", first.address.account_id),
        replace(first.address, account_id="9c1d0000-0000-4000-8000-00000000da7b"),
    ):
        assert replace(plan, targets=(replace(first, address=other), second)).digest != plan.digest
    shouted = Address(first.address.host.upper() + "/", first.address.account_id.upper())
    assert replace(plan, targets=(replace(first, address=shouted), second)).digest == plan.digest


def test_plan_moved_to_another_place_by_hand_is_refused_as_any_other_edit():
    document = saved()
    document["targets"][0]["host"] = "https://prod.example"
    with pytest.raises(StalePlanError):
        plan_from_json(document)


def test_edited_drift_is_refused_as_any_other_edit():
    document = saved(samples.drifted_plan())
    del document["targets"][0]["changes"][0]["drift"]
    with pytest.raises(StalePlanError):
        plan_from_json(document)


def test_report_that_an_earlier_version_kept_still_has_its_page():
    document = run_to_json(samples.partial())
    for target in document["targets"]:
        for key in ("found", "left", "drift"):
            del target[key]
    report = run_from_json(document)
    assert [(one.unowned, one.unapplied, one.drift) for one in report.targets] == [((), (), ())] * 2


@pytest.mark.parametrize("name", ["done", "partial", "refused", "drifted"])
def test_run_document_read_back_is_the_same_document(name):
    report = getattr(samples, name)()
    again = run_from_json(run_to_json(report))
    assert run_to_json(again) == run_to_json(report)
    assert (again.status, again.clean) == (report.status, report.clean)


@pytest.mark.parametrize("name", ["done", "partial", "refused", "drifted"])
def test_run_document_reads_as_agreed(name):
    assert_golden(f"run_{name}.json", pretty(run_to_json(getattr(samples, name)())))


def test_edited_plan_is_refused_with_both_digests():
    document = saved()
    document["targets"][0]["changes"][0]["name"] = "somebody else"
    with pytest.raises(StalePlanError, match=document["digest"]) as caught:
        plan_from_json(document)
    assert "Nothing was changed" in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "plan", {}, {"kind": "run", "version": 1}])
def test_anything_but_a_plan_is_refused(document):
    with pytest.raises(UsageError, match="not a saved plan"):
        plan_from_json(document)


def test_plan_of_another_version_is_refused():
    with pytest.raises(UsageError, match="version 2"):
        plan_from_json({**saved(), "version": 2})


@pytest.mark.parametrize(
    ("key", "value"),
    [("targets", "none"), ("targets", [{}]), ("digest", ...), ("complete", "yes"), ("sync", 7)],
)
def test_damaged_plan_is_refused(key, value):
    document = saved()
    document[key] = value
    if value is ...:
        del document[key]
    with pytest.raises(UsageError, match="damaged"):
        plan_from_json(document)


def test_unknown_action_in_a_plan_is_refused():
    document = saved()
    document["targets"][0]["changes"][0]["action"] = "explode"
    with pytest.raises(UsageError, match="explode"):
        plan_from_json(document)


def test_identity_quarantined_twice_for_one_reason_is_reported_once():
    target = samples.partial().targets[0]
    outcome = target.outcomes[-1]
    again = Quarantined(outcome.change.external_id, outcome.change.name, outcome.error)
    document = run_to_json(samples.report(replace(target, quarantined=(again,))))
    assert len(document["targets"][0]["quarantined"]) == 1


def held(status):
    return TargetReport("account", status, on_hold=samples.partial().targets[0].on_hold)


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (samples.done(), 0),
        (samples.report(), 0),
        (samples.partial(), 3),
        (samples.report(held(Status.SUCCEEDED)), 3),
        (samples.refused(), 4),
        (samples.report(TargetReport("account", Status.FAILED)), 1),
        (samples.report(TargetReport("account", Status.FAILED, samples.outcomes())), 3),
    ],
)
def test_exit_code_tells_how_the_run_ended(report, code):
    assert exit_code(report) == code
