"""Plans the alignment of targets with automatic identity management, and reports what is in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.planning import Planning, TargetPlanning, with_estimate
from aadsync_lib.model.aim import AimReport
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.ports import Target
from aadsync_lib.reconcile.alignment import aim_target, alignment


def aim_report(settings: Settings, planning: Planning) -> AimReport:
    """Report what automatic identity management would make of the targets as they were read."""
    contexts = {name: part.context for name, part in planning.parts.items() if part.context}
    targets = tuple(aim_target(name, context) for name, context in contexts.items())
    return AimReport(settings.name, targets, planning.plan.complete)


def plan_alignment(settings: Settings, targets: Sequence[Target], planning: Planning) -> Planning:
    """Return the plan of the externalIds to fill in, in the place of what a sync would do."""
    parts = [_aligned(target, planning.parts[target.name]) for target in targets]
    return Planning.of(settings, parts, planning.snapshot, roots=planning.roots)


def _aligned(target: Target, part: TargetPlanning) -> TargetPlanning:
    """Return the part of one target; without its context, as it leaves nothing for the next sync."""
    context = part.context
    assert context
    plan = TargetPlan(
        target=target.name,
        changes=alignment(context),
        warnings=context.desired.notices,
        managed=part.plan.managed,
        protected=context.protected,
    )
    return replace(part, plan=with_estimate(plan, target), context=None, view=None)
