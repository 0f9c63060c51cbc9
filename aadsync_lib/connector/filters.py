"""Scoping filters in a schema, written as the settings have them and in Entra's own words.

Entra compares with regard to case, and holds a clause on an empty attribute for false.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from aadsync_lib.config.connector import Filter
from aadsync_lib.config.scope import Clause
from aadsync_lib.connector.attributes import source_name
from aadsync_lib.connector.mappings import mappings_of
from aadsync_lib.errors import AadsyncError
from aadsync_lib.responses import JsonObject

Canonical = frozenset[frozenset[tuple[str, str, tuple[str, ...]]]]

PLAIN = {
    "equals": "EQUALS",
    "not_equals": "NOT EQUALS",
    "is_null": "IS NULL",
    "is_not_null": "IS NOT NULL",
    "ends_with": "ENDS_WITH",
    "contains": "Includes",
}
PATTERNS = {"in": "^(?:{})$", "not_in": "^(?:{})$", "starts_with": "^{}"}
REGEX, NO_REGEX = "REGEX MATCH", "NOT REGEX MATCH"


def same(schema: JsonObject, kind: str, wanted: Filter, operators: Collection[str]) -> bool:
    """Return whether the filter of ``users`` or ``groups`` is the one of the settings."""
    return all(
        canonical(mapping.get("scope")) == canonical(_scope(schema, mapping, wanted, operators))
        for mapping in mappings_of(schema, kind)
    )


def set_filter(schema: JsonObject, kind: str, wanted: Filter, operators: Collection[str]) -> None:
    """Write the filter of ``users`` or ``groups``, in place; other parts of the scope stay."""
    for mapping in mappings_of(schema, kind):
        scope = _scope(schema, mapping, wanted, operators)
        if canonical(mapping.get("scope")) == canonical(scope):
            continue
        others = {
            "inputFilterGroups": [],
            "categoryFilterGroups": [],
            **(mapping.get("scope") or {}),
        }
        others["groups"] = scope["groups"]
        empty = not any(others[key] for key in others if isinstance(others[key], list))
        mapping["scope"] = None if empty else others


def in_words(scope: JsonObject | None) -> list[list[str]]:
    """Return the clauses of a filter, each as one text."""
    return [
        [
            " ".join((attribute, operator, ", ".join(values))).strip()
            for attribute, operator, values in group
        ]
        for group in map(sorted, _groups(scope))
    ]


def words_of(schema: JsonObject, kind: str) -> list[list[str]]:
    """Return the filter of ``users`` or ``groups`` that a schema has."""
    return [
        words for mapping in mappings_of(schema, kind) for words in in_words(mapping.get("scope"))
    ]


def words_wanted(wanted: Filter) -> list[list[str]]:
    """Return the filter of the settings."""
    return [[_words(clause) for clause in clauses] for clauses in wanted]


def canonical(scope: JsonObject | None) -> Canonical:
    """Return a filter without what makes no difference: order, names, and how operators are spelled."""
    return frozenset(
        frozenset(
            (attribute.lower(), _plain(operator), values) for attribute, operator, values in group
        )
        for group in _groups(scope)
    )


def _groups(scope: JsonObject | None) -> Iterable[list[tuple[str, str, tuple[str, ...]]]]:
    for group in (scope or {}).get("groups") or []:
        clauses = [
            (
                str(clause.get("sourceOperandName")),
                str(clause.get("operatorName")),
                tuple(map(str, (clause.get("targetOperand") or {}).get("values") or ())),
            )
            for clause in group.get("clauses") or []
        ]
        if clauses:
            yield clauses


def _scope(
    schema: JsonObject, mapping: JsonObject, wanted: Filter, operators: Collection[str]
) -> JsonObject:
    groups = [
        {
            "name": " and ".join(map(_words, clauses))[:100],
            "clauses": [_clause(schema, mapping, clause, operators) for clause in clauses],
        }
        for clauses in wanted
    ]
    return {"groups": groups, "inputFilterGroups": [], "categoryFilterGroups": []}


def _clause(
    schema: JsonObject, mapping: JsonObject, clause: Clause, operators: Collection[str]
) -> JsonObject:
    name, values = _expressed(clause, {_plain(operator) for operator in operators})
    spelled = {_plain(operator): operator for operator in operators}
    if operators and _plain(name) not in spelled:
        raise AadsyncError(
            f"connector.filters: {clause.attribute} {clause.operator}: Entra has no operator {name} here; "
            f"it has {', '.join(sorted(spelled.values()))}. Nothing was changed."
        )
    return {
        "operatorName": spelled.get(_plain(name), name),
        "sourceOperandName": source_name(schema, mapping, clause.attribute),
        "targetOperand": {"values": values},
    }


def _expressed(clause: Clause, operators: Collection[str]) -> tuple[str, list[str]]:
    """Return an operator of Entra and its values."""
    given = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    texts = [_text(value) for value in given if value is not None]
    name = PLAIN.get(clause.operator)
    if name and (
        not operators
        or _plain(name) in operators
        or clause.operator not in ("ends_with", "contains")
    ):
        return name, texts
    pattern = PATTERNS.get(clause.operator, "{}$" if clause.operator == "ends_with" else "{}")
    escaped = "|".join(map(re.escape, texts))
    return NO_REGEX if clause.operator == "not_in" else REGEX, [pattern.format(escaped)]


def _text(value: str | bool) -> str:
    return str(value)


def _plain(operator: str) -> str:
    return re.sub(r"[\s_]+", " ", operator).strip().upper()


def _words(clause: Clause) -> str:
    values = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    texts = ", ".join(str(value) for value in values if value is not None)
    return f"{clause.attribute} {clause.operator} {texts}".strip()
