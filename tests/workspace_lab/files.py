"""Workspace files: the endpoints ``workspace`` and ``workspace-files``."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath

from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, text
from tests.workspace_lab.tree import MOUNT, Node, Tree, parent
from tests.workspace_lab.uploads import LANGUAGE, language_of, posted, without_suffix

SUFFIXES = {language: suffix for suffix, language in reversed(LANGUAGE.items())}
BINARY = "application/octet-stream"
PROTECTED = frozenset({"/", "/Users", "/Shared", "/Repos"})


class WorkspaceFiles:
    """Files, notebooks and folders of the workspace."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        for folder in sorted(PROTECTED):
            tree.mkdirs(folder)

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/workspace"
        return [
            at.route(f"{base}/get-status", GET=self.get_status),
            at.route(f"{base}/list", GET=self.list),
            at.route(f"{base}/mkdirs", POST=self.mkdirs),
            at.route(f"{base}/delete", POST=self.delete),
            at.route(f"{base}/export", GET=self.export),
            at.route(f"{base}/import", POST=self.import_object),
            at.route(f"{base}-files/import-file/{{path:path}}", POST=self.import_file),
            at.route(f"{base}-files/{{path:path}}", GET=self.read),
        ]

    def get_status(self, call: Call) -> JsonObject:
        asked = call.query("path")
        return _info(self.tree.find(asked), asked)

    def list(self, call: Call) -> JsonObject:
        asked = call.query("path")
        node = self.tree.find(asked)
        found = self.tree.children(asked) if node.kind == "DIRECTORY" else [node]
        return {"objects": [_info(n, asked) for n in found]} if found else {}

    def mkdirs(self, call: Call) -> None:
        self.tree.mkdirs(text(call.body, "path"))

    def delete(self, call: Call) -> None:
        path = text(call.body, "path")
        if self.tree.find(path).path in PROTECTED:
            raise bad_request(f"Folder {path} is protected")
        self.tree.delete(path, recursive=bool(call.body.get("recursive")))

    def export(self, call: Call) -> JsonObject | Response:
        node = self._file(call.query("path"))
        if call.flag("direct_download"):
            return Response(node.data, media_type=BINARY)
        content = base64.b64encode(node.data).decode()
        return {"content": content, "file_type": PurePosixPath(node.source).suffix[1:]}

    def read(self, call: Call) -> Response:
        return Response(self._file("/" + call.path("path")).data, media_type=BINARY)

    def import_file(self, call: Call) -> None:
        self._write("/" + call.path("path"), call.raw, overwrite=call.flag("overwrite"))

    def import_object(self, call: Call) -> None:
        """``AUTO`` takes what the name and first line say, ``SOURCE`` makes a notebook."""
        body, data = posted(call)
        path, kind = text(body, "path"), body.get("format") or "SOURCE"
        overwrite = str(body.get("overwrite", "")).lower() == "true"
        match kind:
            case "AUTO" | "RAW":
                self._write(path, data, overwrite=overwrite)
            case "SOURCE":
                language = body.get("language") or LANGUAGE.get(PurePosixPath(path).suffix.lower())
                if language not in SUFFIXES:
                    raise bad_request("language is required to import SOURCE")
                self._notebook(path, data, language, overwrite=overwrite)
            case _:
                raise bad_request(f"the sandbox imports AUTO and SOURCE, not {kind}")

    def _write(self, path: str, data: bytes, *, overwrite: bool) -> None:
        language = language_of(path, data)
        if language is None:
            self._parent(path)
            if not overwrite and self.tree.get(path) is not None:
                raise ApiError(409, f"{path} already exists.", code="RESOURCE_ALREADY_EXISTS")
            self.tree.put(path, "FILE", data)
            return
        node = self._notebook(without_suffix(path), data, language, overwrite=overwrite)
        node.source = node.path + PurePosixPath(path).suffix

    def _notebook(self, path: str, data: bytes, language: str, *, overwrite: bool) -> Node:
        self._parent(path)
        if not overwrite and self.tree.get(path) is not None:
            raise ApiError(400, f"{path} already exists.", code="RESOURCE_ALREADY_EXISTS")
        node = self.tree.put(path, "NOTEBOOK", data)
        node.language, node.source = language, node.path + SUFFIXES[language]
        return node

    def _file(self, path: str) -> Node:
        node = self.tree.find(path)
        if node.kind == "DIRECTORY":
            raise bad_request(f"{path} is a folder, which is not exported")
        return node

    def _parent(self, path: str) -> None:
        folder = parent(path.rstrip("/"))
        found = self.tree.get(folder)
        if found is None or found.kind != "DIRECTORY":
            raise ApiError(404, f"The parent folder ({folder}) does not exist.")


def _info(node: Node, asked: str) -> JsonObject:
    """What is said of an object, under the mount point if it was asked for there."""
    prefix = MOUNT if asked.startswith(MOUNT) else ""
    info: JsonObject = {
        "object_type": node.kind,
        "path": prefix + node.path,
        "object_id": node.id,
        "created_at": node.at,
        "modified_at": node.at,
    }
    if node.kind == "FILE":
        info["size"] = len(node.data)
    optional = {"language": node.language, "resource_id": node.resource_id}
    return info | {k: v for k, v in optional.items() if v is not None}
