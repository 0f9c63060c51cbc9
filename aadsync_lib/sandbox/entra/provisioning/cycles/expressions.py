"""Sources of attribute mappings: attributes, constants, and the simpler functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aadsync_lib.sandbox.entra.kinds import JsonObject

Values = Mapping[str, str | None]
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z]\w*|[(),])')


class ExpressionError(Exception):
    """An expression that the sandbox does not understand."""


def source_value(mapping: JsonObject, values: Values) -> str | None:
    """The value that an attribute mapping gives its target; ``None`` is none."""
    source = mapping.get("source")
    value = None if source is None else _value(source, values)
    return value or mapping.get("defaultValue") or None


def _value(source: JsonObject, values: Values) -> str | None:
    match source["type"]:
        case "Attribute":
            return values.get(source["name"])
        case "Constant":
            return str(source.get("name") or source.get("expression") or "").strip('"')
    return _Expression(str(source.get("expression") or ""), values).whole()


class _Expression:
    """A recursive reader of calls, attributes in brackets and quoted texts."""

    def __init__(self, text: str, values: Values) -> None:
        self._text = text
        self._values = values
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def whole(self) -> str | None:
        value = self._argument()
        if self._at != len(self._tokens) or _TOKEN.sub("", self._text).strip():
            raise ExpressionError(self._text)
        return value

    def _argument(self) -> str | None:
        token = self._peek()
        if token in {",", ")"}:
            return None
        self._at += 1
        if token.startswith('"'):
            return str(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token.startswith("["):
            return self._values.get(token[1:-1])
        return self._call(token)

    def _call(self, name: str) -> str | None:
        function = _FUNCTIONS.get(name.lower())
        if function is None or self._peek() != "(":
            raise ExpressionError(self._text)
        arguments: list[str | None] = []
        while self._peek() != ")":
            self._at += 1
            arguments.append(self._argument())
            if self._peek() not in {",", ")"}:
                raise ExpressionError(self._text)
        self._at += 1
        return function(arguments)

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            raise ExpressionError(self._text)
        return str(self._tokens[self._at])


def _switch(arguments: list[str | None]) -> str | None:
    source, default, *rest = arguments
    pairs = dict(zip(rest[::2], rest[1::2], strict=False))
    return pairs.get(source, default)


_FUNCTIONS: dict[str, Callable[[list[str | None]], str | None]] = {
    "append": lambda arguments: "".join(text or "" for text in arguments),
    "coalesce": lambda arguments: next((text for text in arguments if text), None),
    "not": lambda arguments: "False" if arguments[0] == "True" else "True",
    "switch": _switch,
    "tolower": lambda arguments: (arguments[0] or "").lower() or None,
    "toupper": lambda arguments: (arguments[0] or "").upper() or None,
}
