"""The SQL of the dashboard and of the alerts, on rows that are known."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.spark import connect
from tests.unit.bundle.files import alerts, datasets, widgets
from tests.workspace.bundle.sql import alert, dataset, shown
from tests.workspace.bundle.story import Story, ago, four_days, told

DRAWN = [widget for widget in widgets() if "queries" in widget]


@pytest.fixture(scope="module")
def spark(spark_url: str) -> Any:
    """A session of its own: its temporary views hide tables of these names."""
    return connect(spark_url)


@pytest.fixture
def story(spark: Any) -> Story:
    story = four_days()
    story.show(spark)
    return story


def test_targets_tell_status_and_age_of_the_last_good_run(spark: Any, story: Story) -> None:
    account, second = dataset(spark, "targets")
    assert (account["target"], account["status"], account["refused"]) == ("account", "refused", 1)
    assert (account["quarantined"], account["failed"], account["held"]) == (2, 0, 0)
    assert account["hours_since_good"] == pytest.approx(48, abs=0.2)
    assert (second["status"], second["refused"]) == ("succeeded", 0)
    assert second["hours_since_good"] == pytest.approx(30, abs=0.2)


def test_runs_tell_the_newest_first_and_the_one_that_never_ended(spark: Any, story: Story) -> None:
    found = dataset(spark, "runs")
    assert [run["run_id"] for run in found] == ["r4", "r3", "s1", "r2", "r1"]
    assert [run["seconds"] for run in found[:2]] == [None, 10]
    assert found[1]["graph_requests"] == 7
    assert found[1]["ran_as"] == "svc"


def test_pending_are_the_changes_without_an_answer(spark: Any, story: Story) -> None:
    assert [(one["name"], one["run_id"]) for one in dataset(spark, "pending")] == [("fay", "r4")]


def test_changes_count_each_membership_and_nothing_that_failed(spark: Any, story: Story) -> None:
    counted: Counter[str] = Counter()
    for one in dataset(spark, "changes"):
        counted[one["action"]] += one["changes"]
    assert counted == {
        "create_user": 1, "create_group": 1, "adopt_group": 1, "add_members": 6, "remove_members": 3,
    }  # fmt: skip


def test_failures_name_what_was_not_done(spark: Any, story: Story) -> None:
    [failure] = dataset(spark, "failures")
    assert (failure["name"], failure["error"], failure["run_id"]) == (
        "eve",
        "400 invalidValue",
        "r2",
    )


def test_quarantine_is_that_of_the_store_with_its_days_and_runs(spark: Any, story: Story) -> None:
    found = {one["name"]: one for one in dataset(spark, "quarantine")}
    assert {name: one["times"] for name, one in found.items()} == {"yul": 2, "zed": 1}
    assert _same(found["yul"]["first_seen"], ago(days=2))
    assert _same(found["yul"]["last_seen"], ago(hours=3))


def test_quarantine_has_an_age_in_days(spark: Any, story: Story) -> None:
    found = {one["name"]: one["days"] for one in dataset(spark, "quarantine")}
    assert found["yul"] == 2
    assert found["zed"] in {0, 1}  # three hours ago may be yesterday


def test_who_lost_what_this_week_and_why_is_told_newest_first(spark: Any, story: Story) -> None:
    story.outcome("r9", ago(days=8), "remove_members", "data", "old-one")
    story.outcome("r9", ago(hours=1), "deactivate_user", "ada")
    story.outcome("r9", ago(hours=2), "unassign_workspace", "dbx-data", workspace="42")
    story.outcome("r9", ago(hours=2), "revoke_entitlements", "kim", result="failed")
    story.outcome("r9", ago(hours=3), "update_user", "bob")
    story.show(spark)
    found = [(one["name"], one["lost"], one["action"]) for one in dataset(spark, "lost_access")]
    assert found == [
        ("ada", "the account", "deactivate user"),
        ("dbx-data", "workspace 42", "unassign workspace"),
        ("cy", "data", "remove members"),
        ("mal", "data", "remove members"),
        ("zoe", "old", "remove members"),
    ]
    assert {one["reason"] for one in dataset(spark, "lost_access")} == {"as in Entra"}


def test_people_and_groups_are_counted_at_the_end_of_each_day(spark: Any) -> None:
    story = Story()
    story.group("data", "created", ago(days=200))
    for days, action, name in (
        (20, "create_user", "ada"), (20, "adopt_user", "bob"), (10, "deactivate_user", "ada"),
        (5, "activate_user", "ada"), (4, "deactivate_user", "bob"), (3, "delete_user", "bob"),
        (3, "create_service_principal", "ci"), (2, "create_group", "ops"), (1, "delete_group", "ops"),
    ):  # fmt: skip
        story.outcome("r", ago(days=days), action, name)
    story.outcome("r", ago(days=2), "create_user", "eve", result="failed")
    story.outcome("r", ago(days=2), "create_user", "far", target="second")
    story.show(spark)
    found = dataset(spark, "population")
    numbers = {
        kind: [one["number"] for one in sorted(found, key=lambda one: one["day"])
               if (one["kind"], one["target"]) == (kind, "account")]
        for kind in ("people", "groups", "service principals")
    }  # fmt: skip
    assert numbers["people"] == [2] * 10 + [1] * 5 + [2] * 1 + [1] * 5
    assert numbers["groups"] == [1] * 87 + [2, 1, 1]
    assert numbers["service principals"] == [1] * 4
    assert [one["number"] for one in found if one["target"] == "second"] == [1, 1, 1]


def test_size_of_the_quarantine_goes_by_run_and_target(spark: Any, story: Story) -> None:
    found = dataset(spark, "held_back")
    by_time = sorted(found, key=lambda one: one["started_at"])
    assert [(one["target"], one["quarantined"], one["held"]) for one in by_time] == [
        ("account", 1, 0), ("account", 2, 1), ("second", 0, 0), ("account", 2, 0),
    ]  # fmt: skip


def test_drift_is_what_was_mended_and_what_the_last_run_left_alone(
    spark: Any, story: Story
) -> None:
    found = [
        (one["name"], one["action"], one["member"], one["result"])
        for one in dataset(spark, "drift")
    ]
    assert found == [
        ("old", "remove_members", "una", "left alone"),
        ("old", "remove_members", "vic", "left alone"),
        ("data", "rename_group", None, "failed"),
        ("data", "add_members", "bob", "mended"),
        ("data", "remove_members", "mal", "mended"),
        ("old", "remove_members", "zoe", "mended"),
    ]


def test_drift_that_a_later_run_no_longer_leaves_alone_is_gone(spark: Any) -> None:
    story = four_days()
    story.run("r5", ago(minutes=30), "succeeded", told("account", "succeeded"))
    story.show(spark)
    assert "left alone" not in {one["result"] for one in dataset(spark, "drift")}


def test_members_of_a_group_are_counted_at_the_end_of_each_day_with_a_change(
    spark: Any, story: Story
) -> None:
    assert _numbers(spark, "data") == [3, 3, 3]  # ada bob cy; ada bob dan; today
    assert _numbers(spark, "old") == [2, 1, 1]  # ada and zoe, until somebody took zoe out


def test_members_of_before_the_window_count_and_groups_no_longer_ours_do_not(spark: Any) -> None:
    story = Story()
    story.group("data", "created", ago(days=900))
    story.group("empty", "created", ago(days=900))
    for number in range(5):
        story.member("data", f"m{number}", ago(days=900 if number < 3 else 4))
        story.member("gone", f"m{number}", ago(days=4))
    story.show(spark)
    assert _numbers(spark, "data") == [5, 5]
    assert _numbers(spark, "empty") == [0]
    assert _numbers(spark, "gone") == []


def test_speed_tells_a_run_from_its_writing(spark: Any, story: Story) -> None:
    found = {one["run_id"]: one for one in dataset(spark, "speed")}
    assert set(found) == {"r1", "r2", "r3", "s1"}
    assert (found["r1"]["seconds"], found["r1"]["writing_seconds"], found["r1"]["changes"]) == (
        10,
        2,
        5,
    )
    assert (found["r3"]["writing_seconds"], found["r3"]["changes"]) == (0, 0)


def test_lag_is_what_changes_in_entra_waited_at_most(spark: Any, story: Story) -> None:
    found = [(one["target"], one["share"], one["hours"]) for one in dataset(spark, "lag")]
    assert found == [("account", share, 24.0) for share in ("50 %", "95 %", "all")]


def test_lag_goes_by_the_good_runs_of_the_target_itself(spark: Any) -> None:
    story, noon = Story(), ago(days=2).replace(hour=12, minute=0, second=0)
    for run_id, hours, target, status in (
        ("a1", -5, "account", "succeeded"), ("s1", -1, "second", "succeeded"),
        ("a2", -1, "account", "refused"), ("a3", 0, "account", "partial"),
    ):  # fmt: skip
        story.run(run_id, noon + timedelta(hours=hours), status, told(target, status))
    for minutes in range(0, 101, 10):
        at = noon + timedelta(minutes=minutes, seconds=-2)
        story.outcome("a3", at, "create_user", f"u{minutes}")
        story.outcome("a3", at, "activate_user", f"u{minutes}", drift=True)
        story.outcome("a3", at, "update_user", f"u{minutes}", result="failed")
    story.outcome("a3", noon + timedelta(hours=9), "add_members", "data", "ada", drift=True)
    story.show(spark)
    found = {one["share"]: one["hours"] for one in dataset(spark, "lag")}
    assert found == {"50 %": 5.83, "95 %": 6.58, "all": 6.67}


@pytest.mark.parametrize("widget", DRAWN, ids=lambda widget: widget["name"])
def test_every_widget_has_something_to_show(
    spark: Any, story: Story, widget: dict[str, Any]
) -> None:
    found = shown(spark, widget)
    assert found
    assert any(value is not None for value in found[0].values())


def test_counters_show_the_worst_and_the_sums(spark: Any, story: Story) -> None:
    counters = [one for one in DRAWN if one["spec"]["widgetType"] == "counter"]
    found = {one["name"]: shown(spark, one)[0]["value"] for one in counters}
    assert found.pop("age") == pytest.approx(48, abs=0.2)
    assert found.pop("connector_age") == pytest.approx(4, abs=0.2)
    assert found == {
        "failed": 0, "quarantined": 2, "refused": 1, "pending": 1, "connector_quarantine": 1,
        "connector_failing": 2,
    }  # fmt: skip


def test_alerts_see_a_stale_target_newcomers_and_a_refusal(spark: Any, story: Story) -> None:
    found = {key: alert(spark, key) for key in alerts()}
    assert found.pop("stale") == pytest.approx(48, abs=0.2)
    assert found == {
        "failures": 0, "quarantine_grows": 1, "refused": 1, "connector_quarantine": 1,
    }  # fmt: skip


def test_alerts_are_quiet_after_good_runs(spark: Any) -> None:
    story = Story()
    for hours in (50, 26, 2, 1):
        quiet = [told(name, "partial", quarantined=["old"]) for name in ("account", "second")]
        story.run(f"h{hours}", ago(hours=hours), "partial", *quiet)
    story.show(spark)
    found = {key: alert(spark, key) for key in alerts()}
    assert found.pop("stale") == pytest.approx(1, abs=0.2)
    assert found == {
        "failures": 0, "quarantine_grows": 0, "refused": 0, "connector_quarantine": 0,
    }  # fmt: skip


def test_alerts_see_failed_changes_and_a_run_that_broke_off(spark: Any) -> None:
    story = Story()
    story.run("one", ago(hours=3), "partial", told("account", "partial", failed=["ada", "bob"]))
    story.run("two", ago(hours=1), "failed")  # no report of any target
    story.show(spark)
    assert alert(spark, "failures") == 3
    assert alert(spark, "stale") == pytest.approx(3, abs=0.2)


def test_connectors_are_as_they_were_seen_last(spark: Any, story: Story) -> None:
    account, second = dataset(spark, "connectors")
    assert (account["state"], account["failing"], account["remedy"]) == ("quarantine", 2, "Look")
    assert (second["state"], second["problems"], second["remedy"]) == ("paused", None, None)
    assert [row["name"] for row in dataset(spark, "connector_failures")] == ["gus", "hal"]
    story.seen(ago(minutes=5), "active")
    story.show(spark)
    assert alert(spark, "connector_quarantine") == 0
    assert dataset(spark, "connector_failures") == []


def test_a_setup_of_a_connector_makes_no_target_stale(spark: Any) -> None:
    story = Story()
    setup = told("account/connector", "succeeded")
    story.run("c1", ago(hours=50), "succeeded", setup, digest="connector")
    story.run("r1", ago(hours=1), "succeeded", told("account", "succeeded"))
    story.show(spark)
    assert alert(spark, "stale") == pytest.approx(1, abs=0.2)
    assert [row["target"] for row in dataset(spark, "targets")] == ["account"]


def test_a_store_without_a_run_is_stale_and_nothing_else(spark: Any) -> None:
    Story().show(spark)
    assert {key: alert(spark, key) for key in alerts()} == {
        "stale": 168, "failures": 0, "quarantine_grows": 0, "refused": 0,
        "connector_quarantine": 0,
    }  # fmt: skip
    assert {name: dataset(spark, name) for name in datasets()} == {name: [] for name in datasets()}


def _numbers(spark: Any, group: str) -> list[int]:
    found = [one for one in dataset(spark, "members") if one["group_name"] == group]
    return [one["members"] for one in sorted(found, key=lambda one: one["day"])]


def _same(found: Any, wanted: Any) -> bool:
    """Whether two moments are the same; Spark returns them in the machine's time zone, without it."""
    return abs(found.astimezone() - wanted) < timedelta(seconds=1)
