"""Net effects of a run on access to workspaces, by its journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import ENTITLEMENTS, Action, Change
from aadsync_lib.model.identity import Attributes, Permission


@dataclass(frozen=True, slots=True)
class PermissionEffect:
    """A permission before a run, and after it."""

    before: Permission | None
    after: Permission | None

    @staticmethod
    def aspect(workspace: WorkspaceId) -> str:
        """Return what a later run touches that changes it, too."""
        return f"permission/{workspace}"


def entitlement_aspect(name: str, workspace: WorkspaceId) -> str:
    """Return what a later run touches that grants or revokes it, too."""
    return f"{name}/{workspace}"


@dataclass(slots=True)
class AccessEffect:
    """What became of somebody's access to a workspace; of ``entitlements``, whether each was granted."""

    change: Change
    permission: PermissionEffect | None = None
    entitlements: dict[str, bool] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        """Take in one more change of it; the first one knows what was there before."""
        before, after = change.before or Attributes(), change.after or Attributes()
        if change.takes_access and change.drift:  # others had taken it away before
            return
        if change.action in ENTITLEMENTS:
            granted = change.action is Action.GRANT_ENTITLEMENTS
            for name in (after if granted else before).entitlements or ():
                if self.entitlements.get(name) is (not granted):
                    del self.entitlements[name]
                else:
                    self.entitlements[name] = granted
            return
        first = self.permission.before if self.permission else before.permission
        self.permission = PermissionEffect(first, after.permission)

    def names(self, *, granted: bool) -> tuple[str, ...]:
        """Return the entitlements that were granted, or that were revoked."""
        return tuple(sorted(name for name, gave in self.entitlements.items() if gave is granted))

    @property
    def takes(self) -> bool:
        """Whether anything was taken away."""
        lost = self.permission is not None and self.permission.before is not None
        return lost or bool(self.names(granted=False))


def access_aspects(change: Change) -> Iterator[str]:
    """Yield what of somebody's access a change touches."""
    workspace = change.workspace_id
    if change.action not in ENTITLEMENTS:
        yield PermissionEffect.aspect(workspace)
    for values in (change.before, change.after):
        for name in (values.entitlements if values else None) or ():
            yield entitlement_aspect(name, workspace)
