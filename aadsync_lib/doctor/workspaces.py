"""Checks of the workspaces that a sync gives access to: federation, rights and logins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.doctor.finding import CheckContext, Finding, one_line, sentence
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import WorkspaceAccess, WorkspaceId
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.assignments.wanted import managed_workspaces
from aadsync_lib.report.wording import count
from aadsync_lib.wiring import open_assignments


def check_workspaces(context: CheckContext) -> Iterator[Finding]:
    """Read who may enter each workspace of the settings, and entitlements where rules give some."""
    for target in context.settings.targets:
        if target.workspaces and f"targets.{target.name}.auth" not in context.unresolved:
            yield from _of_target(context, target)


def _of_target(context: CheckContext, target: TargetSettings) -> Iterator[Finding]:
    asked: Mapping[WorkspaceId, Collection[Kind]] = {
        workspace.id: (Kind.GROUP,) if workspace.entitles else ()
        for workspace in managed_workspaces(target)
    }
    try:
        shown = open_assignments(target, context.clock, context.secrets).read(asked)
    except AadsyncError as error:
        yield Finding(f"target {target.name} workspaces", "failed", one_line(error))
        return
    for workspace_id, there in shown.items():
        yield _found(f"workspace {workspace_id}", there, entitles=bool(asked[workspace_id]))


def _found(check: str, there: WorkspaceAccess | Unread, *, entitles: bool) -> Finding:
    if isinstance(there, Unread):
        return Finding(check, "failed", sentence(there.reason))
    if isinstance(there.entitlements, Unread):
        return Finding(check, "failed", sentence(f"entitlements: {there.entitlements.reason}"))
    what = ", and shows its entitlements" if entitles else ""
    assigned = count(len(there.permissions), "principal")
    return Finding(check, "ok", f"federated, {assigned} assigned{what}.")
