"""The cost of applying a plan, at the rates of its target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from aadsync_lib.model.change import ACCESS, MEMBERS, Action, Change
from aadsync_lib.model.plan import Estimate
from aadsync_lib.model.rates import CREATE_MEMBERS, PATCH_REMOVES, PATCH_VALUES, Verb
from aadsync_lib.reconcile.assignments.cost import access_cost, own_entitlements


def estimate(changes: Iterable[Change], rates: Mapping[Verb, float]) -> Estimate:
    """Count the writes as the executor sends them; each class of request has a pace of its own.

    A group is created with its members, one PATCH carries the additions and removals of a group,
    and one whatever else changes of an object.
    """
    changes = tuple(changes)
    access = access_cost(changes, rates)
    parts: dict[tuple[str, bool], list[Change]] = {}
    for change in (change for change in changes if change.action not in ACCESS):
        about = change.external_id or change.target_id or ""
        of_members = change.action in MEMBERS or change.action is Action.CREATE_GROUP
        parts.setdefault((about, of_members), []).append(change)
    writes, patches = 0, own_entitlements(changes)
    for (_, of_members), part in parts.items():
        write, patch = _of_members(part) if of_members else _of_itself(part)
        writes, patches = writes + write, patches + patch
    seconds = max(writes / rates[Verb.WRITE], patches / rates[Verb.PATCH], access.seconds)
    return Estimate(writes + patches + access.requests, round(seconds, 1))


def _of_itself(changes: list[Change]) -> tuple[int, int]:
    if changes[0].action.verb in ("create", "delete"):
        return 1, 0
    return 0, int(any(change.before != change.after for change in changes))


def _of_members(changes: list[Change]) -> tuple[int, int]:
    adds = sum(len(c.members) for c in changes if c.action is Action.ADD_MEMBERS)
    removes = sum(len(c.members) for c in changes if c.action is Action.REMOVE_MEMBERS)
    if any(change.action is Action.CREATE_GROUP for change in changes):
        return 1, ceil(max(0, adds - CREATE_MEMBERS) / PATCH_VALUES)
    return 0, max(ceil(adds / PATCH_VALUES), ceil(removes / PATCH_REMOVES))
