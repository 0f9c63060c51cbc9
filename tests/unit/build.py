"""Directories and settings, with defaults for what a test does not care about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.directory import Group, Notice, ServicePrincipal, Snapshot, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin, Sharer

GUID = "00000000-0000-0000-0000-00000000000{}"
OFF = {"count": None, "share": None}
NO_LIMITS = {
    "users_deprovisioned": OFF,
    "groups_removed": OFF,
    "members_removed": OFF,
    "access_removed": OFF,
    "groups_emptied": OFF,
}

Entity = User | ServicePrincipal | Group


def user(name: str, **more: Any) -> User:
    """A user with object id ``u-name``."""
    shown = more.pop("display_name", name.title())
    upn = more.pop("user_principal_name", f"{name}@contoso.com")
    return User(more.pop("id", f"u-{name}"), upn, display_name=shown, **more)


def guest(name: str, **more: Any) -> User:
    """A guest whose mail is at fabrikam.com."""
    mail = more.pop("mail", f"{name}@fabrikam.com")
    upn = f"{name}_fabrikam.com#EXT#@contoso.com"
    return user(name, user_principal_name=upn, mail=mail, guest=True, **more)


def service(name: str, **more: Any) -> ServicePrincipal:
    """A service principal with object id ``s-name`` and client id ``app-name``."""
    return ServicePrincipal(f"s-{name}", f"app-{name}", display_name=name.title(), **more)


def group(name: str, members: Iterable[Entity | str] = (), **more: Any) -> Group:
    """A group with object id ``g-name``, in lower case and without spaces."""
    gid = more.pop("id", group_id(name))
    return Group(gid, name, members=frozenset(map(_id, members)), **more)


def group_id(name: str) -> str:
    """The object id that ``group`` gives."""
    return "g-" + name.lower().strip().replace(" ", "-")


def directory(
    *entities: Entity,
    roots: Iterable[str] | None = None,
    assigned: Iterable[Entity] = (),
    unread: tuple[str, ...] = (),
    notices: tuple[Notice, ...] = (),
) -> Snapshot:
    """A read of these objects; every group is a root unless ``roots`` names some."""
    groups = {one.id: one for one in entities if isinstance(one, Group)}
    return Snapshot(
        roots=frozenset(groups if roots is None else map(group_id, roots)),
        users={one.id: one for one in entities if isinstance(one, User)},
        service_principals={one.id: one for one in entities if isinstance(one, ServicePrincipal)},
        groups=groups,
        assigned=frozenset(map(_id, assigned)),
        unread=unread,
        notices=notices,
    )


def settings(
    *,
    scope: dict[str, Any] | None = None,
    mapping: dict[str, Any] | None = None,
    targets: tuple[str, ...] = ("account",),
    own: Mapping[str, dict[str, Any]] | None = None,
    name: str = "contoso",
    **policy: Any,
) -> Settings:
    """Settings whose limits are off and whose every run is full, unless given; other keywords are the policy's.

    ``own`` are further keys of a target, by its name.
    """
    further = own or {}
    return Settings.model_validate(
        {
            "name": name,
            "source": {"tenant_id": GUID.format(1), "auth": {"method": "azure_cli"}},
            "scope": {"groups": [{"prefix": "any"}]} | (scope or {}),
            "mapping": mapping or {},
            "targets": [
                _target(target, index) | further.get(target, {})
                for index, target in enumerate(targets)
            ],
            "policy": {"limits": NO_LIMITS, "full_every": 0} | policy,
        }
    )


def _target(name: str, index: int) -> dict[str, Any]:
    return {
        "name": name,
        "host": "https://accounts.azuredatabricks.net",
        "account_id": GUID.format(2 + index),
    }


def _id(one: Entity | str) -> str:
    return one if isinstance(one, str) else one.id


def sharer(
    sync: str, target_id: str, external_id: str = "u-ada", kind: Kind = Kind.USER, **more: Any
) -> Sharer:
    """Another sync that manages an object."""
    link = Link(kind, external_id, target_id, Origin.CREATED, "then")
    return Sharer(sync, link, **more)
