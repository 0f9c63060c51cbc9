"""The words of a notebook for what the command line calls by commands and options."""

from __future__ import annotations

import re

from aadsync_lib.own_words import reworded

NOTEBOOKS = {
    "plan": "02_plan",
    "apply": "03_apply",
    "sync": "04_sync",
    "explain": "05_explain",
    "history": "06_history",
    "undo": "06_history",
    "doctor": "01_setup",
    "init": "01_setup",
    "connector": "07_connector",
}
OPTIONS = ("target", "user", "group", "full", "approve")
COMMAND = re.compile(rf"`?\baadsync ({'|'.join(NOTEBOOKS)})\b`?")
OPTION = re.compile(rf"(?<![\w-])--({'|'.join(OPTIONS)})\b")


def in_a_notebook(text: str) -> str:
    """Return an error's text with notebooks for its commands, and widgets for their options."""
    return reworded(text, _reworded)


def _reworded(words: str) -> str:
    return OPTION.sub(r"\1", COMMAND.sub(lambda command: NOTEBOOKS[command[1]], words))
