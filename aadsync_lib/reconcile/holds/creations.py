"""What is made in this run, and what has to wait for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Left, LeftBy, Quarantined
from aadsync_lib.reconcile.context import Case
from aadsync_lib.reconcile.diff.groups import new_groups
from aadsync_lib.reconcile.diff.principals import new_principals
from aadsync_lib.reconcile.holds.capacity import over_capacity
from aadsync_lib.reconcile.holds.retries import Sifted, sift


@dataclass(slots=True)
class Creations:
    """What is made, and why the rest is not: it waits, a person has to look, or the policy leaves it."""

    made: list[Change] = field(default_factory=list)
    waits: Sifted = field(default_factory=Sifted)
    quarantined: list[Quarantined] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    names: frozenset[str] = frozenset()


def creations(case: Case) -> Creations:
    """Return everything that is missing on the target, made in this run or not.

    ``names`` are the object ids of what is not: nothing else of it is planned, memberships included.
    """
    wanted = [*new_principals(case), *new_groups(case)]
    full = over_capacity(case)
    found = Creations(left=[Left(one, LeftBy.DRIFT) for one in wanted if _is_left(case, one)])
    found.quarantined = sorted(full.values(), key=lambda one: (one.name, one.external_id or ""))
    found.waits = sift(
        case.tries,
        (one for one in wanted if one.external_id not in full and not _is_left(case, one)),
    )
    found.made = found.waits.changes
    if len(found.made) < len(wanted):
        found.names = _ids(wanted) - _ids(found.made)
    return found


def _is_left(case: Case, change: Change) -> bool:
    return change.drift and case.policy.drift == "report"


def _ids(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.external_id for change in changes if change.external_id)
