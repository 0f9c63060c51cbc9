"""Names from a directory, made safe to show: they are data, and may hold anything."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable

# Scripts such as Persian and Hindi are spelled with the two joiners.
JOINERS = frozenset("\u200c\u200d")
# Splits a text node, so that nothing after it is taken for a mention, an address or an issue: those are
# looked for in the text that is left when a backslash or an entity is gone.
SPLIT = "<!-- -->"
MARKDOWN = re.compile(
    r"(?P<split>@(?=[\w-])|#(?=\w))"
    # HTML, cells and formulas, for readers that know no backslash there; and what would begin code.
    r"|(?P<entity>[<|$]|^ )"
    r"|(?P<escaped>[\\`*_\[\]~&#]|:(?=//)|(?<=www)\.|^[-+=>])",
    re.IGNORECASE,
)
ENTITIES = {"<": "&lt;", "|": "&#124;", "$": "&#36;", " ": "&#32;"}
NUMBERED = re.compile(r"^(\d+)(?=[.)])")  # what begins an item of a list


def visible(text: str) -> str:
    """Return the text on one line, with everything a terminal might act on written out.

    Escape sequences, line ends and marks that turn the direction of writing show as ``\\x1b``,
    ``\\n`` and ``\\u202e``.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def visible_lines(text: str) -> str:
    """Return the text like ``visible``, with its line ends kept."""
    return "\n".join(map(visible, text.split("\n")))


def label(name: str) -> str:
    """Return a name as ``visible``, in quotes where its ends could not be seen."""
    shown = visible(name)
    return shown if name and name == name.strip() else f'"{shown}"'


class CleanFormatter(logging.Formatter):
    """Log records without anything that a terminal would act on."""

    def __init__(self, form: str, clean: Callable[[str], str] = visible) -> None:
        super().__init__(form)
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """Format and clean."""
        return self._clean(super().format(record))


def cut(text: str, limit: int) -> str:
    """Return the text, or its beginning where it is longer than ``limit`` characters.

    It is also cut where it would take three times as many bytes in HTML, so that a page has a bound.
    """
    room = 3 * limit
    for number, char in enumerate(text):
        room -= 5 if char in "&<>\"'" else len(char.encode())
        if number >= limit or room < 0:
            return f"{text[:number].rstrip()}\u2026"
    return text


def markdown_name(name: str) -> str:
    """Return a name as code for Markdown: no markup, no link, no mention, also in a table."""
    shown = label(name)
    if not any(mark in shown for mark in "`|\\"):
        return f"`{shown}`"
    return f"<code>{markdown_prose(shown)}</code>"


def markdown_prose(text: str) -> str:
    """Return a sentence for Markdown in which nothing is markup, a link or a mention."""
    return NUMBERED.sub(r"\1\\", MARKDOWN.sub(_literal, visible(text)))


def _shown(char: str) -> str:
    if char.isprintable() or char in JOINERS or unicodedata.category(char) == "Zs":
        return char
    return char.encode("unicode_escape").decode("ascii")


def _literal(mark: re.Match[str]) -> str:
    char = mark.group()
    if mark["split"]:
        return f"{char}{SPLIT}"
    return ENTITIES[char] if mark["entity"] else f"\\{char}"
