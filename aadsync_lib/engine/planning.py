"""A plan together with what it was made from, and the planning of one target. Writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.apply.estimate import estimate
from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.access import AccessReading, read_access
from aadsync_lib.engine.asked_once import AskedOnce
from aadsync_lib.engine.head import addresses_of
from aadsync_lib.engine.inquiry import Inquiry, Remembered, Shown
from aadsync_lib.engine.views import View, Views
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.carried import DAY, Membership
from aadsync_lib.model.change import Change
from aadsync_lib.model.directory import KnownRoot, Snapshot
from aadsync_lib.model.link import Link, Links, Sharer
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Pending, StoreReader, TargetReader
from aadsync_lib.reconcile.context import TargetContext, build_context
from aadsync_lib.reconcile.desired.naming import tree
from aadsync_lib.reconcile.guard import Verdict, judge
from aadsync_lib.reconcile.matching.pending import (
    ResolvedLinks,
    former_links,
    outcomes_of_pending,
    resolve_pending,
)
from aadsync_lib.reconcile.planner import draft
from aadsync_lib.reconcile.state.provenance import PendingProvenance
from aadsync_lib.reconcile.state.retries import RetryPolicy
from aadsync_lib.workspace_port import Assignments

LISTED_BY_THEN = 2  # days after which no listing still lags

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TargetPlanning:
    """The plan of one target, with what else applying it has to know.

    ``resolved_pending`` is what the target shows of writes that an earlier run announced and never recorded.
    ``only``: the plan is about these identities (object ids) alone, and says nothing of all others. ``not_read`` are the groups
    (object ids) whose members are those that the mirror has.
    ``context`` is what the plan was made from, and ``view`` what the target sees of Entra: ``None`` where
    nothing but the target was read. ``deferred_keys`` are the keys of what is not tried because it failed before.
    """

    plan: TargetPlan
    links: Links
    recovered: ResolvedLinks
    resolved_pending: Mapping[int, Outcome]
    context: TargetContext | None = None
    deferred_keys: frozenset[str] = frozenset()
    view: View | None = None
    only: frozenset[str] | None = None
    not_read: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planning:
    """A plan and its parts, by target, with what was read of Entra where it was made from that.

    ``verdict`` is the guard's, as long as nobody approves. ``roots`` is what to remember of the scope.
    """

    plan: Plan
    parts: Mapping[str, TargetPlanning]
    verdict: Verdict
    snapshot: Snapshot | None = None
    roots: tuple[KnownRoot, ...] = ()

    @classmethod
    def of(
        cls,
        settings: Settings,
        parts: Sequence[TargetPlanning],
        snapshot: Snapshot | None = None,
        undoes: str | None = None,
        roots: tuple[KnownRoot, ...] = (),
    ) -> Planning:
        """Put the plans of all targets together with where these are, and judge the whole."""
        addresses = addresses_of(settings)
        parts = [
            replace(part, plan=replace(part.plan, address=addresses[part.plan.target]))
            for part in parts
        ]
        plan = Plan(
            settings.name,
            tuple(part.plan for part in parts),
            complete=snapshot is None or snapshot.complete,
            settings_digest=settings_digest(settings),
            undoes=undoes,
            tree=tree(*(part.view.desired for part in parts if part.view)),
        )
        verdict = judge(plan, settings.limits())
        return cls(plan, {part.plan.target: part for part in parts}, verdict, snapshot, roots)


@dataclass(frozen=True)
class StoredLinks:
    """Who owns what on one target: as the store has it, and with what unrecorded writes came to."""

    before: Links
    links: Links
    pending: tuple[Pending, ...]
    former: tuple[Link, ...]
    shared: Mapping[str, Sharer]
    recovered: ResolvedLinks

    @classmethod
    def read(cls, reader: StoreReader, target: str, snapshot: TargetSnapshot) -> StoredLinks:
        """Read the links of a target, and settle by what it shows which writes were done."""
        before, pending = reader.links(target), reader.pending(target)
        former, shared = reader.former(target), reader.shared(target)
        recovered = resolve_pending(pending, snapshot, before, former, shared)
        links = recovered.applied_to(before)
        return cls(before, links, pending, former, shared, recovered)

    def remembered(self, long_gone: Container[str]) -> Remembered:
        """Return what tells which objects to look up that no listing shows."""
        return Remembered(self.before, self.pending, self.former, self.shared, long_gone)

    def lost(self) -> Mapping[str, Link]:
        """Return what lost its link to a newer object, by target id."""
        return former_links(self.former, self.before, self.links)


def with_estimate(
    plan: TargetPlan, target: TargetReader, assignments: Assignments | None = None
) -> TargetPlan:
    """Return the plan with what applying it will cost at the target's rates, and its workspaces'."""
    rates = {**target.rates, **(assignments.rates if assignments else {})}
    return replace(plan, estimate=estimate(plan, rates))


@dataclass(frozen=True)
class _StoredProvenance:
    """Loads from the store what is remembered of one target."""

    reader: StoreReader
    target: str

    def memberships(self, groups: Collection[str]) -> Sequence[Membership]:
        return self.reader.memberships(self.target, groups) if groups else ()

    def done(self, ids: Collection[str]) -> Sequence[Change]:
        return self.reader.done(self.target, ids) if ids else ()


@dataclass(frozen=True)
class SyncPlanning:
    """Plans each target of a sync against one reading of Entra; ``only`` what concerns some object ids.

    Access to workspaces goes by groups and their names: where these stay as they are, nothing of it has to be read.
    """

    views: Views
    source: AskedOnce
    reader: StoreReader
    now: float
    last_run: float | None
    anyway: Container[str]
    assignments: Mapping[str, Assignments] = field(default_factory=dict)
    only: frozenset[str] | None = None
    with_access: bool = True

    def plan(self, target: TargetReader, snapshot: TargetSnapshot) -> TargetPlanning:
        """Read what else the plan of this target needs, and make it.

        It is made anew as long as what it takes away depends on something that no read has shown.
        """
        view = self.views.of(target.name)
        stored = StoredLinks.read(self.reader, target.name, snapshot)
        inquiry, gone = Inquiry(target, self.source), self._long_gone(target.name, view)
        shown = inquiry.unlisted(stored.remembered(gone), view.desired, Shown(snapshot))
        access = self._access(target.name, view, stored, shown.snapshot)
        while True:
            if shown.snapshot is not snapshot:  # and so may show more of what was done
                snapshot = shown.snapshot
                stored = StoredLinks.read(self.reader, target.name, snapshot)
            context = self._context(target.name, view, shown, stored)
            shown = inquiry.read(context, shown, access.recipients)
            context = replace(context, members=shown.members, presences=shown.presences)
            part = replace(self._part(target, context, stored, access), view=view)
            further = inquiry.further(context, part.plan.changes, shown)
            if further is shown:
                break
            shown = further
        log.info("planned %d changes", len(part.plan.changes), extra={"target": target.name})
        return part

    def _long_gone(self, name: str, view: View) -> frozenset[str]:
        """Return the leavers of whom every listing has had the time to show what there is."""
        latest = self.now - (view.settings.policy.grace_days + LISTED_BY_THEN) * DAY
        missing = self.reader.missing(name).items()
        return frozenset(external_id for external_id, since in missing if since < latest)

    def _access(
        self, name: str, view: View, stored: StoredLinks, snapshot: TargetSnapshot
    ) -> AccessReading:
        if not self.with_access:
            return AccessReading()
        settings, port = view.settings.targets[0], self.assignments.get(name)
        return read_access(
            settings,
            port,
            self.reader,
            stored.links,
            stored.pending,
            view.desired,
            existing=snapshot.accounts.keys(),
        )

    def _part(
        self,
        target: TargetReader,
        context: TargetContext,
        stored: StoredLinks,
        access: AccessReading,
    ) -> TargetPlanning:
        resolved_pending = outcomes_of_pending(
            stored.pending, context.target, context.members, stored.links, access.shown
        )
        given = access.context(resolved_pending.values(), stored.links)
        context = replace(context, access=given)
        provenance = self._provenance(target, stored, resolved_pending)
        drafted = draft(target.name, context, provenance, self.only)
        return TargetPlanning(
            with_estimate(drafted.plan, target, self.assignments.get(target.name)),
            stored.links,
            stored.recovered,
            resolved_pending,
            context,
            drafted.deferred_keys,
            only=self.only,
        )

    def _provenance(
        self, target: TargetReader, stored: StoredLinks, resolved: Mapping[int, Outcome]
    ) -> PendingProvenance:
        late = [(entry.run_id, resolved[entry.entry]) for entry in stored.pending]
        recorded = _StoredProvenance(self.reader, target.name)
        return PendingProvenance(recorded, late, target.name, stored.links, self.now)

    def _context(self, name: str, view: View, shown: Shown, stored: StoredLinks) -> TargetContext:
        policy, reader = view.settings.policy, self.reader
        former = tuple(stored.lost().values()) if stored.recovered.linked else stored.former
        retries = reader.retries(name)
        context = build_context(
            view.desired,
            shown.snapshot,
            stored.links,
            policy,
            shared=stored.shared,
            elsewhere=shown.elsewhere,
            capacity=view.settings.targets[0].capacity,
            missing=reader.missing(name),
            former=former,
            retry_policy=RetryPolicy(retries, policy.quarantine_after, self.anyway, self.now),
            now=self.now,
            last_run=self.last_run,
        )
        automatic = frozenset(group for group, has in shown.automatic.items() if has)
        return replace(context, absent=shown.absent, automatic=automatic)
