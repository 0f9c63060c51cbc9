from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import WorkspaceAccess
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Permission
from aadsync_lib.reconcile.assignments.given import access_lost, given_by, shows

USER, ADMIN = Permission.USER, Permission.ADMIN


def assign(before, after, *, target_id="1", workspace=7, name="dbx"):
    action = Action.ASSIGN_WORKSPACE if after else Action.UNASSIGN_WORKSPACE
    values = [
        Attributes(workspace_id=workspace, permission=each) if each else None
        for each in (before, after)
    ]
    return Change(action, "g", target_id, name, "", *values, principal=Kind.GROUP)


def grant(*names, workspace=7):
    after = Attributes(workspace_id=workspace, entitlements=names)
    return Change(Action.GRANT_ENTITLEMENTS, "g", "1", "dbx", "", after=after, principal=Kind.GROUP)


def revoke(*names, workspace=7):
    before = Attributes(workspace_id=workspace, entitlements=names)
    return Change(Action.REVOKE_ENTITLEMENTS, "g", "1", "dbx", "", before, principal=Kind.GROUP)


@pytest.mark.parametrize(
    ("done", "permission", "base"),
    [
        ([assign(None, USER)], USER, None),
        ([assign(None, USER), assign(USER, ADMIN)], ADMIN, None),
        ([assign(None, USER), assign(USER, ADMIN), assign(ADMIN, USER)], USER, None),
        ([assign(USER, ADMIN)], ADMIN, USER),
        ([assign(USER, ADMIN), assign(ADMIN, USER)], None, None),
        ([assign(None, USER), assign(USER, None)], None, None),
        ([assign(None, USER), assign(USER, None), assign(USER, ADMIN)], ADMIN, USER),
    ],
)
def test_what_was_there_before_is_not_given(done, permission, base):
    given = given_by(done).get((7, "1"))
    assert (given.permission if given else None, given.base if given else None) == (
        permission,
        base,
    )


def test_entitlements_add_up_and_go_each_by_itself():
    given = given_by([grant("a", "b"), revoke("a"), grant("c")])
    assert given[7, "1"].entitlements == {"b", "c"}
    assert given_by([grant("a"), revoke("a")]) == {}


def test_workspaces_and_principals_are_told_apart():
    given = given_by(
        [assign(None, USER), assign(None, USER, workspace=8), grant("a", workspace=None)]
    )
    assert given.keys() == {(7, "1"), (8, "1"), (None, "1")}


def test_what_has_no_place_on_the_target_is_nobodys():
    assert given_by([assign(None, USER, target_id=None)]) == {}


def test_who_is_unassigned_loses_the_entitlements_with_it():
    lost = access_lost([revoke("a", "b"), assign(USER, None), assign(ADMIN, USER, workspace=8)])
    assert lost == ("dbx from workspace 7", "dbx no admin of workspace 8")
    assert access_lost([revoke("a", "b")]) == (
        "dbx loses a in workspace 7",
        "dbx loses b in workspace 7",
    )
    assert access_lost([assign(None, USER), assign(USER, ADMIN), grant("a")]) == ()


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (assign(None, USER), True),
        (assign(USER, ADMIN), False),
        (assign(USER, None), False),
        (assign(None, USER, target_id="2"), False),
        (assign(USER, None, target_id="2"), True),
        (grant("a"), True),
        (grant("a", "b"), False),
        (revoke("b"), True),
        (revoke("a", "b"), False),
        (replace(assign(None, USER), after=Attributes(workspace_id=8, permission=USER)), None),
    ],
)
def test_a_workspace_tells_whether_a_write_was_done(change, seen):
    there = WorkspaceAccess({"1": USER}, {"1": frozenset({"a"})})
    assert shows(change, {7: there, 8: Unread("503")}) is seen


def test_unread_entitlements_tell_nothing():
    there = WorkspaceAccess({"1": USER}, Unread("503"))
    assert shows(grant("a"), {7: there}) is None
    assert shows(assign(None, USER), {7: there}) is True
