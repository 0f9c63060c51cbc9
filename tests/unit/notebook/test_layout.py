"""The notebooks as files: six cells, no logic, and one way to install and to find the library."""

import ast
from pathlib import Path

import pytest

NOTEBOOKS = sorted(Path("notebooks").glob("*.py"))
LOGIC = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.IfExp,
    ast.Try, ast.With, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp,
)  # fmt: skip
HEADER = """# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
"""
PATH = 'import sys\n\nsys.path.append("..")'
MISSING = 'from aadsync_lib.packages import missing\n\npackages = missing("../requirements.txt")'
INSTALL = (
    "# MAGIC %pip install --quiet --no-deps --require-hashes -r $packages\n# MAGIC %restart_python"
)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path):
    header, *rest = path.read_text(encoding="utf-8").split("\n\n# COMMAND ----------\n\n")
    assert header.startswith(HEADER)
    return [cell.rstrip("\n") for cell in (header.removeprefix(HEADER), *rest)]


def test_the_notebooks_are_the_ones_the_readme_speaks_of():
    assert [path.stem for path in NOTEBOOKS] == [
        "00_quickstart", "01_setup", "02_plan", "03_apply", "04_sync", "05_explain", "06_history",
        "07_connector", "90_report",
    ]  # fmt: skip


@every_notebook
def test_a_notebook_is_six_cells(path):
    assert len(cells(path)) == 6


@every_notebook
def test_a_notebook_holds_no_logic(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [type(node).__name__ for node in ast.walk(tree) if isinstance(node, LOGIC)] == []


@every_notebook
def test_the_first_cell_says_what_may_change(path):
    title = cells(path)[0]
    assert title.startswith("# MAGIC %md\n# MAGIC # ")
    writes = path.stem in {"03_apply", "04_sync", "06_history", "07_connector"}
    assert ("**It changes access in Databricks.**" in title) is writes


@every_notebook
def test_magics_stand_in_cells_of_their_own(path):
    for cell in cells(path):
        marked = [line.startswith("# MAGIC") for line in cell.splitlines()]
        assert all(marked) or not any(marked)


@every_notebook
def test_what_is_missing_is_installed_by_its_hash_before_anything_else_is_imported(path):
    _, before, install, *_ = cells(path)
    assert before.endswith(MISSING)
    assert before.count("import ") == 2
    assert install == INSTALL


@every_notebook
def test_the_library_is_found_in_the_folder_above_after_the_restart_too(path):
    _, before, _, after, *_ = cells(path)
    assert before.startswith(PATH)
    assert after.startswith(PATH)
