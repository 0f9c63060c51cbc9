"""The package that is installed: the library alone, which runs no code that it is given."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    paths = ROOT.glob("aadsync_lib/**/*.py")
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imported(tree: ast.Module) -> set[str]:
    nodes = list(ast.walk(tree))
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_no_text_is_run_as_code(trees):
    calls = [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", None) in {"eval", "exec", "compile"}
    ]
    assert calls == []


def test_the_library_does_not_need_the_tests(trees):
    users = [
        path for path, tree in trees.items() for n in imported(tree) if n.split(".")[0] == "tests"
    ]
    assert users == []
