"""Assignments of an account's principals to its workspaces. No run reads or makes them yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aadsync_lib.model.change import MemberRef


class Permission(StrEnum):
    """The role of a principal in a workspace."""

    USER = "user"
    ADMIN = "admin"


class AssignmentAction(StrEnum):
    """Kinds of change of an assignment, by the names that plans and reports have for them."""

    ASSIGN_WORKSPACE = "assign_workspace"
    GRANT_ENTITLEMENTS = "grant_entitlements"
    REVOKE_ENTITLEMENTS = "revoke_entitlements"
    UNASSIGN_WORKSPACE = "unassign_workspace"

    @property
    def inverse(self) -> AssignmentAction:
        """The action that takes this one back."""
        return INVERSES[self]

    @property
    def removes_access(self) -> bool:
        """Whether it counts against the limit ``access_removed``."""
        return self in (self.REVOKE_ENTITLEMENTS, self.UNASSIGN_WORKSPACE)


INVERSES = {
    AssignmentAction.ASSIGN_WORKSPACE: AssignmentAction.UNASSIGN_WORKSPACE,
    AssignmentAction.UNASSIGN_WORKSPACE: AssignmentAction.ASSIGN_WORKSPACE,
    AssignmentAction.GRANT_ENTITLEMENTS: AssignmentAction.REVOKE_ENTITLEMENTS,
    AssignmentAction.REVOKE_ENTITLEMENTS: AssignmentAction.GRANT_ENTITLEMENTS,
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A principal in a workspace; ``entitlements`` go by SCIM's names, such as ``workspace-access``."""

    workspace_id: int
    principal: MemberRef
    permission: Permission = Permission.USER
    entitlements: frozenset[str] = frozenset()
