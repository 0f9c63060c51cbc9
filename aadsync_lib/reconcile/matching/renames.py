"""Renames: groups follow Entra; users, which cannot be renamed, are made anew where the policy says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from aadsync_lib.config.policy import Policy
from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Attributes, Kind, Principal, name_key, same_name
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.reconcile.matching.correlate import Correlation, Match, Situation
from aadsync_lib.reconcile.state.retries import RetryPolicy


def rename(principal: Principal, account: Account, link: Link | None) -> Change:
    """Return the change that gives a group the name it has in Entra."""
    was = link.name if link and link.target_id == account.id else None
    by_hand = was == principal.name
    reason = (
        f"{principal.name} was renamed to {account.name} on the target by hand"
        if by_hand
        else f"{account.name} in Entra is now called {principal.name}"
    )
    return Change(
        Action.RENAME_GROUP,
        principal.external_id,
        account.id,
        principal.name,
        reason,
        Attributes(display_name=account.name),
        Attributes(display_name=principal.name),
        drift=by_hand,
    )


def kept_names(
    desired: Desired,
    target: TargetSnapshot,
    links: Links,
    policy: Policy,
    retry_policy: RetryPolicy,
) -> frozenset[str]:
    """Return the target ids of groups that keep another name than Entra's in this run."""
    return frozenset(
        account.id
        for external_id, group in desired.groups.items()
        if (link := links.by_external.get(external_id))
        and (account := target.accounts.get(link.target_id))
        and account.name != group.principal.name
        and _stays(rename(group.principal, account, link), policy, retry_policy)
    )


def _stays(change: Change, policy: Policy, retry_policy: RetryPolicy) -> bool:
    by_hand = change.drift and not retry_policy.failed_before(change)
    return (by_hand and policy.drift == "report") or retry_policy.waiting(change) is not None


def renamed_links(outcomes: Iterable[Outcome], links: Mapping[str, Link]) -> tuple[Link, ...]:
    """Return the links of groups that were renamed, with the name they have now."""
    done = (outcome.change for outcome in outcomes if outcome.result is Result.DONE)
    return tuple(
        replace(link, name=change.name)
        for change in done
        if change.action is Action.RENAME_GROUP
        and (link := links.get(change.external_id or ""))
        and link.target_id == change.target_id  # not one that it has taken the place of
    )


def recreate(
    correlation: Correlation,
    target: TargetSnapshot,
    links: Links,
    policy: Policy,
    untouchable: frozenset[str],
    former: Iterable[Link],
) -> Mapping[str, Account]:
    """Match users whose userName changed anew, and return what they were until now.

    Who cannot have the new name on the target stays what he is. An object that only carries the object
    id, under another name, is not taken over; if the identity had it once, it gets a new one.
    """
    if policy.user_name_change != "recreate" or policy.mode != "mirror":
        return {}
    own = {(link.external_id, link.target_id) for link in former}
    renamed = _misnamed_users(correlation, untouchable, Situation.LINKED)
    foreign = _misnamed_users(correlation, untouchable, Situation.SAME_ID)
    holders = _by_user_name(target) if renamed or foreign else {}

    def anew(principal: Principal) -> Match | None:
        held = holders.get(name_key(principal.name), [])
        free = all(_free(account, links, untouchable) for account in held)
        return _matched_anew(principal, held, policy, own) if free else None

    for match, account in foreign:
        external_id = match.principal.external_id
        fresh = anew(match.principal) if (external_id, account.id) in own else None
        correlation.matches[external_id] = fresh or _kept_apart(match.principal, account)
        correlation.held |= set() if fresh else {account.id}
    return {
        match.principal.external_id: account
        for match, account in renamed
        if _replaced(correlation, anew(match.principal))
    }


def _replaced(correlation: Correlation, fresh: Match | None) -> bool:
    if fresh:
        correlation.matches[fresh.principal.external_id] = fresh
    return fresh is not None


def _kept_apart(principal: Principal, account: Account) -> Match:
    """Leave who has the object id, but another name: once taken over, the next run would replace it."""
    reason = (
        f"{account.id} on the target has its externalId, but the userName {account.name}, and is not "
        f"linked; policy.user_name_change: recreate would replace it at once. Delete it to have "
        f"{principal.name} made, or have it adopted as it is by policy.user_name_change: quarantine"
    )
    return Match(principal, Situation.TAKEN, None, reason)


def _matched_anew(
    principal: Principal, held: Sequence[Account], policy: Policy, own: Set[tuple[str, str]]
) -> Match | None:
    """Match by the new name: nobody, who was this identity before, or who may be adopted."""
    if not held:
        return Match(principal, Situation.ABSENT)
    account = held[0]
    same_id = account.external_id == principal.external_id
    ours = same_id or (principal.external_id, account.id) in own
    rule, names = AdoptionRule.of(policy), (principal.name, principal.external_id)
    if len(held) > 1 or not (ours or rule.may_take(account, *names)):
        return None
    return Match(principal, Situation.SAME_ID if ours else Situation.SAME_NAME, account)


def _misnamed_users(
    correlation: Correlation, untouchable: frozenset[str], situation: Situation
) -> list[tuple[Match, Account]]:
    """Return the active users in this situation who have another userName than Entra's."""
    return [
        (match, account)
        for match in correlation.matches.values()
        if match.situation is situation
        and (account := match.account)
        and match.principal.kind is Kind.USER
        and match.reason is None
        and match.principal.active
        and account.id not in untouchable
        and not same_name(account.name, match.principal.name)
    ]


def _free(account: Account, links: Links, untouchable: frozenset[str]) -> bool:
    return account.id not in links.by_target and account.id not in untouchable


def _by_user_name(target: TargetSnapshot) -> Mapping[str, list[Account]]:
    accounts: dict[str, list[Account]] = {}
    for account in target.accounts.values():
        if account.kind is Kind.USER:
            accounts.setdefault(name_key(account.name), []).append(account)
    return accounts
