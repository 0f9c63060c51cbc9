"""``dbutils`` of a notebook: widgets, task values and secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import VolumeType

from aadsync_lib.sandbox import Sandbox
from tests.workspace.lab.notebook_cells import Run, error, runner


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


# Widgets


def test_a_parameter_beats_the_default_of_a_widget(run: Run) -> None:
    cell = """
    dbutils.widgets.text("name", "default")
    dbutils.widgets.text("other", "default", "Label")
    print(dbutils.widgets.get("name"), dbutils.widgets.get("other"))
    """
    result = run(cell, parameters={"name": "given"})
    assert result.text == "given default"
    assert result.widgets[1] == {
        "kind": "text",
        "name": "other",
        "default": "default",
        "choices": [],
        "label": "Label",
    }


def test_an_undefined_widget_is_the_platforms_error(run: Run) -> None:
    result = run("dbutils.widgets.get('absent')")
    assert error(result) == ("InputWidgetNotDefined", "No input widget named absent is defined")


def test_a_job_parameter_needs_no_widget_and_a_persons_does(run: Run) -> None:
    cell = "print(dbutils.widgets.get('name'))"
    assert run(cell, parameters={"name": "given"}).text == "given"
    interactive = run(cell, parameters={"name": "given"}, interactive=True)
    assert error(interactive)[0] == "InputWidgetNotDefined"


@pytest.mark.parametrize(
    "definition",
    [
        "dbutils.widgets.dropdown('mode', 'full', ['full', 'delta'])",
        "dbutils.widgets.multiselect('mode', 'full', ['full', 'delta'])",
    ],
)
def test_a_parameter_outside_of_the_choices_is_an_error_that_names_them(
    run: Run, definition: str
) -> None:
    message = error(run(definition, parameters={"mode": "all"}))[1]
    assert "'all' is not one of the choices 'full', 'delta'" in message


def test_a_default_must_be_one_of_the_choices(run: Run) -> None:
    message = error(run("dbutils.widgets.dropdown('mode', '', ['full'])"))[1]
    assert "default value '' is not one of the choices" in message


def test_a_combobox_takes_any_text(run: Run) -> None:
    result = run(
        "dbutils.widgets.combobox('mode', '', ['full'])\nprint(dbutils.widgets.get('mode'))",
        parameters={"mode": "other"},
    )
    assert result.text == "other"


def test_a_widget_holds_text_only(run: Run) -> None:
    assert error(run("dbutils.widgets.text('count', 3)"))[0] == "TypeError"


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ("['a', 'a']", "has a choice twice"),
        ("[str(n) for n in range(1025)]", "has 1025 choices, more than 1024"),
        ("['a', 1]", "the choice 1 is not a str"),
    ],
)
def test_choices_are_texts_each_once_and_not_too_many(run: Run, choices: str, what: str) -> None:
    assert what in error(run(f"dbutils.widgets.dropdown('mode', 'a', {choices})"))[1]


def test_a_removed_widget_is_undefined(run: Run) -> None:
    result = run(
        """
        dbutils.widgets.text("a", "1")
        dbutils.widgets.remove("a")
        dbutils.widgets.remove("a")
        """
    )
    assert error(result)[0] == "InputWidgetNotDefined"


def test_all_widgets_are_read_and_removed_together(run: Run) -> None:
    result = run(
        """
        dbutils.widgets.text("a", "1")
        dbutils.widgets.multiselect("b", "x,y", ["x", "y"])
        print(dbutils.widgets.getAll())
        dbutils.widgets.remove("a")
        print(dbutils.widgets.getAll())
        dbutils.widgets.removeAll()
        print(dbutils.widgets.getAll(), dbutils.widgets.getArgument("a", "none"))
        """
    )
    assert result.text == "{'a': '1', 'b': 'x,y'}\n{'b': 'x,y'}\n{} none"


# Task values


def test_task_values_reach_the_result(run: Run) -> None:
    result = run("dbutils.jobs.taskValues.set(key='targets', value=['account'])")
    assert result.task_values == {"targets": ["account"]}


def test_values_of_earlier_tasks_are_read(run: Run) -> None:
    cell = """
    values = dbutils.jobs.taskValues
    print(values.get("plan", "changes"), values.get("plan", "absent", default=7))
    values.get(taskKey="other", key="changes")
    """
    result = run(cell, task_values={"plan": {"changes": 3}})
    assert result.text == "3 7"
    assert error(result) == ("ValueError", "No task named other has run before this one")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("'x' * 49_151", "49153 bytes, more than the 49152 (48 KiB)"),
        ("{1, 2}", "cannot be expressed as JSON"),
        ("float('nan')", "cannot be expressed as JSON"),
    ],
)
def test_a_task_value_is_json_of_48_kib_at_most(run: Run, value: str, what: str) -> None:
    message = error(run(f"dbutils.jobs.taskValues.set('plan', {value})"))[1]
    assert what in message


@pytest.mark.parametrize("key", ["''", "3", "'x' * 1025"])
def test_the_key_of_a_task_value_is_a_text(run: Run, key: str) -> None:
    assert "the key is a text" in error(run(f"dbutils.jobs.taskValues.set({key}, 1)"))[1]


def test_a_run_has_250_task_values_at_most(run: Run) -> None:
    result = run("for n in range(251):\n    dbutils.jobs.taskValues.set(f'k{n}', n)")
    assert len(result.task_values) == 250
    assert "one more than 250" in error(result)[1]


def test_a_task_value_of_48_kib_is_allowed(run: Run) -> None:
    result = run("dbutils.jobs.taskValues.set('plan', 'x' * 49_150)")
    assert len(result.succeeded().task_values["plan"]) == 49_150


def test_an_iteration_sets_no_task_values(run: Run) -> None:
    result = run("dbutils.jobs.taskValues.set('plan', 1)", iteration=True)
    assert "an iteration of a for each task sets none" in error(result)[1]


def test_outside_of_a_job_task_values_need_a_debug_value(run: Run) -> None:
    result = run(
        "values = dbutils.jobs.taskValues\nvalues.set('a', 1)",
        "print(values.get('plan', 'a', debugValue=5))",
        "values.get('plan', 'a', default=5)",
        interactive=True,
    )
    assert result.text == "5"
    assert result.task_values == {}
    assert error(result)[0] == "TypeError"


# Secrets


@pytest.fixture
def run_with_secret(tmp_path: Path, hub: Sandbox, admin_client: WorkspaceClient) -> Run:
    admin_client.secrets.create_scope("aadsync")
    admin_client.secrets.put_secret("aadsync", "login", string_value="s3cr3t-value")
    host = {"DATABRICKS_HOST": hub.databricks_url, "DATABRICKS_TOKEN": hub.databricks_token}
    return runner(tmp_path, env=host)


def test_a_secret_is_read_from_the_workspace_and_hidden_in_all_that_is_shown(
    run_with_secret: Run,
) -> None:
    result = run_with_secret(
        "secret = dbutils.secrets.get('aadsync', 'login')",
        "print(secret)\nprint(secret[:4], end='')\nprint(secret[4:])",
        "import pandas as pd\ndisplay(pd.DataFrame({'login': [secret]}))",
        "displayHTML(f'<b>{secret}</b>')",
        "secret",
        "raise ValueError(secret)",
    )
    assert "s3cr3t" not in str(result.outputs)
    assert result.text == "[REDACTED]\n[REDACTED]\n'[REDACTED]'"
    assert result.tables[0].rows == [["[REDACTED]"]]
    assert result.html == "<b>[REDACTED]</b>"
    assert error(result) == ("ValueError", "[REDACTED]")
    assert result.error is not None
    assert "s3cr3t" not in result.error.trace


def test_secrets_are_listed_without_their_values(run_with_secret: Run) -> None:
    result = run_with_secret(
        """
        secrets = dbutils.secrets
        print([scope.name for scope in secrets.listScopes()])
        print([secret.key for secret in secrets.list("aadsync")])
        print(len(secrets.getBytes("aadsync", "login")))
        """
    )
    assert result.succeeded().text == "['aadsync']\n['login']\n12"


def test_a_secret_that_does_not_exist_is_an_error(run_with_secret: Run) -> None:
    result = run_with_secret("dbutils.secrets.get('aadsync', 'absent')")
    assert error(result)[0] == "ResourceDoesNotExist"


def test_files_of_volumes_are_written_through_the_workspace(
    run_with_secret: Run, admin_client: WorkspaceClient
) -> None:
    admin_client.schemas.create("reports", "main")
    admin_client.volumes.create("main", "reports", "files", VolumeType.MANAGED)
    path = "/Volumes/main/reports/files/a.txt"
    run_with_secret(f"dbutils.fs.put('{path}', 'text', True)").succeeded()
    contents = admin_client.files.download(path).contents
    assert contents is not None
    assert contents.read() == b"text"


def test_what_needs_a_cluster_is_refused(run: Run) -> None:
    result = run("dbutils.notebook.run('./other', 60)")
    assert error(result) == (
        "NotImplementedError",
        "dbutils.notebook.run('./other') is not supported here",
    )
