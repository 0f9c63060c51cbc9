"""What applying a plan will cost at the published limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.plan import Estimate
from aadsync_lib.model.rates import CREATE_MEMBERS, PATCH_REMOVES, PATCH_VALUES, Verb


def estimate(changes: Iterable[Change], rates: Mapping[Verb, float], pace: float) -> Estimate:
    """Count the writes as the executor sends them; each class of request has a pace of its own.

    A group is created with its members, and one PATCH carries the additions and removals of a group.
    """
    requests: Counter[Verb] = Counter()
    groups: dict[str, list[Change]] = {}
    for change in changes:
        verb = change.action.verb
        if change.action.kind.value == "group" and verb in ("create", "add", "remove"):
            groups.setdefault(change.external_id or change.target_id or "", []).append(change)
        elif verb in ("create", "delete"):
            requests[Verb.WRITE] += 1
        elif verb != "adopt" or change.before != change.after:
            requests[Verb.PATCH] += 1
    for of_one in groups.values():
        requests.update(_of_group(of_one))
    seconds = max((count / (rates[verb] * pace) for verb, count in requests.items()), default=0.0)
    return Estimate(requests.total(), round(seconds, 1))


def _of_group(changes: list[Change]) -> Counter[Verb]:
    adds = sum(len(c.members) for c in changes if c.action is Action.ADD_MEMBERS)
    removes = sum(len(c.members) for c in changes if c.action is Action.REMOVE_MEMBERS)
    if any(change.action is Action.CREATE_GROUP for change in changes):
        patches = ceil(max(0, adds - CREATE_MEMBERS) / PATCH_VALUES)
        return Counter({Verb.WRITE: 1, Verb.PATCH: patches})
    patches = max(ceil(adds / PATCH_VALUES), ceil(removes / PATCH_REMOVES))
    return Counter({Verb.PATCH: patches})
