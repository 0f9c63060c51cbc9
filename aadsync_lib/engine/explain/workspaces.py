"""Workspaces that somebody can enter, and by which group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aadsync_lib.engine.explain.sides import Side
from aadsync_lib.engine.explain.target_identity import TargetIdentity
from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.assignment import AccessShown, WorkspaceAccess, WorkspaceId
from aadsync_lib.model.explanation import Entrance, WorkspaceEntry
from aadsync_lib.model.identity import Kind, Permission


def workspaces_of(identity: TargetIdentity) -> tuple[WorkspaceEntry, ...]:
    """Return the workspaces of the settings that a person can enter; assigned groups are read for it."""
    account, side = identity.account, identity.side
    shown = side.part.context.access.shown if side.part.context else {}
    if account is None or account.kind is Kind.GROUP or not shown:
        return ()
    above = _above(side, account, shown)
    entries = (_entry(workspace, there, account, above) for workspace, there in shown.items())
    return tuple(entry for entry in entries if entry)


def _above(side: Side, account: Account, shown: AccessShown) -> Mapping[str, str]:
    """Return the names, by id, of the groups with access to anything that contain somebody at any depth."""
    found: dict[str, str] = {}
    for group in sorted(set(_groups_with_access(side, shown))):
        side.read_below(group)
        if account.id in _below(side, group):
            found[group] = side.accounts[group].name
    return found


def _groups_with_access(side: Side, shown: AccessShown) -> Iterator[str]:
    for there in shown.values():
        if not isinstance(there, WorkspaceAccess):
            continue
        entitled = there.entitlements if not isinstance(there.entitlements, Unread) else {}
        for target_id in (*there.permissions, *entitled):
            known = side.accounts.get(target_id)
            if known and known.kind is Kind.GROUP:
                yield target_id


def _below(side: Side, group: str) -> set[str]:
    seen, open_ = {group}, [group]
    while open_:
        for member in side.members(open_.pop()) - seen:
            seen.add(member)
            open_.append(member)
    return seen


def _entry(
    workspace: WorkspaceId,
    there: WorkspaceAccess | Unread,
    account: Account,
    above: Mapping[str, str],
) -> WorkspaceEntry | None:
    if isinstance(there, Unread):
        return WorkspaceEntry(workspace, unread=there.reason)
    entrances = tuple(_entrances(workspace, there, account, above))
    if not entrances:
        return None
    unread = there.entitlements.reason if isinstance(there.entitlements, Unread) else None
    permissions = {entrance.permission for entrance in entrances}
    highest = Permission.ADMIN if Permission.ADMIN in permissions else Permission.USER
    names = sorted({name for entrance in entrances for name in entrance.entitlements})
    permission = None if permissions == {None} else highest
    return WorkspaceEntry(workspace, permission, tuple(names), entrances, unread)


def _entrances(
    workspace: WorkspaceId, there: WorkspaceAccess, account: Account, above: Mapping[str, str]
) -> Iterator[Entrance]:
    entitlements = {} if isinstance(there.entitlements, Unread) else there.entitlements
    for target_id, name in ((account.id, None), *sorted(above.items(), key=lambda item: item[1])):
        permission = there.permissions.get(target_id)
        names = tuple(sorted(entitlements.get(target_id, ())))
        if permission or (names and workspace is None):
            yield Entrance(name, target_id, permission, names)
