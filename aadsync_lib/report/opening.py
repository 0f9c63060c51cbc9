"""The sentence that a result in a notebook begins with, beside a link to its full report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from aadsync_lib.report.document import Document
from aadsync_lib.report.escape import cut, visible

ONE = (
    ("people who lose", "person who loses"),
    ("service principals that lose", "service principal that loses"),
    ("people", "person"),
    ("members", "member"),
)
LONGEST = 400  # characters of it


def sentence_of(document: Document) -> str:
    """Say in one sentence what a document comes to: its title, how it stands, and who or what is to look at."""
    tiles = (tile for tile in document.tiles if tile.tone and tile.label != "Drift")
    numbers = {_noun(tile.label, tile.value): tile.value for tile in tiles}
    return sentence(document.title, document.state, numbers)


def sentence(title: str, state: str, numbers: Mapping[str, str] | Mapping[str, int]) -> str:
    """Return ``Plan for contoso: 15 changes, not applied yet; 3 groups, 12 members added.``"""
    counted = ", ".join(f"{value} {label}" for label, value in numbers.items())
    state = _lower(state.removesuffix("."))
    standing = "" if state and title.endswith(state) else state
    rest = "; ".join(filter(None, (standing, counted)))
    return (
        cut(visible((", " if ": " in title else ": ").join(filter(None, (title, rest)))), LONGEST)
        + "."
    )


def opening(words: str, link: str | None = None, name: str = "Full report") -> str:
    """Return the sentence as HTML, with a link where the report can be reached."""
    anchor = f' <a href="{escape(link)}" target="_blank" rel="noopener">{name}</a>' if link else ""
    return f'<p class="next">{escape(words)}{anchor}</p>'


def _noun(label: str, number: str) -> str:
    words = _lower(label)
    for several, single in ONE if number == "1" else ():
        words = re.sub(rf"\b{several}\b", single, words)
    return words


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
