"""Access to workspaces in words."""

from __future__ import annotations

from aadsync_lib.model.change import ENTITLEMENTS, Action, Change
from aadsync_lib.model.identity import Attributes


def access_words(change: Change) -> str:
    """Return what a change of access gives or takes, and where: ``workspace-access in 1234567890``."""
    before, after = change.before or Attributes(), change.after or Attributes()
    workspace = change.workspace_id
    if change.action in ENTITLEMENTS:
        values = after if change.action is Action.GRANT_ENTITLEMENTS else before
        names = ", ".join(values.entitlements or ())
        return names if workspace is None else f"{names} in {workspace}"
    if change.action is Action.UNASSIGN_WORKSPACE:
        was = f"was {before.permission}" if before.permission else "gone already"
        return f"{workspace}, {was}"
    if before.permission:
        return f"{workspace}, {before.permission} -> {after.permission}"
    return f"{workspace} as {after.permission}"
