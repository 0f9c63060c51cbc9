"""Outcomes that several probes share."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aadsync_lib.doctor.probe.answers import Outcome, assumed, matters, safe
from aadsync_lib.doctor.probe.bench import PATIENCE

Outcomes = Mapping[str, Outcome]

NEVER = f"not within {PATIENCE:.0f} s"
WRITTEN: Outcomes = {
    "done": assumed("done"),
    "deaf": matters(
        f"answered as done; nothing had changed after {PATIENCE:.0f} s",
        "A sync tells such a change as failed and sends it again in every run. Ask Databricks about it.",
    ),
}
EXTERNAL_ID: Outcomes = {
    "kept": assumed("as it was sent"),
    "other_case": safe("in another case", "Ids are compared without regard to case."),
    "missing": matters(
        "not stored",
        "Only the store of the sync knows what it made: keep it, and look at policy.adopt. What is made "
        "in a run that loses the answer is found by its name alone.",
    ),
}
DUPLICATE: Outcomes = {
    "conflict": assumed("refused, with 409"),
    "otherwise": matters(
        "refused, with another status than 409",
        "A sync takes 409 alone for an object that is there. A create whose answer was lost would fail "
        "in every run: tell us this answer.",
    ),
    "accepted": matters(
        "made a second time",
        "A create whose answer was lost may be there twice: look for doubles after such a run.",
    ),
}
READ_BACK: Outcomes = {
    "at_once": assumed("at once"),
    "later": safe(
        "later",
        "A sync takes ids from the answers to its creates, and looks nothing up right after.",
    ),
    "never": matters(
        NEVER,
        "What a run makes may be taken for gone by a run soon after it: leave more time between.",
    ),
}
LISTED: Outcomes = {
    "at_once": assumed("at once"),
    "later": safe(
        "later", "What a listing leaves out is looked up by its id before it counts as gone."
    ),
    "never": matters(
        NEVER,
        "An object that is there and not listed cannot be found by its name: one that another tool made "
        "stays a failure until it is listed.",
    ),
}


ADDRESS = re.compile(r"[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+")


def scrubbed(text: str) -> str:
    """Return a server's text without anything that looks like a person's address."""
    return ADDRESS.sub("…@…", text)
