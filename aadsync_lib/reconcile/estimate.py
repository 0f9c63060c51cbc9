"""What applying a plan will cost at the published limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.plan import Estimate
from aadsync_lib.model.rates import CREATE_MEMBERS, PATCH_REMOVES, PATCH_VALUES, Verb

MEMBERS = (Action.ADD_MEMBERS, Action.REMOVE_MEMBERS)


def estimate(changes: Iterable[Change], rates: Mapping[Verb, float], pace: float) -> Estimate:
    """Count the writes as the executor sends them; each class of request has a pace of its own.

    A group is created with its members, one PATCH carries the additions and removals of a group,
    and one whatever else changes of an object.
    """
    requests: Counter[Verb] = Counter()
    parts: dict[tuple[str, bool], list[Change]] = {}
    for change in changes:
        about = change.external_id or change.target_id or ""
        of_members = change.action in MEMBERS or change.action is Action.CREATE_GROUP
        parts.setdefault((about, of_members), []).append(change)
    for (_, of_members), part in parts.items():
        requests.update(_of_members(part) if of_members else _of_itself(part))
    seconds = max((count / (rates[verb] * pace) for verb, count in requests.items()), default=0.0)
    return Estimate(requests.total(), round(seconds, 1))


def _of_itself(changes: list[Change]) -> Counter[Verb]:
    if changes[0].action.verb in ("create", "delete"):
        return Counter({Verb.WRITE: 1})
    return Counter({Verb.PATCH: int(any(change.before != change.after for change in changes))})


def _of_members(changes: list[Change]) -> Counter[Verb]:
    adds = sum(len(c.members) for c in changes if c.action is Action.ADD_MEMBERS)
    removes = sum(len(c.members) for c in changes if c.action is Action.REMOVE_MEMBERS)
    if any(change.action is Action.CREATE_GROUP for change in changes):
        patches = ceil(max(0, adds - CREATE_MEMBERS) / PATCH_VALUES)
        return Counter({Verb.WRITE: 1, Verb.PATCH: patches})
    patches = max(ceil(adds / PATCH_VALUES), ceil(removes / PATCH_REMOVES))
    return Counter({Verb.PATCH: patches})
