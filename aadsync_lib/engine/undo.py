"""Plans the inverse of a run, from the journal and what the targets show. Reads no source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from aadsync_lib.config.settings import Settings, settings_digest
from aadsync_lib.engine.fingerprint import state_digest
from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.errors import UsageError
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Principal
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import Outcome, Result, Status
from aadsync_lib.ports import HistoryReader, Pending, Target
from aadsync_lib.reconcile.context import protected_ids
from aadsync_lib.reconcile.matching.pending import (
    former_links,
    outcomes_of_pending,
    resolve_pending,
)
from aadsync_lib.reconcile.undo.context import UndoContext, groups_to_read
from aadsync_lib.reconcile.undo.effects import effects_of, places_of, touched_by
from aadsync_lib.reconcile.undo.inverse import undo_target
from aadsync_lib.report.history.numbers import numbers_of

log = logging.getLogger(__name__)


def plan_undo(
    settings: Settings, targets: Sequence[Target], store: HistoryReader, run_id: str
) -> Planning:
    """Read the targets and plan the inverse of a run on each of them.

    Raises ``UsageError`` when there is no such run, or none that could be undone.
    """
    run = _undoable(run_id, store)
    entries = store.entries(run.run_id)
    _check_whole(run, entries)
    _check_targets(run, entries, settings)
    idle = _of_no_effect(run, store.runs(), [target.name for target in targets])
    later = [one for one in store.entries(after=run.started_at) if _later(one, run)]
    parts = [_part(settings, target, store, run, entries, later, idle) for target in targets]
    plans = tuple(part.plan for part in parts)
    plan = Plan(settings.name, plans, True, settings_digest(settings), undoes=run.run_id)
    return Planning(plan, {part.plan.target: part for part in parts})


def _part(
    settings: Settings,
    target: Target,
    store: HistoryReader,
    run: RunRecord,
    entries: Iterable[JournalEntry],
    later: Iterable[JournalEntry],
    idle: frozenset[tuple[str, str]],
) -> TargetPlanning:
    name, snapshot = target.name, target.read()
    pending, before = store.pending(name), store.links(name)
    recovered = resolve_pending(pending, snapshot, before, store.former(name), store.shared(name))
    links = recovered.applied_to(before)
    done = [one for one in entries if one.target == name]
    changes = [one.outcome.change for one in done]
    changes += [one.change for one in pending if one.run_id == run.run_id]
    after = [one for one in later if one.target == name]
    adopted = [one.outcome.change for one in after] + [one.change for one in pending]
    places = places_of(changes, adopted, snapshot.accounts, links)
    members = target.members(groups_to_read(changes, snapshot, places))
    resolved_pending = outcomes_of_pending(pending, snapshot, members, links)
    found = _found(pending, resolved_pending, name, run)
    others = [one for one in (*after, *found) if one.run_id != run.run_id]
    since = [one for one in others if (one.run_id, name) not in idle]
    context = UndoContext(
        effects=effects_of((*done, *(f for f in found if f.run_id == run.run_id)), places),
        touched=touched_by(since, places),
        target=snapshot,
        links=links,
        protected=_protected(settings, snapshot, links),
        former=former_links(store.former(name), before, links),
        shared=store.shared(name),
        members=members,
        additive=settings.policy.mode == "additive",
    )
    pace = next(one.pace for one in settings.targets if one.name == name)
    plan = replace(undo_target(name, context, pace), state_digest=_state(context))
    log.info("planned %d changes that undo run %s", len(plan.changes), run.run_id)
    return TargetPlanning(plan, links, recovered, resolved_pending)


def _state(context: UndoContext) -> str:
    concerned = {*context.links.by_target, *context.effects.objects, *context.members}
    return state_digest(context.target.accounts, context.members, concerned)


def _undoable(run_id: str, store: HistoryReader) -> RunRecord:
    run = next((one for one in store.runs() if one.run_id == run_id), None)
    if run is None:
        raise UsageError(f"There is no run {run_id} in the store. aadsync history lists the runs.")
    if run.status == Status.REFUSED:
        raise UsageError(
            f"Run {run_id} was refused by the guard and changed nothing, so there is nothing to undo."
        )
    return run


def _check_whole(run: RunRecord, entries: Iterable[JournalEntry]) -> None:
    """Refuse a run of which the store has let go of a part: its inverse would not be exact."""
    applied = numbers_of(run).changes
    kept = sum(one.outcome.result is Result.DONE for one in entries)
    if kept < applied:
        raise UsageError(
            f"Run {run.run_id} made {applied} changes, of which the store still has {kept}: older ones "
            f"are deleted after store.retention_days. It cannot be undone exactly, so nothing was "
            f"changed. What is left of it: aadsync history {run.run_id}"
        )


def _check_targets(run: RunRecord, entries: Iterable[JournalEntry], settings: Settings) -> None:
    known = {one.name for one in settings.targets}
    lost = sorted({one.target for one in entries} - known)
    if lost:
        raise UsageError(
            f"Run {run.run_id} changed {', '.join(lost)} as well, which the settings no longer have. "
            f"Nothing was changed. Put it back into the settings to undo the run."
        )


def _later(entry: JournalEntry, run: RunRecord) -> bool:
    """Whether an entry is of a later run: one target has one run at a time."""
    ended = run.started_at if run.ended_at is None else run.ended_at
    return entry.run_id != run.run_id and entry.announced_at >= ended


def _of_no_effect(
    run: RunRecord, runs: Sequence[RunRecord], targets: Iterable[str]
) -> frozenset[tuple[str, str]]:
    """Return the later runs, by target, that changed nothing in the end; ``runs`` are newest first.

    These are what undoes this run, what undoes that, and pairs of a run and what undid it completely.
    """
    later = list(takewhile(lambda one: one.run_id != run.run_id, runs))
    family = {run.run_id}
    for one in reversed(later):
        if one.undoes in family:
            family.add(one.run_id)
    found = {(run_id, target) for run_id in family for target in targets}
    known = {one.run_id for one in later}
    for one in later:
        about = numbers_of(one)
        if one.undoes in known and one.status == Status.SUCCEEDED and not about.left:
            for target in about.targets:
                if (one.run_id, target) not in found:
                    found |= {(one.run_id, target), (str(one.undoes), target)}
    return frozenset(found)


def _found(
    pending: Iterable[Pending], resolved_pending: Mapping[int, Outcome], target: str, run: RunRecord
) -> list[JournalEntry]:
    """Return what writes without a recorded outcome have done, as the target shows it."""
    when = run.started_at
    return [
        JournalEntry(one.entry, one.run_id, target, resolved_pending[one.entry], when, when)
        for one in pending
    ]


def _protected(settings: Settings, target: TargetSnapshot, links: Links) -> frozenset[str]:
    """Return who is protected; the names that Entra had for them are those of their links."""
    names = {
        external_id: Principal(link.kind, external_id, link.name, link.name)
        for external_id, link in links.by_external.items()
    }
    return protected_ids(target, settings.policy.protected, Desired(names, {}, {}), links)
