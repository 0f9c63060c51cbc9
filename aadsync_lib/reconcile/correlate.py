"""Which object on the target is which identity of Entra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal, same_name
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.index import Index, movable

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


def correlate(
    desired: Desired,
    target: TargetSnapshot,
    links: Links,
    adopt: Adopt,
    fixed: frozenset[str] = frozenset(),
) -> Correlation:
    """Match by link, then externalId, then, only where ``adopt`` allows it, by name.

    Two candidates quarantine, as two claimants did before; an absent key matches nothing. ``fixed``
    are target ids that keep their name whatever Entra says.
    """
    index = Index(desired, target, links)
    groups = (group.principal for group in desired.groups.values())
    everybody = (*desired.principals.values(), *groups)
    known = {one.external_id: _known(one, index, adopt, desired.quarantined) for one in everybody}
    renamed = _renamed(known.values())
    free = movable(renamed, index, fixed)
    stuck = renamed.keys() - free - fixed
    found = Correlation()
    for principal in everybody:
        match = known[principal.external_id] or _by_name(principal, index, adopt, free)
        if match.account and match.account.id in stuck:
            match = replace(match, reason=_stuck(principal, index))
        found.matches[principal.external_id] = match
        if match.reason:
            found.held.update(account.id for account in index.candidates(principal))
    known_accounts = {m.account.id for m in found.matches.values() if m.account}
    found.held -= known_accounts | links.by_target.keys()  # a link leaves no question whose it is
    return found


def _known(
    principal: Principal, index: Index, adopt: Adopt, contested: Mapping[str, Quarantined]
) -> Match | None:
    """Match by link or externalId; ``None`` leaves it to the name."""
    linked = index.linked(principal)
    held = contested.get(principal.external_id)
    if linked:
        return Match(principal, Situation.LINKED, linked, held.reason if held else None)
    if held:
        return Match(principal, Situation.CONTESTED, None, held.reason)
    same_id = index.same_id(principal)
    if len(same_id) > 1:
        return _ambiguous(principal, "externalId", same_id)
    return _by_id(principal, same_id[0], index, adopt) if same_id else None


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


def _by_id(principal: Principal, account: Account, index: Index, adopt: Adopt) -> Match:
    link = index.links.by_target.get(account.id)
    if link:
        reason = f"{account.id} has its externalId, but is linked to {link.external_id}"
        return Match(principal, Situation.TAKEN, None, reason)
    if adopt == "never":
        reason = f"{_unmade(account)} with its object id; policy.adopt: unowned would adopt it"
        return Match(principal, Situation.TAKEN, None, reason)
    return Match(principal, Situation.SAME_ID, account)


def _by_name(principal: Principal, index: Index, adopt: Adopt, free: frozenset[str]) -> Match:
    found = [one for one in index.same_name(principal) if one.id not in free]
    if not found:
        return Match(principal, Situation.ABSENT)
    if len(found) > 1:
        return _ambiguous(principal, "name", found)
    owner = index.owner_in_scope(found[0])
    if owner:
        reason = f"its name belongs to {found[0].id}, which is {owner} in Entra"
        return Match(principal, Situation.TAKEN, None, reason)
    if may_take(found[0], adopt):
        return Match(principal, Situation.SAME_NAME, found[0])
    return Match(principal, Situation.TAKEN, None, _untakeable(found[0], index.links))


def _untakeable(account: Account, links: Links) -> str:
    needed: Adopt = "same_name" if account.external_id else "unowned"
    link = links.by_target.get(account.id)
    if link:
        whose = f"its name belongs to {account.id}, which is linked to {link.external_id}"
    elif account.external_id:
        whose = f"{_unmade(account)} with another externalId, {account.external_id}"
    else:
        whose = f"{_unmade(account)} by name"
    return f"{whose}; policy.adopt: {needed} would adopt it"


def may_take(account: Account, adopt: Adopt) -> bool:
    """Return whether the policy lets an object of the right name be taken over."""
    return adopt == "same_name" or (adopt == "unowned" and not account.external_id)


def _unmade(account: Account) -> str:
    return f"exists on the target as {account.id}, not made by this sync,"
