"""Reads both sides and plans every target. Writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.settings import Settings
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Source, StoreReader, Target
from aadsync_lib.reconcile.case import build_case
from aadsync_lib.reconcile.desire import desire
from aadsync_lib.reconcile.planner import plan_target
from aadsync_lib.reconcile.recover import Recovered, judge, recover

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """The plan of one target, with what else applying it has to know.

    ``judged`` is what the target shows of writes that an earlier run announced and never recorded.
    """

    plan: TargetPlan
    links: Links
    recovered: Recovered
    judged: Mapping[int, Outcome]


@dataclass(frozen=True)
class Planned:
    """A plan and its parts, by target."""

    plan: Plan
    parts: Mapping[str, Part]


def plan_all(
    settings: Settings, source: Source, targets: Sequence[Target], store: StoreReader
) -> Planned:
    """Read Entra and all targets at once, and plan every target.

    Raises ``SourceError`` or ``TargetError`` when a side could not be read at all.
    """
    with ThreadPoolExecutor(1 + len(targets)) as pool:
        reading = pool.submit(source.read)
        reads = [pool.submit(target.read) for target in targets]
        snapshot = reading.result()
        desired = desire(snapshot, settings.scope, settings.mapping)
        parts = [
            _plan(settings, desired, target, read.result(), store)
            for target, read in zip(targets, reads, strict=True)
        ]
    plans = tuple(part.plan for part in parts)
    plan = Plan(settings.name, plans, snapshot.complete, settings_digest(settings))
    return Planned(plan, {part.plan.target: part for part in parts})


def _plan(
    settings: Settings,
    desired: Desired,
    target: Target,
    snapshot: TargetSnapshot,
    store: StoreReader,
) -> Part:
    links, pending = store.links(target.name), store.pending(target.name)
    recovered = recover(pending, snapshot, links)
    links = recovered.applied_to(links)
    case = build_case(desired, snapshot, links, settings.policy)
    members = target.members(case.groups_in_play())
    managed = settings.policy.members == "managed"
    added = store.added(target.name) if managed else {}
    pace = next(one.pace for one in settings.targets if one.name == target.name)
    plan = plan_target(target.name, replace(case, members=members, added=added), pace)
    log.info("planned %d changes", len(plan.changes), extra={"target": target.name})
    return Part(plan, links, recovered, judge(pending, snapshot, members, links))
