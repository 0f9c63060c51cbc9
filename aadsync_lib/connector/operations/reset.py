"""Scopes of a restart: what the command line calls them, and what Graph takes.

Graph takes them as one text, separated by commas; the SDK sends several of them as nothing at all.
Sources: provisioning_api.md, section 1; graph_api.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aadsync_lib.errors import UsageError
from aadsync_lib.responses import JsonObject

SCOPES: Mapping[str, str] = {
    "full": "Full",
    "watermark": "Watermark",
    "escrows": "Escrows",
    "quarantine": "QuarantineState",
    "allow_deletes": "ForceDeletes",
}
USUAL = ("quarantine", "watermark", "escrows")  # what the portal's button restarts
EFFECTS: Mapping[str, str] = {
    "full": "everything that the service knows is forgotten, who is matched with whom included, and no deletion is held back",
    "watermark": "the next cycle reads everything anew",
    "escrows": "failed objects are tried again, and their count begins anew",
    "quarantine": "the quarantine ends",
    "allow_deletes": "deletions held back by the threshold are done",
}


def chosen(resets: Iterable[str]) -> tuple[str, ...]:
    """Return the resets to ask for, each once and in the order given; without any, the portal's.

    Raises ``UsageError`` for one that there is not.
    """
    names = tuple(dict.fromkeys(resets)) or USUAL
    unknown = [name for name in names if name not in SCOPES]
    if unknown:
        raise UsageError(
            f"--reset {', '.join(unknown)}: no such reset; it takes {', '.join(SCOPES)}. "
            f"Nothing was changed."
        )
    return names


def restart_body(resets: Iterable[str]) -> JsonObject:
    """Return the body of a restart."""
    return {"criteria": {"resetScope": ", ".join(SCOPES[name] for name in chosen(resets))}}


def effects(resets: Iterable[str]) -> str:
    """Say what a restart does."""
    return "; ".join(EFFECTS[name] for name in chosen(resets))
