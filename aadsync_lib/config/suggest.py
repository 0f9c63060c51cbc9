"""Suggestions: the line to write in the place of a value that does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

import yaml

from aadsync_lib.config.base import GUID, LOOPBACK, is_section
from aadsync_lib.config.hosts import CONSOLES
from aadsync_lib.config.keys import SettingKey, bare, literals
from aadsync_lib.config.scope import Clause, GroupSelector
from aadsync_lib.config.settings import TargetSettings

CONSOLE = f"https://{CONSOLES['.azuredatabricks.net']}"
WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"
GROUPS = "[{prefix: dbx-}]"
ADDRESSES = ("host", "endpoint", "base_address")  # keys that take an address with its scheme
BARE_ADDRESS = re.compile(
    r"(?:https?:?/{0,2})?(?P<rest>(?P<host>localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d{1,5})?(?:/[\w./-]*)?)"
)
LONGEST = 200  # characters of a suggestion
KEY_OF_A_LINE = re.compile(r"(?P<indent>[\t ]*(?:-[\t ]+)?)(?P<key>[A-Za-z_]+:)(?P<value>.*)")


def suggestion(key: SettingKey, value: Any) -> str:
    """Return ``; write …`` for a value that is not of the right kind; nothing where it is not clear."""
    written = "" if key.secret else _instead(key, value)
    return f"; write {written}" if written and len(written) <= LONGEST else ""


def host_to_write(key: SettingKey, value: Any) -> str:
    """Return ``; write …`` where an address of Databricks is empty, and where one lacks its https://."""
    if not key.path or key.path[-1] not in ADDRESSES:
        return ""
    if value not in (None, ""):
        return _with_scheme(value)
    if key.path[-1] != "host":
        return ""
    if key.owner is TargetSettings:
        return f"; write {CONSOLE}, or for level workspace its own, such as {WORKSPACE}"
    return f"; write the workspace's own, such as {WORKSPACE}"


def _with_scheme(value: Any) -> str:
    bare_address = BARE_ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if bare_address is None or len(value) > LONGEST:
        return ""
    scheme = "http" if bare_address["host"].lower() in LOOPBACK else "https"
    return f"; write {scheme}://{bare_address['rest'].rstrip('/')}"


def line_without_tab(lines: Sequence[str], number: int) -> str:
    """Return a line with spaces for the tabs before its key, as deep as the line above has it.

    Of its value nothing is shown: it may be a secret. Nothing is returned where no tab is the matter.
    """
    line = KEY_OF_A_LINE.match(lines[number]) if number < len(lines) else None
    if line is None or "\t" not in line["indent"]:
        return ""
    above = next(filter(str.strip, reversed(lines[:number])), "")
    before = KEY_OF_A_LINE.match(above)
    deep = len(before["indent"].replace("\t", "  ")) if before else 0
    deeper = 2 if before and not before["value"].strip() else 0
    more = " …" if line["value"].strip() else ""
    return " " * (deep + deeper) + line["key"] + more


def _instead(key: SettingKey, value: Any) -> str:
    plain = bare(key.annotation)
    if plain is GroupSelector and isinstance(value, str):
        return _flow(next(_selectors(value), None))
    if get_origin(plain) is not tuple or not value or isinstance(value, list):
        return ""
    return _list(bare(get_args(plain)[0]), value)


def _list(inner: Any, value: Any) -> str:
    if inner is GroupSelector and isinstance(value, str):
        return _flow(list(_selectors(value)))
    if inner in (GroupSelector, Clause) and isinstance(value, dict):
        return _flow([value])
    if get_origin(inner) is tuple and isinstance(value, dict):
        return _flow([[value]])
    if is_section(inner) and isinstance(value, dict):
        return "its first line with - before it, as an item of a list"
    texts = inner is str or literals(inner)
    return _flow([value]) if texts and isinstance(value, (str, int)) else ""


def _selectors(text: str) -> Iterator[dict[str, str]]:
    """Yield what somebody means who writes names of groups as they are: ``dbx-*, Data Platform``."""
    for name in filter(None, (part.strip() for part in text.split(","))):
        if re.fullmatch(GUID, name):
            yield {"id": name}
        elif name.endswith(("*", "-", "_")):
            yield {"prefix": name.rstrip("*")}
        else:
            yield {"name": name}


def _flow(value: Any) -> str:
    if not value:
        return ""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return str(text).strip()
