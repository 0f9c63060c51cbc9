"""Context of one target's plan: both sides, links, policy and state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aadsync_lib.config.policy import Capacity, Policy
from aadsync_lib.model.account import Account, Members, TargetSnapshot, Unread
from aadsync_lib.model.assignment import AccessContext
from aadsync_lib.model.carried import DAY
from aadsync_lib.model.change import MemberRef
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin, Sharer
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.reconcile.matching.correlate import Correlation, Situation, correlate
from aadsync_lib.reconcile.matching.renames import kept_names, recreate
from aadsync_lib.reconcile.protection import NOWHERE, Elsewhere, protected_ids
from aadsync_lib.reconcile.state.provenance import ProvenanceReader
from aadsync_lib.reconcile.state.retries import RetryPolicy

LONGEST_PAUSE = 30 * DAY  # between two runs; beyond that the clock is not believed the first time
SKEW = 600.0  # seconds by which the clocks of two hosts may differ


@dataclass(frozen=True)
class TargetContext:
    """Both sides, what is ours, what the policy says, and what is remembered.

    ``members`` holds the direct members of the groups in play. ``shared`` is, by target id, the
    other sync that manages an object. ``absent`` are target ids that groups show and that no listing and
    no look-up does. ``elsewhere`` are the names of identities out of scope. ``missing`` says since when linked identities are missing,
    ``former`` are objects that others have replaced, ``provenance`` loads what was done before.
    ``replaced`` are the objects that identities had under their former names, ``withheld`` the
    identities that are not made in this run, both by object id. Nobody joins more groups than
    ``most_joined``, where that has been counted. ``automatic`` are groups that automatic identity
    management has. ``presences`` says where leavers are in Entra. ``now`` and ``last_run``, when the run before
    began, are in seconds since the epoch. ``access`` is to workspaces.
    """

    desired: Desired
    target: TargetSnapshot
    links: Links
    policy: Policy
    correlation: Correlation
    protected: frozenset[str]
    members: Mapping[str, Members] = field(default_factory=dict)
    shared: Mapping[str, Sharer] = field(default_factory=dict)
    absent: Mapping[str, Unread | None] = field(default_factory=dict)
    elsewhere: Elsewhere = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    missing: Mapping[str, float] = field(default_factory=dict)
    former: tuple[Link, ...] = ()
    provenance: ProvenanceReader | None = None
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    replaced: Mapping[str, Account] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()
    most_joined: int | None = None
    presences: Mapping[str, Presence | Unread] = field(default_factory=dict)
    automatic: frozenset[str] = frozenset()
    now: float = 0.0
    last_run: float | None = None
    access: AccessContext = field(default_factory=AccessContext)

    @property
    def mirrors(self) -> bool:
        """Whether anything may be removed at all."""
        return self.policy.mode == "mirror"

    @cached_property
    def exempt_from_removal(self) -> frozenset[str]:
        """The target ids that are removed from no group: protected, or in question."""
        unnamed = self.desired.quarantined.keys() - self.correlation.matches.keys()
        links = (self.links.by_external.get(external_id) for external_id in unnamed)
        waiting = {
            self.replaced[external_id].id for external_id in self.replaced.keys() & self.withheld
        }
        in_question = {link.target_id for link in links if link} | waiting | self.absent.keys()
        return self.protected | (self.correlation.held - self._outlived) | in_question

    @cached_property
    def _outlived(self) -> frozenset[str]:
        """The objects of identities that have another one by now: there is no question whose they are."""
        return frozenset(
            link.target_id
            for link in self.former
            if (there := self.account(link.external_id)) and there.id != link.target_id
        )

    @cached_property
    def via(self) -> Mapping[str, str]:
        """By object id, the name of the first group that brings an identity into scope."""
        names: dict[str, str] = {}
        rest = set(self.desired.principals) | set(self.desired.groups)
        for group in sorted(self.desired.groups.values(), key=lambda group: group.principal.name):
            new = rest & group.members
            rest -= new
            names |= dict.fromkeys(new, group.principal.name)
        return names

    @cached_property
    def disabled_unmanaged(self) -> frozenset[str]:
        """Who is disabled in Entra and not ours on the target: left exactly as it is."""
        return frozenset(
            external_id
            for external_id, match in self.correlation.matches.items()
            if not match.principal.active and match.situation is not Situation.LINKED
        )

    def account(self, external_id: str) -> Account | None:
        """Return the object on the target that is this identity."""
        match = self.correlation.matches.get(external_id)
        return match.account if match else None

    def certainly_left(self, link: Link) -> bool:
        """Return whether an identity is out of scope, whatever of the source could not be read."""
        gone = self.presences.get(link.external_id) in (Presence.DELETED, Presence.GONE)
        return self.desired.complete or gone or link.external_id in self.desired.excluded

    def sharer(self, account: Account) -> Sharer | None:
        """Return the other sync that has the identity of an object in scope."""
        sharer = self.shared.get(account.id)
        return sharer if sharer and sharer.in_scope else None

    @property
    def clock_jumped(self) -> bool:
        """Whether the time since the last run is implausible, or negative by more than clocks differ."""
        return self.last_run is not None and not -SKEW <= self.now - self.last_run <= LONGEST_PAUSE

    @property
    def plausible_now(self) -> float:
        """The time by which grace is counted: no later than the last run where the clock has jumped."""
        return min(self.now, self.last_run or self.now) if self.clock_jumped else self.now

    def missing_since(self, external_id: str) -> float:
        """Return since when an identity is missing, as far as that can be true."""
        return min(self.missing.get(external_id, self.now), self.now)

    def leavers(self, *kinds: Kind) -> tuple[tuple[Link, Account], ...]:
        """Return the linked objects that the target has and that are no longer in scope."""
        return tuple(leaver for kind in kinds for leaver in self._leavers[kind])

    @cached_property
    def _leavers(self) -> Mapping[Kind, Sequence[tuple[Link, Account]]]:
        taken = {m.account.id for m in self.correlation.matches.values() if m.account}
        left = {link.target_id for link in self.out_of_scope} - taken
        gone = left & self.target.accounts.keys()
        leavers: dict[Kind, list[tuple[Link, Account]]] = {kind: [] for kind in Kind}
        for link in self.out_of_scope:
            if link.target_id in gone:
                leavers[link.kind].append((link, self.target.accounts[link.target_id]))
        return leavers

    @cached_property
    def out_of_scope(self) -> Sequence[Link]:
        """The links of identities that are no longer in scope, in order of object id."""
        in_scope = self.correlation.matches.keys() | self.desired.quarantined.keys()
        gone = sorted(self.links.by_external.keys() - in_scope)
        return [self.links.by_external[external_id] for external_id in gone]

    def editable_groups(self) -> tuple[str, ...]:
        """Return the target ids of the groups whose members the plan may change."""
        linked = {link.target_id for link in self.links.of_kind(Kind.GROUP)}
        groups = (self._in_scope | linked) & self.target.accounts.keys()
        return tuple(sorted(groups - self.protected))

    def read_only_groups(self) -> tuple[str, ...]:
        """Return the target ids of the groups through which a way may lead, though nobody changes them."""
        return tuple(sorted(self._in_scope & self.protected))

    @cached_property
    def _in_scope(self) -> frozenset[str]:
        accounts = map(self.account, self.desired.groups)
        return frozenset(account.id for account in accounts if account)

    def current(self, group: Account) -> Members | None:
        """Return the members that a group on the target has, ``None`` where it is gone."""
        return self.members.get(group.id)

    def ref(self, target_id: str) -> MemberRef:
        """Describe a member that the target has."""
        link = self.links.by_target.get(target_id)
        account = self.target.accounts.get(target_id)
        if account is None:
            return MemberRef(link.external_id if link else None, target_id, target_id, Kind.USER)
        external_id = link.external_id if link else account.external_id
        return MemberRef(external_id, target_id, account.name, account.kind)


@uncollected()
def build_context(
    desired: Desired,
    target: TargetSnapshot,
    links: Links,
    policy: Policy,
    *,
    shared: Mapping[str, Sharer] | None = None,
    elsewhere: Elsewhere = NOWHERE,
    capacity: Capacity | None = None,
    missing: Mapping[str, float] | None = None,
    former: tuple[Link, ...] = (),
    retry_policy: RetryPolicy | None = None,
    now: float = 0.0,
    last_run: float | None = None,
) -> TargetContext:
    """Correlate both sides; the members of the groups in play are still to be read."""
    shared, retry_policy = shared or {}, retry_policy or RetryPolicy()
    protected = protected_ids(target, policy.protected, desired, links, elsewhere)
    fixed = protected | kept_names(desired, target, links, policy, retry_policy)
    ending = _ending(desired, links, policy, protected | shared.keys())
    rule = AdoptionRule.of(policy)
    correlation = correlate(desired, target, links, rule, fixed, shared, ending)
    untouchable = protected | shared.keys()
    return TargetContext(
        desired=desired,
        target=target,
        links=links,
        policy=policy,
        correlation=correlation,
        protected=protected,
        shared=shared,
        elsewhere=elsewhere,
        capacity=capacity or Capacity(),
        missing=missing or {},
        former=former,
        retry_policy=retry_policy,
        replaced=recreate(correlation, target, links, policy, untouchable, former),
        now=now,
        last_run=last_run,
    )


def _ending(
    desired: Desired, links: Links, policy: Policy, untouchable: frozenset[str]
) -> frozenset[str]:
    """Return the groups, by target id, that this very plan deletes because they left the scope."""
    if policy.mode != "mirror" or policy.retired_groups != "delete" or not desired.complete:
        return frozenset()
    in_scope = desired.groups.keys() | desired.quarantined.keys()
    gone = (link for link in links.of_kind(Kind.GROUP) if link.external_id not in in_scope)
    return frozenset(
        link.target_id
        for link in gone
        if link.origin is Origin.CREATED and link.target_id not in untouchable
    )
