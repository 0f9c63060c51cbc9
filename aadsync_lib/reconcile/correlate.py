"""Which object on the target is which identity of Entra."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal, name_key
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import Quarantined

Adopt = Literal["never", "unowned", "same_name"]


class Situation(StrEnum):
    """What was found on the target for an identity in scope."""

    LINKED = "linked"
    SAME_ID = "same_id"  # its externalId is the object id
    SAME_NAME = "same_name"  # its name matches, and the policy lets it be adopted
    ABSENT = "absent"
    TAKEN = "taken"  # its name belongs to somebody else
    AMBIGUOUS = "ambiguous"  # several candidates
    CONTESTED = "contested"  # several claimants, or no usable name


@dataclass(frozen=True, slots=True)
class Match:
    """The situation of one identity. ``account`` is set when it is known which object it is."""

    principal: Principal
    situation: Situation
    account: Account | None = None
    reason: str | None = None

    @property
    def quarantined(self) -> Quarantined | None:
        """The quarantine entry of a situation in which nobody may guess."""
        if self.reason is None:
            return None
        return Quarantined(self.principal.external_id, self.principal.name, self.reason)


@dataclass(slots=True)
class Correlation:
    """The match of every identity in scope; ``held`` are target ids that some quarantine is about."""

    matches: dict[str, Match] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)


def correlate(desired: Desired, target: TargetSnapshot, links: Links, adopt: Adopt) -> Correlation:
    """Match by link, then externalId, then, only where ``adopt`` allows it, by name.

    Two candidates or two claimants quarantine all of them; an absent key matches nothing.
    """
    index = _Index(desired, target, links)
    found = Correlation()
    everybody = (
        *desired.principals.values(),
        *(group.principal for group in desired.groups.values()),
    )
    claimed: dict[str, list[Principal]] = defaultdict(list)
    for principal in everybody:
        match = _match(principal, index, adopt, desired.quarantined)
        found.matches[principal.external_id] = match
        if match.account:
            claimed[match.account.id].append(principal)
        if match.reason:
            found.held.update(account.id for account in index.candidates(principal))
    for target_id, claimants in claimed.items():
        if len(claimants) > 1:
            _contest(found, target.accounts[target_id], claimants)
    found.held -= {m.account.id for m in found.matches.values() if m.account}
    return found


class _Index:
    """The target's objects by externalId and by name; a name that is being given up counts as free."""

    def __init__(self, desired: Desired, target: TargetSnapshot, links: Links) -> None:
        self.accounts = target.accounts
        self.links = links
        self.by_id: dict[tuple[Kind, str], list[Account]] = defaultdict(list)
        self.by_name: dict[tuple[Kind, str], list[Account]] = defaultdict(list)
        for account in target.accounts.values():
            if account.external_id:
                self.by_id[account.kind, account.external_id].append(account)
            if not _given_up(account, desired, links):
                self.by_name[account.kind, name_key(account.name)].append(account)
        self.in_scope = desired.principals.keys() | desired.groups.keys()

    def linked(self, principal: Principal) -> Account | None:
        link = self.links.by_external.get(principal.external_id)
        account = self.accounts.get(link.target_id) if link else None
        return account if account and account.kind is principal.kind else None

    def same_id(self, principal: Principal) -> list[Account]:
        return self.by_id.get((principal.kind, principal.external_id), [])

    def same_name(self, principal: Principal) -> list[Account]:
        return self.by_name.get((principal.kind, name_key(principal.name)), [])

    def candidates(self, principal: Principal) -> Iterable[Account]:
        return (*self.same_id(principal), *self.same_name(principal))

    def owner_in_scope(self, account: Account) -> str | None:
        """Return the identity in scope that this object is linked to or carries the id of."""
        link = self.links.by_target.get(account.id)
        owner = link.external_id if link else account.external_id
        return owner if owner in self.in_scope else None


def _given_up(account: Account, desired: Desired, links: Links) -> bool:
    """Return whether a group of ours is about to be renamed away from the name it has."""
    link = links.by_target.get(account.id)
    group = desired.groups.get(link.external_id) if link else None
    if group is None or group.principal.external_id in desired.quarantined:
        return False
    return name_key(group.principal.name) != name_key(account.name)


def _match(
    principal: Principal, index: _Index, adopt: Adopt, contested: Mapping[str, Quarantined]
) -> Match:
    linked = index.linked(principal)
    held = contested.get(principal.external_id)
    if linked:
        return Match(principal, Situation.LINKED, linked, held.reason if held else None)
    if held:
        return Match(principal, Situation.CONTESTED, None, held.reason)
    same_id = index.same_id(principal)
    if len(same_id) > 1:
        return _ambiguous(principal, "externalId", same_id)
    if same_id:
        return _by_id(principal, same_id[0], index, adopt)
    same_name = index.same_name(principal)
    if len(same_name) > 1:
        return _ambiguous(principal, "name", same_name)
    if same_name:
        return _by_name(principal, same_name[0], index, adopt)
    return Match(principal, Situation.ABSENT)


def _ambiguous(principal: Principal, key: str, accounts: list[Account]) -> Match:
    ids = ", ".join(sorted(account.id for account in accounts))
    reason = f"{len(accounts)} objects on the target have its {key}: {ids}"
    return Match(principal, Situation.AMBIGUOUS, None, reason)


def _by_id(principal: Principal, account: Account, index: _Index, adopt: Adopt) -> Match:
    owner = index.owner_in_scope(account)
    if owner != principal.external_id:
        reason = f"{account.id} has its externalId, but is linked to {owner}"
        return Match(principal, Situation.TAKEN, None, reason)
    if adopt == "never":
        reason = f"{_unmade(account)} with its object id; policy.adopt: unowned would adopt it"
        return Match(principal, Situation.TAKEN, None, reason)
    return Match(principal, Situation.SAME_ID, account)


def _by_name(principal: Principal, account: Account, index: _Index, adopt: Adopt) -> Match:
    owner = index.owner_in_scope(account)
    if owner:
        reason = f"its name belongs to {account.id}, which is {owner} in Entra"
        return Match(principal, Situation.TAKEN, None, reason)
    needed: Adopt = "same_name" if account.external_id else "unowned"
    if may_take(account, adopt):
        return Match(principal, Situation.SAME_NAME, account)
    by = f"with another externalId, {account.external_id}" if account.external_id else "by name"
    reason = f"{_unmade(account)} {by}; policy.adopt: {needed} would adopt it"
    return Match(principal, Situation.TAKEN, None, reason)


def may_take(account: Account, adopt: Adopt) -> bool:
    """Return whether the policy lets an object of the right name be taken over."""
    return adopt == "same_name" or (adopt == "unowned" and not account.external_id)


def _unmade(account: Account) -> str:
    return f"exists on the target as {account.id}, not made by this sync,"


def _contest(found: Correlation, account: Account, claimants: list[Principal]) -> None:
    """Quarantine all claimants of one object, but not the one that is linked to it."""
    ids = ", ".join(sorted(one.external_id for one in claimants))
    found.held.add(account.id)
    for one in claimants:
        if found.matches[one.external_id].situation is Situation.LINKED:
            continue
        reason = f"{len(claimants)} Entra objects match {account.id} on the target: {ids}"
        found.matches[one.external_id] = Match(one, Situation.AMBIGUOUS, None, reason)
