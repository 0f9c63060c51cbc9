"""What the CLI's strict check does not see, and the rules of this bundle."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest

from aadsync_lib.notebook.parameters import JOB_PARAMETERS, parameters_of
from tests.unit.bundle.files import (
    BUNDLE,
    DASHBOARD,
    EVERY,
    MAIN,
    OPTIONS,
    ROOT,
    alerts,
    dashboard,
    datasets,
    job,
    load,
    resources,
    tasks,
    variables,
    widgets,
)
from tests.unit.bundle.quartz import problems

JOBS = ("sync", "full")
HANDED_ON = {
    "plan": {"plan", "targets", "changes"}
}  # what 02_plan sets; tests/unit/notebook holds it so
NOTEBOOKS = [task for task in tasks("sync") if "notebook_task" in task]
DRAWN = [widget for widget in widgets() if "queries" in widget]
EVERY_FILE = (*EVERY, DASHBOARD)

every_notebook_task = pytest.mark.parametrize("task", NOTEBOOKS, ids=lambda task: task["task_key"])


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a tree, keys included."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    else:
        yield str(value)


def settled(text: str) -> str:
    """Return a text with the defaults of its variables."""
    known = variables(*EVERY)
    return re.sub(r"\$\{var\.(\w+)\}", lambda found: str(known[found[1]].get("default", "")), text)


def overrides() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield file, target and what the target changes in job sync."""
    for path in EVERY:
        for target, found in load(path).get("targets", {}).items():
            changed = found.get("resources", {}).get("jobs", {}).get("sync")
            if changed:
                yield path.name, target, changed


# Names and references


def test_every_resource_has_a_key_of_its_own() -> None:
    keys = Counter(key for _, key, _ in resources(*MAIN, *OPTIONS))
    assert [key for key, times in keys.items() if times > 1] == []


def test_every_variable_is_explained_and_used() -> None:
    declared = variables(*EVERY)
    assert [name for name, one in declared.items() if not one.get("description")] == []
    used = set(re.findall(r"\$\{var\.(\w+)", "".join(path.read_text() for path in EVERY)))
    assert used == set(declared)


def test_optional_files_are_named_in_comments_and_nothing_else_is() -> None:
    named = re.findall(r"^  # - resources/optional/(\w+\.yml)", BUNDLE.read_text(), re.MULTILINE)
    assert sorted(named) == [path.name for path in OPTIONS]


@pytest.mark.parametrize("key", JOBS)
def test_tasks_wait_for_tasks_that_are_there(key: str) -> None:
    names = {task["task_key"] for task in job(key)["tasks"]}
    for task in tasks(key):
        assert {one["task_key"] for one in task.get("depends_on", ())} <= names


@pytest.mark.parametrize("key", JOBS)
def test_references_name_values_that_an_earlier_task_hands_on(key: str) -> None:
    for task in job(key)["tasks"]:
        for found in re.findall(r"\{\{tasks\.(\w+)\.values\.(\w+)\}\}", " ".join(texts(task))):
            before, value = found
            assert before in set(_before(key, task["task_key"]))
            assert value in HANDED_ON[before]


def _before(key: str, name: str) -> Iterator[str]:
    found = {task["task_key"]: task for task in job(key)["tasks"]}
    for one in found[name].get("depends_on", ()):
        yield one["task_key"]
        yield from _before(key, one["task_key"])


def test_options_change_tasks_and_computes_that_are_there() -> None:
    there = {task["task_key"]: task for task in job("sync")["tasks"]}
    for name, _, changed in overrides():
        made = {one["environment_key"] for one in changed.get("environments", ())}
        made |= {one["job_cluster_key"] for one in changed.get("job_clusters", ())}
        for task in changed.get("tasks", ()):
            assert task["task_key"] in there, name
            inner = task.get("for_each_task", {}).get("task", task)
            assert inner.get("environment_key", inner.get("job_cluster_key")) in made, name


def test_options_change_dev_and_prod_alike() -> None:
    for path in OPTIONS:
        targets = load(path).get("targets", {})
        assert len({json.dumps(one) for one in targets.values()}) <= 1
        assert set(targets) in (set(), {"dev", "prod"})


# Schedules


@pytest.mark.parametrize(
    "wrong",
    [
        "0 * * * *", "60 * * * * ?", "0 0 24 ? * *", "0 17 * * * *", "0 0 1 ? * ?", "0 0 1 32 * ?", "0 0/0 * * * ?",
        "0 0 1 ? * 8", "0 0 1 ? FOO *", "0 1-2-3 * * * ?",
    ],
)  # fmt: skip
def test_a_wrong_cron_expression_is_seen(wrong: str) -> None:
    assert problems(wrong)


