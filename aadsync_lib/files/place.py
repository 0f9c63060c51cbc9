"""Where a path leads."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import Protocol

from aadsync_lib.errors import UsageError
from aadsync_lib.files.local import LocalFiles, MountedFiles

WORKSPACE, VOLUMES = "/Workspace", "/Volumes"


class Files(Protocol):
    """Somewhere with files. What it cannot do is an ``OSError`` of the kind that ``open`` would raise."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file, and the folders that it needs."""
        ...

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A path, and what reaches it."""

    path: str
    files: Files


def place_of(path: str) -> Place:
    """Return where a path leads. Raises ``UsageError`` for one that can lead nowhere."""
    path = path.removeprefix("dbfs:")
    if not path:
        raise UsageError("The path of a file is empty.")
    root = next((root for root in (VOLUMES, WORKSPACE) if is_below(path, root)), None)
    if root is None:
        return Place(path, LocalFiles())
    path = posixpath.normpath(path)
    if root == VOLUMES and volume_of(path) is None:
        raise UsageError(
            f"{path} is in no volume. A path of one is {VOLUMES}/CATALOG/SCHEMA/VOLUME/..."
        )
    first = path.removeprefix(root).split("/")[1]
    # Not the root alone: it is there on a Mac, for other things.
    if os.path.exists(f"{root}/{first}"):  # noqa: PTH110 - Path.exists raises where one may not look
        return Place(path, MountedFiles())
    from aadsync_lib.files.remote import VolumeFiles, WorkspaceFiles

    return Place(path, VolumeFiles() if root == VOLUMES else WorkspaceFiles())


def is_below(path: str, root: str) -> bool:
    """Return whether a path begins with this folder."""
    return path.startswith(f"{root}/")


def volume_of(path: str) -> str | None:
    """Return the full name of the volume that a path is in: ``main.aadsync.reports``."""
    parts = path.removeprefix(f"{VOLUMES}/").split("/")
    return ".".join(parts[:3]) if is_below(path, VOLUMES) and len(parts) >= 3 else None
