"""Plans from the mirror of both sides: only what a few changes can reach is read, by itself."""

from __future__ import annotations

import logging
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace

from aadsync_lib.engine.asked_once import AskedOnce
from aadsync_lib.engine.kept import mirror_of
from aadsync_lib.engine.mirrored_target import ROUNDS, MirroredTarget
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.planning import Planning, SyncPlanning, TargetPlanning
from aadsync_lib.engine.views import Views
from aadsync_lib.model.carried import Checkpoint
from aadsync_lib.model.directory import Affected, Changes, Notice, Presence, Snapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.mirror import Mirror, TargetMirror
from aadsync_lib.model.run import RunReport
from aadsync_lib.ports import Store
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.source import (
    affected,
    brought_up_to_date,
    check_shown,
    presences_in,
    presences_kept,
)
from aadsync_lib.reconcile.mirror.target import (
    Touched,
    believed,
    check_ordinary,
    same_again,
    touched_by,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MirrorPlanner:
    """Plans what a few announced changes come to. Every method raises ``FullRunNeeded`` for anything else."""

    planner: Planner
    mirror: Mirror
    targets: Mapping[str, MirroredTarget]

    @classmethod
    def of(cls, planner: Planner, store: Store, kept: Checkpoint) -> MirrorPlanner:
        """Return one for the mirror that a checkpoint has."""
        mirror = mirror_of(kept, store, planner.targets)
        targets = {t.name: MirroredTarget(t, mirror.targets[t.name]) for t in planner.targets}
        return cls(planner, mirror, targets)

    def look(self, unsure: Mapping[str, Collection[str]]) -> None:
        """See that what an earlier run has changed is as it left it."""
        for name, target in self.targets.items():
            known = target.mirror
            accounts = known.snapshot.accounts
            ids = {key: accounts[key].kind for key in unsure.get(name, ()) if key in accounts}
            target.seen_again(Touched(ids))
            if not all(same_again(known, target.mirror, key) for key in ids):
                raise FullRunNeeded(f"{name}: what the run before changed is not as it was left")

    def plan(
        self, changes: Changes, watched: Container[str], notices: tuple[Notice, ...]
    ) -> Planning:
        """Bring the mirror up to date and plan, the guard's verdict included."""
        planner, known = self.planner, self.mirror.directory
        names = [target.name for target in planner.targets]
        scope = planner.settings.whole_scope(names)
        about = affected(changes, scope, known, watched)
        again = planner.source.read_again(known, about)
        snapshot = brought_up_to_date(known, again, about, changes)
        check_shown(snapshot, changes, scope, watched)
        presences = {**self.mirror.presences, **presences_in(again)}
        sync = self._sync(Views(planner.settings, names, snapshot), presences)
        parts = [self._part(sync, self.targets[name], about) for name in names]
        parts = [
            replace(part, plan=replace(part.plan, warnings=(*part.plan.warnings, *notices)))
            for part in parts
        ]
        return self._checked(parts, snapshot, sync.views)

    def _sync(self, views: Views, presences: Mapping[str, Presence]) -> SyncPlanning:
        planner = self.planner
        return SyncPlanning(
            views,
            AskedOnce(planner.source, presences),
            planner.reader,
            planner.clock.now(),
            planner.reader.latest_run(),
            frozenset(),
            with_access=False,
        )

    def _part(
        self, sync: SyncPlanning, mirrored: MirroredTarget, about: Affected
    ) -> TargetPlanning:
        """Plan one target, and read what the plan touches, until it touches nothing that was not read."""
        for _ in range(ROUNDS):
            part = sync.plan(mirrored, mirrored.read())
            check_ordinary(part.plan, about)
            assert part.context
            if mirrored.seen_again(touched_by(part.plan.changes, part.context)):
                groups = {change.external_id for change in part.plan.changes}
                links = part.links.of_kind(Kind.GROUP)
                rest = (link.external_id for link in links if link.external_id not in groups)
                return replace(part, not_read=frozenset(rest))
        raise FullRunNeeded("each look at the target shows more to do")

    def _checked(
        self, parts: Collection[TargetPlanning], snapshot: Snapshot, views: Views
    ) -> Planning:
        planner = self.planner
        roots = views.roots(planner.reader.roots())
        planned = Planning.of(planner.settings, list(parts), snapshot, roots=roots)
        if not planned.verdict.allowed:
            raise FullRunNeeded("the guard has something against the plan")
        return replace(planned, plan=replace(planned.plan, head=planner.head(), full=False))


def mirror_after(planning: Planning, report: RunReport, store: Store) -> Mirror | None:
    """Return what both sides are believed to be after a run that left nothing open, as far as that can be told."""
    assert planning.snapshot
    targets: dict[str, TargetMirror] = {}
    presences: dict[str, Presence] = {}
    for each in report.targets:
        context = planning.parts[each.target].context
        belief = context and believed(context, each.outcomes, store.links(each.target))
        if not context or not belief:
            return None
        targets[each.target] = belief
        presences |= presences_kept(context.presences)
    return Mirror(planning.snapshot, targets, presences)
