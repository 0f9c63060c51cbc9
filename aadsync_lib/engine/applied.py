"""Tells a saved plan that was carried out already, by the journal, by Entra and by what is planned now."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.clock import utc
from aadsync_lib.engine.planning import Planning
from aadsync_lib.engine.stale import fingerprinted
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Result
from aadsync_lib.ports import HistoryReader
from aadsync_lib.reconcile.state.retries import keys_of

BY_OTHERS = "the target has all of it, by other hands"
Keys = frozenset[tuple[str, str]]
"""What tells changes from others, with the target that they are of."""


def applied_earlier(saved: Plan, current: Planning, store: HistoryReader) -> str | None:
    """Return in words how a saved plan was carried out; ``None`` where a part of it was not, or is planned again.

    The journal tells what runs have done since it was saved. Where nothing is planned any more and neither
    Entra nor the settings have moved, somebody else has done the same.
    """
    wanted, plan = _keys(saved), current.plan
    if not wanted or saved.sync != plan.sync or saved.settings_digest != plan.settings_digest:
        return None
    if wanted & _keys(plan):
        return None
    if runs := _runs_that_did(wanted, saved, store):
        return f"{'run' if len(runs) == 1 else 'runs'} {', '.join(runs)} did it"
    return BY_OTHERS if plan.empty and _wanted_still(saved, current) else None


def _keys(plan: Plan) -> Keys:
    return frozenset((target.target, key) for target in plan.targets for key in _keys_of(target))


def _keys_of(target: TargetPlan) -> Iterator[str]:
    return (key for change in target.changes for key in keys_of(change))


def _runs_that_did(wanted: Keys, saved: Plan, store: HistoryReader) -> tuple[str, ...]:
    """Return the runs that did all of it together, in their order; none where a part was done by none."""
    left, runs = set(wanted), []
    for run in store.runs():
        since = utc(run.started_at) >= saved.head.time if saved.head else run.digest == saved.digest
        if not since:
            continue
        done = {
            (entry.target, key)
            for entry in store.entries(run.run_id)
            if entry.outcome.result is Result.DONE
            for key in keys_of(entry.outcome.change)
        }
        if left & done:
            runs.append(run.run_id)
            left -= done
        if not left:
            return tuple(reversed(runs))
    return ()


def _wanted_still(saved: Plan, current: Planning) -> bool:
    """Whether Entra asks for the same as then, and nothing of it waits for anybody."""
    targets = current.plan.targets
    if any(target.quarantined or target.on_hold or target.unapplied for target in targets):
        return False
    then = saved.source_digest
    return bool(then) and fingerprinted(current).source_digest == then
