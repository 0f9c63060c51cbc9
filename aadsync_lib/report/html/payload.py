"""Data for the script of the page, as JSON that is safe inside of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aadsync_lib.report.html.grid import LISTED, Detail, Grid
from aadsync_lib.report.html.tree import Tree

# What would end the element, begin a comment, or end a line of a script.
ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


class Pool:
    """Every text once; the document holds numbers in place of texts, as names come up again and again."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    @property
    def texts(self) -> list[str]:
        """The texts in order of their numbers."""
        return list(self._places)


def payload(grids: Iterable[Grid], tree: Tree) -> str:
    """Return the document of a page."""
    pool = Pool()
    document = {
        "listed": LISTED,
        "grids": [_grid(grid, pool) for grid in grids],
        "tree": _tree(tree, pool),
    }
    return safe_json({**document, "texts": pool.texts})


def safe_json(document: Any) -> str:
    """Return JSON in which no text can end the element that holds it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _grid(grid: Grid, pool: Pool) -> dict[str, Any]:
    return {
        "name": grid.name,
        "columns": [
            {"title": column.title, "look": column.look, "shown": column.shown}
            for column in grid.columns
        ],
        "tones": grid.tones,
        "rows": [[*map(pool, row)] for row in grid.rows],
        "details": [_detail(detail, pool) for detail in grid.details],
    }


def _detail(detail: Detail, pool: Pool) -> list[Any]:
    return [
        [[*map(pool, fact)] for fact in detail.facts],
        [[*map(pool, difference)] for difference in detail.differences],
        [*map(pool, detail.members)],
    ]


def _tree(tree: Tree, pool: Pool) -> dict[str, Any]:
    nodes = [[pool(node.name), node.people, [*node.groups], [*node.lines]] for node in tree.nodes]
    return {"nodes": nodes, "roots": [*tree.roots]}
