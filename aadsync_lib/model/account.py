"""Accounts and groups as read from a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind


@dataclass(frozen=True, slots=True)
class Account:
    """A user, service principal or group that the target has.

    ``name`` is the userName, applicationId or displayName by kind. ``admin`` is true for whoever
    is an admin of the account or the workspace, people through a group too. ``external_id`` is ``None`` where the
    target has none or an empty one. ``local`` is true for what one workspace of an account has to itself.
    """

    id: str
    kind: Kind
    name: str
    display_name: str | None = None
    external_id: str | None = None
    active: bool = True
    admin: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """Members of a group that could not be read, and why. ``forbidden``: the login may not read them."""

    reason: str
    forbidden: bool = False


Members = frozenset[str] | Unread


@dataclass(frozen=True, slots=True)
class TargetSnapshot:
    """Everybody that a target has or has shown, by target id. Members are read apart, for the groups in play only.

    ``own`` are the ids of the identity that runs the sync, ``own_application`` its application id where it
    is a service principal, ``admins`` those whom a group makes admins of the account or the workspace,
    listed or not. ``complete``: who is not here is not there. ``notices`` are what the read itself has
    to tell a person.
    """

    accounts: Mapping[str, Account]
    own: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    own_application: str | None = None
    complete: bool = True
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Reread:
    """Objects read again by themselves, by target id; ``members`` are those of the groups among them.

    ``admins`` are those whom a group makes admins, ``own`` the ids of the identity that runs the sync, where that
    was asked for.
    """

    accounts: Mapping[str, Account]
    members: Mapping[str, frozenset[str]]
    admins: frozenset[str] | None = None
    own: frozenset[str] = frozenset()
