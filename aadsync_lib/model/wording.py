"""Words that every layer puts into its sentences."""

from __future__ import annotations

from collections.abc import Sequence


def and_more(count: int) -> str:
    """Return `` and 3 more``, or nothing where there are no more."""
    return f" and {count:,} more" if count > 0 else ""


def listed(names: Sequence[str], shown: int) -> str:
    """Return the first names, and how many more there are."""
    return ", ".join(names[:shown]) + and_more(len(names) - shown)
