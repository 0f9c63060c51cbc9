"""Notices of access that others gave to what a sync manages, and that it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.assignment import Given, ManagedWorkspace, WorkspaceAccess
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.wording import listed
from aadsync_lib.reconcile.assignments.wanted import wanted
from aadsync_lib.reconcile.context import TargetContext

SHOWN = 5
HIGHER = "workspace {}: {} admin there by somebody else's hand, where the rules ask for user: left as it is"
FOREIGN = "workspace {}: {} assigned there, though not by this sync, and no rule asks for it: left as it is"


def access_notices(context: TargetContext) -> Iterator[Notice]:
    """Yield, for each workspace, whom others have given more than the rules ask for."""
    for workspace in context.access.workspaces:
        shown = context.access.shown.get(workspace.id)
        if isinstance(shown, WorkspaceAccess):
            yield from _of_workspace(context, workspace, shown)


def _of_workspace(
    context: TargetContext, workspace: ManagedWorkspace, shown: WorkspaceAccess
) -> Iterator[Notice]:
    asked = wanted(workspace, context.desired)
    higher, foreign = [], []
    for link in context.links.of_kind(Kind.GROUP):
        there = shown.permissions.get(link.target_id)
        given = context.access.given.get((workspace.id, link.target_id))
        account = context.target.accounts.get(link.target_id)
        if there is None or account is None or account.id in context.protected:
            continue
        want = asked.get(link.external_id)
        if want is None and not _gave(given, Permission.USER):
            foreign.append(account.name)
        elif there is Permission.ADMIN and not _gave(given, Permission.ADMIN):
            wants_less = want is None or want.permission is Permission.USER
            higher += [account.name] if wants_less else []
    for text, names in ((HIGHER, higher), (FOREIGN, foreign)):
        if names:
            verb = "is" if len(names) == 1 else "are"
            who = f"{listed(sorted(names), SHOWN)} {verb}"
            yield Notice("access_left", text.format(workspace.id, who))


def _gave(given: Given | None, permission: Permission) -> bool:
    """Return whether this sync gave at least this permission."""
    if given is None or given.permission is None:
        return False
    return permission is Permission.USER or given.permission is Permission.ADMIN
