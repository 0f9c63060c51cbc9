"""The cost of changing access to workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import ACCESS, ENTITLEMENTS, Change
from aadsync_lib.model.plan import Estimate
from aadsync_lib.model.rates import ACCESS_RATES, Verb


def access_cost(changes: Iterable[Change], rates: Mapping[Verb, float]) -> Estimate:
    """Count the requests: one for each permission, one for all entitlements of somebody in a workspace.

    What is revoked costs a read more, so that nothing else is. Each workspace has a pace of its own;
    entitlements of a target that is one are PATCHes of its own (``own_entitlements``).
    """
    access = [change for change in changes if change.action in ACCESS]
    entitlements = _recipients(access)
    revoking = _recipients(change for change in access if change.takes_access)
    assignments = sum(change.action not in ENTITLEMENTS for change in access)
    elsewhere = Counter(workspace for workspace, _ in entitlements if workspace is not None)
    paces = {**ACCESS_RATES, **rates}
    seconds = max(
        assignments / paces[Verb.ASSIGNMENT],
        max(elsewhere.values(), default=0) / paces[Verb.ENTITLEMENT],
    )
    return Estimate(assignments + elsewhere.total() + len(revoking), seconds)


def own_entitlements(changes: Iterable[Change]) -> int:
    """Count the PATCHes of entitlements in a target that is a workspace itself."""
    return sum(workspace is None for workspace, _ in _recipients(changes))


def _recipients(changes: Iterable[Change]) -> set[tuple[WorkspaceId, str | None]]:
    return {
        (change.workspace_id, change.external_id or change.target_id)
        for change in changes
        if change.action in ENTITLEMENTS
    }
