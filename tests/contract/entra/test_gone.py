"""Objects that a listing still has, but that are gone: no reason to hold anything back."""

from __future__ import annotations

import pytest

from aadsync_lib.sandbox import Fault
from tests.contract.entra.meddling import count, edit_answers, hide

GHOST = "00000000-1111-4222-8333-44444444dead"
KINDS = {"user": "users", "servicePrincipal": "servicePrincipals", "group": "groups"}


def notices(snapshot):
    return {notice.code: notice.message for notice in snapshot.notices}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def add(entra, kind):
    if kind == "user":
        return entra.add_user("ghost@contoso.com")
    if kind == "group":
        return entra.add_group("ghost")
    return entra.add_service_principal("ghost", "app-9")


@pytest.fixture
def ada(entra):
    return entra.add_user("ada@contoso.com")


class TestMembers:
    @pytest.fixture
    def outer(self, box, entra, ada, kind):
        """A group that lists somebody who is not there by id."""
        entra.permissions.add("Device.Read.All")
        ghost = entra.add_device("ghost")
        outer = entra.add_group("Outer", members=[ada, ghost])
        edit_answers(box, "#microsoft.graph.device", f"#microsoft.graph.{kind}")
        edit_answers(box, ghost, GHOST)
        return outer

    def test_one_that_is_gone_is_left_out_with_a_notice(self, source, outer, ada):
        snapshot = source("Outer").read()
        assert snapshot.groups[outer].members == {ada}
        assert set(snapshot.groups) == {outer}
        assert f"1 member of groups: ghost ({GHOST})" in notices(snapshot)["member_gone"]
        assert snapshot.complete

    @pytest.mark.parametrize("status", ["403", "500"])
    def test_one_that_cannot_be_looked_for_is_unread(self, box, source, outer, ada, kind, status):
        path = rf"{KINDS[kind]}/{GHOST}\?"
        box.faults.add(Fault(status, path=path, skip=1, count=None))
        snapshot = source("Outer").read()
        unread = [group.unread for group in snapshot.groups.values() if group.unread]
        assert any(status in reason or "404" in reason for reason in unread)
        assert GHOST in snapshot.groups[outer].members
        assert "member_gone" not in notices(snapshot)


def test_a_member_that_answers_404_for_a_moment_is_there(box, entra, source, ada, kind):
    member = add(entra, kind)
    outer = entra.add_group("Outer", members=[ada, member])
    if kind == "servicePrincipal":
        edit_answers(box, '"appId":"app-9"', '"appId":null', times=1)
    hide(box, member, among="users")
    asked = count(box, rf"{KINDS[kind]}/{member}\?")
    box.faults.add(Fault("404", path=rf"{KINDS[kind]}/{member}(/members)?\?", count=1))
    snapshot = source("Outer").read()
    assert snapshot.groups[outer].members == {ada, member}
    assert member in {*snapshot.users, *snapshot.service_principals, *snapshot.groups}
    assert "member_gone" not in notices(snapshot)
    assert asked() > 0


def test_a_nested_group_that_goes_away_while_it_is_read_is_left_out(box, entra, source, ada):
    inner = entra.add_group("Inner", members=[ada])
    outer = entra.add_group("Outer", members=[inner])
    box.faults.add(Fault("404", path=f"groups/{inner}", count=None))
    hide(box, inner, among="groups")
    snapshot = source("Outer").read()
    assert set(snapshot.groups) == {outer}
    assert snapshot.groups[outer].members == frozenset()
    assert f"Inner ({inner})" in notices(snapshot)["member_gone"]


class TestAssignments:
    @pytest.fixture
    def app(self, box, entra, ada, kind):
        """An application with an assignment that outlives whoever it was for."""
        app, ghost = entra.add_service_principal("App", "app-1"), add(entra, kind)
        for principal in (ada, ghost):
            entra.assign(app, principal)
        edit_answers(box, f'"principalId":"{ghost}"', f'"principalId":"{GHOST}"')
        return app

    def test_one_that_outlives_its_principal_counts_for_nobody(self, source, app, ada):
        snapshot = source({"application": app}).read()
        assert snapshot.assigned == {ada}
        assert snapshot.roots == frozenset()
        assert f"ghost ({GHOST})" in notices(snapshot)["assignment_orphaned"]
        assert snapshot.complete
        assert GHOST not in {root.id for root in snapshot.found}

    @pytest.mark.parametrize("status", ["403", "500"])
    def test_one_whose_principal_cannot_be_looked_for_is_unread(
        self, box, source, app, kind, status
    ):
        box.faults.add(Fault(status, path=f"{KINDS[kind]}/{GHOST}", skip=1, count=None))
        snapshot = source({"application": app}).read()
        assert f"ghost ({GHOST})" in snapshot.unread[0]
        assert status in snapshot.unread[0]
        assert ("grant" in snapshot.unread[0]) == (status == "403")
        assert "assignment_orphaned" not in notices(snapshot)


def test_an_assigned_group_that_answers_404_for_a_moment_is_there(box, entra, source):
    app, group = entra.add_service_principal("App", "app-1"), entra.add_group("Data")
    entra.assign(app, group)
    box.faults.add(Fault("404", path=f"groups/{group}"))
    snapshot = source({"application": app}).read()
    assert snapshot.roots == {group}
    assert snapshot.complete
