"""Object ids in the one form in which they are compared: Graph reads them in any case."""

from __future__ import annotations

GUID_LENGTH = 36


def canonical(object_id: str) -> str:
    """Return a GUID in lower case; whatever else stands for an id stays as it is."""
    return object_id.lower() if len(object_id) == GUID_LENGTH else object_id
