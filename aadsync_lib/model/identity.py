"""Identities: kinds, principals and their attributes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Kind(StrEnum):
    """The three kinds of principal that both sides know."""

    USER = "user"
    SERVICE_PRINCIPAL = "service_principal"
    GROUP = "group"


class Permission(StrEnum):
    """The role of a principal in a workspace."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes a sync sets; ``None`` is absent. An empty ``external_id`` clears a group's.

    ``permission`` and ``entitlements`` are those in a workspace of an account, ``workspace_id``; in a target
    that is a workspace it has none. Entitlements go by SCIM's names, such as ``workspace-access``.
    ``settings`` are those of a connector, as the text of a JSON object.
    """

    user_name: str | None = None
    application_id: str | None = None
    display_name: str | None = None
    external_id: str | None = None
    active: bool | None = None
    workspace_id: int | None = None
    permission: Permission | None = None
    entitlements: tuple[str, ...] | None = None
    settings: str | None = None


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
    return left == right or name_key(left) == name_key(right)


def name_key(name: str) -> str:
    """Return the form in which names are compared: Unicode NFC, in lower case.

    Databricks lower-cases user names and compares display names without case. Whether it folds further
    (``Maße`` and ``Masse``) is not known, so two such names are two.
    """
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).lower()


def fold_key(name: str) -> str:
    """Return the form in which a target could take two names for one, at the most."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def alike(left: str, right: str) -> bool:
    """Return whether two names are two here, and could be one to a target that folds further."""
    return not same_name(left, right) and fold_key(left) == fold_key(right)


def normal(name: object) -> str:
    """Return a name in NFC: settings may be written in another form than the directory."""
    return unicodedata.normalize("NFC", str(name or ""))


def canonical_id(external_id: str) -> str:
    """Return an object id in lower case, as Entra writes it; other tools may have stored it in capitals."""
    return external_id.lower() if GUID.fullmatch(external_id) else external_id
