"""The data of a page as JSON: every text once, columns and what rows open to without repetition."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any

from aadsync_lib.report.html.grid import LISTED, Detail, Grid
from aadsync_lib.report.html.tree import Tree

# What would end the element, begin a comment, or end a line of a script.
ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
JOINTS = re.compile(r'(; |, | -> |")')  # between texts that may stand elsewhere, too
LONG = 24  # characters from which on it is worth while to take a text apart
NUMBER = 6  # characters of the number of a text, about

COMMON = 1000  # texts that come first, by how often they are there; the others are by their domain
DOMAIN = re.compile(r"@[\w.-]{4,}$", re.ASCII)
SHARED = 8  # texts from which on a domain is written once for all of them
DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

Shape = tuple[tuple[str, ...], tuple[tuple[str, bool, bool], ...]]


class Pool:
    """Every text once; the document holds numbers in place of texts, of ``width`` digits to the base of 64.

    A text that is mostly made of others is a list of their numbers. ``ends`` are from, to and the end that
    all texts between have.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts = Counter(texts)
        apart = _apart(counts)
        counts.update(chain.from_iterable(apart.values()))
        for text in apart:
            del counts[text]
        order = [text for text, _ in counts.most_common()]
        rest = sorted(order[COMMON:], key=_domain)
        ordered = [*order[:COMMON], *rest, *apart]
        self.places = {text: place for place, text in enumerate(ordered)}
        self.ends = tuple(_ends(rest))
        self.width = next(width for width in range(1, 6) if 64**width > len(ordered))
        self._codes = {text: self.code(place) for text, place in self.places.items()}
        whole = {place: end for begin, stop, end in self.ends for place in range(begin, stop)}
        self.texts: list[str | list[int]] = [
            [*map(self.places.__getitem__, apart[text])]
            if text in apart
            else text.removesuffix(whole.get(place, ""))
            for place, text in enumerate(ordered)
        ]

    def code(self, number: int) -> str:
        """Return a number in the digits of the document."""
        return "".join(DIGITS[number >> 6 * digit & 63] for digit in reversed(range(self.width)))

    def __call__(self, texts: Iterable[str]) -> str:
        return "".join(map(self._codes.__getitem__, texts))


def _apart(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Return the parts of each text that takes less room so."""
    long = {
        text: [part for part in JOINTS.split(text) if part]
        for text, number in counts.items()
        if number == 1 and len(text) > LONG and JOINTS.search(text)
    }
    shared = Counter(chain.from_iterable(long.values()))

    def cost(part: str) -> int:
        once = shared[part] + counts.get(part, 0) == 1
        return NUMBER + len(part) if once else NUMBER

    return {
        text: parts
        for text, parts in long.items()
        if sum(map(cost, parts)) < len(text) and not long.keys() & parts
    }


def _domain(text: str) -> str:
    found = DOMAIN.search(text)
    return found.group() if found else ""


def _ends(texts: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    place = COMMON
    for domain, group in groupby(texts, _domain):
        number = sum(1 for _ in group)
        if domain and number >= SHARED:
            yield place, place + number, domain
        place += number


def payload(grids: Sequence[Grid], tree: Tree) -> str:
    """Return the document of a page."""
    pool = Pool(_texts(grids, tree))
    document = {
        "listed": LISTED,
        "grids": [_grid(grid, pool) for grid in grids],
        "tree": _tree(tree, pool),
    }
    return safe_json(
        {**document, "texts": pool.texts, "ends": pool.ends, "width": pool.width, "digits": DIGITS}
    )


def safe_json(document: Any) -> str:
    """Return JSON in which no text can end the element that holds it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _texts(grids: Iterable[Grid], tree: Tree) -> Iterator[str]:
    yield from (node.name for node in tree.nodes)
    for grid in grids:
        yield from chain.from_iterable(grid.rows)
        for detail in grid.details:
            yield from _values(detail)
        for facts, differences in {_shape(detail) for detail in grid.details}:
            yield from facts
            yield from (name for name, _, _ in differences)


def _grid(grid: Grid, pool: Pool) -> dict[str, Any]:
    shapes: dict[Shape, int] = {}
    details = [
        pool.code(shapes.setdefault(_shape(detail), len(shapes))) + pool(_values(detail))
        for detail in grid.details
    ]
    return {
        "name": grid.name,
        "columns": [
            {"title": column.title, "look": column.look, "shown": column.shown}
            for column in grid.columns
        ],
        "tones": grid.tones,
        "size": len(grid.rows),
        "cells": [
            pool(set(cells)) if len(set(cells)) == 1 else pool(cells)
            for cells in zip(*grid.rows, strict=True)
        ],
        "shapes": [
            [
                [*map(pool.places.__getitem__, facts)],
                [[pool.places[name], *sides] for name, *sides in differences],
            ]
            for facts, differences in shapes
        ],
        "details": details,
    }


def _shape(detail: Detail) -> Shape:
    """Return what the values of a detail are, in their order: facts, before and after where there is one."""
    return (
        tuple(name for name, _ in detail.facts),
        tuple((name, bool(before), bool(after)) for name, before, after in detail.differences),
    )


def _values(detail: Detail) -> Iterator[str]:
    yield from (value for _, value in detail.facts)
    for _, before, after in detail.differences:
        yield from filter(None, (before, after))
    yield from detail.members


def _tree(tree: Tree, pool: Pool) -> dict[str, Any]:
    nodes = [
        [pool.places[node.name], node.people, [*node.groups], [*node.lines]] for node in tree.nodes
    ]
    edges = [[edge.outer, edge.inner, edge.sign] for edge in tree.edges]
    return {"nodes": nodes, "roots": [*tree.roots], "edges": edges}
