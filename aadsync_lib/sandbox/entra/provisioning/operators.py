"""Operators of scoping filters. Case counts, and on an empty attribute nothing holds but IS NULL."""

import re
from collections.abc import Callable

from aadsync_lib.sandbox.entra.kinds import JsonObject

Compare = Callable[[str, list[str]], bool]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _bits(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else 0


BINARY: dict[str, Compare] = {
    "&": lambda value, wanted: all(_bits(value) & _bits(w) for w in wanted),
    "!&": lambda value, wanted: not any(_bits(value) & _bits(w) for w in wanted),
    "ENDS_WITH": lambda value, wanted: any(value.endswith(w) for w in wanted),
    "EQUALS": lambda value, wanted: value in wanted,
    "Greater_Than": lambda value, wanted: all(_number(value) > _number(w) for w in wanted),
    "Greater_Than_OR_EQUALS": lambda value, wanted: all(
        _number(value) >= _number(w) for w in wanted
    ),
    "Includes": lambda value, wanted: any(w in value for w in wanted),
    "NOT EQUALS": lambda value, wanted: value not in wanted,
    "NOT REGEX MATCH": lambda value, wanted: not any(re.search(w, value) for w in wanted),
    "REGEX MATCH": lambda value, wanted: any(re.search(w, value) for w in wanted),
}
UNARY: dict[str, Callable[[str | None], bool]] = {
    "IS FALSE": lambda value: value == "False",
    "IS NOT NULL": lambda value: value is not None,
    "IS NULL": lambda value: value is None,
    "IS TRUE": lambda value: value == "True",
}
_BY_NAME = {name.upper(): name for name in (*BINARY, *UNARY)}


def is_operator(name: object) -> bool:
    return str(name).upper() in _BY_NAME


def holds(name: str, value: str | None, wanted: list[str]) -> bool:
    """Whether a clause holds; a value that is empty is no value."""
    known = _BY_NAME[name.upper()]
    value = value or None
    if known in UNARY:
        return UNARY[known](value)
    return value is not None and BINARY[known](value, wanted)


def described(*, capitals: bool) -> list[JsonObject]:
    """The operators as ``filterOperators`` lists them."""
    return [
        {
            "id": str(number),
            "name": name.upper() if capitals else name,
            "arity": "Unary" if name in UNARY else "Binary",
            "multivaluedComparisonType": "All",
            "supportedAttributeTypes": ["String", "Boolean", "Integer", "Reference"],
        }
        for number, name in enumerate(sorted((*BINARY, *UNARY)), 1)
    ]
