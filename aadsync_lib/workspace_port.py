"""Port to the workspaces of a target, typed in model terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import AccessShown, WorkspaceId
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.rates import Verb


class Assignments(Protocol):
    """Access to workspaces: of an account, or to the one that is the target itself (``None``).

    Writes are as those of ``Target``: answered or ``ChangeRefused``, paced, and safe to repeat.
    """

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    @property
    def rates(self) -> Mapping[Verb, float]:
        """Requests a second that this sync may send: of assignments, of entitlements in each workspace."""

    def read(self, asked: Mapping[WorkspaceId, Collection[Kind]]) -> AccessShown:
        """Read who is assigned, and the entitlements of principals of these kinds, workspace by workspace.

        One that could not be read is ``Unread``; its reason says what to do about it.
        """

    def local_groups(self, workspace_ids: Iterable[int]) -> Mapping[int, frozenset[str] | Unread]:
        """Return the names (``name_key``) of the groups that each workspace has to itself."""

    def assign(self, workspace_id: int, target_id: str, permission: Permission) -> None:
        """Assign with this permission, whatever the permission was."""

    def unassign(self, workspace_id: int, target_id: str) -> None:
        """Unassign; a principal that is not assigned already counts as unassigned."""

    def change_entitlements(
        self,
        workspace_id: WorkspaceId,
        kind: Kind,
        target_id: str,
        grant: Collection[str],
        revoke: Collection[str],
    ) -> None:
        """Grant and revoke in one request; every other entitlement stays."""
