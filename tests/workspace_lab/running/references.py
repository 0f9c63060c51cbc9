"""Dynamic value references: ``{{job.run_id}}``, ``{{tasks.plan.values.targets}}``, ``{{input}}``.

The rules are those of the documentation: only letters, digits and underscores go without
backticks; what is not of a known namespace is plain text; what is, but does not exist, is an
error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
PART = re.compile(r"`([^`]+)`|(\w+)")
NAMESPACES = frozenset({"job", "task", "tasks", "input", "workspace"})
MISSING = object()

Lookup = Callable[[tuple[str, ...]], Any]


class UnknownReferenceError(Exception):
    """A reference of a known namespace that means nothing."""


def resolve(text: str, lookup: Lookup) -> str:
    """Replace every reference by the text of its value."""
    return REFERENCE.sub(lambda found: as_text(_value(found, lookup)), text)


def operand(text: str, lookup: Lookup) -> str:
    """As ``resolve``; a reference on its own must be to a text, a number or a truth value."""
    whole = REFERENCE.fullmatch(text.strip())
    if whole is not None:
        value = _value(whole, lookup)
        if not isinstance(value, str | int | float):
            raise UnknownReferenceError(
                f"{text} is {as_text(value)}: a condition compares texts, numbers and booleans"
            )
    return resolve(text, lookup)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def within(value: Any, path: tuple[str, ...]) -> Any:
    """A field of a field; ``MISSING`` where there is none."""
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def time_parts(milliseconds: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return {
        "timestamp_ms": milliseconds,
        "iso_date": at.date().isoformat(),
        "iso_datetime": at.replace(microsecond=0, tzinfo=None).isoformat(),
        "iso_weekday": at.isoweekday(),
        "is_weekday": at.isoweekday() <= 5,
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
    }


def _value(found: re.Match[str], lookup: Lookup) -> Any:
    path = _path(found[1])
    if not path or path[0] not in NAMESPACES:
        return found[0]
    value = lookup(path)
    if value is MISSING:
        raise UnknownReferenceError(f"{found[0]} does not exist")
    return value


def _path(text: str) -> tuple[str, ...]:
    """The parts between the dots; empty when the text is no reference."""
    parts, end = [], -1
    for part in PART.finditer(text):
        if part.start() != end + 1 or (end >= 0 and text[end] != "."):
            return ()
        parts.append(part[1] or part[2])
        end = part.end()
    return tuple(parts) if end == len(text) else ()
