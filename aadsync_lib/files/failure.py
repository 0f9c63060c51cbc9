"""What to tell an operator about a file that could not be read or written."""

from __future__ import annotations

from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.files.place import WORKSPACE, is_below, volume_of


def failed(path: str, error: OSError, *, writing: bool) -> AadsyncError:
    """Return the error that names the path, the cause and what to do."""
    cause = (error.strerror or str(error)).rstrip(".")
    said = f"{path} cannot be {'written' if writing else 'read'}: {cause}."
    match error:
        case FileNotFoundError() | NotADirectoryError() | IsADirectoryError():
            return UsageError(f"{said} {_missing(path, writing=writing)}")
        case PermissionError():
            return AadsyncError(f"{said} {_forbidden(path, writing=writing)}")
        case _:
            return AadsyncError(f"{said} Check the connection and try again.")


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
