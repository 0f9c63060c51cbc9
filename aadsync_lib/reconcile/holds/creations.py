"""What is made in this run, and what has to wait for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.groups import new_groups
from aadsync_lib.reconcile.diff.principals import new_principals
from aadsync_lib.reconcile.holds.capacity import over_capacity
from aadsync_lib.reconcile.holds.retries import Deferred, defer_failed
from aadsync_lib.reconcile.holds.unlisted import hold_unlisted


@dataclass(slots=True)
class Creations:
    """What is made, and why the rest is not: it waits, a person has to look, or the policy leaves it."""

    made: list[Change] = field(default_factory=list)
    waits: Deferred = field(default_factory=Deferred)
    quarantined: list[Quarantined] = field(default_factory=list)
    left: list[Unapplied] = field(default_factory=list)
    names: frozenset[str] = frozenset()


def creations(context: TargetContext) -> Creations:
    """Return everything that is missing on the target, made in this run or not.

    ``names`` are the object ids of what is not: nothing else of it is planned, memberships included.
    """
    missing = [*new_principals(context), *new_groups(context)]
    wanted, unlisted = hold_unlisted(context, missing)
    full = over_capacity(context)
    found = Creations(
        left=[Unapplied(one, UnappliedBy.DRIFT) for one in wanted if _is_left(context, one)]
    )
    found.quarantined = sorted(full.values(), key=lambda one: (one.name, one.external_id or ""))
    found.waits = defer_failed(
        context.retry_policy,
        (one for one in wanted if one.external_id not in full and not _is_left(context, one)),
    )
    found.waits.held += unlisted
    found.made = found.waits.changes
    if len(found.made) < len(missing):
        found.names = _ids(missing) - _ids(found.made)
    return found


def _is_left(context: TargetContext, change: Change) -> bool:
    return change.drift and context.policy.drift == "report"


def _ids(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.external_id for change in changes if change.external_id)
