"""Text as a store can hold it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return what a store can hold: half a surrogate pair, as cut-off names end in, is replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