@pytest.mark.parametrize(
    "right", ["0 17 * * * ?", "0 0/15 8-18 ? * MON-FRI", "0 0 1 L * ? 2030", "0 0 1 ? * 6#3"]
)
def test_a_right_cron_expression_is_taken(right: str) -> None:
    assert problems(right) == []


@pytest.mark.parametrize("key", ["quartz_cron_expression", "quartz_cron_schedule"])
def test_schedules_are_quartz_expressions_in_a_known_time_zone(key: str) -> None:
    found = [
        one["schedule"]
        for _, _, one in resources(*MAIN, *OPTIONS)
        if key in one.get("schedule", {})
    ]
    assert found
    for schedule in found:
        assert problems(settled(schedule[key])) == []
        assert settled(schedule["timezone_id"]) in available_timezones()


def test_nothing_says_whether_it_is_paused_so_that_the_mode_of_the_target_does() -> None:
    for path in EVERY:
        assert "pause_status" not in set(texts(load(path)))


# Tasks


@every_notebook_task
def test_a_task_runs_a_notebook_of_the_repository(task: dict[str, Any]) -> None:
    path = (ROOT / "resources" / task["notebook_task"]["notebook_path"]).resolve()
    assert path.parent == ROOT / "notebooks"
    assert path.read_text(encoding="utf-8").startswith("# Databricks notebook source\n")


@every_notebook_task
def test_only_the_plan_which_reads_is_retried_and_nothing_runs_for_ever(
    task: dict[str, Any],
) -> None:
    assert task["max_retries"] == (1 if task["task_key"] == "plan" else 0)
    assert task["disable_auto_optimization"] is True
    assert re.fullmatch(r"\$\{var\.timeouts\.\w+\}", task["timeout_seconds"])


@every_notebook_task
def test_a_task_needs_no_environment_unless_an_option_gives_it_one(task: dict[str, Any]) -> None:
    assert "environment_key" not in task


@every_notebook_task
def test_a_task_hands_over_what_its_notebook_takes_and_no_job_parameter(
    task: dict[str, Any],
) -> None:
    kind = Path(task["notebook_task"]["notebook_path"]).stem.partition("_")[2]
    given = set(task["notebook_task"].get("base_parameters", {}))
    assert given <= {one.name for one in parameters_of(kind)}
    assert not given & set(JOB_PARAMETERS)  # a job parameter would win


def test_the_parameters_of_the_job_are_those_of_the_notebooks() -> None:
    assert [one["name"] for one in job("sync")["parameters"]] == list(JOB_PARAMETERS)


def test_parameters_are_text() -> None:
    for one in job("sync")["parameters"]:
        assert isinstance(one["default"], str)
        assert isinstance(settled(one["default"]), str)


def test_one_run_at_a_time_and_the_next_one_waits() -> None:
    for key in JOBS:
        assert job(key)["max_concurrent_runs"] == 1
        assert job(key)["queue"] == {"enabled": True}


def test_the_full_run_is_a_run_of_the_same_job() -> None:
    [task] = job("full")["tasks"]
    assert task["run_job_task"] == {
        "job_id": "${resources.jobs.sync.id}",
        "job_parameters": {"full": "true"},
    }


def test_the_job_ends_as_its_report_does() -> None:
    waited = {one["task_key"] for task in tasks("sync") for one in task.get("depends_on", ())}
    leaves = [task for task in job("sync")["tasks"] if task["task_key"] not in waited]
    assert [(task["task_key"], task["run_if"]) for task in leaves] == [("report", "ALL_DONE")]


# What must not be lost, and who may read


@pytest.mark.parametrize("kind", ["schemas", "volumes", "secret_scopes"])
def test_what_holds_data_is_not_destroyed(kind: str) -> None:
    found = [one for found, _, one in resources(*MAIN) if found == kind]
    assert [one["lifecycle"] for one in found] == [{"prevent_destroy": True}]


def test_only_the_principal_of_the_job_may_read_the_secrets() -> None:
    [scope] = [one for kind, _, one in resources(*MAIN) if kind == "secret_scopes"]
    assert "permissions" not in scope
    prod = load(BUNDLE)["targets"]["prod"]
    assert prod["resources"]["secret_scopes"]["secrets"]["permissions"] == [
        {"service_principal_name": "${var.run_as_sp}", "level": "READ"}
    ]
    assert prod["run_as"] == {"service_principal_name": "${var.run_as_sp}"}


