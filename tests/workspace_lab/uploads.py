"""Uploads to the workspace: JSON, or a form as browsers send it; a file or a notebook."""

from __future__ import annotations

import base64
import binascii
from email.parser import BytesParser
from pathlib import PurePosixPath
from typing import cast

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call

COMMENT = {".py": "#", ".r": "#", ".sql": "--", ".scala": "//"}
LANGUAGE = {".py": "PYTHON", ".r": "R", ".sql": "SQL", ".scala": "SCALA", ".ipynb": "PYTHON"}


def posted(call: Call) -> tuple[JsonObject, bytes]:
    """The fields of an import, and its content."""
    kind = call.request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        return _form(kind, call.raw)
    body = call.body
    try:
        return body, base64.b64decode(body.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("content is not base64") from None


def _form(kind: str, raw: bytes) -> tuple[JsonObject, bytes]:
    form = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    parts: dict[str, bytes] = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            parts[name] = cast("bytes", part.get_payload(decode=True))
    content = parts.pop("content", b"")
    return {name: value.decode(errors="replace") for name, value in parts.items()}, content


def language_of(path: str, data: bytes) -> str | None:
    """The language of a notebook; ``None`` for what stays a file.

    Source code is a notebook by its first line, which has to be exact.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in COMMENT:
        first = data.split(b"\n", 1)[0].rstrip(b"\r")
        if first != f"{COMMENT[suffix]} Databricks notebook source".encode():
            return None
    return LANGUAGE.get(suffix)


def without_suffix(path: str) -> str:
    return path[: len(path) - len(PurePosixPath(path).suffix)]
