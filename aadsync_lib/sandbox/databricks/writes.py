"""Creating, changing and deleting records: all of a request or nothing of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request, not_found
from aadsync_lib.sandbox.databricks.names import cased
from aadsync_lib.sandbox.databricks.records import (
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
    User,
)
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.values import Draft, set_attribute, takes


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


NOT_EDITABLE = "Error in performing the patch operation on group resource."
APPLICATION_IDS = uuid.UUID("b9a1f5a0-0000-4000-8000-000000000000")


def create(state: DatabricksState, kind: Kind, body: JsonObject) -> Record:
    draft = whole(state, kind, body)
    match kind:
        case "Users":
            return _create_user(state, body, draft)
        case "ServicePrincipals":
            return _create_service_principal(state, body, draft)
        case "Groups":
            return _create_group(state, draft)


def whole(
    state: DatabricksState, kind: Kind, body: JsonObject, record_id: str | None = None
) -> Draft:
    """Read a whole resource, as POST and PUT send it; what it cannot set is ignored."""
    draft = state.draft(record_id)
    for name, value in body.items():
        if takes(draft, kind, name) and value is not None:
            set_attribute(draft, kind, name, value, state.switches)
    return draft


def _create_user(state: DatabricksState, body: JsonObject, draft: Draft) -> User:
    name = body.get("userName")
    if not isinstance(name, str) or not name.strip():
        raise bad_request("Attribute userName is required", "invalidValue")
    name = name.strip()
    if state.named("Users", name):
        raise ApiError(
            409, f"User with email {name} already exists in this {state.level}", "uniqueness"
        )
    _check_room(state)
    if state.switches.user_name_case == "lower":
        name = name.lower()
    user = User(state.new_id(), name, draft.display_name or "")
    _insert(state, "Users", user, draft)
    if not user.display_name:
        full = " ".join(part for part in (user.given_name, user.family_name) if part)
        user.display_name = full or user.user_name
    return user


def _create_service_principal(
    state: DatabricksState, body: JsonObject, draft: Draft
) -> ServicePrincipal:
    new_id = state.new_id()
    application_id = body.get("applicationId") or str(uuid.uuid5(APPLICATION_IDS, new_id))
    if not isinstance(application_id, str):
        raise bad_request("applicationId must be a string", "invalidValue")
    _check_application(state, body.get("applicationId"))
    application_id = cased(application_id, state.switches.application_id_case)
    if state.named("ServicePrincipals", application_id):
        detail = f"Service principal with application ID {application_id} already exists."
        raise ApiError(409, detail, "uniqueness")
    _check_room(state)
    principal = ServicePrincipal(new_id, application_id, draft.display_name or application_id)
    _insert(state, "ServicePrincipals", principal, draft)
    return principal


def _check_application(state: DatabricksState, application_id: str | None) -> None:
    """Refuse an application that Entra does not know; one that Databricks makes up is none."""
    if application_id is None or state.switches.unknown_application_id == "accepted":
        return
    if state.application_exists is None or not state.application_exists(application_id):
        raise bad_request(f"Application {application_id} was not found in the tenant")


def _create_group(state: DatabricksState, draft: Draft) -> Group:
    if draft.display_name is None:
        raise bad_request("Attribute displayName is required", "invalidValue")
    _check_group_name(state, draft.display_name, None)
    switches = state.switches
    if len(state.groups) >= switches.max_groups:
        raise bad_request(f"The {state.level} has {switches.max_groups} groups, which is the limit")
    if len(draft.members) > switches.max_members_in_create:
        raise bad_request(f"A group can be created with {switches.max_members_in_create} members")
    group = Group(state.new_id(), draft.display_name)
    added, _ = plan_members(state, group, draft)
    _insert(state, "Groups", group, draft)
    for member in added:
        state.link(group.id, member)
    return group


def _insert(state: DatabricksState, kind: Kind, row: Record, draft: Draft) -> None:
    _set_fields(row, draft)
    table = state.table(kind)
    table.remember(row.id, state.clock())
    table.add(row)
    state.settled(row, draft)
    state.arrived(row)


def _check_room(state: DatabricksState) -> None:
    most = state.switches.max_principals
    if len(state.users) + len(state.service_principals) >= most:
        raise bad_request(
            f"The {state.level} has {most} users and service principals, which is the limit"
        )


def _check_group_name(state: DatabricksState, name: str, group_id: str | None) -> None:
    for other in state.named("Groups", name):
        same = other.display_name == name or not state.switches.case_variant_groups
        if other.id != group_id and (same or other.system):
            raise ApiError(409, f"Group with name {name} already exists.", "uniqueness")


def change(state: DatabricksState, kind: Kind, row: Record, draft: Draft) -> None:
    """Make all changes of a draft, after every check."""
    added: list[str] = []
    removed: list[str] = []
    state.check_change(row, draft)
    if isinstance(row, Group):
        if not draft.entitles_only:
            _check_managed(row)
        if draft.display_name is not None:
            _check_group_name(state, draft.display_name, row.id)
        added, removed = plan_members(state, row, draft)
    table: Any = state.table(kind)
    table.remember(row.id, state.clock())
    if draft.display_name is not None:
        table.rename(row, draft.display_name)
    _set_fields(row, draft)
    state.settled(row, draft)
    for member in removed:
        state.unlink(row.id, member)
    for member in added:
        state.link(row.id, member)


def _check_managed(group: Group) -> None:
    """Refuse a change of a group that automatic identity management keeps."""
    if group.aim_managed:
        raise ApiError(500, NOT_EDITABLE)


def _set_fields(row: Record, draft: Draft) -> None:
    if draft.external_id is not None:
        row.external_id = draft.external_id or None
    if draft.roles is not None:
        row.roles = draft.roles
    if not isinstance(row, Group) and draft.active is not None:
        row.active = draft.active
    if isinstance(row, User):
        row.given_name = draft.given_name or row.given_name
        row.family_name = draft.family_name or row.family_name


def replace(state: DatabricksState, kind: Kind, row: Record, body: JsonObject) -> None:
    """PUT: what the body leaves out is gone, members and roles included."""
    draft = whole(state, kind, body, row.id)
    if draft.roles is None:
        draft.roles = []
    if draft.granted is not None and draft.entitlements is None:
        draft.entitlements = []
    if isinstance(row, Group):
        draft.external_id = draft.external_id or ""
        draft.clear_members = True
    elif draft.active is None:
        draft.active = True
    change(state, kind, row, draft)


def delete(state: DatabricksState, kind: Kind, row: Record) -> None:
    state.check_deletion(row)
    if isinstance(row, Group):
        _check_managed(row)
    now = state.clock()
    for parent in state.parents.get(row.id, ()):
        state.groups.remember(parent, now)
    state.table(kind).remember(row.id, now)
    state.remove(row.id)
