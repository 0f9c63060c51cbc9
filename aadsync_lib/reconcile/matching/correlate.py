"""Correlation of Entra's identities with the objects on a target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aadsync_lib.config.policy import AdoptWord
from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal, same_name
from aadsync_lib.model.link import Links, Sharer
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.matching.adoption import AdoptionRule, adopt_setting
from aadsync_lib.reconcile.matching.index import NOBODY, Index, movable


class Situation(StrEnum):
    """What was found on the target for an identity in scope."""

    LINKED = "linked"
    SAME_ID = "same_id"  # its externalId is the object id
    SAME_NAME = "same_name"  # its name matches, and the policy lets it be adopted
    SHARED = "shared"  # another sync of the same store manages it, too
    ABSENT = "absent"
    TAKEN = "taken"  # its name belongs to somebody else
    AMBIGUOUS = "ambiguous"  # several candidates
    CONTESTED = "contested"  # several claimants, or no usable name


@dataclass(frozen=True, slots=True)
class Match:
    """The situation of one identity. ``account`` is set when it is known which object it is.

    ``setting`` is what would adopt the object in the way, where a setting would.
    """

    principal: Principal
    situation: Situation
    account: Account | None = None
    reason: str | None = None
    setting: str | None = None

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


def correlate(
    desired: Desired,
    target: TargetSnapshot,
    links: Links,
    rule: AdoptionRule,
    fixed: frozenset[str] = frozenset(),
    shared: Mapping[str, Sharer] = NOBODY,
    ending: frozenset[str] = frozenset(),
) -> Correlation:
    """Match by link, then externalId, then, only where the ``rule`` allows it, by name.

    Two candidates quarantine, as two claimants did before; an absent key matches nothing. ``fixed``
    are target ids that keep their name whatever Entra says, ``shared`` those that another sync
    manages, ``ending`` groups that this very plan deletes, so that their names are free.
    """
    index = Index(desired, target, links, shared, ending)
    groups = (group.principal for group in desired.groups.values())
    everybody = (*desired.principals.values(), *groups)
    known = {
        principal.external_id: _known(principal, index, rule, desired.quarantined)
        for principal in everybody
    }
    renamed = _renamed(known.values())
    free = movable(renamed, index, fixed)
    stuck = renamed.keys() - free - fixed
    correlation = Correlation()
    for principal in everybody:
        match = known[principal.external_id] or _by_name(principal, index, rule, free)
        if match.account and match.account.id in stuck:
            match = replace(match, reason=_stuck(principal, index))
        correlation.matches[principal.external_id] = match
        if match.reason:
            correlation.held.update(account.id for account in index.candidates(principal))
    known_accounts = {m.account.id for m in correlation.matches.values() if m.account}
    correlation.held -= (
        known_accounts | links.by_target.keys()
    )  # a link leaves no question whose it is
    return correlation


def _known(
    principal: Principal, index: Index, rule: AdoptionRule, contested: Mapping[str, Quarantined]
) -> Match | None:
    """Match by link or externalId; ``None`` leaves it to the name."""
    linked = index.linked(principal)
    held = contested.get(principal.external_id)
    if linked:
        named = principal if principal.name else _as_linked(principal, linked)
        return Match(named, Situation.LINKED, linked, held.reason if held else None)
    if held:
        return Match(principal, Situation.CONTESTED, None, held.reason)
    same_id = index.same_id(principal)
    if len(same_id) > 1:  # what another sync made in place of one that it has no link to any more
        same_id = [account for account in same_id if account.id in index.shared] or same_id
    if len(same_id) > 1:
        return _ambiguous(principal, "externalId", same_id)
    return _by_id(principal, same_id[0], index, rule) if same_id else None


def _as_linked(principal: Principal, account: Account) -> Principal:
    """Return an identity that cannot be named any more, called as what it is linked to."""
    shown = principal.display_name or account.display_name or account.name
    return replace(principal, name=account.name, display_name=shown)


def _renamed(matches: Iterable[Match | None]) -> dict[str, Principal]:
    """Return, by target id, the groups that are known and have another name in Entra now."""
    return {
        match.account.id: match.principal
        for match in matches
        if match and match.account and match.account.kind is Kind.GROUP and not match.reason
        if not same_name(match.account.name, match.principal.name)
    }


def _stuck(principal: Principal, index: Index) -> str:
    ids = ", ".join(sorted(account.id for account in index.same_name(principal)))
    return f"its new name belongs to {ids} on the target, so it keeps the name it has there"


def _ambiguous(principal: Principal, key: str, accounts: list[Account]) -> Match:
    ids = ", ".join(sorted(account.id for account in accounts))
    reason = f"{len(accounts)} objects on the target have its {key}: {ids}"
    return Match(principal, Situation.AMBIGUOUS, None, reason)


def _by_id(principal: Principal, account: Account, index: Index, rule: AdoptionRule) -> Match:
    link = index.links.by_target.get(account.id)
    if link:
        reason = f"{account.id} has its externalId, but is linked to {link.external_id}"
        return Match(principal, Situation.TAKEN, None, reason)
    if account.id in index.shared:
        return _shared(principal, account, index.shared[account.id])
    if rule.word(account.kind, (principal.name, principal.external_id)) == "never":
        return _taken(principal, f"{_unmade(account)} with its object id", "unowned")
    return Match(principal, Situation.SAME_ID, account)


def _by_name(principal: Principal, index: Index, rule: AdoptionRule, free: frozenset[str]) -> Match:
    names = principal.name, principal.external_id
    accounts = [
        account
        for account in index.same_name(principal)
        if account.id not in free
        and (account.id not in index.ending or rule.may_take(account, *names))
    ]
    if not accounts:
        return Match(principal, Situation.ABSENT)
    if len(accounts) > 1:
        return _ambiguous(principal, "name", accounts)
    account = accounts[0]
    owner = index.owner_in_scope(account)
    if owner:
        reason = f"its name belongs to {account.id}, which is {owner} in Entra"
        return Match(principal, Situation.TAKEN, None, reason)
    if not rule.may_take(account, *names):
        return _taken(principal, *_untakeable(account, index.links))
    unseen = index.owner_unseen(account)
    if unseen:
        reason = (
            f"its name belongs to {account.id}, which is linked to {unseen}, and a part of the source "
            f"could not be read"
        )
        return Match(principal, Situation.TAKEN, None, reason)
    if account.id in index.shared:
        return _shared(principal, account, index.shared[account.id])
    return Match(principal, Situation.SAME_NAME, account)


def _shared(principal: Principal, account: Account, sharer: Sharer) -> Match:
    """Match what another sync manages: people can be managed by both, a group has one owner."""
    if account.kind is not Kind.GROUP:
        return Match(principal, Situation.SHARED, account)
    reason = f"{account.id} is a group of the sync {sharer.sync}; take it out of the scope of one of the two"
    return Match(principal, Situation.TAKEN, None, reason)


def _taken(principal: Principal, whose: str, needed: AdoptWord) -> Match:
    setting = adopt_setting(principal.kind, needed)
    return Match(principal, Situation.TAKEN, None, f"{whose}; {setting} would adopt it", setting)


def _untakeable(account: Account, links: Links) -> tuple[str, AdoptWord]:
    needed: AdoptWord = "same_name" if account.external_id else "unowned"
    link = links.by_target.get(account.id)
    if link:
        return f"its name belongs to {account.id}, which is linked to {link.external_id}", needed
    if account.external_id:
        return f"{_unmade(account)} with another externalId, {account.external_id}", needed
    return f"{_unmade(account)} by name", needed


def _unmade(account: Account) -> str:
    return f"exists on the target as {account.id}, not made by this sync,"
