"""Gifts of a sync: what it gave in workspaces by its journal, and what of that counts for the limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import (
    AccessContext,
    AccessShown,
    Given,
    Recipient,
    WorkspaceAccess,
    WorkspaceId,
)
from aadsync_lib.model.change import ACCESS, Action, Change
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.link import Links
from aadsync_lib.model.run import Outcome, Result


def given_by(done: Iterable[Change]) -> Mapping[Recipient, Given]:
    """Return what these changes, oldest first, have given and not taken back."""
    given: dict[Recipient, Given] = {}
    for change in done:
        if change.target_id is None:
            continue
        key = (change.workspace_id, change.target_id)
        before = given.get(key) or Given(change.kind, change.external_id, change.name)
        after = _after(before, change)
        given[key] = replace(after, external_id=change.external_id, name=change.name)
    return {key: each for key, each in given.items() if each.permission or each.entitlements}


def _after(given: Given, change: Change) -> Given:
    before, after = change.before or Attributes(), change.after or Attributes()
    match change.action:
        case Action.ASSIGN_WORKSPACE:
            base = given.base if given.permission else before.permission
            ours = None if after.permission == base else after.permission
            return replace(given, permission=ours, base=base if ours else None)
        case Action.UNASSIGN_WORKSPACE:
            if before.permission is None:  # it was gone, with all that went with it
                return replace(given, permission=None, base=None, entitlements=frozenset())
            return replace(given, permission=None, base=None)
        case Action.GRANT_ENTITLEMENTS:
            return replace(given, entitlements=given.entitlements | set(after.entitlements or ()))
        case _:
            return replace(given, entitlements=given.entitlements - set(before.entitlements or ()))


def done_late(outcomes: Iterable[Outcome], links: Links) -> Iterator[Change]:
    """Yield the changes of access that a run which died has made, as the workspaces show it."""
    for outcome in outcomes:
        change = outcome.change
        if change.action in ACCESS and outcome.result is Result.DONE:
            yield placed(change, links)


def placed(change: Change, links: Links) -> Change:
    """Return the change with the id on the target of whom it is about, as far as it is known."""
    link = links.by_external.get(change.external_id or "")
    return replace(change, target_id=change.target_id or (link.target_id if link else None))


def shows(change: Change, shown: AccessShown) -> bool | None:
    """Return whether a workspace shows what a change did, ``None`` where it could not be read."""
    there = shown.get(change.workspace_id)
    if not isinstance(there, WorkspaceAccess):
        return None
    before, after = change.before or Attributes(), change.after or Attributes()
    target_id = change.target_id or ""
    if change.action in (Action.ASSIGN_WORKSPACE, Action.UNASSIGN_WORKSPACE):
        return there.permissions.get(target_id) == after.permission
    if isinstance(there.entitlements, Unread):
        return None
    has = there.entitlements.get(target_id, frozenset())
    if change.action is Action.GRANT_ENTITLEMENTS:
        return has.issuperset(after.entitlements or ())
    return has.isdisjoint(before.entitlements or ())


def access_managed(access: AccessContext) -> int:
    """Count the assignments and entitlements that a sync has given and that are there, as far as is known."""
    return sum(
        _standing(access.shown[workspace], target_id, given)
        for (workspace, target_id), given in access.given.items()
        if workspace in access.shown
    )


def _standing(there: WorkspaceAccess | Unread, target_id: str, given: Given) -> int:
    if isinstance(there, Unread):
        return bool(given.permission) + len(given.entitlements)
    assigned = given.permission is not None and target_id in there.permissions
    if isinstance(there.entitlements, Unread):
        return assigned + len(given.entitlements)
    return assigned + len(there.entitlements.get(target_id, frozenset()) & given.entitlements)


def access_lost(changes: Sequence[Change]) -> tuple[str, ...]:
    """Name every assignment and entitlement that is taken back, in full or in part.

    The entitlements of somebody who is unassigned go with the assignment, and are not counted again.
    What a list shows as gone counts, too: a list that errs may not hide a loss.
    """
    taking = [change for change in changes if change.takes_access]
    unassigned = {_recipient(c) for c in taking if c.action is Action.UNASSIGN_WORKSPACE}
    return tuple(
        name
        for change in taking
        for name in _losses(change)
        if change.action is not Action.REVOKE_ENTITLEMENTS or _recipient(change) not in unassigned
    )


def _recipient(change: Change) -> tuple[WorkspaceId, str | None]:
    return change.workspace_id, change.target_id


def _losses(change: Change) -> Iterator[str]:
    before = change.before or Attributes()
    place = place_of(change.workspace_id)
    if change.action is Action.REVOKE_ENTITLEMENTS:
        yield from (f"{change.name} loses {name}{place}" for name in before.entitlements or ())
    elif change.action is Action.UNASSIGN_WORKSPACE:
        yield f"{change.name} from workspace {change.workspace_id}"
    else:
        yield f"{change.name} no admin of workspace {change.workspace_id}"


def place_of(workspace: WorkspaceId) -> str:
    """Return `` in workspace 123``, nothing where the target itself is the workspace."""
    return "" if workspace is None else f" in workspace {workspace}"


def access_rows(shown: AccessShown) -> Iterator[tuple[object, ...]]:
    """Yield what the workspaces show, a row for each workspace and principal, to compare it later."""
    for workspace, there in shown.items():
        if isinstance(there, Unread):
            yield workspace, there.reason
            continue
        yield from ((workspace, key, each.value) for key, each in there.permissions.items())
        if isinstance(there.entitlements, Unread):
            yield workspace, there.entitlements.reason
        else:
            yield from ((workspace, key, sorted(e)) for key, e in there.entitlements.items() if e)
