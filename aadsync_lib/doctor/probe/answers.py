"""Outcomes of probes, rows of the table, objects that are left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aadsync_lib.model.identity import Kind

Status = Literal["assumed", "safe", "matters", "unclear", "untried"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of the answers that a target may give; ``meaning`` is for the sync, empty where assumed."""

    text: str
    status: Status
    meaning: str = ""


def assumed(text: str) -> Outcome:
    """Return the outcome that the sync counts on."""
    return Outcome(text, "assumed")


def safe(text: str, meaning: str) -> Outcome:
    """Return an outcome that the sync copes with."""
    return Outcome(text, "safe", meaning)


def matters(text: str, meaning: str) -> Outcome:
    """Return an outcome that a person should know before relying on the sync."""
    return Outcome(text, "matters", meaning)


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcome of an attempt, by its key, and the particulars of this one."""

    key: str
    detail: str = ""


class Untried(Exception):  # noqa: N818  a control signal between probes, not an operator's error
    """What this probe needs is not there; the text says what."""


class Stopped(Exception):  # noqa: N818  the same
    """Somebody asked to stop: only removals follow."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    probe: str
    tried: str
    assumed: str
    seen: str
    status: Status
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """An object of a probe that is still there, or may be where its id is not known."""

    kind: Kind
    name: str
    id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TargetProbe:
    """What came of the probe of one target; ``error`` is why it could not run, or not to its end.

    ``left`` is what it could not remove, ``earlier`` what other probes left.
    """

    target: str
    host: str
    account_id: str | None
    api: str = ""
    rows: tuple[Row, ...] = ()
    left: tuple[Left, ...] = ()
    earlier: tuple[Left, ...] = ()
    requests: int = 0
    seconds: float = 0.0
    error: str | None = None

    @property
    def differs(self) -> bool:
        """Whether there is a line that a person has to look at."""
        return bool(self.left) or any(row.status in {"matters", "unclear"} for row in self.rows)
