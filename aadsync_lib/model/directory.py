"""Entra's directory as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aadsync_lib.model.identity import Kind

AttributeValue = str | bool | None
SCOPE_EMPTY = "scope_empty"  # code of the notice that a selector finds nothing
ASSIGNED_BY = "assigned:"  # before the application, in the selector of whoever is assigned to it


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
class KnownRoot:
    """What a line of ``scope.groups`` found: a root group, or whoever an application is assigned to.

    ``selector`` is the line (``name:Data Platform``), ``id`` the object id, ``name`` what it was called then.
    """

    selector: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Selected:
    """What one line of ``scope.groups`` found in this read: root groups, and who is assigned directly.

    ``unread`` says what of it could not be read.
    """

    line: str
    roots: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One read of the scope in Entra.

    ``roots`` are the groups the selectors found, ``assigned`` the people and service principals
    assigned to an application directly; ``selected`` says which line found whom. Members that appear in no mapping could not be resolved;
    their group then is ``unread``. ``unread`` holds reads that failed as a whole (a selector, say).
    ``found`` is what each selector found, or still has from an earlier run where it could not be read.
    ``passed_over`` are groups that would be in it, were they of another kind.
    """

    roots: frozenset[str]
    users: Mapping[str, User]
    service_principals: Mapping[str, ServicePrincipal]
    groups: Mapping[str, Group]
    assigned: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    found: tuple[KnownRoot, ...] = ()
    selected: tuple[Selected, ...] = ()
    passed_over: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def complete(self) -> bool:
        """Whether absence from this snapshot means absence from the scope."""
        return not self.unread and all(group.unread is None for group in self.groups.values())


@dataclass(frozen=True, slots=True)
class Cursor:
    """Place in Entra's feed of changes to go on from: a delta link by kind of object.

    ``assigned`` has, by selector, a digest of who is assigned to an application, of which there is no feed.
    """

    links: Mapping[str, str]
    assigned: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What Entra's feed of changes says of one object, all of its entries together.

    ``shown`` is the object as the entries show it, ``None`` where that is not known; the members of a group
    are not in it, and neither are its properties ``unsaid``: an entry need not have more than what has changed.
    ``name`` is its display name. ``joined``, by kind, and ``left`` are members as the last entry about each
    has them; those of kinds that nobody can have on a target are not among the former.
    """

    id: str
    kind: Kind
    removed: bool = False
    name: str | None = None
    shown: User | ServicePrincipal | Group | None = None
    unsaid: frozenset[str] = frozenset()
    joined: Mapping[str, Kind | None] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What Entra announces since a cursor, and where to go on.

    ``announced`` is ``None`` where that is not known, ``reason`` says why. Without a ``cursor`` there is
    nothing to go on from. ``reassigned`` are the selectors (keys) of applications and filters, of which there is no
    feed, that find somebody else than before.
    """

    cursor: Cursor | None = None
    announced: tuple[Announcement, ...] | None = None
    reassigned: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom of a scope a few changes are about, by object id: to be read again by themselves.

    Of the groups that are ``whole``, whatever is in them is read, too, at any depth.
    """

    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    service_principals: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()


class Presence(StrEnum):
    """Where an object id is in Entra, looked up by itself."""

    PRESENT = "present"
    DISABLED = "disabled"
    DELETED = "deleted"  # in the recycle bin
    GONE = "gone"  # neither there nor in the recycle bin


@dataclass(frozen=True, slots=True)
class GroupAbove:
    """A group that contains somebody at some depth; ``parents`` are the groups that it is directly in."""

    id: str
    name: str
    security_enabled: bool = True
    parents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DirectoryMatch:
    """Somebody found in Entra by name, whether in scope or not.

    ``groups`` are the display names of all groups that contain the identity at any depth, ``None``
    where they could not all be read. ``above`` are those groups with how they are nested, as far as
    they could be read, and the group itself where it is one; ``parents`` are the ids of those that the
    identity is directly in.
    """

    id: str
    name: str
    display_name: str | None
    enabled: bool
    groups: tuple[str, ...] | None
    kind: Kind = Kind.USER
    parents: frozenset[str] = frozenset()
    above: tuple[GroupAbove, ...] = ()
