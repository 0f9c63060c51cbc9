"""The cost of changing access to workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from aadsync_lib.model.change import ACCESS, ENTITLEMENTS, Change
from aadsync_lib.model.plan import Estimate
from aadsync_lib.model.rates import ACCESS_RATES, Verb


def access_cost(changes: Iterable[Change], rates: Mapping[Verb, float]) -> Estimate:
    """Count the requests: one for each permission, one for all entitlements of somebody in a workspace.

    What is revoked costs a read more, so that nothing else is. Each workspace has a pace of its own.
    """
    access = [change for change in changes if change.action in ACCESS]
    entitlements = {
        (change.workspace_id, change.external_id or change.target_id)
        for change in access
        if change.action in ENTITLEMENTS
    }
    revoking = {
        (change.workspace_id, change.external_id or change.target_id)
        for change in access
        if change.action in ENTITLEMENTS and change.takes_access
    }
    assignments = sum(change.action not in ENTITLEMENTS for change in access)
    busiest = max(Counter(workspace for workspace, _ in entitlements).values(), default=0)
    paces = {**ACCESS_RATES, **rates}
    seconds = max(assignments / paces[Verb.ASSIGNMENT], busiest / paces[Verb.ENTITLEMENT])
    return Estimate(assignments + len(entitlements) + len(revoking), seconds)
