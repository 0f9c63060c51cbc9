"""Provenance of what a plan is about: earlier memberships and changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aadsync_lib.model.carried import EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, merged
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.run import Outcome, Result

Rows = Mapping[str, Membership]
SETTING = ("activate", "deactivate", "update")


class ProvenanceReader(Protocol):
    """Loads what is remembered, for what a plan is about only."""

    def memberships(self, groups: Collection[str]) -> Iterable[Membership]:
        """Return the latest membership of each member of these groups (object ids)."""

    def done(self, ids: Collection[str]) -> Iterable[Change]:
        """Return what was done to these objects, members apart, oldest first."""


@dataclass(frozen=True, slots=True)
class PendingProvenance:
    """What is remembered, and what writes have done that an earlier run could not record.

    ``outcomes`` are what the target shows of them, oldest first. Without them, whom that run added
    would count as added by hand.
    """

    reader: ProvenanceReader
    outcomes: Sequence[tuple[str, Outcome]]
    target: str
    links: Links
    now: float

    def memberships(self, groups: Collection[str]) -> Iterable[Membership]:
        """Return the latest membership of each member of these groups (object ids)."""
        stored = self.reader.memberships(groups)
        if not self.outcomes:  # as nearly always, and there may be a million of them
            return stored
        rows = {(row.group, row.member.target_id): row for row in stored}
        for run_id, change in self._done():
            group = change.external_id or ""
            for member in change.members if group in groups else ():
                there = self._placed(member)
                key, old = (group, there.target_id), rows.get((group, there.target_id))
                if change.action is Action.ADD_MEMBERS:
                    rows[key] = self._added(change, there, run_id)
                elif old:
                    ended = replace(old, until=self.now, ending=EndReason.REMOVED, ended_by=run_id)
                    rows[key] = ended
        return rows.values()

    def done(self, ids: Collection[str]) -> Iterable[Change]:
        """Return what was done to these objects, members apart, oldest first."""
        late = [
            change for _, change in self._done() if change.external_id in ids and not change.members
        ]
        return (*self.reader.done(ids), *late)

    def _done(self) -> Iterator[tuple[str, Change]]:
        for run_id, outcome in self.outcomes:
            if outcome.result is Result.DONE:
                yield run_id, outcome.change

    def _placed(self, member: MemberRef) -> MemberRef:
        link = self.links.by_external.get(member.external_id or "")
        there = member.target_id or (link.target_id if link else None)
        return replace(member, target_id=there)

    def _added(self, change: Change, member: MemberRef, run_id: str) -> Membership:
        group = change.external_id or ""
        return Membership(
            self.target, group, change.name, member, MembershipOrigin.ADDED, self.now, run_id
        )


class Provenance:
    """The memberships known of some groups, and what was done to other objects, by object ids."""

    def __init__(self, memberships: Iterable[Membership] = (), done: Iterable[Change] = ()) -> None:
        self._done: dict[str | None, list[Change]] = defaultdict(list)
        for change in done:
            self._done[change.external_id].append(change)
        self._rows: dict[str, dict[str, Membership]] = defaultdict(dict)
        for row in memberships:
            self._rows[row.group][row.member.target_id or ""] = row

    def of(self, group: str | None) -> Rows:
        """Return what is known of a group, by the member's target id."""
        return self._rows.get(group or "", {})

    def last_set(self, change: Change) -> Attributes:
        """Return what this sync last set on the object of a change, as far as it is known.

        What a creation made may be unknown: not what something was done to before it.
        """
        last: Attributes | None = None
        known = False
        for earlier in self._done.get(change.external_id, ()):
            here = earlier.target_id == change.target_id
            if earlier.action.verb == "create" and (
                here or (earlier.target_id is None and not known)
            ):
                last = earlier.after
            elif here:
                last = merged((last, earlier.after))
            known = known or here
        return last or Attributes()


def provenance_of(
    links: Links,
    changes: Iterable[Change],
    reader: ProvenanceReader | None,
    former: Iterable[Link] = (),
) -> Provenance:
    """Load what tells by whose hand things differ.

    ``former`` objects of ours may be all that is left of an identity.
    """
    known = links.by_external.keys() | {link.external_id for link in former}
    ours = [change for change in changes if change.external_id in known]
    groups = {change.external_id for change in ours if change.action in MEMBERS}
    people = {change.external_id for change in ours if change.action.verb in SETTING}
    if reader is None or not ours:
        return Provenance()
    return Provenance(
        reader.memberships(sorted(external_id for external_id in groups if external_id)),
        reader.done(sorted(external_id for external_id in people if external_id)),
    )
