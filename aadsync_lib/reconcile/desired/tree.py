"""The groups in scope as a tree."""

from __future__ import annotations

from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import name_key
from aadsync_lib.model.plan import GroupNode


def tree(desired: Desired) -> tuple[GroupNode, ...]:
    """Return every group with the groups in it, parents first."""
    ids = desired.groups.keys()
    nodes = []
    for group in sorted(
        desired.groups.values(), key=lambda one: (-one.height, name_key(one.principal.name))
    ):
        nested = sorted(
            (ids & group.members), key=lambda one: name_key(desired.groups[one].principal.name)
        )
        people = len(group.members) - len(nested)
        principal = group.principal
        nodes.append(GroupNode(principal.external_id, principal.name, tuple(nested), people))
    return tuple(nodes)
