"""Changes of a group's members, and the limits they must keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aadsync_lib.sandbox.databricks.edits import Draft
from aadsync_lib.sandbox.databricks.errors import bad_request, not_found
from aadsync_lib.sandbox.databricks.records import Group
from aadsync_lib.sandbox.databricks.state import DatabricksState


def plan_members(state: DatabricksState, group: Group, draft: Draft) -> tuple[list[str], list[str]]:
    """Return who is added to and removed from a group, or refuse all of it."""
    wanted = [m for m, stays in draft.members.items() if stays]
    if draft.clear_members:
        removed = [m for m in group.members if not draft.members.get(m, False)]
    else:
        leaving = [m for m, stays in draft.members.items() if not stays]
        removed = [m for m in leaving if m in group.members]
        _check_repeated(state, len(leaving) - len(removed))
    known = _known(state, wanted)
    added = [m for m in known if m not in group.members]
    if not draft.clear_members:
        _check_repeated(state, len(known) - len(added))
    check_additions(state, group.id, added)
    return added, removed


def _known(state: DatabricksState, member_ids: list[str]) -> list[str]:
    known = [m for m in member_ids if state.kind_of(m) is not None]
    if len(known) < len(member_ids) and state.switches.unknown_member == "error":
        raise not_found("Principal", next(m for m in member_ids if state.kind_of(m) is None))
    return known


def _check_repeated(state: DatabricksState, repeated: int) -> None:
    if repeated and state.switches.repeated_membership == "error":
        raise bad_request(f"{repeated} members are already as asked for")


def check_additions(state: DatabricksState, group_id: str, added: Iterable[str]) -> None:
    """Refuse additions that exceed the published limits or close a circle."""
    most = state.switches.max_direct_parents
    for member in added:
        if len(state.parents.get(member, ())) >= most:
            raise bad_request(f"{member} is a direct member of {most} groups, which is the limit")
        if member in state.groups:
            _check_nesting(state, group_id, member)


def _check_nesting(state: DatabricksState, parent: str, child: str) -> None:
    if state.switches.cycles == "error" and _reaches(state, child, parent):
        raise bad_request(f"Adding group {child} to group {parent} would create a cycle")
    above = _height(parent, lambda g: state.parents.get(g, {}))
    below = _height(child, lambda g: state.subgroups.get(g, {}))
    if above + below > state.switches.max_depth:
        raise bad_request(
            f"Adding group {child} to group {parent} would nest {above + below} levels deep, "
            f"over the limit of {state.switches.max_depth}"
        )


def _reaches(state: DatabricksState, start: str, goal: str) -> bool:
    seen = {start}
    todo = [start]
    while todo:
        group = todo.pop()
        if group == goal:
            return True
        fresh = state.subgroups.get(group, {}).keys() - seen
        seen |= fresh
        todo.extend(fresh)
    return False


def _height(start: str, following: Callable[[str], Iterable[str]]) -> int:
    """Return the number of groups on the longest chain from ``start``; circles count once."""
    heights: dict[str, int] = {}
    under_way: set[str] = set()
    stack = [start]
    while stack:
        group = stack[-1]
        if group in heights:
            stack.pop()
            continue
        open_ones = [g for g in following(group) if g not in heights and g not in under_way]
        if open_ones and group not in under_way:
            under_way.add(group)
            stack.extend(open_ones)
            continue
        heights[group] = 1 + max((heights.get(g, 0) for g in following(group)), default=0)
        under_way.discard(group)
        stack.pop()
    return heights[start]