def test_no_permission_of_the_whole_bundle_reaches_the_secrets() -> None:
    for path in EVERY:
        found = load(path)
        assert "permissions" not in found
        assert all("permissions" not in target for target in found.get("targets", {}).values())


def test_only_prod_applies() -> None:
    assert variables(BUNDLE)["plan_only"]["default"] == "true"
    chosen = {name: one["variables"]["plan_only"] for name, one in load(BUNDLE)["targets"].items()}
    assert chosen == {"dev": "true", "prod": "false"}


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.name)
def test_nothing_of_a_real_tenant_is_in_a_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"[\w.]+@([\w.]+\.\w+)", text)) <= {"contoso.com"}
    guids = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))
    assert guids <= {"00000000-0000-0000-0000-000000000000"}
    assert set(re.findall(r"https?://([^\s\"/]+)", text)) <= {"accounts.azuredatabricks.net"}


# Dashboard and alerts


def test_queries_of_the_dashboard_name_no_catalog_and_no_schema() -> None:
    for sql in datasets().values():
        assert not re.search(r"\b(FROM|JOIN)\s+`?\w+`?\.", sql)
    [board] = [one for kind, _, one in resources(*OPTIONS) if kind == "dashboards"]
    assert board["dataset_schema"] == "${resources.schemas.store.name}"
    assert (ROOT / "resources" / "optional" / board["file_path"]).resolve() == DASHBOARD


def test_every_dataset_is_shown_and_every_widget_has_one() -> None:
    asked = {one["query"]["datasetName"] for widget in DRAWN for one in widget["queries"]}
    assert asked == set(datasets())


@pytest.mark.parametrize("widget", DRAWN, ids=lambda widget: widget["name"])
def test_a_widget_encodes_the_fields_that_it_asks_for(widget: dict[str, Any]) -> None:
    asked = [one["name"] for query in widget["queries"] for one in query["query"]["fields"]]
    assert list(_encoded(widget["spec"]["encodings"])) == asked


@pytest.mark.parametrize("page", dashboard()["pages"], ids=lambda page: page["name"])
def test_a_page_can_be_filtered_by_target(page: dict[str, Any]) -> None:
    shown = {
        query["query"]["datasetName"]
        for item in page["layout"]
        for query in item["widget"].get("queries", ())
    }
    [chooser] = [
        item["widget"] for item in page["layout"] if "choose_target" in item["widget"]["name"]
    ]
    filtered = {query["query"]["datasetName"] for query in chooser["queries"]}
    assert filtered == {name for name in shown if re.search(r"\btarget\b", datasets()[name])}


def _encoded(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "fieldName" in value:
            yield value["fieldName"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _encoded(one)


def test_a_name_from_the_directory_is_never_taken_for_html() -> None:
    tables = [one["spec"] for one in DRAWN if one["spec"]["widgetType"] == "table"]
    assert tables
    for spec in tables:
        assert spec["allowHTMLByDefault"] is False
        assert {column["allowHTML"] for column in spec["encodings"]["columns"]} == {False}


def test_names_on_the_dashboard_are_given_once() -> None:
    pages = [page["name"] for page in dashboard()["pages"]]
    names = [widget["name"] for widget in widgets()]
    for found in (pages, names, [one["name"] for one in dashboard()["datasets"]]):
        assert len(found) == len(set(found))


@pytest.mark.parametrize("page", dashboard()["pages"], ids=lambda page: page["name"])
def test_a_page_is_six_wide_without_holes_and_overlaps(page: dict[str, Any]) -> None:
    taken = Counter(
        cell
        for item in page["layout"]
        for place in [item["position"]]
        for cell in itertools.product(
            range(place["x"], place["x"] + place["width"]),
            range(place["y"], place["y"] + place["height"]),
        )
    )
    height = max(y for _, y in taken) + 1
    assert set(taken) == set(itertools.product(range(6), range(height)))
    assert set(taken.values()) == {1}


def test_there_is_an_alert_for_each_thing_that_a_person_must_hear_of() -> None:
    assert set(alerts()) == {
        "stale",
        "failures",
        "quarantine_grows",
        "refused",
        "connector_quarantine",
    }
    for one in alerts().values():
        assert one["evaluation"]["comparison_operator"] == "GREATER_THAN"
        assert one["evaluation"]["notification"]["subscriptions"] == "${var.alert_subscriptions}"
        assert one["custom_description"]
