"""How much a run takes away, counted on the target itself, against what the guard counts in its plan."""

from __future__ import annotations

from collections.abc import Container, Iterator, Set
from dataclasses import dataclass

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan
from aadsync_lib.reconcile.guard import breaches
from tests.oracle.ledger import RunLog
from tests.oracle.oracle import Foretold
from tests.oracle.watched import Scene, effective
from tests.oracle.wishes import Wishes
from tests.unit.build import settings

EVERYTHING = settings(
    limits={
        name: {"count": 0, "share": None}
        for name in ("users_deprovisioned", "groups_removed", "members_removed", "groups_emptied")
    }
).policy.limits


def miscounted(
    plan: Plan, wishes: Wishes, foretold: Foretold, then: RunLog, before: Scene, after: Scene
) -> Iterator[str]:
    """Yield each limit whose number is not what the run took, of a run that did all of its plan."""
    guard = {breach.limit: breach.count for breach in breaches(plan, EVERYTHING)}
    in_scope = {tid for oid, tid in foretold.matches.items() if tid and oid in wishes.all}
    ours, adopted = then.owners.keys(), set(foretold.adopts.values())
    taken = _Taken(before, after, *(ids - foretold.protected for ids in (ours, adopted)), in_scope)
    for limit, (least, most) in taken.counts().items():
        if not least <= guard.get(limit, 0) <= most:
            yield f"{limit} is {guard.get(limit, 0)} for the guard, and {least} to {most} on the target"


@dataclass(frozen=True)
class _Taken:
    """What a run took from whom in the groups of ours, between two scenes.

    Memberships that end with an account that is deleted may be counted or not, and so may what nobody
    looks into: the groups of others, and those ``adopted`` by the run itself.
    """

    before: Scene
    after: Scene
    ours: Set[str]
    adopted: Set[str]
    in_scope: Set[str]

    def counts(self) -> dict[str, tuple[int, int]]:
        groups = self.ours & self.before.groups.keys()
        more = groups | (self.adopted & self.before.groups.keys())
        kept, gone = self._shrunk(more & self.in_scope), self._shrunk(groups - self.in_scope)
        emptied = [gid for gid in kept if not self.after.groups.get(gid)]
        surely = [gid for gid in emptied if gid in groups and self._taken(gid, sure=True)]
        retired = [g for g in gone if g not in self.after.groups or self._taken(g, sure=True)]
        ended = sum(map(self._ended, self.before.accounts))
        return {
            "users_deprovisioned": (ended, ended),
            "groups_removed": (len(retired), len(gone)),
            "members_removed": (self._losing(groups, sure=True), self._losing(more, sure=False)),
            "groups_emptied": (len(surely), len(emptied)),
        }

    def _shrunk(self, groups: Set[str]) -> list[str]:
        return [g for g in groups if g not in self.after.groups or self._taken(g, sure=False)]

    def _ended(self, tid: str) -> bool:
        was, is_ = self.before.accounts[tid], self.after.accounts.get(tid)
        person = was.kind is not Kind.GROUP
        return person and (is_ is None or (was.active and not is_.active))

    def _taken(self, gid: str, *, sure: bool) -> set[str]:
        """Return who is not directly in a group any more; with those who are in nothing any more."""
        left = set(self.before.groups[gid] - self.after.groups.get(gid, frozenset()))
        return left & self.after.accounts.keys() if sure and gid in self.after.groups else left

    def _losing(self, groups: Set[str], *, sure: bool) -> int:
        inside: Container[str] = self.ours if sure else self.before.groups
        further: Container[str] = self.after.groups if sure else self.ours
        count = 0
        for gid in groups:
            left = self._taken(gid, sure=sure)
            lost = left.union(*(effective(self.before, tid, inside) for tid in left))
            lost -= effective(self.after, gid, further)
            count += sum(self.before.accounts[tid].kind is not Kind.GROUP for tid in lost)
        return count
