"""The document of a plan, a run, an explanation or a history, which every format writes.

It holds names as they are; writers clean them, and may skip a part.
"""

from __future__ import annotations

from dataclasses import dataclass

from aadsync_lib.model.head import Head
from aadsync_lib.report.plan_rows import Row

GOOD, BENT, BAD = "good", "warn", "bad"


@dataclass(frozen=True, slots=True)
class Alert:
    """What has to be read before everything else. ``brief`` is the title of its lines as a table."""

    tone: str
    title: str
    lines: tuple[str, ...] = ()
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that is read first. ``tone`` colours one that is not zero."""

    label: str
    value: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of cells: the first one names an object, the last one is a sentence."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a tree: a name, words about it, and what is below."""

    name: str
    words: str = ""
    tone: str = ""
    below: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A target, a person or a group. Of changes that are many, writers show the totals alone.

    ``first`` are tables that are read before the changes.
    """

    title: str
    target: str = ""
    lines: tuple[str, ...] = ()
    first: tuple[Table, ...] = ()
    changes: tuple[Row, ...] = ()
    totals: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    trees: tuple[tuple[str, tuple[Branch, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A report. One without a title is its parts.

    ``size`` is the number of changes in a plan, ``cost`` what it takes or took, ``total`` how many bring, change and take, ``approve`` whether the
    next step is to approve the digest, ``empty`` what is said where there is no line in any table.
    ``places`` are the targets with where they are, ``exactly`` says how to apply this plan or none.
    """

    title: str = ""
    state: str = ""
    tone: str = ""
    alerts: tuple[Alert, ...] = ()
    lines: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    parts: tuple[Part, ...] = ()
    tables: tuple[Table, ...] = ()
    size: int = 0
    cost: str = ""
    total: str = ""
    run_id: str = ""
    undoes: str = ""
    digest: str = ""
    next: str = ""
    exactly: str = ""
    head: Head | None = None
    places: tuple[tuple[str, str], ...] = ()
    approve: bool = False
    empty: str = ""
