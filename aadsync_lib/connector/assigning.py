"""Assignments of a connector: who is to be provisioned, who is already, and who is there by others."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.past import listed
from aadsync_lib.connector.state import Assignment, State, role_missing, role_of
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import as_settings
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind

UNREAD = "unread"  # code of the warning that a part of who is to be assigned is not known


def changes(connector: Connector, state: State) -> Iterator[Change]:
    """Yield who is to be assigned, and whom a setup assigned that the settings no longer name."""
    _check_role(connector, state)
    role = connector.settings.assign.role
    there = {assignment.principal for assignment in state.assignments}
    for principal in sorted(_assignable(state) - there, key=lambda key: _name(state, key)):
        kind, name = state.wanted.kinds[principal], _name(state, principal)
        after = as_settings({"role": role, "type": kind.value})
        reason = "named in connector.assign, and not assigned"
        yield Change(Action.ASSIGN, principal, None, name, reason, after=after, principal=kind)
    if state.wanted.unread:
        return
    for assignment in no_longer_wanted(state):
        yield Change(
            Action.UNASSIGN,
            assignment.principal,
            assignment.id,
            assignment.name,
            "assigned by an earlier setup, and no longer named in connector.assign",
            before=as_settings({"role": role}),
        )


def warnings(connector: Connector, state: State) -> Iterator[Notice]:
    """Yield what a person should know about the assignments."""
    for reason in state.wanted.unread:
        yield Notice(UNREAD, f"Not everybody was found, and nobody is unassigned: {reason}")
    services = {k for k, kind in state.wanted.kinds.items() if kind is Kind.SERVICE_PRINCIPAL}
    if services:
        names = listed(_name(state, key) for key in services)
        yield Notice(
            "not_provisioned", f"The connector provisions no service principals, left out: {names}."
        )
    yield from _strangers(state)
    yield from _other_roles(connector, state)


def _strangers(state: State) -> Iterator[Notice]:
    ours = state.wanted.kinds.keys() | state.past.assigned.keys()
    names = {a.name for a in state.assignments if a.principal not in ours}
    if names:
        yield Notice(
            "assigned_by_others",
            f"Assigned by somebody else, and left as they are: {listed(names)}.",
        )


def _other_roles(connector: Connector, state: State) -> Iterator[Notice]:
    if state.application is None:
        return
    role, name = role_of(connector, state.application), connector.settings.assign.role
    right = {a.principal for a in state.assignments if a.role == role}
    others = {
        a.name
        for a in state.assignments
        if a.principal in state.wanted.kinds and a.principal not in right
    }
    if others:
        yield Notice(
            "other_role",
            f"Assigned with another role than {name}, which counts as assigned: {listed(others)}.",
        )


def no_longer_wanted(state: State) -> Iterator[Assignment]:
    """Yield whom a setup assigned and the settings do not name, as far as it was read."""
    wanted, assigned = state.wanted.kinds.keys(), state.past.assigned
    for assignment in state.assignments:
        principal = assignment.principal
        ours = principal in assigned and assigned[principal] in (None, assignment.id)
        if ours and principal not in wanted:
            yield assignment


def _assignable(state: State) -> set[str]:
    kinds = state.wanted.kinds.items()
    return {key for key, kind in kinds if kind is not Kind.SERVICE_PRINCIPAL}


def _name(state: State, principal: str) -> str:
    return state.wanted.names.get(principal) or principal


def _check_role(connector: Connector, state: State) -> None:
    """Refuse a role that the application has not, unless it is the one that is assumed."""
    missing = role_missing(connector, state.application) if state.application else ""
    assign = connector.settings.assign
    if missing and "role" in assign.model_fields_set:
        raise AadsyncError(
            f"targets.{connector.target}.connector.assign.role: the application has no role "
            f"{assign.role!r}; it has {missing}. Nothing was changed."
        )
