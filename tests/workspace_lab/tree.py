"""A tree of folders and files: that of the workspace, and that of the volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request

Kind = Literal["DIRECTORY", "FILE", "NOTEBOOK", "DASHBOARD"]

MOUNT = "/Workspace"


@dataclass(slots=True)
class Node:
    """One object. ``source`` is the path it was uploaded to, extension included."""

    path: str
    kind: Kind
    id: int
    at: int
    data: bytes = b""
    source: str = ""
    language: str | None = None
    resource_id: str | None = None


def normal(path: str) -> str:
    """A path without the mount point, doubled slashes and a slash at the end."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or not path.startswith("/"):
        raise bad_request(f"Path ({path}) is not absolute")
    if parts[:1] == [MOUNT[1:]]:
        parts = parts[1:]
    return "/" + "/".join(parts)


def parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


class Tree:
    """Objects by normal path. Numbers and times are the owner's."""

    def __init__(self, new_id: Callable[[], int], now: Callable[[], int]) -> None:
        self._new_id = new_id
        self._now = now
        self._nodes: dict[str, Node] = {}
        self.mkdirs("/")

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def get(self, path: str) -> Node | None:
        return self._nodes.get(normal(path))

    def find(self, path: str) -> Node:
        node = self.get(path)
        if node is None:
            raise ApiError(404, f"Path ({path}) doesn't exist.")
        return node

    def children(self, path: str) -> list[Node]:
        folder = normal(path)
        inside = (n for n in self if n.path != "/" and parent(n.path) == folder)
        return sorted(inside, key=lambda n: n.path)

    def mkdirs(self, path: str) -> Node:
        """Make a folder and those above it, like ``mkdir -p``."""
        path = normal(path)
        node = self._nodes.get(path)
        if node is None:
            if path != "/":
                self.mkdirs(parent(path))
            node = self._nodes[path] = self._node(path, "DIRECTORY")
        elif node.kind != "DIRECTORY":
            message = f"Cannot create directory {path}. The file already exists."
            raise ApiError(400, message, code="RESOURCE_ALREADY_EXISTS")
        return node

    def put(self, path: str, kind: Kind, data: bytes) -> Node:
        """Write an object into a folder that exists; an object keeps its id."""
        path = normal(path)
        old = self._nodes.get(path)
        node = self._node(path, kind)
        if old is not None:
            if old.kind != kind:
                raise bad_request(
                    f"Requested node type [{kind}] is different from the existing node type "
                    f"[{old.kind}]"
                )
            node.id = old.id
        node.data = data
        self._nodes[path] = node
        return node

    def delete(self, path: str, *, recursive: bool = False) -> None:
        node = self.find(path)
        inside = [n.path for n in self if n.path.startswith(node.path.rstrip("/") + "/")]
        inside = [p for p in inside if p != node.path]
        if inside and not recursive:
            message = f"Folder ({path}) is not empty"
            raise ApiError(400, message, code="DIRECTORY_NOT_EMPTY")
        for gone in [node.path, *inside]:
            if gone != "/":
                del self._nodes[gone]

    def _node(self, path: str, kind: Kind) -> Node:
        return Node(path, kind, self._new_id(), self._now(), source=path)
