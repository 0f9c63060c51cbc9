"""Target as an earlier run left it, of which only what a plan touches is read again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from aadsync_lib.model.account import Account, Members, TargetSnapshot, Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.mirror import TargetMirror
from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import ChangeRefused, Target
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.target import Touched

MOST = 50  # objects of a target to read one by one; beyond that a full run costs no more
ROUNDS = 4  # of planning: what is read may show more to do


class MirroredTarget:
    """A target as it is believed to be, with what was read again of it; the rest of it is asked as ever."""

    def __init__(self, target: Target, mirror: TargetMirror) -> None:
        self.name = target.name
        self.mirror = mirror
        self._target = target
        self._seen = Touched()

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._target.requests

    @property
    def rates(self) -> Mapping[Verb, float]:
        """Requests a second."""
        return self._target.rates

    def read(self) -> TargetSnapshot:
        """Return who is believed to be there."""
        return self.mirror.snapshot

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        """Return who is believed to be in groups. Raises ``FullRunNeeded`` for one that was not in play."""
        ids = tuple(group_ids)
        if not all(group in self.mirror.members for group in ids):
            raise FullRunNeeded("a group is in play whose members are not known")
        return {group: self.mirror.members[group] for group in ids}

    def automatic(self, group_ids: Collection[str]) -> Mapping[str, bool]:
        """Say of each group whether automatic identity management has it."""
        return self._target.automatic(group_ids)

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        """Read objects by id that the mirror does not have."""
        return self._target.look_up(ids)

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        """Look up objects by name."""
        return self._target.find(kind, name)

    def check_known(self, links: Links) -> None:
        """Raise ``FullRunNeeded`` where so many links are newer than the mirror that it tells little."""
        if len(links.by_target.keys() - self.mirror.snapshot.accounts.keys()) > MOST:
            raise FullRunNeeded(f"{self.name}: much was linked since both sides were read in full")

    def seen_again(self, touched: Touched) -> bool:
        """Read what is touched and was not read yet; return whether there was nothing. Raises ``FullRunNeeded``."""
        lacking = touched.without(self._seen)
        if not lacking:
            return True
        if len(lacking) > MOST:
            raise FullRunNeeded(f"{len(lacking)} objects would have to be read one by one")
        known = self.mirror.snapshot if lacking.admins else None
        try:
            reread = self._target.read_again(lacking.ids, lacking.names, known, lacking.shown)
        except ChangeRefused as refused:
            raise FullRunNeeded(f"{self.name}: {refused}") from refused
        self._seen = self._seen.plus(lacking)
        self.mirror = self.mirror.updated(reread)
        return False
