"""Words for objects of the directory in messages: their names with their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SHOWN = 3


def label(object_id: str, name: object = None) -> str:
    """Return the name, where there is one, with the id."""
    return f"{name} ({object_id})" if name else object_id


def labels(ids: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the first of these objects by name and id, and how many more there are."""
    ordered = sorted(ids, key=lambda key: (names.get(key, ""), key))
    shown = [label(key, names.get(key)) for key in ordered[:SHOWN]]
    more = len(ordered) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, which takes an s in the plural."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
