"""Addresses under which a browser shows files of a workspace."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from aadsync_lib.files.location import WORKSPACE, is_below, volume_of


def link_to(path: str | None, host: str | None) -> str | None:
    """Return the address of a file: Catalog Explorer for a volume, the workspace browser for a workspace file.

    Both are what the address bar of a workspace shows there. A local file has its own, which a notebook
    that runs on the same machine can open. ``None`` without a path, or without a known host.
    """
    if path is None:
        return None
    path = path.removeprefix("dbfs:")
    volume = volume_of(path)
    if volume is None and not is_below(path, WORKSPACE):
        return f"file://{quote(path)}" if path.startswith("/") else None
    if host is None:
        return None
    if volume is None:
        return f"https://{host}/#workspace{quote(path.removeprefix(WORKSPACE))}"
    folder = quote(str(PurePosixPath(path).parent), safe="")
    place = "/".join(PurePosixPath(path).parts[2:5])  # catalog, schema, volume
    return f"https://{host}/explore/data/volumes/{quote(place)}?volumePath={folder}"
