"""Arguments in, one result as JSON out. The exit code is 1 when the notebook failed."""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from tests.workspace_lab.process.execution import Execution, parameters_of
from tests.workspace_lab.process.importing import forget, prepend
from tests.workspace_lab.process.outputs import Outputs
from tests.workspace_lab.process.spark import Connection, LazySession
from tests.workspace_lab.process.task_values import TaskValues
from tests.workspace_lab.process.utilities import DBUtils
from tests.workspace_lab.process.wheel_task import WheelTask
from tests.workspace_lab.process.widgets import Widgets


def main(argv: list[str]) -> int:
    arguments = _parser().parse_args(argv)
    started = time.monotonic()
    outputs = Outputs()
    widgets = Widgets(parameters_of(arguments.parameters), interactive=arguments.interactive)
    task_values = TaskValues(_earlier(arguments), iteration=arguments.iteration)
    connection = Connection(arguments.spark) if arguments.spark else None
    for distribution in arguments.forget:
        forget(distribution)
    prepend([str(Path(folder).resolve()) for folder in arguments.path])
    done: Execution | WheelTask
    if arguments.wheel_task:
        done = WheelTask(arguments.wheel_task, outputs)
    else:
        notebook = Path(arguments.notebook).resolve()
        spark = LazySession(connection) if connection else None
        done = Execution(notebook, DBUtils(widgets, task_values, outputs), outputs, spark)
        folder = str(notebook.parent) if arguments.cwd == "notebook" else arguments.cwd
        os.chdir(folder)
    done.run()
    result = {
        "status": "failed" if done.error else "success",
        "exit": done.exit,
        "error": done.error,
        "outputs": outputs.items,
        "task_values": task_values.values,
        "module_file": done.module_file,
        "seconds": round(time.monotonic() - started, 3),
        "widgets": widgets.to_json(),
    }
    _write(arguments.result, result)
    if connection is not None:
        connection.stop()
    return 1 if done.error else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--notebook", metavar="FILE")
    what.add_argument("--wheel-task", metavar="JSON", help="package_name, entry_point, parameters")
    parser.add_argument("--result", metavar="JSON", required=True, type=Path)
    parser.add_argument("--parameters", metavar="JSON", help="names and values, all text")
    parser.add_argument("--task-values", metavar="JSON", help="of earlier tasks: {task: {key: …}}")
    parser.add_argument("--iteration", action="store_true", help="of a for each task")
    parser.add_argument("--interactive", action="store_true", help="as a person runs it")
    parser.add_argument("--path", metavar="DIR", action="append", default=[])
    parser.add_argument("--forget", metavar="DISTRIBUTION", action="append", default=[])
    parser.add_argument("--cwd", metavar="DIR", default="notebook")
    parser.add_argument("--spark", metavar="URL", help="sc://host:port")
    return parser


def _earlier(arguments: argparse.Namespace) -> dict[str, dict[str, Any]] | None:
    if arguments.interactive:
        return None
    if not arguments.task_values:
        return {}
    values: dict[str, dict[str, Any]] = json.loads(Path(arguments.task_values).read_text("utf-8"))
    return values


def _write(file: Path, result: dict[str, Any]) -> None:
    """All or nothing: a reader that finds the file finds a whole one."""
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    unfinished.replace(file)
