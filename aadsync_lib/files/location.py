"""Locations of files: this machine, a volume or the workspace, by the path."""

from __future__ import annotations

import errno
import os
import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import DatabricksError
from databricks.sdk.errors import NotFound, PermissionDenied, Unauthenticated

from aadsync_lib.errors import CredentialError, UsageError

FS = "/api/2.0/fs"
BINARY = {"Content-Type": "application/octet-stream"}
NO_LOGIN = (
    "databricks-sdk found no login to a workspace (no profile, and no DATABRICKS_HOST with its "
    "credentials). Run `databricks auth login`, or use a local path."
)


class VolumeFiles:
    """Files of Unity Catalog volumes: https://docs.databricks.com/api/workspace/files."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        return _download(f"{FS}/files{quote(path)}")

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file; making a folder that is there already is no error."""
        with _workspace() as api:
            api.do("PUT", f"{FS}/directories{quote(posixpath.dirname(path))}")
            api.do(
                "PUT",
                f"{FS}/files{quote(path)}",
                query={"overwrite": "true"},
                headers=dict(BINARY),
                data=data,
            )

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder, of all pages."""
        names: list[str] = []
        query: dict[str, str] = {}
        with _workspace() as api:
            while True:
                page = api.do("GET", f"{FS}/directories{quote(path)}", query=query)
                entries = page.get("contents", ())
                names += [entry["name"] for entry in entries if not entry.get("is_directory")]
                token = page.get("next_page_token")
                if not token:
                    return names
                query = {"page_token": token}


class WorkspaceFiles:
    """Workspace files, the way the Databricks CLI reads and writes them."""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        query = {"path": path, "direct_download": "true"}
        return _download("/api/2.0/workspace/export", query)

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file, and the folders that it needs."""
        with _workspace() as api:
            api.do("POST", "/api/2.0/workspace/mkdirs", body={"path": posixpath.dirname(path)})
            api.do(
                "POST",
                f"/api/2.0/workspace-files/import-file{quote(path)}",
                query={"overwrite": "true"},
                headers=dict(BINARY),
                data=data,
            )

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder; notebooks are none."""
        with _workspace() as api:
            page = api.do("GET", "/api/2.0/workspace/list", query={"path": path})
        objects = page.get("objects", ())
        return [posixpath.basename(o["path"]) for o in objects if o["object_type"] == "FILE"]


def _download(url: str, query: dict[str, str] | None = None) -> bytes:
    with _workspace() as api:
        content: bytes = api.do("GET", url, query=query, raw=True)["contents"].read()
        return content


@contextmanager
def _workspace() -> Iterator[Any]:
    """Hand out a client of the workspace, and turn what its server refuses into ``OSError``."""
    try:
        api = WorkspaceClient().api_client
    except ValueError as error:
        raise CredentialError(NO_LOGIN) from error
    try:
        yield api
    except NotFound as error:
        raise FileNotFoundError(errno.ENOENT, str(error)) from error
    except PermissionDenied as error:
        raise PermissionError(errno.EACCES, str(error)) from error
    except Unauthenticated as error:
        raise CredentialError(f"The workspace refused the login: {error} Log in again.") from error
    except DatabricksError as error:
        raise OSError(errno.EIO, str(error)) from error


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

    return VolumeFiles() if root == VOLUMES else WorkspaceFiles(), path


def is_below(path: str, root: str) -> bool:
    """Return whether a path begins with this folder."""
    return path.startswith(f"{root}/")


def volume_of(path: str) -> str | None:
    """Return the full name of the volume that a path is in: ``main.aadsync.reports``."""
    parts = path.removeprefix(f"{VOLUMES}/").split("/")
    return ".".join(parts[:3]) if is_below(path, VOLUMES) and len(parts) >= 3 else None
