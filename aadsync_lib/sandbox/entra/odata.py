"""OData $filter: parsed into a predicate over an object's properties."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.kinds import JsonObject

Predicate = Callable[[Any], bool]
Knows = Callable[[str], bool]

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),:]|[^\s(),:']+)")
_FUNCTIONS = {"startswith", "endswith"}
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter. ``advanced`` needs ConsistencyLevel: eventual and $count=true."""

    matches: Predicate
    advanced: bool


def parse(text: str, knows: Knows) -> Filter:
    """Parse a filter over the properties that ``knows`` accepts."""
    parser = _Parser(_tokens(text), knows)
    predicate = parser.either()
    if parser.peek() is not None:
        raise parser.invalid()
    return Filter(predicate, parser.advanced)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _invalid(text, position)
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def _invalid(text: str, position: int) -> GraphError:
    return GraphError(
        400,
        "BadRequest",
        f"Invalid filter clause: There is an unterminated string literal or a syntax error at "
        f"position {position} in '{text}'.",
    )


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _value_at(path: str) -> Callable[[Any], Any]:
    if path == "":
        return lambda item: item
    first, *rest = path.split("/")

    def read(item: JsonObject) -> Any:
        value: Any = item.get(first)
        for name in rest:
            value = None if value is None else value.get(name)
        return value

    return read


class _Parser:
    """Recursive descent; strings compare without regard to case, as the directory's do."""

    def __init__(self, tokens: list[str], knows: Knows) -> None:
        self._tokens = tokens
        self._knows = knows
        self._at = 0
        self._variable: str | None = None
        self.advanced = False

    def peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def invalid(self) -> GraphError:
        return _invalid(" ".join(self._tokens), self._at)

    def either(self) -> Predicate:
        left = self._all()
        while self._accept("or"):
            left = _or(left, self._all())
        return left

    def _all(self) -> Predicate:
        left = self._one()
        while self._accept("and"):
            left = _and(left, self._one())
        return left

    def _one(self) -> Predicate:
        if self._accept("not"):
            self.advanced = True
            inner = self._one()
            return lambda item: not inner(item)
        if self._accept("("):
            inner = self.either()
            self._expect(")")
            return inner
        name = self._next()
        if self._accept("("):
            return self._call(name)
        return self._comparison(name)

    def _call(self, name: str) -> Predicate:
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        function = name.lower()
        if function not in _FUNCTIONS:
            raise bad_request(f"Invalid filter clause: An unknown function '{name}' was found.")
        read = self._path(self._next())
        self._expect(",")
        wanted = _fold(self._literal())
        self._expect(")")
        if function == "startswith":
            return lambda item: str(_fold(read(item)) or "").startswith(wanted)
        self.advanced = True
        return lambda item: str(_fold(read(item)) or "").endswith(wanted)

    def _any(self, path: str) -> Predicate:
        read = self._path(path)
        self._variable = self._next()
        self._expect(":")
        inner = self.either()
        self._expect(")")
        self._variable = None
        return lambda item: any(inner(value) for value in read(item) or ())

    def _comparison(self, name: str) -> Predicate:
        read = self._path(name)
        operator = self._next().lower()
        if operator == "in":
            return self._in(read)
        if operator not in {"eq", "ne"}:
            raise bad_request(f"Unsupported or invalid query filter operator '{operator}'.")
        wanted = _fold(self._literal())
        if operator == "eq":
            return lambda item: bool(_fold(read(item)) == wanted)
        self.advanced = True
        return lambda item: bool(_fold(read(item)) != wanted)

    def _in(self, read: Callable[[Any], Any]) -> Predicate:
        self._expect("(")
        wanted = {_fold(self._literal())}
        while self._accept(","):
            wanted.add(_fold(self._literal()))
        self._expect(")")
        return lambda item: _fold(read(item)) in wanted

    def _path(self, name: str) -> Callable[[Any], Any]:
        if name == self._variable:
            return _value_at("")
        if not self._knows(name.partition("/")[0]):
            raise bad_request(
                f"Invalid filter clause: Could not find a property named '{name}' on this type."
            )
        return _value_at(name)

    def _literal(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.lower() in _LITERALS:
            return _LITERALS[token.lower()]
        if token.isdigit():
            return int(token)
        raise self.invalid()

    def _next(self) -> str:
        token = self.peek()
        if token is None:
            raise self.invalid()
        self._at += 1
        return token

    def _accept(self, token: str) -> bool:
        if (self.peek() or "").lower() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self.invalid()


def _or(left: Predicate, right: Predicate) -> Predicate:
    return lambda item: left(item) or right(item)


def _and(left: Predicate, right: Predicate) -> Predicate:
    return lambda item: left(item) and right(item)
