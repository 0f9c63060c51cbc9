"""Files that ``open`` reaches."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


class LocalFiles:
    """Files of this machine."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        return Path(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file or leave the old one. Only its owner may read it."""
        place = Path(path).resolve()  # a link stays a link
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(place)
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
