"""Problems of the settings, one line each, for a person who edits the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from aadsync_lib.config.base import SecretRef, UnshownError, listed
from aadsync_lib.config.keys import (
    LOGIN_KEYS,
    SettingKey,
    bare,
    in_words,
    method_of,
    setting_key,
    union_of_sections,
)
from aadsync_lib.config.plain import SHOWN, KeyPath, Plain, show
from aadsync_lib.config.scope import Clause
from aadsync_lib.config.suggest import host_to_write, suggestion

TOO_SHORT = {"too_short": "at least one", "string_too_short": "text that is not empty"}
BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}
SLIP = 0.8  # how like a known key, of 1
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


def problems_of(error: ValidationError, plain: Mapping[KeyPath, Plain]) -> tuple[str, ...]:
    """Turn pydantic's findings into lines; what stands under ``auth`` is never shown."""
    findings = error.errors(include_url=False)
    lines = (_line(finding, plain) for finding in findings if not _echo(finding))
    return tuple(line for several in lines for line in several.split("\n"))


def misread(plain: Mapping[KeyPath, Plain]) -> Iterator[str]:
    """Say what YAML read as something that nobody wrote, and that may stand where it stands."""
    for path, scalar in plain.items():
        key = setting_key(path)
        if key.secret:
            continue
        respelt = scalar.is_respelt or (scalar.is_date and key.owner is Clause)
        if key.compares_text and respelt and _fits(key, scalar):
            yield _to_quote(key, scalar)
        elif bare(key.annotation) in (int, float) and scalar.is_odd_number:
            yield f"{dotted(path)}: {scalar}; write {scalar.value}"


def _quoting(key: SettingKey, plain: Mapping[KeyPath, Plain]) -> str | None:
    """Say what to quote where the finding is about what YAML made of a text."""
    scalar = plain.get(key.path)
    if scalar and scalar.text and key.compares_text and not key.secret and _fits(key, scalar):
        return _to_quote(key, scalar)
    value = plain.get((*key.path, "value"))
    if value and value.text and value.value is None and bare(key.annotation) is Clause:
        return _to_quote(setting_key((*key.path, "value")), value)
    return None


def _fits(key: SettingKey, scalar: Plain) -> bool:
    """Return whether the text would do in quotes."""
    try:
        TypeAdapter(key.annotation).validate_python(scalar.text)
    except ValidationError:
        return False
    return True


def _to_quote(key: SettingKey, scalar: Plain) -> str:
    return f"{dotted(key.path)}: {scalar}; quote it: '{scalar.text[:SHOWN]}'"


def _echo(finding: Mapping[str, Any]) -> bool:
    """Return whether a list is too short only because its items have problems of their own."""
    return finding["type"] == "too_short" and bool(finding["input"])


def dotted(path: Sequence[str]) -> str:
    """Write a path as the key it is, without what could be a secret or break the line."""
    shown = []
    for number, part in enumerate(path):
        secret = setting_key(path[:number]).secret and part not in LOGIN_KEYS
        shown.append("…" if secret else part if PLAIN_KEY.fullmatch(part) else show(part))
    return ".".join(shown) or "settings"


def _line(finding: Mapping[str, Any], plain: Mapping[KeyPath, Plain]) -> str:
    key = setting_key(finding["loc"], tagged=True)
    kind = finding["type"]
    if quoting := _quoting(key, plain):
        return quoting
    if kind == "missing":
        wanted = in_words(key.annotation)
        return f"{dotted(key.path)}: is missing; expected {wanted}{host_to_write(key, None)}"
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown_key(key)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _no_such_method(key, finding)
    if kind == "value_error" and not finding["loc"]:
        return str(finding["ctx"]["error"])
    if kind == "value_error":
        problem, host = finding["ctx"]["error"], host_to_write(key, finding["input"])
        return f"{dotted(key.path)}: {_found(key, finding['input'], problem)}{problem}{host}"
    if bare(key.annotation) is SecretRef:
        return (
            f"{dotted(key.path)}: a literal value may not stand here; expected "
            f"{in_words(SecretRef)}"
        )
    value = "" if key.secret else f"found {show(finding['input'])}; "
    instead = suggestion(key, finding["input"]) or host_to_write(key, finding["input"])
    return f"{dotted(key.path)}: {value}expected {_expected(key, finding)}{instead}"


def _found(key: SettingKey, value: Any, error: Exception) -> str:
    """Show a value that does not fit; of a section or a list, the message says what matters."""
    hidden = key.secret or isinstance(error, UnshownError) or isinstance(value, (dict, list))
    return "" if hidden else f"found {show(value)}; "


def _expected(key: SettingKey, finding: Mapping[str, Any]) -> str:
    kind = finding["type"]
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        number = finding["ctx"][bound]
        return f"{words} {number:,}".removesuffix(".0")
    part_of_reference = key.owner is SecretRef
    return TOO_SHORT.get(kind) or in_words(SecretRef if part_of_reference else key.annotation)


def _unknown_key(key: SettingKey) -> str:
    known = tuple(key.owner.model_fields) if key.owner else ()
    *above, name = key.path
    hint = closest(name, known) or f"known here: {listed(known, 'and')}"
    # Under auth a key may be a secret in the wrong place; what is all but a known key is a slip.
    slip = PLAIN_KEY.fullmatch(name) and get_close_matches(name, known, 1, SLIP)
    shown = f"{dotted(above)}.{name}" if slip and above else dotted(key.path)
    return f"{shown}: unknown key; {hint}"


def closest(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest known word was meant; nothing when none is near."""
    near = get_close_matches(word, tuple(known), 1)
    return f"did you mean `{near[0]}`?" if near else ""


def _no_such_method(key: SettingKey, finding: Mapping[str, Any]) -> str:
    methods = tuple(method_of(arm) for arm in union_of_sections(bare(key.annotation)))
    name = f"{dotted(key.path)}.method"
    if finding["type"] == "union_tag_not_found":
        return f"{name}: is missing; expected {listed(methods, 'or')}"
    hint = closest(str(finding["ctx"]["tag"]), methods)
    return " ".join(
        filter(None, (f"{name}: no such method;", hint, f"expected {listed(methods, 'or')}"))
    )
