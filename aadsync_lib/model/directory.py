"""What was read from Entra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AttributeValue = str | bool | None


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``attributes`` holds what ``scope.users`` filters on, by Graph's property names."""

    id: str
    user_principal_name: str
    mail: str | None = None
    display_name: str | None = None
    enabled: bool = True
    guest: bool = False
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """An enterprise application; ``id`` is its object id, ``app_id`` its client id."""

    id: str
    app_id: str
    display_name: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its direct members.

    ``members`` are object ids of users, service principals and groups. ``unread`` is the reason why
    the read is not complete; only ``None`` lets anything be removed because of this group.
    """

    id: str
    display_name: str
    mail_nickname: str | None = None
    security_enabled: bool = True
    members: frozenset[str] = frozenset()
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know: a stable ``code`` and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One read of the scope in Entra.

    ``roots`` are the groups the selectors found, ``assigned`` the people and service principals
    assigned to an application directly. Members that appear in no mapping could not be resolved;
    their group then is ``unread``. ``unread`` holds reads that failed as a whole (a selector, say).
    """

    roots: frozenset[str]
    users: Mapping[str, User]
    service_principals: Mapping[str, ServicePrincipal]
    groups: Mapping[str, Group]
    assigned: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether absence from this snapshot means absence from the scope."""
        return not self.unread and all(group.unread is None for group in self.groups.values())
