"""Settings as lines of one widget: ``policy.mode: additive; policy.grace_days: 7``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# A widget of one line takes `;` for the end of a line, where the name of a setting follows.
ENDS = re.compile(r"\n|;(?=\s*\w+(?:\.[\w-]+)+\s*:)|;\s*$")
LINE = re.compile(r"\s*([\w.-]+)\s*:(?:\s+|$)(.*)", re.DOTALL)


def lines_in(text: str) -> Iterator[str]:
    """Yield the lines that say something."""
    yield from (
        line.strip() for line in ENDS.split(text) if line.strip() and line.strip()[0] != "#"
    )


def settings_of(text: str) -> dict[str, str]:
    """Return the values by name, those of lines that are none left out; of two, the later."""
    return {
        found[1]: found[2].strip() for line in lines_in(text) if (found := LINE.fullmatch(line))
    }


def problems_in(text: str, own: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the lines; ``own`` are the values of widgets of their own."""
    seen: set[str] = set()
    for line in lines_in(text):
        found = LINE.fullmatch(line)
        if found is None:
            yield f"settings: found {line!r}; expected a line such as policy.mode: additive"
        elif found[1] in seen:
            yield f"settings: {found[1]} is there twice"
        elif own.get(found[1], found[2].strip()) != found[2].strip():
            yield f"settings: {found[1]} has another value than the widget {found[1]}; empty one of them"
        else:
            seen.add(found[1])
