"""Text files by path: local ones, workspace files and Unity Catalog volumes.

``/Workspace/...`` and ``/Volumes/...`` are plain files on Databricks; elsewhere they are reached
through the workspace that databricks-sdk logs in to.
"""

from __future__ import annotations

import posixpath

from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.files.location import WORKSPACE, is_below, locate, volume_of

__all__ = ["exists", "names", "read_text", "write_text"]


def read_text(path: str) -> str:
    """Return the text of a file. Raises ``UsageError`` for one that is not there or is no text."""
    files, path = locate(path)
    try:
        return files.read(path).decode("utf-8-sig")
    except OSError as error:
        raise _failure(path, error, writing=False) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} cannot be read: it is not UTF-8 text.") from error


def write_text(path: str, text: str) -> None:
    """Write a whole file, and the folders that it needs.

    A local file is replaced at once or not at all, and is its owner's alone: plans and reports name
    people. Who may read a volume or a workspace folder is decided by its grants.
    """
    files, path = locate(path)
    try:
        files.write(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise _failure(path, error, writing=True) from error


def names(path: str) -> tuple[str, ...]:
    """Return the names of the files in a folder, sorted; a folder that is not there has none."""
    files, path = locate(path)
    try:
        return tuple(sorted(files.names(path)))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _failure(path, error, writing=False) from error


def exists(path: str) -> bool:
    """Return whether a file is there."""
    return posixpath.basename(path) in names(posixpath.dirname(path) or ".")


def _failure(path: str, error: OSError, *, writing: bool) -> AadsyncError:
    """Return the error that names the path, the cause and what to do."""
    cause = (error.strerror or str(error)).rstrip(".")
    problem = f"{path} cannot be {'written' if writing else 'read'}: {cause}."
    match error:
        case FileNotFoundError() | NotADirectoryError() | IsADirectoryError():
            return UsageError(f"{problem} {_missing(path, writing=writing)}")
        case PermissionError():
            return AadsyncError(f"{problem} {_forbidden(path, writing=writing)}")
        case _:
            return AadsyncError(f"{problem} Check the connection and try again.")


def _missing(path: str, *, writing: bool) -> str:
    volume = volume_of(path)
    if volume is None:
        return f"Check the path; that of a workspace file begins with {WORKSPACE}."
    if not writing:
        return f"Check the path. {_forbidden(path, writing=False)}"
    made = f"Check that the volume {volume} exists; CREATE VOLUME {volume} makes it."
    return f"{made} {_forbidden(path, writing=True)}"


def _forbidden(path: str, *, writing: bool) -> str:
    volume = volume_of(path)
    if volume is not None:
        right = "WRITE VOLUME" if writing else "READ VOLUME"
        above = ".".join(volume.split(".")[:2])
        return (
            f"The identity that runs this needs {right} on {volume}, USE SCHEMA on {above} and USE "
            f"CATALOG on {above.split('.')[0]}."
        )
    if is_below(path, WORKSPACE):
        right = "CAN EDIT" if writing else "CAN VIEW"
        return f"The identity that runs this needs {right} on it or on its folder."
    return "Check who may use it and its folder."
