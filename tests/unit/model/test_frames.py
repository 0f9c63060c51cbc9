"""Plans and runs as frames."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.model import frames
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan, Unapplied, UnappliedBy, Unowned
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from tests.unit.report import samples

EVERYTHING = st.text(st.characters(), max_size=12)  # halves of surrogate pairs and null bytes too
NASTY = "a\x00b \ud83d \U0001f600 \u202e' -- \n"


def records(frame):
    """The rows, with None for what is missing."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def plan_of(*changes, **more):
    return Plan("contoso", (TargetPlan("account", changes, **more),))


def all_frames(plan, report):
    return (
        plan.to_frame(), plan.held_frame(), report.to_frame(), plan.left_frame(), plan.found_frame()
    )  # fmt: skip


def test_change_is_one_row_and_a_change_of_members_one_row_a_member():
    frame = samples.full_plan().to_frame()
    changes = samples.changes()
    assert len(frame) == sum(len(change.members) or 1 for change in changes)
    sales = [row for row in records(frame) if row["name"] == "Sales" and row["member"]]
    assert [(row["action"], row["member"], row["member_type"]) for row in sales] == [
        ("add_members", "ada@contoso.com", "user"),
        ("remove_members", "eve@contoso.com", "user"),
        ("remove_members", "bob@contoso.com", "user"),
    ]
    assert {(row["kind"], row["external_id"], row["target_id"]) for row in sales} == {
        ("group", "e-Sales", "t-Sales")
    }


def test_row_of_a_change_says_what_it_changes_and_why():
    [row] = records(plan_of(samples.create_user()).to_frame())
    after = {"userName": "ada@contoso.com", "displayName": "Ada", "externalId": "e-ada"}
    assert json.loads(row.pop("after")) == after | {"active": True}
    assert {name: value for name, value in row.items() if value is not None} == {
        "target": "account",
        "action": "create_user",
        "kind": "user",
        "name": "ada@contoso.com",
        "external_id": "e-ada",
        "reason": "in scope through Data Platform",
        "drift": "false",
    }


def test_change_of_members_that_names_none_keeps_its_row():
    change = Change(Action.ADD_MEMBERS, "e", "t", "Sales", "")
    assert [row["member"] for row in records(plan_of(change).to_frame())] == [None]


def test_frame_of_a_run_tells_how_each_change_ended():
    frame = samples.partial().to_frame()
    found = [(row["result"], row["action"], row["error"]) for row in records(frame)]
    assert found == [
        ("done", "create_user", None),
        ("done", "add_members", None),
        ("done", "add_members", None),
        ("failed", "remove_members", "400 invalidValue: member not found"),
        ("skipped", "rename_group", None),
        ("unknown", "activate_user", None),
        ("quarantined", "update_service_principal", "two service principals have this id"),
        ("quarantined", None, None),
        ("held", None, None),
    ]
    assert set(frame["run_id"]) == {"r-1"}


def test_what_a_person_has_to_look_at_is_what_is_not_done():
    frame = samples.partial().to_frame()
    waiting = records(frame[(frame["result"] != "done") & frame["action"].isna()])
    assert [(row["name"], row["reason"]) for row in waiting] == [
        ("x@contoso.com", "two Entra users map to this"),
        ("Finance", "members could not be read: 403"),
    ]


def test_identity_quarantined_in_planning_and_again_in_the_run_has_one_row():
    change = samples.changes()[3]
    twice = Quarantined(change.external_id, change.name, "two have this id")
    outcome = Outcome(change, Result.QUARANTINED, twice.reason)
    report = samples.report(TargetReport("account", Status.PARTIAL, (outcome,), (twice,)))
    assert [row["action"] for row in records(report.to_frame())] == [change.action]


def test_what_a_plan_holds_back_has_a_frame_of_its_own():
    assert [tuple(row.values()) for row in records(samples.full_plan().held_frame())] == [
        ("account", "quarantined", "x@contoso.com", "e-x", "two Entra users map to this"),
        ("account", "held", "Finance", None, "members could not be read: 403"),
    ]


