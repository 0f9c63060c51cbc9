"""Access to workspaces: what the settings ask for, what a target shows, and what a sync has given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aadsync_lib.model.account import Unread
from aadsync_lib.model.identity import Kind, Permission

WorkspaceId = int | None  # None: the target itself is the workspace
Recipient = tuple[WorkspaceId, str]  # a workspace and, by target id, somebody who has access to it


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What principals get in a workspace whose names match one of the shell ``patterns``.

    ``permission`` is ``None`` where only entitlements are given.
    """

    patterns: tuple[str, ...]
    permission: Permission | None = None
    entitlements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ManagedWorkspace:
    """A workspace to which the settings give access; without rules, what was given is taken back."""

    id: WorkspaceId
    rules: tuple[AccessRule, ...] = ()

    @property
    def entitles(self) -> bool:
        """Whether any rule gives entitlements."""
        return any(rule.entitlements for rule in self.rules)


@dataclass(frozen=True, slots=True)
class WorkspaceAccess:
    """Who may enter a workspace, as it shows it: permissions and entitlements by target id.

    ``entitlements`` hold everybody who was asked for; who is missing has none. ``local`` are names
    (``name_key``) of groups that the workspace has to itself.
    """

    permissions: Mapping[str, Permission] = field(default_factory=dict)
    entitlements: Mapping[str, frozenset[str]] | Unread = field(default_factory=dict)
    local: frozenset[str] = frozenset()


AccessShown = Mapping[WorkspaceId, WorkspaceAccess | Unread]


@dataclass(frozen=True, slots=True)
class Given:
    """What a sync has given somebody in a workspace, by its journal.

    ``base`` is the permission that was there before: no more than the rest is taken back.
    """

    kind: Kind
    external_id: str | None
    name: str
    permission: Permission | None = None
    base: Permission | None = None
    entitlements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AccessContext:
    """What the settings ask for, what the workspaces show, and what is given already."""

    workspaces: tuple[ManagedWorkspace, ...] = ()
    shown: AccessShown = field(default_factory=dict)
    given: Mapping[Recipient, Given] = field(default_factory=dict)
