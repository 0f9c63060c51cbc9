"""The shape of the package: no circle of imports, no long file, modules that name their thing."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import aadsync_lib

ROOT = Path(aadsync_lib.__file__).parent
QUESTION = re.compile(r"(What|Who|Whose|Whether|Why|From|How|Where|When|Which)\b")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(tree: ast.AST, modules: set[str]) -> set[str]:
    """The modules that a tree imports, in functions and for types only, too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= parts & modules or {node.module}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & modules


def circle(sources: dict[str, str]) -> list[str] | None:
    modules = set(sources)
    graph = {name: imported(ast.parse(text), modules) - {name} for name, text in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def test_no_module_imports_itself_by_way_of_others():
    texts = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    assert len(texts) > 100
    assert circle(texts) is None


@pytest.mark.parametrize(
    "back",
    [
        "import p.a",
        "from p import a",
        "from p.a import x",
        "def f():\n    from p.a import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.a import x",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(back):
    assert circle({"p.a": "from p.b import y", "p.b": back}) is not None
    assert circle({"p.a": "from p.b import y", "p.b": ""}) is None


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short_and_its_first_line_names_it(name):
    text = MODULES[name].read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    assert not QUESTION.match(ast.get_docstring(ast.parse(text)) or "")
