"""What is remembered of the things that a plan is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, merged
from aadsync_lib.model.link import Links
from aadsync_lib.model.memory import Membership

Rows = Mapping[str, Membership]
MEMBERS = (Action.ADD_MEMBERS, Action.REMOVE_MEMBERS)
SETTING = ("activate", "deactivate", "update")


class Recall(Protocol):
    """Loads what is remembered, for what a plan is about only."""

    def memberships(self, groups: Collection[str]) -> Iterable[Membership]:
        """Return the latest membership of each member of these groups (object ids)."""
        ...

    def done(self, ids: Collection[str]) -> Iterable[Change]:
        """Return what was done to these objects, members apart, oldest first."""
        ...


class Remembered:
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
        """Return what this sync last set on the object of a change, as far as it is known."""
        found: Attributes | None = None
        for one in self._done.get(change.external_id, ()):
            if one.action.verb == "create":
                found = one.after
            elif one.target_id == change.target_id:
                found = merged((found, one.after))
        return found or Attributes()


def remembered(links: Links, changes: Iterable[Change], recall: Recall | None) -> Remembered:
    """Load what tells by whose hand things differ."""
    ours = [one for one in changes if one.external_id in links.by_external]
    groups = {one.external_id for one in ours if one.action in MEMBERS}
    people = {one.external_id for one in ours if one.action.verb in SETTING}
    if recall is None or not ours:
        return Remembered()
    return Remembered(
        recall.memberships(sorted(one for one in groups if one)),
        recall.done(sorted(one for one in people if one)),
    )
