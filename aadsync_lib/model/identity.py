"""Identities: kinds, principals and their attributes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum


class Kind(StrEnum):
    """The three kinds of principal that both sides know."""

    USER = "user"
    SERVICE_PRINCIPAL = "service_principal"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Attributes:
    """The SCIM attributes a sync sets; ``None`` is absent. An empty ``external_id`` clears a group's."""

    user_name: str | None = None
    application_id: str | None = None
    display_name: str | None = None
    external_id: str | None = None
    active: bool | None = None


def merged(parts: Iterable[Attributes | None]) -> Attributes | None:
    """Return all attributes that any part sets, the last one winning, or ``None``."""
    values = {
        field.name: value
        for part in parts
        if part
        for field in fields(part)
        if (value := getattr(part, field.name)) is not None
    }
    return Attributes(**values) if values else None


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, service principal or group as the target should have it.

    ``name`` identifies it to a person and on the target: userName of a user, applicationId of a
    service principal, displayName of a group.
    """

    kind: Kind
    external_id: str
    name: str
    display_name: str
    active: bool = True


def same_name(left: str, right: str) -> bool:
    """Return whether both systems would take the two names for one."""
    return name_key(left) == name_key(right)


def name_key(name: str) -> str:
    """Return the form of a name under which the target holds it once.

    Databricks lower-cases user names and compares display names without case.
    """
    return name.strip().casefold()
