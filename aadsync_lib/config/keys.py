"""Keys of the file: their places in the models, and words for what belongs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from aadsync_lib.config import auth
from aadsync_lib.config.base import GUID, SecretRef, Section, is_section, listed
from aadsync_lib.config.policy import Adopt, AdoptWord
from aadsync_lib.config.scope import PERSON_TEMPLATE, SHOWN, GroupSelector
from aadsync_lib.config.settings import Settings

REFERENCE = "a reference: {secret: scope/key}, {env: NAME} or {key_vault: https://…/secrets/KEY}"
PATTERNS = {
    GUID: "a GUID such as 01234567-89ab-cdef-0123-456789abcdef",
    r"^[a-z0-9-]{1,40}$": "1 to 40 of a-z, 0-9 and -",
    r"^[A-Za-z0-9_-]{1,100}$": "1 to 100 letters, digits, _ and -",
    r"^[^.\s]+\.[^.\s]+$": "catalog.schema",
    r"^[A-Za-z][A-Za-z0-9_.]*$": "the name of a property, such as department",
    r"^([^{}]|\{(displayName|mailNickname|id)\})+$": "a template of {displayName}, {mailNickname} "
    "and {id}",
    PERSON_TEMPLATE: f"a template of {', '.join(SHOWN)}, each in braces",
    r"^[^/\s]+/[^/\s]+$": "scope/key",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "the name of an environment variable",
}
DICT_KEY = "[key]"  # pydantic's mark for the key of a mapping itself
WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One key of the file.

    ``owner`` is the section it stands in and ``annotation`` what belongs there; both are ``None``
    below an unknown key. ``secret`` marks keys whose value is never shown.
    """

    path: tuple[str, ...]
    owner: type[Section] | None
    annotation: Any
    secret: bool

    @property
    def takes_text(self) -> bool:
        """True where the text of a parameter is the value itself, and not YAML."""
        plain = bare(self.annotation)
        return plain is str or all(isinstance(arg, str) for arg in literals(plain) or (None,))

    @property
    def compares_text(self) -> bool:
        """True where text belongs, alone or beside a boolean and a list."""
        arms = plain_arms(bare(self.annotation)) or (self.annotation,)
        return any(bare(arm) is str for arm in arms)

    @property
    def is_list(self) -> bool:
        """True where items stand here, each by its position."""
        return get_origin(bare(self.annotation)) is tuple

    @property
    def lists_text(self) -> bool:
        """True where a list of names belongs."""
        plain = bare(self.annotation)
        return get_origin(plain) is tuple and bare(get_args(plain)[0]) is str

    @property
    def selects_groups(self) -> bool:
        """True where a list of group selectors belongs."""
        return GroupSelector in get_args(bare(self.annotation))


def setting_key(parts: Sequence[str | int], *, tagged: bool = False) -> SettingKey:
    """Find the key at a path.

    ``tagged`` paths are pydantic's: the method of a login stands in them as a part of its own, and
    the arms of a union of plain types follow the key.
    """
    path: list[str] = []
    owner: type[Section] | None = None
    annotation: Any = Settings
    secret = False
    for part in parts:
        plain = bare(annotation)
        arms = union_of_sections(plain)
        if arms and tagged:
            annotation = next(arm for arm in arms if method_of(arm) == part)
            continue
        if arms:
            plain = next((arm for arm in arms if part in arm.model_fields), arms[0])
        several = next((arm for arm in plain_arms(plain) if get_origin(bare(arm)) is tuple), None)
        if several and (part == "list" if tagged else is_index(part)):
            plain = annotation = several
            if tagged:
                continue
        if is_section(plain):
            info = plain.model_fields.get(str(part))
            owner = plain
            annotation = info and Annotated[info.annotation, *(info.metadata or (None,))]
            secret = secret or part == "auth" or plain is SecretRef
        elif get_origin(bare(plain)) is tuple and is_index(part):
            annotation = get_args(bare(plain))[0]
        elif get_origin(plain) is dict and part != DICT_KEY:
            annotation = get_args(plain)[1]
        elif tagged and plain is not None:
            break
        else:
            owner = annotation = None
        path.append(str(part))
    return SettingKey(tuple(path), owner, annotation, secret)


def bare(annotation: Any) -> Any:
    """Take off ``Annotated`` and ``| None``."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not NoneType]
        return bare(arms[0]) if len(arms) == 1 else annotation
    return annotation


def plain_arms(annotation: Any) -> tuple[Any, ...]:
    """The arms of a union of values, not of sections."""
    union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if union and not union_of_sections(annotation) else ()


def union_of_sections(annotation: Any) -> tuple[type[Section], ...]:
    """The ways to log in, where that is what belongs here."""
    arms = tuple(bare(arm) for arm in get_args(annotation))
    return arms if arms and all(is_section(arm) for arm in arms) else ()


def method_of(arm: type[Section]) -> str:
    """The ``method`` that chooses this way to log in."""
    return str(literals(arm.model_fields["method"].annotation)[0])


def literals(annotation: Any) -> tuple[Any, ...]:
    """The values of a ``Literal``, nothing for anything else."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def is_index(part: str | int) -> bool:
    """Return whether this counts the items of a list."""
    return isinstance(part, int) or (part.isascii() and part.isdigit())


def in_words(annotation: Any) -> str:
    """Say what belongs at a key."""
    plain = bare(annotation)
    if plain is SecretRef:
        return REFERENCE
    if plain is Adopt:
        return f"{in_words(AdoptWord)}, or a section with {listed(plain.model_fields, 'or')}"
    if is_section(plain):
        return f"a section with {listed(plain.model_fields, 'or')}"
    arms = union_of_sections(plain)
    if arms:
        return f"a section with method: {listed(map(method_of, arms), 'or')}"
    if literals(plain):
        return listed(map(str, literals(plain)), "or")
    if get_origin(plain) is tuple:
        inner = bare(get_args(plain)[0])
        return "a list of text" if inner is str else "a list"
    if get_origin(plain) is dict:
        return "a section of names and values"
    if get_origin(plain) in (Union, UnionType):
        return listed((in_words(arm) for arm in get_args(plain) if arm is not NoneType), "or")
    return _pattern(annotation) or WORDS.get(plain, "something else")


def _pattern(annotation: Any) -> str | None:
    """The words for the pattern of a text, however deep it is wrapped."""
    extras = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    for extra in extras:
        for item in getattr(extra, "metadata", (extra,)):
            if getattr(item, "pattern", None) in PATTERNS:
                return PATTERNS[item.pattern]
    if get_origin(annotation) not in (Annotated, Union, UnionType):
        return None
    arms = get_args(annotation)
    inner = arms[:1] if get_origin(annotation) is Annotated else arms
    return next(filter(None, map(_pattern, inner)), None)


def _login_keys() -> frozenset[str]:
    models = (model for model in vars(auth).values() if is_section(model))
    return frozenset(key for model in models for key in model.model_fields)


LOGIN_KEYS = _login_keys() | frozenset(SecretRef.model_fields)
