"""Plans one sync. Reads both sides and the store, and writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.aim import aim_report, plan_alignment
from aadsync_lib.engine.asked_once import AskedOnce
from aadsync_lib.engine.explain.explainer import Explainer
from aadsync_lib.engine.head import head_of
from aadsync_lib.engine.on_demand import Asked, asked_for, left_out
from aadsync_lib.engine.part import PartPlanner
from aadsync_lib.engine.planning import Planning, SyncPlanning, TargetPlanning
from aadsync_lib.engine.stale import fingerprinted
from aadsync_lib.engine.undo import plan_undo
from aadsync_lib.engine.views import Views
from aadsync_lib.model.aim import AimReport
from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.head import Head
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.ports import Clock, HistoryReader, Neighbours, Source, Target
from aadsync_lib.reconcile.matching.pending import ResolvedLinks
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.state.retries import Everything
from aadsync_lib.workspace_port import Assignments

NOTHING_BESIDE: Mapping[str, tuple[Notice, ...]] = MappingProxyType({})

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planner:
    """Plans a sync, or the undo of a run, and explains. None of it has side effects.

    ``assignments`` reach the workspaces of the targets, by the names of these; ``neighbours`` are who else
    provisions into them, where the settings name anybody. ``by`` is whoever asks.
    """

    settings: Settings
    source: Source
    targets: Sequence[Target]
    reader: HistoryReader
    clock: Clock
    assignments: Mapping[str, Assignments] = field(default_factory=dict)
    neighbours: Neighbours | None = None
    by: str = ""

    def plan(
        self,
        *,
        full: bool = False,
        fingerprint: bool = False,
        anyway: Container[str] = frozenset(),
        user: str | None = None,
        group: str | None = None,
    ) -> Planning:
        """Read Entra and all targets at once, and plan every change of every target.

        ``full`` tries what failed before now, however often it did; ``anyway`` are the keys of changes
        of which that holds. ``fingerprint`` is for a plan that is saved: it can tell later on which
        side the world has moved. With a ``user`` or ``group``, by any name, only what concerns that one is planned,
        which raises ``NobodyError`` for a name that nobody has. Raises ``SourceError`` or ``TargetError`` when a
        side could not be read at all.
        """
        names = [target.name for target in self.targets]
        asked = asked_for(self.source, self.reader, names, user, group)
        beside = self.neighbours.notices if self.neighbours else lambda: NOTHING_BESIDE
        with ThreadPoolExecutor(2 + len(self.targets)) as pool:
            notices = pool.submit(beside)
            part = self._of_part(asked) if asked and not full else None
            views, parts = part or self._of_all(pool, Everything() if full else anyway, asked)
        parts = _warned(parts, notices.result())
        if asked:
            parts = _warned(parts, dict.fromkeys(names, (left_out(asked.name),)))
        roots = views.roots(self.reader.roots())
        planned = self._headed(Planning.of(self.settings, parts, views.snapshot, roots=roots))
        if asked:
            planned = replace(planned, plan=replace(planned.plan, full=False))
        return replace(planned, plan=fingerprinted(planned)) if fingerprint else planned

    def plan_nothing(self, notices: tuple[Notice, ...]) -> Planning:
        """Return the planning of a run that reads neither side; every target has these notices."""
        parts = [
            TargetPlanning(TargetPlan(t.name, warnings=notices), Links(()), ResolvedLinks(), {})
            for t in self.targets
        ]
        planned = self._headed(Planning.of(self.settings, parts))
        return replace(planned, plan=replace(planned.plan, full=False))

    def _of_all(
        self, pool: Executor, tried: Container[str], asked: Asked | None
    ) -> tuple[Views, list[TargetPlanning]]:
        """Read both sides in full and plan each target."""
        entra = pool.submit(self.source.read, self.reader.roots())
        reads = [pool.submit(target.read) for target in self.targets]
        views = Views(self.settings, [t.name for t in self.targets], entra.result())
        planning = SyncPlanning(
            views,
            AskedOnce(self.source),
            self.reader,
            self.clock.now(),
            self.reader.latest_run(),
            tried,
            self.assignments,
            asked.ids if asked else None,
        )
        each = zip(self.targets, reads, strict=True)
        return views, [planning.plan(target, read.result()) for target, read in each]

    def _of_part(self, asked: Asked) -> tuple[Views, list[TargetPlanning]] | None:
        """Read and plan only what concerns somebody; ``None`` where everything has to be read for that."""
        part = PartPlanner(
            self.settings,
            self.source,
            self.targets,
            self.reader,
            self.clock.now(),
            self.assignments,
        )
        try:
            views, parts = part.plan(asked)
        except FullRunNeeded as needed:
            log.info("both sides are read in full: %s", needed)
            return None
        verdict = Planning.of(self.settings, parts).verdict
        return (views, parts) if verdict.allowed else None

    def plan_undo(self, run_id: str) -> Planning:
        """Plan the exact inverse of a run against today's state; what changed since is left alone."""
        return self._headed(
            plan_undo(self.settings, self.targets, self.reader, run_id, self.assignments)
        )

    def plan_alignment(self) -> Planning:
        """Plan only the externalIds that automatic identity management needs."""
        return self._headed(plan_alignment(self.settings, self.targets, self.plan()))

    def aim_report(self) -> AimReport:
        """Report what automatic identity management would double, block or split."""
        return aim_report(self.settings, self.plan())

    def explain(self, user: str | None = None, group: str | None = None) -> Explanation:
        """Explain a person, a group, or why the person is in the group."""
        asked = Explainer(self.settings, self.source, self.targets, self.reader, self.plan)
        return asked.explain(user, group)

    def head(self) -> Head:
        """Return the head of what is planned or answered now."""
        return head_of(self.settings, self.clock.now(), self.by)

    def _headed(self, planning: Planning) -> Planning:
        return replace(planning, plan=replace(planning.plan, head=self.head()))

    def history(self) -> tuple[RunRecord, ...]:
        """Return the runs of this sync, newest first."""
        return self.reader.runs()


def _warned(
    parts: Sequence[TargetPlanning], notices: Mapping[str, tuple[Notice, ...]]
) -> list[TargetPlanning]:
    """Return the plans with these warnings, by target."""
    return [
        replace(
            part,
            plan=replace(
                part.plan, warnings=(*part.plan.warnings, *notices.get(part.plan.target, ()))
            ),
        )
        for part in parts
    ]
