"""Tracks memberships of the managed groups against those that are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from aadsync_lib.model.account import Members
from aadsync_lib.model.carried import EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import Action, MemberRef
from aadsync_lib.model.desired import DesiredGroup
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.state.provenance import Provenance, Rows


@dataclass(frozen=True)
class MembershipTracker:
    """Compares who is in the managed groups with who is remembered there."""

    target: str
    context: TargetContext
    run_id: str
    now: float

    def seen(
        self, groups: Iterable[tuple[Link, Members | None]], known: Provenance
    ) -> Iterator[Membership]:
        """Yield the memberships that are new, have ended, or are Entra's by now.

        What could not be read on either side ends nothing.
        """
        for link, current in groups:
            if isinstance(current, frozenset):
                yield from self._group(link, current, known.of(link.external_id))

    def _group(self, link: Link, current: frozenset[str], rows: Rows) -> Iterator[Membership]:
        wanted = self.context.desired.groups.get(link.external_id)
        for target_id in sorted(current - rows.keys()):
            yield self._new(link, target_id, wanted)
        for target_id, row in rows.items():
            there = target_id in current
            was = None if there else row.member.external_id  # what a stranger carries is no proof
            has = self._entra_has(self._identity(target_id) or was, wanted)
            if there and row.until is not None:
                again = self._new(link, target_id, wanted)
                yield replace(again, since=max(self.now, row.until))
            elif there and has and row.how is MembershipOrigin.FOREIGN:
                yield replace(row, how=MembershipOrigin.FOUND, member=self._ref(target_id))
            elif not there and (has or self._certain(wanted)):
                yield from self._gone(row, has=has)

    def _gone(self, row: Membership, *, has: bool) -> Iterator[Membership]:
        ending = EndReason.LOST if has else EndReason.REMOVED
        if row.until is None:
            until = max(self.now, row.since)  # the clock may have been put back
            yield replace(row, until=until, ending=ending, ended_by=self.run_id)
        elif row.ending is EndReason.LOST and not has:
            yield replace(row, ending=EndReason.REMOVED)

    def _new(self, link: Link, target_id: str, wanted: DesiredGroup | None) -> Membership:
        how = (
            MembershipOrigin.FOUND
            if self._entra_has(self._identity(target_id), wanted)
            else MembershipOrigin.FOREIGN
        )
        return Membership(
            target=self.target,
            group=link.external_id,
            group_name=link.name,
            member=self._ref(target_id),
            how=how,
            since=self.now,
            run_id=self.run_id,
        )

    def _ref(self, target_id: str) -> MemberRef:
        member = self.context.ref(target_id)
        return replace(member, external_id=self._identity(target_id) or member.external_id)

    def _entra_has(self, external_id: str | None, wanted: DesiredGroup | None) -> bool:
        return wanted is not None and external_id in wanted.members

    def _certain(self, wanted: DesiredGroup | None) -> bool:
        """Return whether absence from the group in Entra means that Entra does not have the member."""
        return wanted.unread is None if wanted else self.context.desired.complete

    def _identity(self, target_id: str) -> str | None:
        link = self.context.links.by_target.get(target_id)
        return link.external_id if link else self._matched.get(target_id)

    @cached_property
    def _matched(self) -> Mapping[str, str]:
        """Whom members are that are not ours, by target id."""
        matches = self.context.correlation.matches.items()
        return {match.account.id: external_id for external_id, match in matches if match.account}


def managed_groups(
    context: TargetContext, skipped: frozenset[str]
) -> list[tuple[Link, Members | None]]:
    """Return our groups with who is in them; of one that is gone, nobody is, if that is known.

    ``skipped`` are those, by object id, that an unrecorded write may have changed.
    """
    links = (link for link in context.links.by_external.values() if link.external_id not in skipped)
    return [(link, _members(context, link)) for link in links if link.kind is Kind.GROUP]


def _members(context: TargetContext, link: Link) -> Members | None:
    if link.target_id not in context.target.accounts:
        return frozenset() if context.target.complete else None
    return None if link.target_id in context.protected else context.members.get(link.target_id)


def touched_groups(
    context: TargetContext,
    linked: Mapping[str, Link],
    outcomes: Sequence[Outcome],
    late: frozenset[str],
) -> list[tuple[Link, Members | None]]:
    """Return the groups that this run adopted, and ``late`` ones, with who is in them after it.

    ``linked`` are the links after the run.
    """
    adopted = {
        outcome.change.external_id
        for outcome in outcomes
        if outcome.result is Result.DONE and outcome.change.action is Action.ADOPT_GROUP
    }
    open_ = {outcome.change.external_id for outcome in outcomes if outcome.result is Result.UNKNOWN}
    groups = [
        linked[external_id] for external_id in linked if external_id in (adopted | late) - open_
    ]
    return [(link, _after(_members(context, link), outcomes, link)) for link in groups]


def _after(current: Members | None, outcomes: Sequence[Outcome], group: Link) -> Members | None:
    if not isinstance(current, frozenset):
        return current
    for outcome in outcomes:
        if outcome.result is Result.DONE and outcome.change.external_id == group.external_id:
            ids = {member.target_id for member in outcome.change.members if member.target_id}
            if outcome.change.action is Action.ADD_MEMBERS:
                current |= ids
            elif outcome.change.action is Action.REMOVE_MEMBERS:
                current -= ids
    return current
