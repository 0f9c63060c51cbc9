"""OData $filter: parsed into a predicate over an object's properties."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.kinds import JsonObject

Predicate = Callable[[Any], bool]
Knows = Callable[[str], bool]

_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_TOKEN = re.compile(rf"\s*('(?:[^']|'')*'|{_DATE}|[(),:]|[^\s(),:']+)")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The operators and functions that one part of Graph takes, and whether case counts."""

    operators: frozenset[str]
    functions: frozenset[str]
    case_sensitive: bool = False


DIRECTORY = Dialect(frozenset({"eq", "ne", "in"}), frozenset({"startswith", "endswith"}))
TEMPLATES = Dialect(frozenset({"eq"}), frozenset({"contains", "startswith"}))
REPORTS = Dialect(
    frozenset({"eq", "gt", "lt", "ge", "le"}), frozenset({"contains"}), case_sensitive=True
)


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter. ``advanced`` needs ConsistencyLevel: eventual and $count=true."""

    matches: Predicate
    advanced: bool


def parse(text: str, knows: Knows, dialect: Dialect = DIRECTORY) -> Filter:
    """Parse a filter over the properties that ``knows`` accepts."""
    parser = _Parser(_tokens(text), knows, dialect)
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


def _same(value: Any) -> Any:
    return value


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
    """Recursive descent."""

    def __init__(self, tokens: list[str], knows: Knows, dialect: Dialect) -> None:
        self._tokens = tokens
        self._knows = knows
        self._dialect = dialect
        self._fold: Callable[[Any], Any] = _same if dialect.case_sensitive else _fold
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
        if function not in self._dialect.functions:
            raise bad_request(f"Invalid filter clause: An unknown function '{name}' was found.")
        read = self._path(self._next())
        self._expect(",")
        fold = self._fold
        wanted = fold(self._literal())
        self._expect(")")
        if function == "startswith":
            return lambda item: str(fold(read(item)) or "").startswith(wanted)
        if function == "contains":
            return lambda item: wanted in str(fold(read(item)) or "")
        self.advanced = True
        return lambda item: str(fold(read(item)) or "").endswith(wanted)

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
        verb = self._next().lower()
        if verb not in self._dialect.operators:
            raise bad_request(f"Unsupported or invalid query filter operator '{verb}'.")
        if verb == "in":
            return self._in(read)
        fold = self._fold
        wanted = fold(self._literal())
        if verb == "eq":
            return lambda item: bool(_alike(fold(read(item)), wanted) == wanted)
        if verb in _ORDERS:
            return _ordered(read, _ORDERS[verb], wanted)
        self.advanced = True
        return lambda item: bool(fold(read(item)) != wanted)

    def _in(self, read: Callable[[Any], Any]) -> Predicate:
        self._expect("(")
        fold = self._fold
        wanted = {fold(self._literal())}
        while self._accept(","):
            wanted.add(fold(self._literal()))
        self._expect(")")
        return lambda item: fold(read(item)) in wanted

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
        if re.fullmatch(_DATE, token):
            return datetime.fromisoformat(token)
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


_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt,
    "lt": operator.lt,
    "ge": operator.ge,
    "le": operator.le,
}


def _ordered(
    read: Callable[[Any], Any], compare: Callable[[Any, Any], Any], wanted: Any
) -> Predicate:
    def matches(item: Any) -> bool:
        value = _alike(read(item), wanted)
        return isinstance(value, type(wanted)) and bool(compare(value, wanted))

    return matches


def _alike(value: Any, wanted: Any) -> Any:
    """The value as a time, where it is compared with one."""
    if isinstance(wanted, datetime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def _or(left: Predicate, right: Predicate) -> Predicate:
    return lambda item: left(item) or right(item)


def _and(left: Predicate, right: Predicate) -> Predicate:
    return lambda item: left(item) and right(item)
