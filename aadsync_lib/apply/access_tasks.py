"""Tasks of access to workspaces: given once a principal is there as planned, taken back before it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aadsync_lib.apply.tasks import ITSELF, OF_MEMBERS, Parts, Phase, Task, creates
from aadsync_lib.model.change import ACCESS, ENTITLEMENTS, Action, Change
from aadsync_lib.model.rates import Verb

GRANTS, ASSIGNS = "entitlements", "permission"
Place = tuple[str | None, int | None, str]  # an identity, a workspace, and which of the two


def access_tasks(changes: Iterable[Change], parts: Parts) -> Iterator[Task]:
    """Yield a task for each permission, and one for all entitlements of somebody in a workspace.

    Entitlements wait for the assignment that they need; what is revoked goes before the assignment, and what
    no rule asks for under a new name goes once the group has it. Who is replaced loses nothing that the other
    does not have by then.
    """
    by_key: dict[str, list[Change]] = {}
    for change in changes:
        by_key.setdefault(_key(change, _aspect(change)), []).append(change)
    giving: dict[Place, set[str]] = {}
    for key, group in by_key.items():
        if _gives(group):
            giving.setdefault(_place(group[0]), set()).add(key)
    for key, group in by_key.items():
        first = group[0]
        needs, after = _before(first, parts)
        other = _key(first, ASSIGNS if first.action in ENTITLEMENTS else GRANTS)
        if first.action in ENTITLEMENTS and _gives(by_key.get(other, ())):
            needs |= {other}
        elif first.action is Action.UNASSIGN_WORKSPACE:
            after |= {other} & by_key.keys()
        if not _gives(group):
            needs |= giving.get(_place(first), set())
        phase = Phase.BUILD if _gives(group) else Phase.REMOVE
        if phase is Phase.REMOVE and (renaming := _renaming(first, parts)):
            needs, phase = needs | {renaming}, Phase.DELETE  # as late as a rename may be
        verb = Verb.ENTITLEMENT if first.action in ENTITLEMENTS else Verb.ASSIGNMENT
        yield Task(key, phase, verb, tuple(group), frozenset(after), frozenset(needs))


def _key(change: Change, aspect: str) -> str:
    subject = change.external_id or change.target_id or change.name
    return f"{subject}/{change.target_id}/{change.workspace_id}/{aspect}"


def _place(change: Change) -> Place:
    return change.external_id, change.workspace_id, _aspect(change)


def _aspect(change: Change) -> str:
    return GRANTS if change.action in ENTITLEMENTS else ASSIGNS


def _gives(changes: Iterable[Change]) -> bool:
    return any(not change.takes_access for change in changes)


def _before(change: Change, parts: Parts) -> tuple[set[str], set[str]]:
    """Return what has to be done first, and what has to be over: its making, and its members."""
    subject = change.external_id or ""
    itself, members = subject + ITSELF, subject + OF_MEMBERS
    part = parts.get(itself, ())
    makes = creates(part) or any(each.action.verb == "adopt" for each in part)
    return ({itself} if makes else set(), {members} & parts.keys())


def _renaming(change: Change, parts: Parts) -> str | None:
    """Return the rename of a group, if there is one: what goes with the old name goes once it has the new one."""
    itself = (change.external_id or "") + ITSELF
    renames = any(part.action is Action.RENAME_GROUP for part in parts.get(itself, ()))
    return itself if renames else None


def of_access(changes: Sequence[Change]) -> bool:
    """Return whether a task is one of access: it has nothing else."""
    return any(change.action in ACCESS for change in changes)
