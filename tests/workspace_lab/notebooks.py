"""Uploads that the workspace keeps as notebooks."""

from __future__ import annotations

from pathlib import PurePosixPath

COMMENT = {".py": "#", ".r": "#", ".sql": "--", ".scala": "//"}
LANGUAGE = {".py": "PYTHON", ".r": "R", ".sql": "SQL", ".scala": "SCALA", ".ipynb": "PYTHON"}


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
