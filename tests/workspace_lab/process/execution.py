"""Cells run in order, inside of a running event loop, as on the platform."""

import ast
import asyncio
import contextlib
import inspect
import json
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.workspace_lab.process.cells import (
    RECORDED,
    Cell,
    UnsupportedMagicError,
    read_cells,
)
from tests.workspace_lab.process.display import Display
from tests.workspace_lab.process.importing import forget_modules
from tests.workspace_lab.process.outputs import CapturedStream, Outputs
from tests.workspace_lab.process.spark import LazySession
from tests.workspace_lab.process.utilities import DBUtils, NotebookExit, PythonRestart

LIBRARY = "aadsync_lib"


class Execution:
    """One notebook, run once. ``error`` and ``exit`` say how it ended."""

    def __init__(
        self, path: Path, dbutils: DBUtils, outputs: Outputs, spark: LazySession | None
    ) -> None:
        self._path = path
        self._outputs = outputs
        self._spark = spark
        self._display = Display(outputs)
        self._dbutils = dbutils
        self._modules = dict(sys.modules)
        self._search_path = list(sys.path)
        self.exit: str | None = None
        self.error: dict[str, str] | None = None
        self.module_file: str | None = None

    def run(self) -> None:
        out, err = (
            CapturedStream(name, self._outputs, getattr(sys, name)) for name in ("stdout", "stderr")
        )
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            # A cell that calls asyncio.run fails here, as it does there.
            asyncio.run(self._main())

    async def _main(self) -> None:
        try:
            cells = read_cells(str(self._path), self._path.read_text(encoding="utf-8"))
            self._new_namespace()
            for cell in cells:
                self._outputs.cell = cell.number
                await self._cell(cell)
        except NotebookExit as ended:
            self.exit = ended.value
        except BaseException as error:  # noqa: BLE001 - the result has whatever ended the notebook
            self.error = self._described(error)
        self._remember_module()

    async def _cell(self, cell: Cell) -> None:
        try:
            for name, text in cell.magics:
                self._magic(name, text)
            if cell.has_code:
                await self._code(cell.source)
        except PythonRestart:
            self._restart()

    def _magic(self, name: str, text: str) -> None:
        if name.startswith("md"):
            self._outputs.add("text", text=text, magic="md")
        elif name == "restart_python":
            self._outputs.add("magic", name=name, text=text)
            self._restart()
        elif name in RECORDED:
            self._outputs.add("magic", name=name, text="" if name == "python" else text)
        else:
            raise UnsupportedMagicError(f"%{name} is not supported here: {text}".rstrip())

    async def _code(self, source: str) -> None:
        tree = ast.parse(source, str(self._path))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        await self._run(tree, "exec")
        if isinstance(last, ast.Expr):
            value = await self._run(ast.Expression(last.value), "eval")
            if not source.rstrip().endswith(";"):
                self._display.last_value(value)

    async def _run(self, tree: ast.Module | ast.Expression, mode: str) -> Any:
        code = compile(tree, str(self._path), mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self._namespace)
        if code.co_flags & inspect.CO_COROUTINE:
            return await value
        return value

    def _new_namespace(self) -> None:
        main = ModuleType("__main__")
        sys.modules["__main__"] = main
        self._namespace: dict[str, Any] = main.__dict__
        self._namespace.update(
            dbutils=self._dbutils,
            spark=self._spark,
            display=self._display.display,
            displayHTML=self._display.html,
        )

    def _restart(self) -> None:
        self._remember_module()
        forget_modules(self._modules, (sys.prefix, sys.base_prefix))
        sys.path[:] = self._search_path
        self._new_namespace()

    def _remember_module(self) -> None:
        module = sys.modules.get(LIBRARY)
        if module is not None:
            self.module_file = module.__file__

    def _described(self, error: BaseException) -> dict[str, str]:
        """The traceback begins in the notebook: what runs it is of no use to its reader."""
        frame = error.__traceback__
        while frame is not None and frame.tb_frame.f_code.co_filename != str(self._path):
            frame = frame.tb_next
        if frame is None and not isinstance(error, SyntaxError):
            frame = error.__traceback__
        lines = traceback.format_exception(type(error), error, frame)
        return {
            "name": type(error).__name__,
            "message": self._outputs.clean(str(error)),
            "trace": self._outputs.clean("".join(lines)),
        }


def parameters_of(file: str | None) -> dict[str, str]:
    values = json.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    for name, value in values.items():
        if not isinstance(value, str):
            raise TypeError(f"parameter {name!r} is {value!r}, not a str")
    return dict(values)
