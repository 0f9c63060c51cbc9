"""What is wrong with the settings, one line a problem, for a person who edits the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from aadsync_lib.config.base import SecretRef
from aadsync_lib.config.places import (
    LOGIN_KEYS,
    Place,
    bare,
    in_words,
    listed,
    method_of,
    place_of,
    union_of_sections,
)

SHOWN = 60  # characters of a value; the rest does not help to find it
TOO_SHORT = {"too_short": "at least one", "string_too_short": "text that is not empty"}
BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}
SLIP = 0.8  # how like a known key, of 1
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


def problems_of(error: ValidationError) -> tuple[str, ...]:
    """Turn pydantic's findings into lines; what stands under ``auth`` is never shown."""
    findings = error.errors(include_url=False)
    return tuple(dict.fromkeys(_line(finding) for finding in findings if not _echo(finding)))


def _echo(finding: Mapping[str, Any]) -> bool:
    """Whether a list is called too short only because its items have problems of their own."""
    return finding["type"] == "too_short" and bool(finding["input"])


def dotted(path: Sequence[str]) -> str:
    """Write a path as the key it is, without what could be a secret or break the line."""
    shown = []
    for number, part in enumerate(path):
        secret = place_of(path[:number]).secret and part not in LOGIN_KEYS
        shown.append("…" if secret else part if PLAIN_KEY.fullmatch(part) else show(part))
    return ".".join(shown) or "settings"


def show(value: Any) -> str:
    """Write a value as YAML would, on one line and not too long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:SHOWN]
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")
    return "a list" if isinstance(value, (list, tuple)) else "a section"


def _line(finding: Mapping[str, Any]) -> str:
    place = place_of(finding["loc"], tagged=True)
    kind = finding["type"]
    if kind == "missing":
        return f"{dotted(place.path)}: is missing; expected {in_words(place.annotation)}"
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown_key(place)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _no_such_method(place, finding)
    if kind == "value_error":
        return f"{dotted(place.path)}: {finding['ctx']['error']}"
    if bare(place.annotation) is SecretRef:
        return (
            f"{dotted(place.path)}: a literal value may not stand here; expected "
            f"{in_words(SecretRef)}"
        )
    found = "" if place.secret else f"found {show(finding['input'])}; "
    return f"{dotted(place.path)}: {found}expected {_expected(place, finding)}"


def _expected(place: Place, finding: Mapping[str, Any]) -> str:
    kind = finding["type"]
    if kind in BOUNDS:
        name, words = BOUNDS[kind]
        return f"{words} {finding['ctx'][name]:g}"
    part_of_reference = place.owner is SecretRef
    return TOO_SHORT.get(kind) or in_words(SecretRef if part_of_reference else place.annotation)


def _unknown_key(place: Place) -> str:
    known = tuple(place.owner.model_fields) if place.owner else ()
    *above, key = place.path
    hint = closest(key, known) or f"known here: {listed(known, 'and')}"
    # Under auth a key may be a secret in the wrong place; what is all but a known key is a slip.
    slip = PLAIN_KEY.fullmatch(key) and get_close_matches(key, known, 1, SLIP)
    shown = f"{dotted(above)}.{key}" if slip and above else dotted(place.path)
    return f"{shown}: unknown key; {hint}"


def closest(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest known word was meant; nothing when none is near."""
    near = get_close_matches(word, tuple(known), 1)
    return f"did you mean `{near[0]}`?" if near else ""


def _no_such_method(place: Place, finding: Mapping[str, Any]) -> str:
    methods = tuple(method_of(arm) for arm in union_of_sections(bare(place.annotation)))
    key = f"{dotted(place.path)}.method"
    if finding["type"] == "union_tag_not_found":
        return f"{key}: is missing; expected {listed(methods, 'or')}"
    hint = closest(str(finding["ctx"]["tag"]), methods)
    return " ".join(
        filter(None, (f"{key}: no such method;", hint, f"expected {listed(methods, 'or')}"))
    )
