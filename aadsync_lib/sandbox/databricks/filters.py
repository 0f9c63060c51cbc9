"""The simple filters account SCIM understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.names import Folding, name_key
from aadsync_lib.sandbox.databricks.records import Kind, Record
from aadsync_lib.sandbox.databricks.switches import Switches

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s"]+)')
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda have, want: have == want,
    "ne": lambda have, want: have != want,
    "co": lambda have, want: want in have,
    "sw": lambda have, want: have.startswith(want),
}
MAX_NODES = 200

EXACT_ONLY: dict[Kind, frozenset[str]] = {
    "Users": frozenset({"username"}),
    "Groups": frozenset({"displayname", "externalid"}),
    "ServicePrincipals": frozenset({"applicationid"}),
}
"""All that SCIM 2.1 can filter by."""

FIELDS: dict[str, str] = {
    "id": "id",
    "username": "user_name",
    "emails.value": "user_name",
    "applicationid": "application_id",
    "displayname": "display_name",
    "externalid": "external_id",
    "active": "active",
}
NAME_FIELD: dict[Kind, str] = {
    "Users": "username",
    "Groups": "displayname",
    "ServicePrincipals": "applicationid",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One simple expression; text compares as names do."""

    attribute: str
    operator: str
    value: str
    folding: Folding

    def matches(self, row: Record) -> bool:
        want = self._key(self.value)
        if self.attribute in {"roles", "roles.value"}:
            return any(self._compare(role, want) for role in row.roles)
        have = getattr(row, FIELDS[self.attribute])
        return self._compare("" if have is None else str(have), want)

    def _compare(self, have: str, want: str) -> bool:
        return OPERATORS[self.operator](self._key(have), want)

    def _key(self, text: str) -> str:
        return name_key(text, self.folding)


@dataclass(frozen=True, slots=True)
class Filter:
    """Comparisons: any of the outer ones, all of the inner ones."""

    kind: Kind
    alternatives: tuple[tuple[Comparison, ...], ...]

    @property
    def exact_name(self) -> str | None:
        """The name looked for, where the filter is nothing but that."""
        match self.alternatives:
            case ((Comparison(attribute, "eq", value),),) if attribute == NAME_FIELD[self.kind]:
                return value
        return None

    def matches(self, row: Record) -> bool:
        return any(all(c.matches(row) for c in every) for every in self.alternatives)


def parse_filter(text: str, kind: Kind, version: str, switches: Switches) -> Filter:
    words = _words(text)
    alternatives: list[list[Comparison]] = [[]]
    nodes = 0
    while True:
        alternatives[-1].append(_comparison(words[:3], text, switches.name_folding))
        nodes += 1
        rest = words[3:]
        if not rest:
            break
        if rest[0].lower() == "or":
            alternatives.append([])
        elif rest[0].lower() != "and":
            raise _invalid(text)
        words = rest[1:]
    if 2 * nodes - 1 > MAX_NODES:
        raise _invalid(text, f"it has more than {MAX_NODES} nodes")
    parsed = Filter(kind, tuple(tuple(every) for every in alternatives))
    _check_supported(parsed, text, version, switches)
    return parsed


def _words(text: str) -> list[str]:
    words: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise _invalid(text)
        words.append(match.group(1))
        at = match.end()
    return words


def _comparison(words: list[str], text: str, folding: Folding) -> Comparison:
    if len(words) < 3 or words[1].lower() not in OPERATORS:
        raise _invalid(text)
    attribute, operator, value = words
    if value.startswith('"'):
        try:
            value = json.loads(value, strict=False)
        except ValueError:
            raise _invalid(text) from None
    return Comparison(attribute.lower(), operator.lower(), value, folding)


def _check_supported(parsed: Filter, text: str, version: str, switches: Switches) -> None:
    comparisons = [c for every in parsed.alternatives for c in every]
    if version == "2.1":
        only = comparisons[0]
        exact = len(comparisons) == 1 and only.operator == "eq"
        if not exact or only.attribute not in EXACT_ONLY[parsed.kind]:
            raise _invalid(text, "only an exact match of the name is supported")
        return
    for comparison in comparisons:
        if not _known(comparison.attribute, parsed.kind, switches):
            raise _invalid(text, f"{comparison.attribute} is not supported")


def _known(attribute: str, kind: Kind, switches: Switches) -> bool:
    match attribute:
        case "username" | "emails.value":
            return kind == "Users"
        case "applicationid":
            return kind == "ServicePrincipals"
        case "active":
            return kind != "Groups"
        case "externalid":
            return kind != "Users" or switches.filter_users_by_external_id
    return attribute in FIELDS or attribute in {"roles", "roles.value"}


def _invalid(text: str, why: str = "it is not a simple expression") -> ApiError:
    error = bad_request(f"Given filter operator is not supported: {text!r}: {why}", "invalidFilter")
    error.code = "INVALID_FILTER"
    return error
