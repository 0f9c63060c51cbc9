"""Switches by name: checked against the words that their types allow."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints


def turn(switches: Any, side: str, name: str, value: Any) -> None:
    """Set a switch of a dataclass. ``ValueError`` on a name or a word that it does not know."""
    hint = get_type_hints(type(switches)).get(name)
    if hint is None:
        raise ValueError(f"unknown switch {name!r} of {side}")
    for given, allowed in _choices(value, hint):
        if given not in allowed:
            raise ValueError(f"{name}: {given!r} is not one of {', '.join(allowed)}")
    setattr(switches, name, value)


def _choices(value: Any, hint: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return each part of a value that has to be one of some words, with those words."""
    if get_origin(hint) is Literal:
        return [(value, get_args(hint))]
    if get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise ValueError(f"an object is expected, not {value!r}")
        return [(key, get_args(get_args(hint)[0])) for key in value]
    return []
