"""Locations of files: this machine, a volume or the workspace, by the path."""

from __future__ import annotations

import os
import posixpath
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from aadsync_lib.errors import UsageError

WORKSPACE, VOLUMES = "/Workspace", "/Volumes"


class Files(Protocol):
    """Files of one kind of location. Failures are the ``OSError`` that ``open`` would raise."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file, and the folders that it needs."""

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder."""


class LocalFiles:
    """Files that ``open`` reaches."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        return Path(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file or leave the old one. Only its owner may read it."""
        file_path = Path(path).resolve()  # a link stays a link
        file_path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file_path.parent, prefix=f".{file_path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(file_path)
        except OSError:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder."""
        return [entry.name for entry in Path(path).iterdir() if entry.is_file()]


class MountedFiles(LocalFiles):
    """Volumes and workspace files as Databricks mounts them: to rename there is to copy."""

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)


def locate(path: str) -> tuple[Files, str]:
    """Return the files that a path is one of, and the path there.

    Raises ``UsageError`` for a path that can lead nowhere.
    """
    path = path.removeprefix("dbfs:")
    if not path:
        raise UsageError("The path of a file is empty.")
    root = next((root for root in (VOLUMES, WORKSPACE) if is_below(path, root)), None)
    if root is None:
        return LocalFiles(), path
    path = posixpath.normpath(path)
    if root == VOLUMES and volume_of(path) is None:
        raise UsageError(
            f"{path} is in no volume. A path of one is {VOLUMES}/CATALOG/SCHEMA/VOLUME/..."
        )
    first = path.removeprefix(root).split("/")[1]
    # Not the root alone: it is there on a Mac, for other things.
    if os.path.exists(f"{root}/{first}"):  # noqa: PTH110 - Path.exists raises where one may not look
        return MountedFiles(), path
    from aadsync_lib.files.remote import VolumeFiles, WorkspaceFiles

    return VolumeFiles() if root == VOLUMES else WorkspaceFiles(), path


def is_below(path: str, root: str) -> bool:
    """Return whether a path begins with this folder."""
    return path.startswith(f"{root}/")


def volume_of(path: str) -> str | None:
    """Return the full name of the volume that a path is in: ``main.aadsync.reports``."""
    parts = path.removeprefix(f"{VOLUMES}/").split("/")
    return ".".join(parts[:3]) if is_below(path, VOLUMES) and len(parts) >= 3 else None
