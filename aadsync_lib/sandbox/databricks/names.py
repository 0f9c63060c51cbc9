"""Names as an account compares them."""

from __future__ import annotations

import unicodedata
from typing import Literal

Folding = Literal["lower", "fold"]


def coarse_key(name: str) -> str:
    """Return a key that is the same for all names that some account takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def name_key(name: str, folding: Folding) -> str:
    """Return a key that is the same for all names that this account takes for one."""
    if folding == "fold":
        return coarse_key(name)
    return unicodedata.normalize("NFC", name).lower()


def cased(text: str, case: Literal["kept", "upper", "lower"]) -> str:
    """Return an id in the case that this account gives it."""
    return text if case == "kept" else text.upper() if case == "upper" else text.lower()
