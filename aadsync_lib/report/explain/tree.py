"""Paths as trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aadsync_lib.model.explanation import EdgeOutcome, Paths, Step
from aadsync_lib.report.document import BAD, BENT, GOOD, Branch
from aadsync_lib.report.plan_rows import shortened

Way = tuple[Step, ...]


def paths_tree(paths: Paths, leaf: str, limit: int | None = None) -> Iterator[Branch]:
    """Draw paths as one tree, the topmost groups first."""
    known, more = shortened(paths.listed, limit)
    yield from _grown([path.steps for path in known], leaf)
    more += paths.more
    if more or not paths.all:
        yield Branch("more", f"{'' if paths.all else 'at least '}{more:,} longer paths")


def _grown(ways: Sequence[Way], leaf: str, depth: int = 0) -> Iterator[Branch]:
    """Draw what is at this depth of ways that are the same above it."""
    found: dict[str | None, list[Way]] = {}
    for way in ways:
        found.setdefault(way[depth].group if depth < len(way) else None, []).append(way)
    for gid, same in found.items():
        words, style = _fate(same[0][depth - 1] if depth else None)
        if gid is None:
            yield Branch(leaf, words, style)
            continue
        step = same[0][depth]
        named = "named by the scope" if step.root and not depth else ""
        yield Branch(step.name, words or named, style, tuple(_grown(same, leaf, depth + 1)))


def _fate(step: Step | None) -> tuple[str, str]:
    if step is None:
        return "", ""
    match step.fate:
        case EdgeOutcome.DROPPED:
            return f"not kept: {step.reason}", BAD
        case EdgeOutcome.FLATTENED:
            return f"not nested on the targets, {step.reason}", BENT
        case _:
            return step.reason or "", BENT if step.reason else GOOD
