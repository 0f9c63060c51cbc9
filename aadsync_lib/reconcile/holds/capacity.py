"""Quarantines what goes over the capacity of a target."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.wording import listed
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.correlate import Situation
from aadsync_lib.reconcile.split import Held, Split

NAMED = 5  # groups named in a reason


def over_capacity(context: TargetContext) -> Mapping[str, Quarantined]:
    """Return, by object id, what cannot be created: whoever is last by name.

    What this plan deletes makes no room yet: deletions come last.
    """
    accounts = context.target.accounts.values()
    groups = sum(account.kind is Kind.GROUP for account in accounts)
    of_groups = (group.principal for group in context.desired.groups.values())
    over = (
        *_over(context, of_groups, groups, context.capacity.groups, "groups"),
        *_over(
            context,
            context.desired.principals.values(),
            len(context.target.accounts) - groups,
            context.capacity.principals,
            "principals",
        ),
    )
    return {principal.external_id: quarantined for principal, quarantined in over}


def _over(
    context: TargetContext, wanted: Iterable[Principal], there: int, limit: int | None, key: str
) -> Iterator[tuple[Principal, Quarantined]]:
    if limit is None:
        return
    new = sorted(
        (principal for principal in wanted if _absent(context, principal)),
        key=lambda principal: (principal.name, principal.external_id),
    )
    noun = "groups" if key == "groups" else "users and service principals"
    for principal in new[max(0, limit - there) :]:
        reason = (
            f"no room: {noun} on the target {there:,}, wanted beside them {len(new):,}, allowed "
            f"{limit:,} (capacity.{key} of the target); delete some there, or take some out of scope"
        )
        yield principal, Quarantined(principal.external_id, principal.name, reason)


def _absent(context: TargetContext, principal: Principal) -> bool:
    match = context.correlation.matches[principal.external_id]
    return match.situation is Situation.ABSENT and principal.active


def within_direct_groups(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Take out memberships beyond the number of groups that one principal can be directly in.

    Those that exist come first, and those that this plan ends still count: removals come after
    additions. Groups that this sync does not manage are not counted.
    """
    limit = context.capacity.direct_groups
    adding = [change for change in changes if change.action is Action.ADD_MEMBERS]
    joined = len(adding) if context.most_joined is None else context.most_joined
    if limit is None or len(context.members) + joined <= limit:
        return Split(changes)
    counts = _direct_groups(context, adding)
    over: defaultdict[MemberRef, list[str]] = defaultdict(list)
    kept = [part for change in changes if (part := _fitting(change, counts, limit, over))]
    return Split(kept, tuple(_too_many(member, names, limit) for member, names in over.items()))


def _direct_groups(context: TargetContext, adding: Iterable[Change]) -> Counter[str | None]:
    """Count in how many groups those are by now who get into another one."""
    joining = frozenset(member.target_id for change in adding for member in change.members)
    counts: Counter[str | None] = Counter()
    for members in context.members.values():
        if isinstance(members, frozenset):
            counts.update(members & joining)
    return counts


def _fitting(
    change: Change, counts: Counter[str | None], limit: int, over: defaultdict[MemberRef, list[str]]
) -> Change | None:
    if change.action is not Action.ADD_MEMBERS:
        return change
    fits: list[MemberRef] = []
    for member in change.members:
        key = member.target_id or member.external_id
        if counts[key] < limit:
            counts[key] += 1
            fits.append(member)
        else:
            over[member].append(change.name)
    if len(fits) == len(change.members):
        return change
    return replace(change, members=tuple(fits)) if fits else None


def _too_many(member: MemberRef, groups: Sequence[str], limit: int) -> Held:
    reason = (
        f"it would be directly in more than {limit:,} groups (capacity.direct_groups of the target), so "
        f"it is not added to {listed(groups, NAMED)}"
    )
    return Held(Quarantined(member.external_id, member.name, reason), quarantined=True)
