"""Reader of ``aadsync.yml`` and of the parameters given for this run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aadsync_lib.config.base import KEY_VAULT, listed
from aadsync_lib.config.group_words import group_words, name_words
from aadsync_lib.config.keys import SettingKey, is_index, setting_key
from aadsync_lib.config.overrides import without_groups
from aadsync_lib.config.plain import KeyPath, Plain
from aadsync_lib.config.policy import Adopt
from aadsync_lib.config.problems import closest, dotted, misread, problems_of
from aadsync_lib.config.references import VAULTS, foreign_vaults
from aadsync_lib.config.settings import Settings
from aadsync_lib.config.text import Parsed, parse
from aadsync_lib.errors import SettingsError, UsageError
from aadsync_lib.own_words import joined, own

ADOPT = ("policy", "adopt")


def load_settings(
    path: Path | None, overrides: Mapping[str, str] | None = None, only: str | None = None
) -> Settings:
    """Read and check the settings of a sync.

    ``overrides`` are widget or job parameters by dotted name; an empty one counts as not given. A
    target may be named instead of counted: ``targets.account.pace``. ``only`` is the name of a target that
    must be there. Raises ``SettingsError`` with every problem at once, ``UsageError`` for that name alone.
    """
    if path is None:
        return settings_from(None, "settings", overrides, only)
    return settings_from(_text(path), str(path), overrides, only).found_in(path.parent)


def settings_from(
    text: str | None,
    where: str,
    overrides: Mapping[str, str] | None = None,
    only: str | None = None,
) -> Settings:
    """Check settings that were read already, ``None`` for parameters alone."""
    return settings_and_tree(text, where, overrides, only)[0]


def settings_and_tree(
    text: str | None,
    where: str,
    overrides: Mapping[str, str] | None = None,
    only: str | None = None,
) -> tuple[Settings, dict[str, Any]]:
    """Return also the keys and values that the settings were read from, parameters laid over the file's."""
    given = {name: value.strip() for name, value in (overrides or {}).items() if value.strip()}
    file = Parsed({}) if text is None else _file(text, where, given=bool(overrides))
    tree, plain = file.value, dict(file.plain)
    problems: list[str] = []
    for name, value in given.items():
        tree = _override(tree, name, value, plain, problems)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        refused = {f"{problem.partition(':')[0]}: is missing" for problem in problems}
        whole = (*problems_of(error, plain), *_without_groups(tree))
        problems.extend(text for text in whole if text.partition(";")[0] not in refused)
        problems.extend(_foreign_vaults(tree))
    problems.extend(misread(plain))
    usage = tuple(_no_such_target(tree, only))
    if usage and not problems:
        raise UsageError(usage[0])
    problems.extend(usage)
    if problems:
        raise SettingsError(where, tuple(dict.fromkeys(problems)))
    return settings.read_from(where), tree


def _no_such_target(tree: dict[str, Any], only: str | None) -> Iterator[str]:
    targets = tree.get("targets")
    names = [
        str(_child(target, "name")) for target in (targets if isinstance(targets, list) else ())
    ]
    if only is not None and names and only not in names:
        hint = closest(only, names) or f"the settings have {listed(names, 'and')}"
        yield joined(own("--target"), f" {only}: no such target; {hint}")


def _without_groups(tree: dict[str, Any]) -> Iterator[str]:
    """Yield where groups are missing, whatever else is wrong with the settings."""
    targets = tree.get("targets")
    scopes = (_child(target, "scope") for target in (targets if isinstance(targets, list) else ()))
    own = [_child(scope, "groups") is not None for scope in scopes]
    return without_groups(_child(tree.get("scope"), "groups") is not None, own)


def _foreign_vaults(tree: dict[str, Any]) -> Iterator[str]:
    """Yield which vaults are of another cloud, whatever else is wrong with the settings."""
    cloud = _child(tree.get("source"), "cloud") or "public"
    if isinstance(cloud, str) and cloud in VAULTS:
        yield from foreign_vaults(_vaults(tree), cloud)


