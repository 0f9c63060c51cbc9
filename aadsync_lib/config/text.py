"""YAML text to plain values, with every slip named by its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from aadsync_lib.config.plain import MERGE, TIMESTAMP, KeyPath, Plain, plains
from aadsync_lib.config.problems import dotted
from aadsync_lib.config.suggest import line_without_tab

TEXT = "tag:yaml.org,2002:str"
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


class _Loader(yaml.SafeLoader):
    """The safe loader; a date stays the text it is."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != TIMESTAMP]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a YAML text, or its problems; ``plain`` has the scalars that are not their text."""

    value: Any = None
    problems: tuple[str, ...] = ()
    plain: Mapping[KeyPath, Plain] = field(default_factory=dict)


def parse(text: str, at: KeyPath = ()) -> Parsed:
    """Read a YAML text that stands at this key of the file."""
    try:
        return _parsed(text, at)
    except yaml.MarkedYAMLError as error:
        problem = _syntax_error(error, text)
    except yaml.reader.ReaderError as error:
        problem = f"character {error.position}: not a character that YAML allows"
    except RecursionError:
        problem = "nested too deep to be read"
    except ValueError:
        problem = "holds a number that cannot be read"
    return Parsed(problems=(problem,))


def _parsed(text: str, at: KeyPath) -> Parsed:
    loader = _Loader("")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Parsed()
        problems = tuple(_slips(node, at, loader, set()))
        if problems:
            return Parsed(problems=problems)
        plain = plains(node, at, loader)
        return Parsed(loader.construct_document(node), plain=plain)
    finally:
        loader.dispose()


def _slips(
    node: yaml.Node, at: tuple[str, ...], loader: yaml.SafeLoader, seen: set[int]
) -> Iterator[str]:
    """Keys named twice, and tags: both would quietly mean something else than they look like."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if not _plain(node, loader):
        yield f"line {_line(node)}: tags (!…) are not used in this file"
    elif isinstance(node, yaml.MappingNode):
        yield from _named_twice(node, at)
        for key, value in node.value:
            yield from _slips(value, (*at, _name(key)), loader, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _slips(item, (*at, str(index)), loader, seen)


def _named_twice(node: yaml.MappingNode, at: tuple[str, ...]) -> Iterator[str]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        name, line = _name(key), _line(key)
        if name in first and key.tag != MERGE:
            yield f"{dotted((*at, name))}: named twice, on lines {first[name]} and {line}"
        first.setdefault(name, line)


def _plain(node: yaml.Node, loader: yaml.SafeLoader) -> bool:
    resolve: Callable[..., object] = loader.resolve
    if not isinstance(node, yaml.ScalarNode):
        return bool(node.tag == resolve(type(node), None, True))
    return node.tag in (TEXT, resolve(yaml.ScalarNode, node.value, (True, False)))


def _name(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else "?"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> str:
    """Name line and cause, without words from the text: one of them may be a secret."""
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    if mark and (spaced := line_without_tab(text.splitlines(), mark.line)):
        return f"{where}a tab, where YAML takes spaces only; write {spaced!r}"
    return f"{where}not YAML: {QUOTED.sub(_unnamed, error.problem or 'cannot be read')}"


def _unnamed(quoted: re.Match[str]) -> str:
    """Keep single characters and <tokens>, which are YAML's own."""
    word = quoted[1] or quoted[2] or ""
    return quoted[0] if len(word) < 2 or word.startswith("<") else "a name"
