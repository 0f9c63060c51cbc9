"""Writes of a run that died: what became of them, as the state and the plan after it tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aadsync_lib.connector.state import State
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.run import Outcome, Result

AGAIN = "the run that announced it ended before it was done"


def recover(state: State) -> None:
    """Take note of what was made by runs that died, as if they had recorded it."""
    for item in state.past.pending:
        if done := _seen(state, item.change):
            state.past.add(done)


def outcomes(state: State, changes: Sequence[Change]) -> Iterator[tuple[int, Outcome]]:
    """Yield what became of each pending write by its journal entry; ``changes`` are left to be done."""
    left = {_key(change) for change in changes}
    for item in state.past.pending:
        done = _seen(state, item.change)
        if done is None and item.change.action not in MAKES and _key(item.change) not in left:
            done = item.change
        if done:
            yield item.entry, Outcome(done, Result.DONE)
        else:
            yield item.entry, Outcome(item.change, Result.FAILED, AGAIN)


MAKES = frozenset(
    {
        Action.CREATE_APPLICATION,
        Action.CREATE_JOB,
        Action.ASSIGN,
        Action.UNASSIGN,
        Action.DELETE_JOB,
        Action.DELETE_APPLICATION,
        Action.SET_CREDENTIALS,
        Action.RESTART,
        Action.PROVISION,
    }
)  # of which the state tells whether it was done, or nothing does


def _seen(state: State, change: Change) -> Change | None:
    """Return a change as it was done, where the state shows that it was."""
    mine = [a for a in state.assignments if a.principal == change.external_id]
    match change.action:
        case Action.CREATE_APPLICATION if state.application:
            return replace(change, target_id=state.application.id)
        case Action.CREATE_JOB if state.job:
            return replace(change, target_id=str(state.job["id"]))
        case Action.ASSIGN if mine:
            return replace(change, target_id=mine[0].id)
        case Action.UNASSIGN if state.application and not mine:
            return change
        case Action.DELETE_JOB if not state.job:
            return change
        case Action.DELETE_APPLICATION if not state.application:
            return change
        case _:
            return None


def _key(change: Change) -> tuple[Action, str | None, str]:
    return change.action, change.external_id, change.name
