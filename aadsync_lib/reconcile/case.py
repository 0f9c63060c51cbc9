"""Everything that the changes of one target are worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aadsync_lib.config.policy import Policy, Protected
from aadsync_lib.model.account import Account, Members, TargetSnapshot
from aadsync_lib.model.change import MemberRef
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.link import Link, Links
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.correlate import Correlation, Situation, correlate
from aadsync_lib.reconcile.desire import SYSTEM_GROUPS


@dataclass(frozen=True)
class Case:
    """Both sides, what is ours, and what the policy says.

    ``members`` holds the direct members of the groups in play; ``added`` the members that this sync
    added, by the group's object id, which only ``policy.members: managed`` asks for.
    """

    desired: Desired
    target: TargetSnapshot
    links: Links
    policy: Policy
    correlation: Correlation
    protected: frozenset[str]
    members: Mapping[str, Members] = field(default_factory=dict)
    added: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def mirrors(self) -> bool:
        """Whether anything may be removed at all."""
        return self.policy.mode == "mirror"

    @cached_property
    def spared(self) -> frozenset[str]:
        """The target ids that are removed from no group: protected, or in question."""
        unnamed = self.desired.quarantined.keys() - self.correlation.matches.keys()
        links = (self.links.by_external.get(external_id) for external_id in unnamed)
        return self.protected | self.correlation.held | {link.target_id for link in links if link}

    @cached_property
    def via(self) -> Mapping[str, str]:
        """By object id, the name of the first group that brings an identity into scope."""
        found: dict[str, str] = {}
        rest = set(self.desired.principals) | set(self.desired.groups)
        for group in sorted(self.desired.groups.values(), key=lambda one: one.principal.name):
            new = rest & group.members
            rest -= new
            found |= dict.fromkeys(new, group.principal.name)
        return found

    @cached_property
    def bystanders(self) -> frozenset[str]:
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

    def leavers(self, *kinds: Kind) -> tuple[tuple[Link, Account], ...]:
        """Return the linked objects that the target has and that are no longer in scope."""
        taken = {m.account.id for m in self.correlation.matches.values() if m.account}
        in_scope = self.correlation.matches.keys() | self.desired.quarantined.keys()
        return tuple(
            (link, self.target.accounts[link.target_id])
            for kind in kinds
            for link in self.links.of_kind(kind)
            if link.external_id not in in_scope
            and link.target_id in self.target.accounts
            and link.target_id not in taken
        )

    def groups_in_play(self) -> tuple[str, ...]:
        """Return the target ids of the groups whose members matter to the plan."""
        wanted = {
            account.id
            for external_id in self.desired.groups
            if (account := self.account(external_id))
        }
        linked = {link.target_id for link in self.links.of_kind(Kind.GROUP)}
        return tuple(sorted((wanted | linked) & self.target.accounts.keys() - self.protected))

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
def build_case(desired: Desired, target: TargetSnapshot, links: Links, policy: Policy) -> Case:
    """Correlate both sides; the members of the groups in play are still to be read."""
    protected = protected_ids(target, policy.protected, desired, links)
    return Case(
        desired=desired,
        target=target,
        links=links,
        policy=policy,
        correlation=correlate(desired, target, links, policy.adopt, protected),
        protected=protected,
    )


def protected_ids(
    target: TargetSnapshot, protected: Protected, desired: Desired, links: Links
) -> frozenset[str]:
    """Return the target ids that no change may touch.

    By name or id, on either side, from the settings; account admins, the identity that runs the sync,
    and the groups that Databricks itself keeps.
    """
    named = {
        Kind.USER: {name_key(name) for name in protected.users},
        Kind.SERVICE_PRINCIPAL: {name_key(name) for name in protected.service_principals},
        Kind.GROUP: {name_key(name) for name in protected.groups},
    }
    named_ids = {
        account.id
        for account in target.accounts.values()
        if named[account.kind]
        and not named[account.kind].isdisjoint(
            (*_names(account), *_names_in_entra(account, desired, links))
        )
    }
    return target.own | named_ids | _untouchable(target)


def _untouchable(target: TargetSnapshot) -> set[str]:
    return {
        account.id
        for account in target.accounts.values()
        if account.admin or (account.kind is Kind.GROUP and name_key(account.name) in SYSTEM_GROUPS)
    }


def _names(account: Account) -> tuple[str, ...]:
    given = (account.id, account.name, account.external_id, _shown(account))
    return tuple(name_key(name) for name in given if name)


def _names_in_entra(account: Account, desired: Desired, links: Links) -> tuple[str, ...]:
    link = links.by_target.get(account.id)
    if link is None:
        return ()
    group = desired.groups.get(link.external_id)
    principal = group.principal if group else desired.principals.get(link.external_id)
    return tuple(map(name_key, (link.external_id, *((principal.name,) if principal else ()))))


def _shown(account: Account) -> str | None:
    """Return the display name where it identifies: two people may share one."""
    return account.display_name if account.kind is Kind.SERVICE_PRINCIPAL else None
