"""Volumes and workspace files over the REST API, where they are not mounted.

The typed calls of databricks-sdk for them changed between versions; ``api_client.do`` did not.
"""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import DatabricksError
from databricks.sdk.errors import NotFound, PermissionDenied, Unauthenticated

from aadsync_lib.errors import CredentialError

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
