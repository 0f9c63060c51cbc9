"""Text files by path: local ones, workspace files and Unity Catalog volumes.

``/Workspace/...`` and ``/Volumes/...`` are plain files on Databricks; elsewhere they are reached
through the workspace that databricks-sdk logs in to.
"""

from __future__ import annotations

from aadsync_lib.errors import UsageError
from aadsync_lib.files.failure import failed
from aadsync_lib.files.place import place_of

__all__ = ["names", "read_text", "write_text"]


def read_text(path: str) -> str:
    """Return the text of a file. Raises ``UsageError`` for one that is not there or is no text."""
    place = place_of(path)
    try:
        return place.files.read(place.path).decode("utf-8-sig")
    except OSError as error:
        raise failed(place.path, error, writing=False) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{place.path} cannot be read: it is not UTF-8 text.") from error


def write_text(path: str, text: str) -> None:
    """Write a whole file, and the folders that it needs.

    A local file is replaced at once or not at all, and is its owner's alone: plans and reports name
    people. Who may read a volume or a workspace folder is decided by its grants.
    """
    place = place_of(path)
    try:
        place.files.write(place.path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise failed(place.path, error, writing=True) from error


def names(path: str) -> tuple[str, ...]:
    """Return the names of the files in a folder, sorted; a folder that is not there has none."""
    place = place_of(path)
    try:
        return tuple(sorted(place.files.names(place.path)))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise failed(place.path, error, writing=False) from error
