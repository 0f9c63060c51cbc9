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
        desired.groups.values(), key=lambda group: (-group.height, name_key(group.principal.name))
    ):
        nested = sorted(
            (ids & group.members), key=lambda gid: name_key(desired.groups[gid].principal.name)
        )
        people = len(group.members) - len(nested)
        principal = group.principal
        nodes.append(GroupNode(principal.external_id, principal.name, tuple(nested), people))
    return tuple(nodes)
