"""Reads both sides and plans every target. Writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from aadsync_lib.config.settings import Settings, TargetSettings, settings_digest
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.carried import Membership
from aadsync_lib.model.change import Change
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock, Source, StoreReader, Target
from aadsync_lib.reconcile.context import TargetContext, build_context
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.desired.tree import tree
from aadsync_lib.reconcile.diff.leavers import leavers_to_verify
from aadsync_lib.reconcile.diff.unowned import groups_to_inspect
from aadsync_lib.reconcile.holds.retries import RetryPolicy
from aadsync_lib.reconcile.matching.pending import (
    ResolvedLinks,
    former_links,
    outcomes_of_pending,
    resolve_pending,
)
from aadsync_lib.reconcile.past import Past
from aadsync_lib.reconcile.planner import draft
from aadsync_lib.reconcile.state.provenance import PendingProvenance

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TargetPlanning:
    """The plan of one target, with what else applying it has to know.

    ``resolved_pending`` is what the target shows of writes that an earlier run announced and never recorded.
    ``context`` is what the plan was made from, ``None`` where nothing but the target was read;
    ``deferred_keys`` are the keys of what is not tried because it failed before.
    """

    plan: TargetPlan
    links: Links
    recovered: ResolvedLinks
    resolved_pending: Mapping[int, Outcome]
    context: TargetContext | None = None
    deferred_keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planning:
    """A plan and its parts, by target."""

    plan: Plan
    parts: Mapping[str, TargetPlanning]


def plan_all(
    settings: Settings,
    source: Source,
    targets: Sequence[Target],
    store: StoreReader,
    clock: Clock,
    anyway: Container[str] = frozenset(),
) -> Planning:
    """Read Entra and all targets at once, and plan every target.

    ``anyway`` are keys of changes that are tried however often they failed. Raises ``SourceError`` or
    ``TargetError`` when a side could not be read at all.
    """
    with ThreadPoolExecutor(1 + len(targets)) as pool:
        reading = pool.submit(source.read)
        reads = [pool.submit(target.read) for target in targets]
        snapshot = reading.result()
        desired = desire(snapshot, settings.scope, settings.mapping)
        planner = _Planner(settings, desired, source, store, clock.now(), anyway)
        parts = [
            planner.plan(target, read.result()) for target, read in zip(targets, reads, strict=True)
        ]
    plan = Plan(
        settings.name,
        tuple(part.plan for part in parts),
        snapshot.complete,
        settings_digest(settings),
        tree=tree(desired),
    )
    return Planning(plan, {part.plan.target: part for part in parts})


@dataclass(frozen=True)
class _StoredProvenance:
    """Loads from the store what is remembered of one target."""

    store: StoreReader
    target: str

    def memberships(self, groups: Collection[str]) -> Sequence[Membership]:
        return self.store.memberships(self.target, groups) if groups else ()

    def done(self, ids: Collection[str]) -> Sequence[Change]:
        return self.store.done(self.target, ids) if ids else ()


@dataclass(frozen=True)
class _Planner:
    """What the plans of all targets have in common."""

    settings: Settings
    desired: Desired
    source: Source
    store: StoreReader
    now: float
    anyway: Container[str]

    def plan(self, target: Target, snapshot: TargetSnapshot) -> TargetPlanning:
        name = target.name
        before, pending = self.store.links(name), self.store.pending(name)
        former = self.store.former(name)
        recovered = resolve_pending(pending, snapshot, before, former, self.store.shared(name))
        links = recovered.applied_to(before)
        if recovered.linked:
            former = tuple(former_links(former, before, links).values())
        context = self._case(name, snapshot, links, former)
        groups = {
            *context.editable_groups(),
            *context.read_only_groups(),
            *groups_to_inspect(context),
        }
        context = replace(context, members=target.members(sorted(groups)))
        context = replace(context, presences=self.source.look_up(leavers_to_verify(context)))
        resolved_pending = outcomes_of_pending(pending, snapshot, context.members, links)
        late = [(one.run_id, resolved_pending[one.entry]) for one in pending]
        reader = PendingProvenance(_StoredProvenance(self.store, name), late, name, links, self.now)
        drafted = draft(name, context, self._target_settings(name).pace, reader)
        log.info("planned %d changes", len(drafted.plan.changes), extra={"target": name})
        return TargetPlanning(
            drafted.plan, links, recovered, resolved_pending, context, drafted.deferred_keys
        )

    def _case(
        self, name: str, snapshot: TargetSnapshot, links: Links, former: tuple[Link, ...]
    ) -> TargetContext:
        policy, store = self.settings.policy, self.store
        return build_context(
            self.desired,
            snapshot,
            links,
            policy,
            shared=store.shared(name),
            capacity=self._target_settings(name).capacity,
            past=Past(store.missing(name), former),
            retry_policy=RetryPolicy(store.retries(name), policy.quarantine_after, self.anyway),
            now=self.now,
        )

    def _target_settings(self, name: str) -> TargetSettings:
        return next(one for one in self.settings.targets if one.name == name)
