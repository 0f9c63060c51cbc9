"""What there is to record of a task once its request has been answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result


def all_of(changes: Sequence[Change], result: Result, error: str | None = None) -> list[Outcome]:
    """Return the same outcome for each of these changes."""
    return [Outcome(change, result, error) for change in changes]


def settle_members(
    run_log: RunLog,
    changes: Sequence[Change],
    entries: Sequence[int],
    refused: dict[str, str],
    linked: tuple[Link, ...] = (),
) -> None:
    """Record a task of which some members, by target id, were refused and everything else was done."""
    outcomes = [_partly(change, refused) for change in changes]
    run_log.settle(entries, outcomes, linked=linked)
    for change, outcome in zip(changes, outcomes, strict=True):
        for member in change.members:
            if outcome.result is Result.DONE and member.target_id in refused:
                alone = replace(change, members=(member,))
                run_log.fail(Outcome(alone, Result.FAILED, refused[member.target_id]))


def _partly(change: Change, refused: dict[str, str]) -> Outcome:
    """Return what was done of a change; one of which no member is left has failed."""
    left = tuple(member for member in change.members if member.target_id not in refused)
    if change.members and not left:
        first = change.members[0].target_id
        assert first
        return Outcome(change, Result.FAILED, refused[first])
    return Outcome(replace(change, members=left), Result.DONE)


def link_of(change: Change, target_id: str, origin: Origin) -> Link:
    """Return the link that an object gets by a change of it."""
    assert change.external_id
    return Link(change.action.kind, change.external_id, target_id, origin, change.name)


def ids_of(changes: Sequence[Change], action: Action) -> list[str]:
    """Return the target ids of the members of one sort of changes."""
    members = (m for change in changes if change.action is action for m in change.members)
    return [member.target_id for member in members if member.target_id]