def test_drift_is_marked_in_a_plan_and_in_a_run():
    for frame in (samples.drifted_plan().to_frame(), samples.drifted().to_frame()):
        drift = {row["name"]: row["drift"] for row in records(frame)}
        assert (drift["ML"], drift["ada@contoso.com"]) == ("true", "false")


def test_what_the_policy_leaves_alone_has_a_frame_with_what_leaves_it():
    rows = records(samples.drifted_plan().left_frame())
    assert {(row["name"], row["action"], row["drift"], row["by"]) for row in rows} == {
        ("Sales", "remove_members", "true", "managed"),
        ("Night shift", "add_members", "true", "drift"),
        ("eve@contoso.com", "deactivate_user", "false", "additive"),
    }
    assert [row["member"] for row in rows if row["by"] == "drift"] == ["zoe@contoso.com"]


def test_what_is_not_ours_has_a_frame_with_its_owner():
    rows = [tuple(row.values()) for row in records(samples.drifted_plan().found_frame())]
    assert rows == [
        ("account", "group", "Ops", "e-Ops", "t-ops", "nobody: it has no externalId",
         "policy.adopt.groups: unowned"),
        ("account", "user", "ada@contoso.com", "e-ada", "t-ada", "the sync finance", None),
    ]  # fmt: skip


@pytest.mark.parametrize("which", range(5), ids=["plan", "held", "run", "left", "found"])
def test_frame_without_rows_has_the_same_columns_and_types(which):
    plan = samples.full_plan() if which < 3 else samples.drifted_plan()
    full = all_frames(plan, samples.partial())[which]
    empty = all_frames(Plan("contoso", ()), samples.report())[which]
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert {str(dtype) for frame in (full, empty) for dtype in frame.dtypes} == {"string"}


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (Plan.to_frame, frames.PLAN),
        (Plan.held_frame, frames.HELD),
        (Plan.left_frame, {"by"}),
        (Plan.found_frame, frames.FOUND),
        (RunReport.to_frame, {"run_id", "result", "error"}),
    ],
)
def test_every_column_is_documented(method, names):
    assert set(names) <= set(re.findall(r"``(\w+)``", method.__doc__))


def test_run_has_the_columns_of_a_plan():
    assert set(frames.PLAN) <= set(frames.RUN)


@given(EVERYTHING, EVERYTHING, EVERYTHING)
def test_any_name_is_data_that_arrow_takes_and_gives_back(name, reason, attribute):
    arrow = pytest.importorskip("pyarrow", reason="the bridge to Spark needs pyarrow")
    change = Change(
        Action.REMOVE_MEMBERS, name, name, name, reason,
        before=Attributes(display_name=attribute), members=(MemberRef(name, name, name, Kind.USER),),
    )  # fmt: skip
    quarantined = (Quarantined(name, name, reason),)
    report = RunReport(
        "r", "s", "d", True,
        (TargetReport("t", Status.FAILED, (Outcome(change, Result.FAILED, reason),), quarantined),),
        Requests(), 0.0,
    )  # fmt: skip
    found = (Unowned(Kind.USER, name, name, name, reason, name),)
    left = (Unapplied(change, UnappliedBy.MANAGED),)
    plan = plan_of(change, quarantined=quarantined, unowned=found, unapplied=left)
    for frame in all_frames(plan, report):
        table = arrow.Table.from_pandas(frame)
        assert {str(kind) for kind in table.schema.types} <= {"string", "large_string"}
        written = name.encode("utf-8", "backslashreplace").decode()
        assert table.column("name").to_pylist() == [written] * len(frame)
    before = records(plan.to_frame())[0]["before"]
    assert json.loads(before) == {"displayName": attribute}


def test_halves_of_characters_are_written_out_and_nothing_else_is_touched():
    [row] = records(plan_of(samples.create_user(NASTY)).to_frame())
    assert row["name"] == NASTY.replace("\ud83d", "\\ud83d")


@pytest.mark.parametrize("module", ["plan", "run"])
def test_model_imports_no_pandas(module):
    code = f"import sys, aadsync_lib.model.{module}; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def hundred_thousand_memberships():
    return plan_of(*samples.members_of("Team", add=map(str, range(500))) * 200)


def test_hundred_thousand_memberships_become_a_row_each():
    assert len(hundred_thousand_memberships().to_frame()) == 100_000
