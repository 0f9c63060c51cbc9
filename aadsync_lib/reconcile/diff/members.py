"""Changes of the members of a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter

from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.matching.correlate import Match, Situation
from aadsync_lib.reconcile.split import Held


class Roster:
    """Everybody in scope who is there, or will be, to be a member of a group."""

    def __init__(self, context: TargetContext) -> None:
        self._case = context
        self._joined: Counter[int] = Counter()  # by place in the list
        self._ids = {
            external_id: match.account.id if match.account else None
            for external_id, match in context.correlation.matches.items()
            if match.account
            or (
                (match.situation is Situation.ABSENT and match.principal.active)
                and external_id not in context.withheld
            )
        }

    def compare(
        self, current: frozenset[str], wanted: frozenset[str]
    ) -> tuple[frozenset[str], list[MemberRef]]:
        """Return the members, as target ids, that are not wanted, and who is wanted and not there.

        Who is disabled and not ours is left as it is.
        """
        if not current:
            return current, self._refs(wanted)
        there = frozenset(map(self._ids.get, wanted))
        if there == current:
            return frozenset(), []
        missing = [] if there <= current else [m for m in wanted if self._ids.get(m) not in current]
        return current.difference(there), self._refs(missing)

    def _refs(self, members: Collection[str]) -> list[MemberRef]:
        places = self._places
        try:
            joining = sorted(map(places.__getitem__, members))
        except KeyError:  # somebody who cannot be added: rare enough to look at everybody only then
            joining = sorted(places[member] for member in members if member in places)
        self._joined.update(joining)
        return list(map(self._listed.__getitem__, joining))

    @property
    def most_joined(self) -> int:
        """In how many groups somebody was wanted and not there, at most."""
        return max(self._joined.values(), default=0)

    @cached_property
    def _listed(self) -> Sequence[MemberRef]:
        """Everybody who may be added, by name; who shares one is in order of object id already."""
        matches, disabled_unmanaged = self._case.correlation.matches, self._case.disabled_unmanaged
        refs = (
            MemberRef(
                external_id,
                there,
                matches[external_id].principal.name,
                matches[external_id].principal.kind,
            )
            for external_id, there in self._ids.items()
            if external_id not in disabled_unmanaged
        )
        return sorted(refs, key=attrgetter("name"))

    @cached_property
    def _places(self) -> Mapping[str | None, int]:
        return {ref.external_id: place for place, ref in enumerate(self._listed)}


def member_changes(
    context: TargetContext, group: DesiredGroup, roster: Roster
) -> Iterator[Change | Held]:
    """Work out who joins and who leaves a group in scope."""
    match = context.correlation.matches[group.principal.external_id]
    principal, account = match.principal, match.account
    if group.unread:
        yield _held(principal, group.unread)
    if not (_is_made(context, match) if account is None else account.id not in context.protected):
        return
    current = context.current(account) if account else frozenset[str]()
    if not isinstance(current, frozenset):
        yield unseen(principal.external_id, principal.name, current)
        return
    surplus, added = roster.compare(current, group.members)
    removed = [] if group.unread else removable(context, surplus)
    if removed and not context.desired.complete and any(ref.type is Kind.GROUP for ref in added):
        if context.mirrors:
            yield _held(principal, "other groups are nested in it in this very run")
        removed = []
    yield from _member_changes(principal, account, added, removed)


def _is_made(context: TargetContext, match: Match) -> bool:
    made = match.situation is Situation.ABSENT
    return made and match.principal.external_id not in context.withheld


def _held(principal: Principal, why: str) -> Held:
    """Return what waits for a whole read.

    What a group gets nested instead of people counts as unread, too: a group that could not be read
    may have hidden a cycle, and the nesting then is not what it was.
    """
    reason = f"a part of the source could not be read, so that nobody is removed: {why}"
    return Held(Quarantined(principal.external_id, principal.name, reason))


def removable(context: TargetContext, surplus: frozenset[str]) -> list[MemberRef]:
    """Leave out those who are protected or in question."""
    return (
        [context.ref(target_id) for target_id in surplus - context.exempt_from_removal]
        if surplus
        else []
    )


def _member_changes(
    principal: Principal, account: Account | None, added: list[MemberRef], removed: list[MemberRef]
) -> Iterator[Change]:
    target_id = account.id if account else None
    for action, refs, why in (
        (Action.ADD_MEMBERS, added, "members in Entra"),
        (Action.REMOVE_MEMBERS, sorted(removed, key=by_name), "not members in Entra"),
    ):
        if refs:
            members = tuple(refs)
            yield Change(
                action, principal.external_id, target_id, principal.name, why, members=members
            )


def by_name(member: MemberRef) -> tuple[str, str, str]:
    """Return the order in which members are listed."""
    return member.name, member.external_id or "", member.target_id or ""


def absent_members(context: TargetContext) -> Iterator[Held]:
    """Yield who is in a group and could not be looked up: perhaps protected, or only not listed yet."""
    unknown = {member: why for member, why in context.absent.items() if isinstance(why, Unread)}
    for group, current in sorted(context.members.items()) if unknown else ():
        inside = sorted(unknown.keys() & current) if isinstance(current, frozenset) else ()
        for member in inside:
            account = context.target.accounts[group]
            reason = f"{member} is in it, is not listed, and could not be looked up: {unknown[member].reason}"
            yield Held(Quarantined(context.ref(group).external_id, account.name, reason))


def unseen(external_id: str, name: str, current: Unread | None) -> Held:
    """Return what waits because the target did not show who is in a group."""
    why = current.reason if current else "the group is gone"
    reason = f"its members on the target could not be read: {why}"
    return Held(Quarantined(external_id, name, reason))
