"""A notebook in source format, run as a job or a person runs it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest

from tests.tools import missing
from tests.workspace.lab.notebook_cells import Run, error, runner, write
from tests.workspace.notebook.runner import minimal_environment, run_notebook, run_process


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


# Cells


def test_a_file_without_the_first_line_is_no_notebook(tmp_path: Path) -> None:
    file = tmp_path / "plain.py"
    file.write_text("# databricks notebook source\nprint(1)\n")
    name, message = error(run_notebook(file, way="local"))
    assert name == "NotANotebookError"
    assert "expected a notebook" in message
    assert "but got a file" in message


def test_titles_and_other_comments_are_no_output(run: Run) -> None:
    assert run("# DBTITLE 1,Widgets\n# only a comment").outputs == []


def test_a_notebook_with_windows_line_ends_runs(tmp_path: Path) -> None:
    file = tmp_path / "notebook.py"
    file.write_bytes(b"# Databricks notebook source\r\nprint(1)\r\n")
    assert run_notebook(file, way="local").succeeded().text == "1"


def test_cells_share_their_globals(run: Run) -> None:
    assert run("x = 20", "x += 1", "print(x * 2)").text == "42"


def test_the_last_expression_of_a_cell_is_shown(run: Run) -> None:
    result = run("1 + 1", "None", "3;", "'a'\n\n# done")
    assert [item["text"] for item in result.outputs] == ["2", "'a'"]
    assert [item["cell"] for item in result.outputs] == [1, 4]


def test_markdown_is_shown_as_text(run: Run) -> None:
    result = run("# MAGIC %md\n# MAGIC # Plan\n# MAGIC\n# MAGIC Writes nothing.")
    assert result.text == "# Plan\n\nWrites nothing."


def test_pip_is_recorded_and_not_executed(run: Run) -> None:
    result = run("# MAGIC %pip install --quiet -r ../absent.txt", "print(1)")
    assert result.outputs[0]["name"] == "pip"
    assert result.outputs[0]["text"] == "install --quiet -r ../absent.txt"
    assert result.text.endswith("1")


@pytest.mark.parametrize(
    "restart", ["# MAGIC %restart_python", "dbutils.library.restartPython()\nprint('unreached')"]
)
def test_a_restart_drops_all_state_but_the_widgets(run: Run, restart: str) -> None:
    result = run(
        "dbutils.widgets.text('name', 'contoso')\nx = 1",
        restart,
        "print('x' in globals(), dbutils.widgets.get('name'))",
    )
    assert result.succeeded().text == "False contoso"


def test_a_restart_drops_the_modules_the_notebook_imported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text("value = 1\n")
    result = run(
        "import sys\nsys.path.append('.')\nimport counting\ncounting.value = 2",
        "# MAGIC %restart_python",
        "import sys\nprint('counting' in sys.modules, '.' in sys.path)",
    )
    assert result.succeeded().text == "False False"


@pytest.mark.parametrize("magic", ["%run ./other", "%sh\n# MAGIC ls", "%sql\n# MAGIC SELECT 1"])
def test_magics_that_need_more_than_python_are_refused(run: Run, magic: str) -> None:
    name, message = error(run(f"# MAGIC {magic}"))
    assert name == "UnsupportedMagicError"
    assert "is not supported here" in message


def test_a_python_magic_is_a_cell_of_python(run: Run) -> None:
    assert run("# MAGIC %python\n# MAGIC print('yes')").text == "yes"


def test_a_traceback_has_the_lines_of_the_file_and_starts_in_the_notebook(run: Run) -> None:
    result = run("x = 1", "def fail():\n    raise ValueError('no')\n\nfail()")
    assert error(result) == ("ValueError", "no")
    assert result.error is not None
    first, second = (line for line in result.error.trace.splitlines() if "File" in line)
    assert 'notebook.py", line 9, in <module>' in first
    assert 'notebook.py", line 7, in fail' in second


def test_a_syntax_error_fails_its_own_cell_only(run: Run) -> None:
    result = run("print('before')", "x = = 1")
    assert result.text == "before"
    assert error(result)[0] == "SyntaxError"


def test_cells_after_a_failure_do_not_run(run: Run) -> None:
    assert run("1 / 0", "print('unreached')").text == ""


# The event loop


def test_a_cell_runs_inside_of_a_running_loop(run: Run) -> None:
    result = run("import asyncio", "asyncio.run(asyncio.sleep(0))")
    name, message = error(result)
    assert name == "RuntimeError"
    assert "cannot be called from a running event loop" in message


def test_a_cell_may_await(run: Run) -> None:
    assert run("import asyncio\nawait asyncio.sleep(0, 'slept')").text == "'slept'"


# Output


def test_streams_are_recorded_by_cell_and_passed_through(run: Run) -> None:
    result = run("import sys\nprint('out')\nprint('err', file=sys.stderr)", "print('more')")
    streams = [(item["cell"], item["name"], item["text"]) for item in result.outputs]
    assert streams == [(1, "stdout", "out\n"), (1, "stderr", "err\n"), (2, "stdout", "more\n")]
    assert result.stdout == "out\nmore\n"
    assert result.stderr == "err\n"


def test_a_pandas_frame_is_shown_as_a_table(run: Run) -> None:
    result = run(
        """
        import pandas as pd
        display(pd.DataFrame({"name": ["ada", None], "count": [1, 2],
                              "at": pd.to_datetime(["2026-01-02", None])}))
        """
    )
    (table,) = result.succeeded().tables
    assert table.records == [
        {"name": "ada", "count": 1, "at": "2026-01-02T00:00:00"},
        {"name": None, "count": 2, "at": None},
    ]
    assert not table.truncated


def test_a_table_is_cut_at_ten_thousand_rows_or_two_megabytes(run: Run) -> None:
    result = run(
        "import pandas as pd\ndisplay(pd.DataFrame({'n': range(10_001)}))",
        "display(pd.DataFrame({'t': ['x' * 1_000_000] * 3}))",
    )
    assert [len(table.rows) for table in result.succeeded().tables] == [10_000, 2]
    assert all(table.truncated for table in result.tables)


def test_a_frame_with_a_column_of_mixed_types_cannot_be_displayed(run: Run) -> None:
    if not find_spec("pyarrow"):
        missing("what a frame's columns hold is told by pyarrow, which comes with Spark")
    result = run("import pandas as pd\ndisplay(pd.DataFrame({'mixed': [1, 'a']}))")
    name, message = error(result)
    assert name == "TypeError"
    assert "'mixed'" in message


def test_a_frame_with_one_column_name_twice_cannot_be_displayed(run: Run) -> None:
    if not find_spec("pyarrow"):
        missing("what a frame's columns hold is told by pyarrow, which comes with Spark")
    result = run("import pandas as pd\ndisplay(pd.DataFrame([[1, 2]], columns=['a', 'a']))")
    assert "duplicate column names: a" in error(result)[1]


def test_display_refuses_what_is_no_frame(run: Run) -> None:
    assert "Cannot call display(<class 'dict'>)" in error(run("display({})"))[1]


def test_values_of_a_table_become_json(run: Run) -> None:
    result = run(
        """
        import datetime, decimal
        import pandas as pd
        display(pd.DataFrame({
            "day": [datetime.date(2026, 1, 2)],
            "list": [["a", "b"]],
            "field": [{"b": None}],
            "share": [float("nan")],
            "exact": [decimal.Decimal("1.50")],
            "maybe": pd.array([None], dtype="Int64"),
        }))
        """
    )
    (table,) = result.succeeded().tables
    assert table.rows == [["2026-01-02", ["a", "b"], {"b": None}, None, "1.50", None]]


def test_a_last_frame_is_shown_as_html(run: Run) -> None:
    result = run("import pandas as pd\npd.DataFrame({'a': ['contoso']})")
    assert "<td>contoso</td>" in result.succeeded().html


def test_display_shows_what_has_html_of_its_own(run: Run) -> None:
    result = run(
        "class Card:\n    def _repr_html_(self):\n        return '<b>card</b>'",
        "display(Card())",
    )
    assert result.succeeded().html == "<b>card</b>"


def test_html_is_a_text(run: Run) -> None:
    assert error(run("displayHTML(None)"))[0] == "TypeError"


def test_html_is_recorded(run: Run) -> None:
    assert run("displayHTML('<b>contoso</b>')").html == "<b>contoso</b>"


def test_html_over_ten_megabytes_is_an_error(run: Run) -> None:
    result = run("displayHTML('x' * (10 * 1024 * 1024 + 1))")
    assert error(result)[0] == "OutputLimitError"


# How a notebook ends


def test_exit_ends_the_notebook_with_success_even_where_exceptions_are_caught(run: Run) -> None:
    result = run(
        "try:\n    dbutils.notebook.exit('done')\nexcept Exception:\n    print('caught')",
        "print('unreached')",
    )
    assert (result.status, result.exit, result.text) == ("success", "done", "")


def test_a_notebook_without_exit_has_no_result(run: Run) -> None:
    assert run("print(1)").exit is None


def test_sys_exit_fails_a_notebook(run: Run) -> None:
    assert error(run("import sys\nsys.exit(0)"))[0] == "SystemExit"


def test_there_is_no_entry_point_to_the_jvm(run: Run) -> None:
    result = run("dbutils.notebook.entry_point.getDbutils()")
    assert error(result)[0] == "AttributeError"


# What can be imported


def test_a_git_folder_has_its_root_on_the_path(run: Run, tmp_path: Path) -> None:
    library(tmp_path)
    result = run("import aadsync_lib\nprint(aadsync_lib.NAME)", way="git")
    assert result.succeeded().text == "the library of the folder"
    assert result.module_file == str(tmp_path / "aadsync_lib" / "__init__.py")


def test_the_installed_library_is_forgotten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(
        "from importlib.metadata import version",
        "import pydantic\nprint('pydantic')",
        "try:\n    version('aadsync')\nexcept ModuleNotFoundError:\n    print('no metadata')",
        "import aadsync_lib",
        way="git",
        root=tmp_path / "empty",
    )
    assert result.text == "pydantic\nno metadata"
    assert error(result) == ("ModuleNotFoundError", "No module named 'aadsync_lib'")


def test_files_of_a_bundle_are_found_by_the_notebooks_own_bootstrap(tmp_path: Path) -> None:
    library(tmp_path)
    cells = ("import sys\nsys.path.append('..')", "import aadsync_lib\nprint(aadsync_lib.NAME)")
    notebook = write(tmp_path / "notebooks" / "plan.py", *cells)
    result = run_notebook(notebook, way="bundle", root=tmp_path)
    assert result.succeeded().text == "the library of the folder"
    assert not str(result.module_file).startswith(str(tmp_path))


def test_a_wheel_is_found_from_anywhere(tmp_path: Path) -> None:
    notebook = write(tmp_path / "plan.py", "import aadsync_lib.model")
    result = run_notebook(notebook, way="wheel", root=tmp_path).succeeded()
    assert "/site/aadsync_lib/" in str(result.module_file)


def test_the_working_directory_is_the_notebooks_folder_or_another(run: Run, tmp_path: Path) -> None:
    cell = "import os\nprint(os.getcwd())"
    assert run(cell).text == str(tmp_path)
    assert run(cell, cwd="/").text == "/"


def test_nothing_of_the_runner_can_be_imported_by_accident(run: Run) -> None:
    result = run(
        "import sys\nprint([n for n in sys.modules if 'workspace_lab' in n or 'aadsync_lib' in n], sys.path[0])"
    )
    assert result.text.startswith("[] ")
    assert "/process" not in result.text


# A wheel's entry point


def library(folder: Path) -> None:
    package = folder / "aadsync_lib"
    package.mkdir()
    (package / "__init__.py").write_text(
        dedent(
            """
            import sys
            NAME = "the library of the folder"

            def greet():
                print("hello", *sys.argv[1:])

            def fail():
                sys.exit(3)

            def broken():
                raise ValueError("no")
            """
        )
    )


@pytest.mark.parametrize(
    ("entry", "status"), [("greet", "success"), ("fail", "failed"), ("broken", "failed")]
)
def test_a_wheel_task_calls_the_entry_point(tmp_path: Path, entry: str, status: str) -> None:
    library(tmp_path)
    task = f'{{"package_name": "aadsync_lib", "entry_point": "{entry}", "parameters": ["--x=1"]}}'
    (tmp_path / "task.json").write_text(task)
    options = ["--wheel-task", str(tmp_path / "task.json"), "--path", str(tmp_path)]
    environment = minimal_environment(tmp_path)
    result = run_process([*options, "--forget", "aadsync"], tmp_path, environment)
    assert result.status == status
    assert result.text == ("hello --x=1" if status == "success" else "")


def test_the_interpreter_is_the_one_of_the_tests(run: Run) -> None:
    assert run("import sys\nprint(sys.executable)").text == sys.executable
