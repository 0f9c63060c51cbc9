"""Refusals: how a target says to the core that it did not do a write, or not all of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice


class ChangeRefused(Exception):  # noqa: N818  a control signal between ports, not an operator's error
    """The target answered a write with an error that trying again at once will not mend."""


class AlreadyThere(ChangeRefused):
    """The target already has an object of this name (409)."""


class TogetherRefused(ChangeRefused):
    """What a group is and whom it contains were refused as one request: nothing was done, apart they may."""


class AnswerLost(ChangeRefused):
    """The write was sent and no answer came: it may or may not have been done."""


class MembersRefused(ChangeRefused):
    """Some members of a group were refused; every other change of the call was made.

    ``refused`` is the reason by member id, ``untried`` why these were not even sent: nothing is wrong
    with them. ``group_id`` tells the id of a group that this very call created.
    """

    def __init__(
        self, group_id: str, refused: Mapping[str, str], untried: Mapping[str, str] | None = None
    ) -> None:
        self.group_id = group_id
        self.refused = dict(refused)
        self.untried = dict(untried or {})
        first = "; ".join(f"{member}: {reason}" for member, reason in islice(refused.items(), 3))
        more = f"; and {len(refused) - 3} more" if len(refused) > 3 else ""
        more += f"; {len(self.untried)} were not tried" if untried else ""
        super().__init__(f"{len(refused)} members of group {group_id} were refused: {first}{more}")
