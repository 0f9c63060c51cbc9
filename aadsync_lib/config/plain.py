"""Unquoted text of a YAML file that YAML reads as something else: ``NO`` is false, ``010`` is 8."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

MERGE = "tag:yaml.org,2002:merge"
TIMESTAMP = "tag:yaml.org,2002:timestamp"
DATE: re.Pattern[str] = next(
    pattern
    for pairs in yaml.SafeLoader.yaml_implicit_resolvers.values()
    for tag, pattern in pairs
    if tag == TIMESTAMP
)
ODD_NUMBER = re.compile(r"[-+]?(0[0-7_]+|[0-9_]+(:[0-5]?[0-9])+(\.[0-9_]*)?)")
MOST = 50_000  # nodes; aliases may stand for more than anybody can write
SHOWN = 60  # characters

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A scalar as it stands in the file. ``line`` is ``None`` in a parameter."""

    text: str
    value: Any
    line: int | None

    @property
    def is_date(self) -> bool:
        """Whether YAML has a date here; it is read as the text that it is."""
        return isinstance(self.value, str)

    @property
    def is_number(self) -> bool:
        """Whether YAML has a number here."""
        return isinstance(self.value, (int, float)) and not isinstance(self.value, bool)

    @property
    def is_respelt(self) -> bool:
        """Whether the number is written otherwise than it is read."""
        return self.is_number and str(self.value) != self.text

    @property
    def is_odd_number(self) -> bool:
        """Whether it looks like another number: octal, or in sixties."""
        return self.is_number and ODD_NUMBER.fullmatch(self.text) is not None

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        return f"found {self.text[:SHOWN]}{where}, which YAML reads as {self._made()[:SHOWN]}"

    def _made(self) -> str:
        if self.value is None:
            return "nothing"
        if self.is_date:
            return "a date"
        if self.is_number:
            return f"the number {self.value}" if self.is_respelt else "a number"
        word = "true" if self.value else "false"
        return word if word != self.text else "a boolean"


def plains(node: yaml.Node, at: KeyPath, loader: yaml.SafeLoader) -> Mapping[KeyPath, Plain]:
    """Return every such scalar of a document that stands at this key, by its key.

    What an alias or a merge stands for is at each of its places.
    """
    collected: dict[KeyPath, Plain] = {}
    left = iter(range(MOST))
    for path, scalar in _scalars(node, at, (), left):
        if scalar.style is None and path not in collected:
            value = loader.construct_object(scalar)
            str(value)  # an integer that Python does not write raises ValueError
            if not isinstance(value, str) or DATE.match(value):
                collected[path] = Plain(scalar.value, value, scalar.start_mark.line + 1)
    return collected


def _scalars(
    node: yaml.Node, at: KeyPath, above: tuple[int, ...], left: Iterator[int]
) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    if id(node) in above or next(left, None) is None:
        return
    above = (*above, id(node))
    if isinstance(node, yaml.ScalarNode):
        yield at, node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*at, str(index)), above, left)
    elif isinstance(node, yaml.MappingNode):
        merged = [value for key, value in node.value if key.tag == MERGE]
        for key, value in node.value:
            if key.tag != MERGE:
                yield from _scalars(value, (*at, str(key.value)), above, left)
        for value in merged:
            yield from _merged(value, at, above, left)


def _merged(
    node: yaml.Node, at: KeyPath, above: tuple[int, ...], left: Iterator[int]
) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    for part in node.value if isinstance(node, yaml.SequenceNode) else (node,):
        yield from _scalars(part, at, above, left)


def show(value: Any) -> str:
    """Write a value as YAML would, on one line and not too long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:SHOWN]
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    return "a section"
