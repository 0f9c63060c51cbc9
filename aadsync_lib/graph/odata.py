"""Texts in queries of OData."""

from __future__ import annotations


def literal(text: str) -> str:
    """Return text as an OData string."""
    return "'" + text.replace("'", "''") + "'"
