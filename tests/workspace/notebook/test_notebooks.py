"""The real notebooks, top to bottom, against the sandbox, as each kind of user runs them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aadsync_lib.config.load import load_settings
from tests.workspace.notebook.runner import WAYS, extracted_wheel, run_notebook
from tests.workspace.notebook.stage import result_of

FOUND = {"git": "/aadsync_lib/", "local": "/aadsync_lib/", "bundle": "/files-", "wheel": "/site/"}
any_version = pytest.mark.any_version
every_way = pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way == "wheel" else any_version) for way in WAYS]
)


@every_way
def test_the_quickstart_needs_nothing_but_run_all(way):
    done = run_notebook("notebooks/00_quickstart.py", way=way).succeeded()
    steps = (
        *("1. The plan", "2. Apply it", "3. Again", "4. A day", "5. Another", "6. An acc"),
        *("7. A question", "In Entra: yes", "8. An undo", "undoing run"),
    )
    places = [done.html.index(step) for step in steps]
    assert places == sorted(places)
    assert "nothing changed. 0 writes to Databricks" in done.html
    assert "Refused, with 0 writes to Databricks" in done.html
    assert FOUND[way] in done.module_file
    assert done.html.index("What to do next") > places[-1]
    assert result_of(done)["next"] == "01_setup"
    assert result_of(done)["rehearsed"]["status"] == "refused"


@every_way
def test_setup_plan_apply_report_and_sync_run_in_every_way_of_finding_the_library(stage, way):
    checked = stage.run("01_setup", way=way).succeeded()
    assert result_of(checked)["ok"] > 0
    planned = stage.in_job("02_plan", way=way).succeeded()
    assert planned.task_values == {
        "plan": str(stage.saved_plan),
        "targets": ["account"],
        "changes": 1,
    }
    assert [widget["name"] for widget in planned.widgets][:2] == ["config", "target"]
    applied = stage.in_job(
        "03_apply", way=way, target="account", plan=str(stage.saved_plan)
    ).succeeded()
    assert result_of(applied)["status"] in {"succeeded", "partial"}
    totals = stage.in_job("90_report", way=way).succeeded()
    assert result_of(totals)["targets"][0]["applied"] == result_of(applied)["targets"][0]["applied"]
    assert Path(stage.reports, "run=7", "summary.html").read_text().count("account")
    mark = stage.sandbox.log.mark()
    synced = stage.run("04_sync", way=way).succeeded()
    assert not stage.writes(mark)
    assert result_of(synced)["targets"][0]["applied"] == {}
    assert all(FOUND[way] in one.module_file for one in (checked, planned, applied, totals, synced))


def test_a_plan_is_shown_as_a_page_and_as_a_tidy_table_and_changes_nothing(stage):
    mark = stage.sandbox.log.mark()
    done = stage.run("02_plan").succeeded()
    assert not stage.writes(mark)
    assert not Path(stage.parameters["store.sqlite"]).exists()
    (table,) = done.tables
    actions = {record["action"] for record in table.records}
    assert {"create_user", "create_group", "add_members"} <= actions
    assert "Plan for contoso" in done.html
    assert result_of(done)["digest"].startswith("sha256:")
    assert done.task_values == {"plan": "", "targets": ["account"], "changes": 1}


def test_a_job_that_only_plans_hands_nothing_on(stage):
    done = stage.in_job("02_plan", plan_only="true").succeeded()
    assert done.task_values["targets"] == []
    assert done.task_values["changes"] == 0
    assert stage.in_job("90_report", plan_only="true").succeeded()
    assert not Path(stage.parameters["store.sqlite"]).exists()


def test_what_applies_refuses_where_only_a_plan_was_asked_for(stage):
    stage.in_job("02_plan").succeeded()
    mark = stage.sandbox.log.mark()
    for name, more in (("04_sync", {}), ("03_apply", {"plan": str(stage.saved_plan)})):
        done = stage.in_job(name, plan_only="true", **more)
        assert "plan_only: is true" in done.error.message
    assert stage.sandbox.log.mark() == mark


def test_a_run_with_nothing_to_do_is_on_record(stage):
    stage.run("04_sync").succeeded()
    stage.in_job("02_plan").succeeded()
    stage.in_job("90_report").succeeded()
    assert len(runs(stage)) == 2
    assert {status for status, _ in runs(stage)} <= {"succeeded", "partial"}


def test_a_plan_over_the_limits_is_shown_refused_and_on_record_and_nothing_is_handed_on(stage):
    stage.run("04_sync").succeeded()
    everybody_leaves(stage)
    mark = stage.sandbox.log.mark()
    refused = stage.in_job("02_plan")
    assert refused.error.name == "UnsafePlanError"
    assert "approve = sha256:" in refused.error.message
    assert "--approve" not in refused.error.message
    assert refused.task_values["targets"] == []
    assert "Plan for contoso" in refused.html
    totals = stage.in_job("90_report")
    assert totals.error is not None
    assert "over" in totals.error.message
    assert not stage.writes(mark)
    assert runs(stage)[-1][0] == "refused"


def test_a_refused_sync_shows_its_plan_and_goes_through_with_its_digest(stage):
    stage.run("04_sync").succeeded()
    everybody_leaves(stage)
    refused = stage.run("04_sync")
    assert refused.error.name == "UnsafePlanError"
    assert "Plan for contoso" in refused.html
    digest = refused.error.message.split("approve = ")[1].split()[0]
    assert result_of(stage.run("04_sync", approve=digest).succeeded())["status"] == "succeeded"


def test_a_plan_that_no_longer_fits_is_refused_and_the_report_says_why(stage):
    stage.in_job("02_plan").succeeded()
    everybody_leaves(stage)
    moved = stage.in_job("03_apply", target="account", plan=str(stage.saved_plan))
    assert moved.error.name == "StalePlanError"
    totals = stage.in_job("90_report")
    assert totals.error.name == "PartialError"
    assert "account: The saved plan no longer fits" in totals.error.message


def test_a_plan_that_was_applied_already_is_refused_and_the_report_names_the_run(stage):
    stage.in_job("02_plan").succeeded()
    stage.run("04_sync").succeeded()
    again = stage.in_job("03_apply", target="account", plan=str(stage.saved_plan))
    assert again.error.name == "StalePlanError"
    totals = stage.in_job("90_report")
    assert totals.error.name == "PartialError"
    assert "account: The saved plan was applied already: run" in totals.error.message


def test_a_target_whose_task_died_is_named_by_the_report(stage):
    stage.in_job("02_plan").succeeded()
    totals = stage.in_job("90_report")
    assert "account: its task ended without a report" in totals.error.message


def test_a_report_without_a_plan_says_so(stage):
    totals = stage.in_job("90_report")
    assert "the plan was not made" in totals.error.message


def test_every_wrong_widget_is_named_at_once_and_nothing_is_read(stage):
    mark = stage.sandbox.log.mark()
    done = stage.run("02_plan", **{"source.tenant_id": "contoso", "scope.groups": "[{nme: dbx}]"})
    assert done.error.name == "SettingsError"
    assert "source.tenant_id" in done.error.message
    assert "scope.groups" in done.error.message
    assert stage.sandbox.log.mark() == mark


def test_a_value_that_a_drop_down_does_not_have_is_refused(stage):
    done = stage.run("02_plan", **{"policy.mode": "mirrored"})
    assert done.error is not None
    assert "policy.mode" in done.error.message


def test_a_notebook_without_a_store_is_told_that_its_disk_forgets(stage):
    done = stage.run("02_plan", **{"store.sqlite": ""})
    assert "name store.delta" in done.error.message


def test_how_long_records_are_kept_names_no_store(stage):
    done = stage.run("02_plan", **{"store.sqlite": "", "store.retention_days": "30"})
    assert "name store.delta" in done.error.message


def test_a_store_is_beside_the_settings_wherever_the_notebook_runs(stage):
    folder = stage.folder / "conf"
    folder.mkdir()
    config = folder / "aadsync.yml"
    config.write_text("store: {sqlite: memory.db}\n", encoding="utf-8")
    stage.run("04_sync", config=str(config), **{"store.sqlite": ""}).succeeded()
    assert (folder / "memory.db").exists()
    config.write_text("", encoding="utf-8")
    stage.run("04_sync", config=f"dbfs:{config}", **{"store.sqlite": "./other.db"}).succeeded()
    assert (folder / "other.db").exists()


def test_a_parameter_that_is_misspelt_is_named_and_nothing_is_read(stage):
    mark = stage.sandbox.log.mark()
    wrong = {"plan_onyl": "plan_only", "polcy.mode": "policy"}
    for name, meant in wrong.items():
        done = stage.run("02_plan", **{name: "true"})
        assert name.partition(".")[0] in done.error.message
        assert f"did you mean `{meant}`?" in done.error.message
    assert stage.sandbox.log.mark() == mark


def test_setup_makes_the_scope_and_says_which_secrets_are_missing(stage):
    stage.client.secrets.delete_scope("aadsync")
    done = stage.run("01_setup")
    assert done.error is not None
    assert "databricks secrets put-secret aadsync graph" in done.error.message
    assert "aadsync" in {scope.name for scope in stage.client.secrets.list_scopes()}
    stage.put_secrets()
    assert stage.run("01_setup").succeeded()


def test_what_setup_was_told_is_saved_and_enough_for_every_other_notebook(stage):
    config = str(stage.folder / "conf" / "aadsync.yml")
    checked = stage.run("01_setup", config=config).succeeded()
    assert result_of(checked)["settings"] == config
    assert f"{config} is written" in checked.html
    assert checked.html.index("All that a sync needs works") < checked.html.index("<tr class")
    for name in ("02_plan", "04_sync", "06_history"):
        done = stage.alone(name, config=config).succeeded()
        assert result_of(done)["sync"] == "contoso"
    again = stage.alone("01_setup", config=config).succeeded()
    assert f"{config} says all of this already" in again.html


def test_a_person_fills_in_the_widgets_that_follow_the_login_and_nothing_else(stage):
    config = str(stage.folder / "aadsync.yml")
    answers = {
        "config": config,
        "source.tenant_id": stage.sandbox.tenant_id,
        "source.auth.method": "access_token",
        "source.auth.access_token": "{secret: aadsync/graph}",
        "scope.groups": "dbx-*",
        "targets.0.account_id": stage.sandbox.account_id,
        "targets.0.auth.client_id": "5a4db0c5",
        "policy.protected.users": "breakglass@contoso.com",
    }
    Path(config).write_text(f"store: {{sqlite: {stage.folder / 'a.db'}}}\n", encoding="utf-8")
    done = run_notebook(
        "notebooks/01_setup.py", answers, way="local", env=stage.environment, interactive=True
    )
    assert {widget["name"] for widget in done.widgets} >= set(answers)
    settings = load_settings(Path(config))
    assert str(settings.source.auth.access_token) == "secret aadsync/graph"
    assert str(settings.targets[0].auth.client_secret) == "secret aadsync/databricks-client-secret"
    assert "put-secret aadsync databricks-client-secret" in done.html
    assert settings.policy.protected.users == ("breakglass@contoso.com",)


def test_setup_without_answers_is_red_rows_that_name_the_widgets(stage):
    done = stage.alone("01_setup")
    assert done.error.name == "AadsyncError"
    assert "Fill in 2 Entra tenant id." in done.html
    assert '<tr class="bad">' in done.html
    assert '<tr class="good">' not in done.html


def test_a_line_of_the_scope_that_finds_nothing_stops_setup_and_a_first_plan(stage):
    groups = {"scope.groups": "dbx-*, dbx-al"}
    checked = stage.run("01_setup", **groups)
    assert "nearest: 'dbx-all'" in checked.error.message
    assert "Look in scope.groups: correct this selector" in checked.html
    planned = stage.in_job("02_plan", **groups)
    assert planned.error.name == "ScopeEmptyError"
    assert planned.task_values["targets"] == []
    assert "A selector of scope.groups finds nothing" in planned.html
    stage.run("04_sync").succeeded()
    later = stage.in_job("02_plan", **groups).succeeded()
    assert "Next: correct scope.groups" in later.html


def test_a_secret_that_is_missing_is_one_row(stage):
    stage.client.secrets.delete_secret("aadsync", "graph")
    done = stage.run("01_setup")
    assert done.error.message.startswith("Checks failed: 1.")
    assert "secret source.auth.access_token" not in done.html


def test_groups_of_a_widget_that_leave_out_the_files_are_told_before_the_plan(stage):
    config = stage.folder / "aadsync.yml"
    stage.run("01_setup", config=str(config)).succeeded()
    done = stage.alone("02_plan", config=str(config), **{"scope.groups": "dbx-all"}).succeeded()
    assert "leaves out lines of the settings file" in done.html
    assert done.html.index("prefix &#39;dbx-&#39;") < done.html.index("People in")


def test_a_folder_that_takes_no_reports_stops_before_anything_is_read_or_changed(stage):
    for name in ("02_plan", "04_sync"):
        mark = stage.sandbox.log.mark()
        done = stage.run(name, reports="/Volumes/main/no/where")
        assert "/Volumes/main/no/where" in done.error.message
        assert not stage.sandbox.log.select(path=r"/groups|/Users|/Groups", after=mark)


def test_a_notebook_before_setup_says_to_run_it(stage):
    done = stage.alone("02_plan")
    assert "01_setup asks for the settings" in done.error.message


@pytest.mark.parametrize("name", ["01_setup", "02_plan", "04_sync", "05_explain", "06_history"])
def test_widgets_are_few_and_numbered(stage, name):
    widgets = stage.run(name, config=str(stage.folder / "none.yml")).widgets
    assert 0 < len(widgets) <= 8
    assert [widget["label"].split()[0] for widget in widgets] == [
        str(number) for number in range(1, len(widgets) + 1)
    ]


def test_no_output_holds_a_secret(stage):
    secrets = (stage.sandbox.graph_token, stage.sandbox.databricks_token)
    for name in ("01_setup", "02_plan", "04_sync"):
        done = stage.run(name).succeeded()
        for secret in secrets:
            assert secret not in json.dumps(done.outputs) + done.stdout + done.stderr


def test_a_group_named_like_markup_is_data_on_the_page(stage):
    entra = stage.sandbox.world.entra
    group = next(
        g for g in entra.ids("group") if entra.objects[g]["displayName"].startswith("dbx-")
    )
    entra.update(group, displayName="dbx-<script>alert(1)</script>")
    done = stage.run("02_plan").succeeded()
    assert "<script" not in done.html
    assert "dbx-<script>alert(1)</script>" in {record["name"] for record in done.tables[0].records}


def everybody_leaves(stage):
    entra = stage.sandbox.world.entra
    for group in entra.ids("group"):
        for member in list(entra.members[group]):
            entra.remove_member(group, member)


def runs(stage):
    with closing(sqlite3.connect(stage.parameters["store.sqlite"])) as connection:
        return connection.execute("SELECT status, report FROM runs ORDER BY started_at").fetchall()


def test_the_wheel_holds_the_library_alone():
    assert {path.suffix or path.name for path in extracted_wheel().iterdir()} == {
        "aadsync_lib",
        ".dist-info",
    }
    assert not (extracted_wheel() / "aadsync_lib" / "sandbox" / "workspace").exists()
