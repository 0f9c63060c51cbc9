"""Lists as a widget takes them, beside the YAML of the file: groups ``dbx-data, dbx-*``, and names."""

from __future__ import annotations

import re

from aadsync_lib.config.scope import SELECTORS
from aadsync_lib.config.text import Parsed

YAML = re.compile(rf"[\[{{&!#\"'|>~]|-\s|({'|'.join(SELECTORS)})\s*:|null$", re.IGNORECASE)
LIST = 'write it as [{name: "…"}]'


def group_words(text: str) -> Parsed | None:
    """Return the selectors that names and prefixes stand for; ``None`` for what is YAML.

    Words are separated by commas or line ends; a ``*`` at the end of one makes it a prefix.
    """
    if YAML.match(text):
        return None
    words = [word.strip() for word in re.split(r"[,\n]", text)]
    problems = tuple(filter(None, map(_problem, words)))
    if problems:
        return Parsed(problems=tuple(dict.fromkeys(problems)))
    return Parsed([_selector(word) for word in words if word])


def name_words(text: str) -> Parsed | None:
    """Return the names between commas or line ends; ``None`` for what is YAML."""
    if re.match(r"[\[{&!#\"'|>~]|-\s|null$", text):
        return None
    return Parsed([word.strip() for word in re.split(r"[,\n]", text) if word.strip()])


def _selector(word: str) -> dict[str, str]:
    return {"prefix": word[:-1]} if word.endswith("*") else {"name": word}


def _problem(word: str) -> str | None:
    if word == "*":
        return "'*' would be every group; name groups, or a beginning such as dbx-*"
    if "*" in word[:-1]:
        return f"{word!r}: a * stands at the end only; where it is part of a name, {LIST}"
    if re.search(r":(\s|$)|[\[\]{}]", word):
        return (
            f"{word!r}: is neither a name nor a beginning such as dbx-*; where it is a name, {LIST}"
        )
    return None
