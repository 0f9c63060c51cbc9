"""Part of both sides that a run on demand has to see: what concerns a few identities."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.directory import Affected, Changes, Snapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.target import ORDINARY, Touched
from aadsync_lib.reconcile.paths import reached

GIVING = frozenset((Action.CREATE_GROUP, Action.ASSIGN_WORKSPACE, Action.GRANT_ENTITLEMENTS))


def concerned(
    known: Snapshot, changes: Changes, kinds: Mapping[str, Kind], above: Collection[str]
) -> Affected:
    """Return what has to be read of Entra: identities of these ``kinds``, and every group they may be in.

    Those are the groups that Entra shows ``above`` them, those in which they were known to be, and those that it
    announces them to join or leave, as each of these alone may be late. Whoever else is announced is read, too: they
    may have a protected name by now, or one of those asked for.
    """
    parents: dict[str, set[str]] = {}
    for key, group in known.groups.items():
        for member in group.members:
            if member in kinds or member in known.groups:
                parents.setdefault(member, set()).add(key)
    announced = changes.announced or ()
    moved = {
        each.id for each in announced if not kinds.keys().isdisjoint(each.joined.keys() | each.left)
    }
    groups = reached((*kinds, *above, *moved), lambda key: parents.get(key, ()))

    def of(kind: Kind, known: Container[str] = ()) -> frozenset[str]:
        others = (each.id for each in announced if each.id in known)
        return frozenset((*(key for key, its in kinds.items() if its is kind), *others))

    return Affected(
        frozenset(groups) - of(Kind.USER) - of(Kind.SERVICE_PRINCIPAL),
        of(Kind.USER, known.users),
        of(Kind.SERVICE_PRINCIPAL, known.service_principals),
        of(Kind.GROUP),
    )


def linked_objects(links: Links, ids: Iterable[str]) -> Touched:
    """Return the objects of a target that identities (object ids) are linked to."""
    own = (links.by_external[key] for key in ids if key in links.by_external)
    return Touched({link.target_id: link.kind for link in own})


def check_narrow(plan: TargetPlan, about: Affected) -> None:
    """Raise ``FullRunNeeded`` for a plan that does more than what was read tells, or leaves anything open."""
    if plan.quarantined or plan.on_hold or plan.unapplied or plan.replacement_paths:
        raise FullRunNeeded("something would wait, or is to be looked at")
    for change in plan.changes:
        if change.action not in ORDINARY | GIVING or _takes_otherwise(change, about.groups):
            raise FullRunNeeded(f"the plan holds another change: {change.action.value}")


def _takes_otherwise(change: Change, groups: Container[str]) -> bool:
    """Return whether anybody but a person would lose a group, or one of which Entra was not asked."""
    if change.action is not Action.REMOVE_MEMBERS:
        return False
    nested = any(member.type is Kind.GROUP for member in change.members)
    return nested or change.external_id not in groups
