"""Reading of who may enter which workspace, for the plan of one target."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.model.assignment import (
    AccessContext,
    AccessShown,
    Given,
    ManagedWorkspace,
    Recipient,
    WorkspaceAccess,
    WorkspaceId,
)
from aadsync_lib.model.change import ACCESS, ENTITLEMENTS, Change
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Pending, StoreReader
from aadsync_lib.reconcile.assignments.given import done_late, given_by
from aadsync_lib.reconcile.assignments.wanted import managed_workspaces, wanted
from aadsync_lib.workspace_port import Assignments

NOWHERE = Desired({}, {}, {})


@dataclass(frozen=True)
class AccessReading:
    """What the workspaces show, and what the journal says that this sync has done there."""

    workspaces: tuple[ManagedWorkspace, ...] = ()
    shown: AccessShown = field(default_factory=dict)
    done: tuple[Change, ...] = ()

    @property
    def recipients(self) -> frozenset[str]:
        """Who has been given access, by target id."""
        return frozenset(target_id for _, target_id in given_by(self.done))

    def context(self, late: Iterable[Outcome], links: Links) -> AccessContext:
        """Return what access is planned from; ``late`` is what came of writes that a dead run announced."""
        done = (*self.done, *done_late(late, links))
        return AccessContext(self.workspaces, self.shown, given_by(done))


def read_access(
    target: TargetSettings,
    port: Assignments | None,
    reader: StoreReader,
    links: Links,
    pending: Collection[Pending],
    desired: Desired = NOWHERE,
    changes: Iterable[Change] = (),
    *,
    existing: Container[str] = (),
) -> AccessReading:
    """Read the workspaces that the settings manage, and those that open writes and ``changes`` are about.

    Without any, nothing is asked. Entitlements are read where some are asked for, given or open. A workspace
    shows the assignment of a deleted group for a while: only what is ``existing`` on the target has one.
    """
    workspaces = managed_workspaces(target)
    open_ = [entry.change for entry in pending if entry.change.action in ACCESS]
    concerned = [*open_, *(change for change in changes if change.action in ACCESS)]
    if port is None or not (workspaces or concerned):
        return AccessReading(workspaces)
    done = reader.access(target.name)
    given = given_by(done)
    asked = _asked(workspaces, given, concerned, desired)
    shown = port.read(asked) if asked else {}
    ids = {
        oid: link.target_id for oid, link in links.by_external.items() if link.target_id in existing
    }
    shown = _with_local_groups(port, workspaces, shown, asked, ids, desired)
    return AccessReading(workspaces, shown, done)


def _asked(
    workspaces: Iterable[ManagedWorkspace],
    given: Mapping[Recipient, Given],
    concerned: Iterable[Change],
    desired: Desired,
) -> Mapping[WorkspaceId, frozenset[Kind]]:
    """Return, by workspace, the kinds of principal whose entitlements matter."""
    kinds: dict[WorkspaceId, set[Kind]] = {}
    for workspace in workspaces:
        ours = [each for (place, _), each in given.items() if place == workspace.id]
        if not workspace.rules and not ours:
            continue
        of_it = kinds.setdefault(workspace.id, set())
        of_it |= {each.kind for each in ours if each.entitlements}
        if workspace.entitles:
            asked = wanted(workspace, desired).values()
            of_it |= {want.principal.kind for want in asked if want.entitlements}
    for change in concerned:
        of_it = kinds.setdefault(change.workspace_id, set())
        of_it |= {change.kind} if change.action in ENTITLEMENTS else set()
    return {workspace: frozenset(of_it) for workspace, of_it in kinds.items()}


def _with_local_groups(
    port: Assignments,
    workspaces: Iterable[ManagedWorkspace],
    shown: AccessShown,
    asked: Mapping[WorkspaceId, frozenset[Kind]],
    ids: Mapping[str, str],
    desired: Desired,
) -> AccessShown:
    """Read which groups a workspace has to itself, where one of the account is still to be assigned."""
    lacking = [
        workspace.id
        for workspace in workspaces
        if workspace.id is not None
        and Kind.GROUP not in asked.get(workspace.id, frozenset())
        and _lacks(workspace, shown.get(workspace.id), ids, desired)
    ]
    local = port.local_groups(lacking) if lacking else {}
    more: dict[WorkspaceId, WorkspaceAccess] = {}
    for workspace_id, names in local.items():
        there = shown.get(workspace_id)
        if isinstance(there, WorkspaceAccess) and isinstance(names, frozenset):
            more[workspace_id] = replace(there, local=names)
    return {**shown, **more}


def _lacks(
    workspace: ManagedWorkspace, shown: object, ids: Mapping[str, str], desired: Desired
) -> bool:
    """Return whether a group is still to be assigned; ``ids`` are the target ids by object id."""
    if not isinstance(shown, WorkspaceAccess):
        return False
    asked = wanted(workspace, desired).items()
    groups = {oid for oid, want in asked if want.principal.kind is Kind.GROUP and want.permission}
    return any(ids.get(oid) not in shown.permissions for oid in groups)
