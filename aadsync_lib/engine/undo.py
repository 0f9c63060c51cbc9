"""Plans the inverse of a run, from the journal and what the targets show. Reads no source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from aadsync_lib.config.policy import Policy
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.access import AccessReading, read_access
from aadsync_lib.engine.inquiry import Shown
from aadsync_lib.engine.planning import Planning, StoredLinks, TargetPlanning, with_estimate
from aadsync_lib.engine.stale import state_digest
from aadsync_lib.errors import TargetError, UsageError
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import NO_PLAN
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.link import Links
from aadsync_lib.model.run import Outcome, Result, Status
from aadsync_lib.own_words import joined, own
from aadsync_lib.ports import HistoryReader, Target
from aadsync_lib.reconcile.matching.pending import outcomes_of_pending
from aadsync_lib.reconcile.protection import protected_ids
from aadsync_lib.reconcile.undo.context import UndoContext, groups_to_read
from aadsync_lib.reconcile.undo.effects import effects_of, places_of, touched_by
from aadsync_lib.reconcile.undo.inverse import undo_target
from aadsync_lib.report.history.as_json import report_of
from aadsync_lib.workspace_port import Assignments

UNLISTED = (
    "the target was not listed in full, and an undo goes by what is there today. Nothing was changed. "
    "Run it again."
)

log = logging.getLogger(__name__)


def plan_undo(
    settings: Settings,
    targets: Sequence[Target],
    reader: HistoryReader,
    run_id: str,
    assignments: Mapping[str, Assignments] | None = None,
) -> Planning:
    """Read the targets and plan the inverse of a run on each of them.

    Raises ``UsageError`` when there is no such run, or none that could be undone.
    """
    run = _undoable(run_id, reader)
    entries = reader.entries(run.run_id)
    _check_whole(run, entries)
    _check_targets(run, entries, settings)
    idle = _of_no_effect(run, reader.runs(), [target.name for target in targets])
    planning = _UndoPlanning(settings, reader, run, entries, idle, assignments or {})
    parts = [planning.plan(target) for target in targets]
    return Planning.of(settings, parts, undoes=run.run_id)


@dataclass(frozen=True)
class _UndoPlanning:
    """Plans the inverse of one run on each target; ``idle`` runs, by target, changed nothing."""

    settings: Settings
    reader: HistoryReader
    run: RunRecord
    entries: Sequence[JournalEntry]
    idle: frozenset[tuple[str, str]]
    assignments: Mapping[str, Assignments]

    def plan(self, target: Target) -> TargetPlanning:
        """Read the target, and plan the inverse of what the run did there."""
        name, snapshot = target.name, target.read()
        policy = self.settings.for_target(name).policy
        if not snapshot.complete:
            raise TargetError(f"{name}: {UNLISTED}")
        done = [entry for entry in self.entries if entry.target == name]
        snapshot = _with_unlisted(target, snapshot, [entry.outcome.change for entry in done])
        stored = StoredLinks.read(self.reader, name, snapshot)
        open_ = [entry for entry in stored.pending if entry.run_id == self.run.run_id]
        numbers = [entry.entry for entry in done] + [entry.entry for entry in open_]
        first, last = min(numbers, default=0), max(numbers, default=0)
        after = self.reader.later(name, last)
        changes = [entry.outcome.change for entry in done] + [entry.change for entry in open_]
        adopted = [entry.outcome.change for entry in after] + [e.change for e in stored.pending]
        places = places_of(changes, adopted, snapshot.accounts, stored.links)
        members = target.members(groups_to_read(changes, snapshot, places))
        access = self._access(name, stored, changes)
        resolved_pending = outcomes_of_pending(
            stored.pending, snapshot, members, stored.links, access.shown
        )
        late = self._resolved(stored, resolved_pending, name)
        context = UndoContext(
            effects=effects_of((*done, *(e for e in late if e.run_id == self.run.run_id)), places),
            touched=touched_by(self._since(last, (*after, *late)), places),
            target=snapshot,
            links=stored.links,
            protected=_protected(policy, snapshot, stored.links),
            former=stored.lost(),
            owners=self._owners(name, changes, first),
            shared={key: sharer.sync for key, sharer in stored.shared.items()},
            members=members,
            additive=policy.mode == "additive",
            undoes=self.run.undoes,
            access=access.context(resolved_pending.values(), stored.links),
        )
        plan = replace(undo_target(name, context), state_digest=_state(context))
        log.info("planned %d changes that undo run %s", len(plan.changes), self.run.run_id)
        priced = with_estimate(plan, target, self.assignments.get(name))
        return TargetPlanning(priced, stored.links, stored.recovered, resolved_pending)

    def _access(self, name: str, stored: StoredLinks, changes: Iterable[Change]) -> AccessReading:
        settings = next(target for target in self.settings.targets if target.name == name)
        port, pending = self.assignments.get(name), stored.pending
        return read_access(settings, port, self.reader, stored.links, pending, changes=changes)

    def _resolved(
        self, stored: StoredLinks, outcomes: Mapping[int, Outcome], target: str
    ) -> list[JournalEntry]:
        """Return what writes without a recorded outcome have done, as the target shows it."""
        when = self.run.started_at
        return [
            JournalEntry(entry.entry, entry.run_id, target, outcomes[entry.entry], when, when)
            for entry in stored.pending
        ]

    def _owners(self, target: str, changes: Iterable[Change], first: int) -> Mapping[str, str]:
        """Return whose was what the run adopted, before it did."""
        adopted = {c.target_id for c in changes if c.action.verb == "adopt" and c.target_id}
        return self.reader.owners(target, adopted, first)

    def _since(self, last: int, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """Return the entries of later runs, but for those that changed nothing in the end.

        One target has one run at a time, so whatever comes after the last entry of a run is of later ones.
        """
        later = (entry for entry in entries if entry.entry > last)
        return [entry for entry in later if (entry.run_id, entry.target) not in self.idle]


def _with_unlisted(
    target: Target, snapshot: TargetSnapshot, changes: Iterable[Change]
) -> TargetSnapshot:
    """Look up what the run was about and the listing leaves out: it may be there, and be protected."""
    ids: dict[str, Kind | None] = {}
    for change in changes:
        ids |= {change.target_id: change.kind} if change.target_id else {}
        ids |= {member.target_id: member.type for member in change.members if member.target_id}
    missing = {key: kind for key, kind in ids.items() if key not in snapshot.accounts}
    return Shown(snapshot).with_objects(target, missing).snapshot


def _state(context: UndoContext) -> str:
    concerned = {*context.links.by_target, *context.effects.objects, *context.members}
    shown = context.access.shown
    return state_digest(context.target.accounts, context.members, concerned, shown)


def _undoable(run_id: str, reader: HistoryReader) -> RunRecord:
    run = next((run for run in reader.runs() if run.run_id == run_id), None)
    if run is None:
        raise UsageError(
            joined(
                f"There is no run {run_id} in the store. ", own("aadsync history lists the runs.")
            )
        )
    if run.digest == NO_PLAN:
        raise UsageError(
            joined(
                f"Run {run_id} changed an application in Entra, the connector's or the sync's own, which no undo "
                f"takes back. Nothing was changed. ",
                own("aadsync connector setup, connector remove and register change it."),
            )
        )
    if run.status == Status.REFUSED:
        raise UsageError(
            f"Run {run_id} was refused by the guard and changed nothing, so there is nothing to undo."
        )
    return run


def _check_whole(run: RunRecord, entries: Iterable[JournalEntry]) -> None:
    """Refuse a run of which the store has let go of a part: its inverse would not be exact."""
    applied = report_of(run).applied.total()
    kept = sum(entry.outcome.result is Result.DONE for entry in entries)
    if kept < applied:
        raise UsageError(
            joined(
                f"Run {run.run_id} made {applied} changes, of which the store still has {kept}: older ones "
                f"are deleted after store.retention_days. It cannot be undone exactly, so nothing was "
                f"changed. What is left of it: ",
                own(f"aadsync history {run.run_id}"),
            )
        )


def _check_targets(run: RunRecord, entries: Iterable[JournalEntry], settings: Settings) -> None:
    known = {target.name for target in settings.targets}
    lost = sorted({entry.target for entry in entries} - known)
    if lost:
        raise UsageError(
            f"Run {run.run_id} changed {', '.join(lost)} as well, which the settings no longer have. "
            f"Nothing was changed. Put it back into the settings to undo the run."
        )


def _of_no_effect(
    run: RunRecord, runs: Sequence[RunRecord], targets: Iterable[str]
) -> frozenset[tuple[str, str]]:
    """Return the later runs, by target, that changed nothing in the end; ``runs`` are newest first.

    These are what undoes this run, what undoes that, and pairs of a run and what undid it completely.
    """
    later = list(takewhile(lambda past: past.run_id != run.run_id, runs))
    family = {run.run_id}
    for past in reversed(later):
        if past.undoes in family:
            family.add(past.run_id)
    idle = {(run_id, target) for run_id in family for target in targets}
    known = {past.run_id for past in later}
    for past in later:
        if past.undoes in known and past.status == Status.SUCCEEDED:
            reports = report_of(past).targets
            for report in () if any(each.unapplied for each in reports) else reports:
                if (past.run_id, report.target) not in idle:
                    idle |= {(past.run_id, report.target), (str(past.undoes), report.target)}
    return frozenset(idle)


def _protected(policy: Policy, target: TargetSnapshot, links: Links) -> frozenset[str]:
    """Return who is protected; the names that Entra had for them are those of their links."""
    names = {
        external_id: Principal(link.kind, external_id, link.name, link.name)
        for external_id, link in links.by_external.items()
    }
    return protected_ids(target, policy.protected, Desired(names, {}, {}), links)
