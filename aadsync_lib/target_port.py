"""Port to one Databricks account or workspace."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from aadsync_lib.model.account import Account, Members, Reread, TargetSnapshot, Unread
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.rates import Verb

NOBODY: Mapping[str, str] = MappingProxyType({})


class TargetReader(Protocol):
    """One Databricks account or workspace, as a plan sees it."""

    name: str

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    @property
    def rates(self) -> Mapping[Verb, float]:
        """Requests a second that this sync may send, by class."""

    def read(self) -> TargetSnapshot:
        """Read who exists, all of it unless the snapshot says otherwise, or raise ``TargetError``."""

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        """Read the direct members, as target ids, of these groups; a group that is gone is left out."""

    def automatic(self, group_ids: Collection[str]) -> Mapping[str, bool]:
        """Say of each group whether automatic identity management has it, as far as that is told."""

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        """Read objects by id, of any kind where none is given; ``None`` for what is not there."""

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        """Look up every object of this name afresh, or else those that may be held for one with it."""


class Target(TargetReader, Protocol):
    """One Databricks account or workspace.

    Writes return when the target has answered, raise ``ChangeRefused``, and are safe to repeat. All
    of them keep the pace of the published limits by themselves and may be called from many threads.
    """

    def login(self) -> str | None:
        """Return what tells this login from any other without a request; ``None`` where nothing does."""

    def read_again(
        self,
        ids: Mapping[str, Kind],
        names: Collection[tuple[Kind, str]],
        admins_of: TargetSnapshot | None = None,
        shown: Mapping[str, str] = NOBODY,
    ) -> Reread:
        """Read objects by themselves, and see that nobody has some names; raises ``ChangeRefused`` otherwise.

        With an earlier read to go by, ``admins_of``, also whom a group makes admins, and whose login this is
        where ``login`` does not tell; the listing of groups that make admins has to show these groups by name, too.
        """

    def create(self, kind: Kind, wanted: Attributes, members: Sequence[str] = ()) -> str:
        """Create a principal, a group with its first members, and return the target id."""

    def update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        """Set the attributes that are not ``None``."""

    def change_members(
        self,
        group_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        wanted: Attributes | None = None,
    ) -> None:
        """Set the attributes, remove, then add, members in one request.

        With attributes, what may be at fault in either is ``TogetherRefused``.
        """

    def delete(self, kind: Kind, target_id: str) -> None:
        """Delete; an object that is gone already counts as deleted."""
