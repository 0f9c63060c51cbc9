"""Files on volumes: the Files API."""

from __future__ import annotations

import re
from email.utils import formatdate

from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints
from tests.workspace_lab.tree import Node, Tree, normal, parent

VOLUME = re.compile(r"/Volumes/[^/]+/[^/]+/[^/]+")
PAGE = 1000
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class VolumeFiles:
    """Files and folders of volumes; writing a file makes the folders above it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/fs"
        return [
            at.route(
                f"{base}/files/{{path:path}}",
                GET=self.read,
                PUT=self.write,
                DELETE=self.delete,
            ),
            at.route(
                f"{base}/directories/{{path:path}}",
                GET=self.list,
                PUT=self.mkdirs,
                DELETE=self.delete_folder,
            ),
        ]

    def read(self, call: Call) -> Response:
        node = self._find(call, "FILE")
        data, status, headers = node.data, 200, {"Last-Modified": _http_date(node)}
        wanted = RANGE.fullmatch(call.request.headers.get("range", ""))
        if wanted is not None:
            start, end = int(wanted[1]), int(wanted[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            data, status = data[start : end + 1], 206
        return Response(data, status, headers, media_type="application/octet-stream")

    def write(self, call: Call) -> Response:
        path = self._path(call)
        found = self.tree.get(path)
        if found is not None and (found.kind == "DIRECTORY" or not call.flag("overwrite")):
            raise ApiError(409, f"The file {path} exists.", code="ALREADY_EXISTS")
        self.tree.mkdirs(parent(path))
        self.tree.put(path, "FILE", call.raw)
        return Response(status_code=204)

    def delete(self, call: Call) -> Response:
        self.tree.delete(self._find(call, "FILE").path)
        return Response(status_code=204)

    def list(self, call: Call) -> JsonObject:
        path = self._find(call, "DIRECTORY").path
        inside = self.tree.children(path)
        size, offset = min(call.number("page_size", PAGE), PAGE), call.number("page_token", 0)
        answer: JsonObject = {"contents": [_entry(n) for n in inside[offset : offset + size]]}
        if offset + size < len(inside):
            answer["next_page_token"] = str(offset + size)
        return answer

    def mkdirs(self, call: Call) -> Response:
        path = self._path(call)
        found = self.tree.get(path)
        if found is not None and found.kind == "FILE":
            raise ApiError(409, f"{path} is a file.", code="ALREADY_EXISTS")
        self.tree.mkdirs(path)
        return Response(status_code=204)

    def delete_folder(self, call: Call) -> Response:
        path = self._find(call, "DIRECTORY").path
        if VOLUME.fullmatch(path):
            raise bad_request(f"{path} is a volume")
        self.tree.delete(path)
        return Response(status_code=204)

    def _path(self, call: Call) -> str:
        """A path inside of a volume that exists."""
        path = normal("/" + call.path("path"))
        volume = VOLUME.match(path)
        if volume is None:
            raise bad_request(f"{path} is not on a volume")
        if self.tree.get(volume[0]) is None:
            name = volume[0].removeprefix("/Volumes/").replace("/", ".")
            raise ApiError(404, f"Volume '{name}' does not exist.", code="NOT_FOUND")
        return path

    def _find(self, call: Call, kind: str) -> Node:
        path = self._path(call)
        node = self.tree.get(path)
        if node is None or node.kind != kind:
            what = "file" if kind == "FILE" else "directory"
            raise ApiError(404, f"The {what} {path} does not exist.", code="NOT_FOUND")
        return node


def _entry(node: Node) -> JsonObject:
    entry: JsonObject = {
        "path": node.path,
        "name": node.path.rpartition("/")[2],
        "is_directory": node.kind == "DIRECTORY",
        "last_modified": node.at,
    }
    return entry | ({"file_size": len(node.data)} if node.kind == "FILE" else {})


def _http_date(node: Node) -> str:
    return formatdate(node.at / 1000, usegmt=True)
