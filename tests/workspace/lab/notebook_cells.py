"""Notebooks written by tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.workspace.notebook.runner import Result, run_notebook

Run = Callable[..., Result]
HEADER = "# Databricks notebook source\n"
SEPARATOR = "\n\n# COMMAND ----------\n\n"


def write(file: Path, *cells: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEADER + SEPARATOR.join(dedent(cell).strip() for cell in cells) + "\n")
    return file


def runner(folder: Path, **defaults: Any) -> Run:
    """Runs cells as a notebook, with the installed library unless a test says otherwise."""

    def run(*cells: str, parameters: dict[str, str] | None = None, **how: Any) -> Result:
        file = write(folder / "notebook.py", *cells)
        return run_notebook(file, parameters, **{"way": "local", "root": folder, **defaults, **how})

    return run


def error(result: Result) -> tuple[str, str]:
    assert result.error is not None
    assert result.status == "failed"
    return result.error.name, result.error.message
