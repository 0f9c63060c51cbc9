"""Parts that all settings share: sections, checked text and numbers, secret references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, TypeGuard
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
VAULTS = r"vault\.(azure\.net|usgovcloudapi\.net|azure\.cn)"
KEY_VAULT = re.compile(rf"^https://[A-Za-z0-9-]+\.{VAULTS}/secrets/[A-Za-z0-9-]+(/[0-9a-fA-F]+)?$")


class UnshownError(ValueError):
    """A value does not fit and is not shown: it may hold a secret, is not there, or the message has it."""


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is a problem."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, data: Any) -> Any:
        """A section whose every line is a comment is null to YAML."""
        if not isinstance(data, dict):
            return data
        sections = {name for name, info in cls.model_fields.items() if is_section(info.annotation)}
        return {
            key: value for key, value in data.items() if value is not None or key not in sections
        }


def is_section(annotation: Any) -> TypeGuard[type[Section]]:
    """Return whether an annotation is a part of the settings itself, not a union with one."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def listed(words: Iterable[str], last: str) -> str:
    """Join words the way a sentence does."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


def not_one_of(names: Sequence[str], given: Sequence[str]) -> ValueError:
    """Return the problem of a section in which not exactly one of these keys is given."""
    found = f"found {listed(given, 'and')}; " if given else ""
    return ValueError(f"{found}name exactly one of {', '.join(names)}")


def _safe_url(url: str) -> str:
    unfit = UnshownError if set("@?#") & set(url) else ValueError  # a login may be in it
    problem = "must be an https:// address, or http:// on this machine only"
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        odd = parts.username or parts.password or parts.query or parts.fragment
        hosted = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise unfit(problem) from error
    if not safe or not hosted:
        raise unfit(problem)
    if odd or any(char.isspace() for char in url):
        raise unfit("must be an address alone: no user, no query, no spaces")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_safe_url)]
Guid = Annotated[str, Field(pattern=GUID)]
Text = Annotated[str, Field(min_length=1)]
# Strict, because a YAML `true` or `"3"` is a slip where a number belongs, and so is 1 for a switch.
Switch = Annotated[bool, Strict()]
# Every number has bounds that are safe to reckon with: with time, in a database, in a message.
Whole = Annotated[int, Strict()]
Count = Annotated[Whole, Field(ge=0, le=1_000_000_000)]
Days = Annotated[Whole, Field(ge=0, le=36_500)]
Pace = Annotated[float, Strict(), Field(ge=0.001, le=1_000_000, allow_inf_nan=False)]
WorkspaceId = Annotated[Whole, Field(ge=1, le=2**63 - 1)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]


class SecretRef(Section):
    """Where a secret lives. The value never enters the settings."""

    secret: str | None = Field(
        None, pattern=r"^[^/\s]+/[^/\s]+$", description="Databricks secret, as scope/key"
    )
    env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="environment variable"
    )
    key_vault: str | None = Field(
        None,
        pattern=KEY_VAULT.pattern,
        description="Azure Key Vault secret, as https://NAME.vault.azure.net/secrets/KEY",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretRef:
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            raise not_one_of(tuple(type(self).model_fields), given)
        return self

    def __str__(self) -> str:
        kind, value = next((name, value) for name, value in self if value is not None)
        return f"{kind} {value}"