def _vaults(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    targets = tree.get("targets")
    each = targets if isinstance(targets, list) else []
    named = [(f"targets.{_child(target, 'name')}", target) for target in each]
    for owner, section in (("source", tree.get("source")), *named):
        for part in ("auth", "connector"):
            refs = _child(section, part)
            for key, value in refs.items() if isinstance(refs, dict) else ():
                address = _child(value, "key_vault")
                if isinstance(address, str) and KEY_VAULT.match(address):
                    yield f"{owner}.{part}.{key}", address


def _file(text: str, where: str, *, given: bool) -> Parsed:
    file = parse(text)
    tree = file.value
    if file.problems:
        raise SettingsError(where, file.problems)
    if tree is None and given:
        return Parsed({})
    if tree is None:
        raise SettingsError(where, (own("is empty; `aadsync init` writes a file to start from"),))
    if not isinstance(tree, dict):
        raise SettingsError(where, ("holds no settings; expected keys such as source and scope",))
    return file


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        problem: str = own("no such file; `aadsync init` writes one to start from")
        raise SettingsError(str(path), (problem,)) from error
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start}; save it as UTF-8"
        # The cause would carry the bytes of the file.
        raise SettingsError(str(path), (problem,)) from None
    except OSError as error:
        raise SettingsError(str(path), (f"cannot be read: {error.strerror}",)) from error


def _override(
    tree: dict[str, Any], name: str, text: str, plain: dict[KeyPath, Plain], problems: list[str]
) -> dict[str, Any]:
    """Return the tree with one value set; what cannot be set is a problem."""
    parts = tuple(name.split("."))
    try:
        steps = _steps(tree, parts)
        tree = _opened(tree, steps)
        read = _read(setting_key(steps), text)
        changed: dict[str, Any] = _with(tree, steps, read.value)
        _replace_below(plain, tuple(map(str, steps)), read.plain)
    except _NotSetError as error:
        problems.extend(f"{dotted(parts)}: {problem}" for problem in error.problems)
        return tree
    return changed


class _NotSetError(Exception):
    """A parameter that cannot be put into the settings."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


def _read(key: SettingKey, text: str) -> Parsed:
    if key.takes_text:
        return Parsed(text)
    words = group_words(text) if key.selects_groups else None
    names = name_words(text) if key.lists_text else None
    read = words or names or parse(text, key.path)
    if read.problems:
        raise _NotSetError(*read.problems)
    return read


def _replace_below(
    plain: dict[KeyPath, Plain], at: KeyPath, given: Mapping[KeyPath, Plain]
) -> None:
    """A parameter takes the place of what the file has there; it has no lines."""
    for path in [path for path in plain if path[: len(at)] == at]:
        del plain[path]
    plain.update({path: replace(scalar, line=None) for path, scalar in given.items()})


def _steps(tree: dict[str, Any], parts: Sequence[str]) -> tuple[str | int, ...]:
    """Turn the names of list items into their positions."""
    steps: list[str | int] = []
    at: Any = tree
    for part in parts:
        counted = isinstance(at, list) or (at is None and setting_key(steps).is_list)
        steps.append(_position(at or [], part) if counted else part)
        at = _child(at, steps[-1])
    return tuple(steps)


def _position(items: list[Any], part: str) -> int:
    names = [str(item.get("name")) if isinstance(item, dict) else "" for item in items]
    if part in names:
        return names.index(part)
    if is_index(part) and int(part) <= len(items):
        return int(part)
    known = listed(names, "and") if any(names) else f"0 to {len(items)}"
    raise _NotSetError(f"there is no such item in the list; it has {known}")


def _opened(tree: dict[str, Any], steps: tuple[str | int, ...]) -> dict[str, Any]:
    """Write out the one word that stands for all kinds, where one kind gets another."""
    word = _child(_child(tree, ADOPT[0]), ADOPT[1])
    if steps[:-1] != ADOPT or not isinstance(word, str):
        return tree
    opened: dict[str, Any] = _with(tree, ADOPT, dict.fromkeys(Adopt.model_fields, word))
    return opened


def _child(at: Any, step: str | int) -> Any:
    if isinstance(at, dict):
        return at.get(step)
    if isinstance(at, list) and isinstance(step, int) and step < len(at):
        return at[step]
    return None


def _with(at: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy with the value set; parts that YAML shares by alias stay as they are."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    child = _with(_child(at, step), rest, value)
    if isinstance(step, int):
        items = list(at or [])
        return [*items[:step], child, *items[step + 1 :]]
    if at is not None and not isinstance(at, dict):
        raise _NotSetError("a part of this name is a value, not a section")
    return {**(at or {}), step: child}
