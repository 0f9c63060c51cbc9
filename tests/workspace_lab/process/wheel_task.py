"""The entry point of an installed wheel, called as a Python wheel task calls it."""

import contextlib
import importlib
import json
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tests.workspace_lab.process.outputs import CapturedStream, Outputs


class WheelTask:
    """``exit`` is always None; ``error`` says why it failed."""

    exit: str | None = None
    module_file: str | None = None

    def __init__(self, file: str, outputs: Outputs) -> None:
        task = json.loads(Path(file).read_text(encoding="utf-8"))
        self._package: str = task["package_name"]
        self._name: str = task["entry_point"]
        self._arguments: list[str] = task.get("parameters", [])
        self._outputs = outputs
        self.error: dict[str, str] | None = None

    def run(self) -> None:
        out, err = (
            CapturedStream(name, self._outputs, getattr(sys, name)) for name in ("stdout", "stderr")
        )
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                sys.argv = [self._name, *self._arguments]
                self._function()()
            except SystemExit as ended:
                if ended.code not in (None, 0):
                    self._failed(ended)
            except BaseException as error:  # noqa: BLE001 - the result has whatever ended the task
                self._failed(error)
        module = sys.modules.get("aadsync_lib")
        self.module_file = module.__file__ if module is not None else None

    def _function(self) -> Callable[[], Any]:
        """An entry point of the package's metadata, or else a function of the package."""
        for point in entry_points(name=self._name):
            if point.dist is not None and point.dist.name.lower() == self._package.lower():
                function: Callable[[], Any] = point.load()
                return function
        module = importlib.import_module(self._package.replace("-", "_"))
        named: Callable[[], Any] = getattr(module, self._name)
        return named

    def _failed(self, error: BaseException) -> None:
        trace = "".join(traceback.format_exception(error))
        self.error = {
            "name": type(error).__name__,
            "message": self._outputs.clean(str(error)),
            "trace": self._outputs.clean(trace),
        }
