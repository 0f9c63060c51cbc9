"""Texts that know which of their parts are the program's own words: commands in those may be put otherwise.

A name from the directory is data. It may be ``aadsync sync``, and is never one of those parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


class MarkedText(str):
    """A text with its ``parts``, each with whether it is the program's own.

    Whatever is made of it (by ``format``, ``join``, ``strip``) is a plain text, which has none.
    """

    parts: tuple[tuple[str, bool], ...] = ()


def own(text: str) -> MarkedText:
    """Return a text that is the program's own as a whole."""
    return _marked(((text, True),))


def joined(*texts: str) -> MarkedText:
    """Return one text of several; a plain one is taken for data."""
    return _marked(part for text in texts for part in _parts(text))


def reworded(text: str, write: Callable[[str], str]) -> str:
    """Return a text with its own words put otherwise, and all else as it is."""
    return "".join(write(part) if is_own else part for part, is_own in _parts(text))


def _parts(text: str) -> tuple[tuple[str, bool], ...]:
    return text.parts if isinstance(text, MarkedText) else ((text, False),)


def _marked(parts: Iterable[tuple[str, bool]]) -> MarkedText:
    every = tuple(parts)
    made = MarkedText("".join(part for part, _ in every))
    made.parts = every
    return made
