"""A strict reading of Quartz cron expressions, which the CLI sends without a look."""

from __future__ import annotations

import re

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
FIELDS = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, tuple(MONTHS)),
    ("day of week", 1, 7, tuple(DAYS)),
    ("year", 1970, 2099, ()),
)
SPECIAL = {
    "day of month": re.compile(r"\?|L|LW|L-\d{1,2}|\d{1,2}W"),
    "day of week": re.compile(r"\?|L|[1-7]L|[1-7]#[1-5]"),
}


def problems(expression: str) -> list[str]:
    """Return what Quartz would not take."""
    parts = expression.split()
    if len(parts) not in (6, 7):
        return [f"{len(parts)} fields instead of 6, with seconds first, or 7"]
    found = [
        f"{name}: {part!r}"
        for part, (name, low, high, names) in zip(parts, FIELDS, strict=False)
        if not _field(part, name, low, high, names)
    ]
    if (parts[3] == "?") == (parts[5] == "?"):
        found.append("exactly one of day of month and day of week is ?")
    return found


def _field(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    special = SPECIAL.get(name)
    if special and special.fullmatch(part):
        return True
    return all(_item(item, low, high, names) for item in part.split(","))


def _item(item: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (step.isdigit() and 0 < int(step) <= high):
        return False
    ends = [span] if span == "*" else span.split("-")
    if span == "*":
        return True
    return 1 <= len(ends) <= 2 and all(_value(end, low, high, names) for end in ends)


def _value(value: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    return value.upper() in names or (value.isdigit() and low <= int(value) <= high)
