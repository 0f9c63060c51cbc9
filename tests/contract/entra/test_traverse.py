"""Nested groups and the kinds of members."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.entra.state import PERMISSIONS
from tests.contract.entra.meddling import count, edit_answers


def notices(snapshot):
    return {notice.code: notice.message for notice in snapshot.notices}


def chain(entra, depth):
    """Groups nested in one another, the outermost first."""
    groups = [entra.add_group(f"level {level}") for level in range(depth)]
    for parent, child in pairwise(groups):
        entra.add_member(parent, child)
    return groups


def test_members_are_direct_ones_of_every_kind(entra, source):
    user, inner = entra.add_user("ada@contoso.com"), entra.add_group("Inner")
    bot = entra.add_service_principal("bot", "app-1")
    group = entra.add_group("Data", members=[user, inner, bot])
    snapshot = source("Data").read()
    assert snapshot.groups[group].members == {user, inner, bot}
    assert snapshot.groups[inner].members == frozenset()
    assert snapshot.roots == {group}
    assert snapshot.complete
    assert snapshot.notices == ()


@pytest.mark.parametrize("nested", ["preserve", "flatten"])
def test_nesting_of_any_depth_is_read_to_its_end(entra, source, nested):
    groups = chain(entra, 25)
    user = entra.add_user("deep@contoso.com")
    entra.add_member(groups[-1], user)
    snapshot = source("level 0", nested=nested).read()
    assert list(snapshot.groups) == sorted(groups)
    assert user in snapshot.users


def test_direct_reads_no_nested_group(box, entra, source):
    outer, inner = chain(entra, 2)
    user = entra.add_user("ada@contoso.com")
    entra.add_member(outer, user)
    reads = count(box, f"groups/{inner}/")
    snapshot = source("level 0", nested="direct").read()
    assert snapshot.groups[outer].members == {user}
    assert set(snapshot.groups) == {outer}
    assert reads() == 0
    assert snapshot.complete


def test_cycles_and_groups_in_themselves_end(box, entra, source):
    groups = chain(entra, 3)
    entra.add_member(groups[2], groups[0])
    entra.add_member(groups[1], groups[1])
    reads = count(box, "/members\\?")
    snapshot = source("level 0").read()
    assert snapshot.groups[groups[2]].members == {groups[0]}
    assert snapshot.groups[groups[1]].members == {groups[1], groups[2]}
    assert reads() == 3


def test_a_group_under_two_parents_is_read_once(box, entra, source):
    user = entra.add_user("ada@contoso.com")
    bottom = entra.add_group("Bottom", members=[user])
    sides = [entra.add_group(name, members=[bottom, user]) for name in ("Left", "Right")]
    entra.add_group("Top", members=[*sides, bottom, user])
    members, people = count(box, "/members\\?"), count(box, "/users\\?")
    snapshot = source("Top", "Left").read()
    assert len(snapshot.groups) == 4
    assert members() == 4
    assert people() == 1


def test_service_principals_that_the_plain_read_leaves_out_are_found(entra, source):
    bots = {entra.add_service_principal(f"bot {n}", f"app-{n}") for n in range(3)}
    group = entra.add_group("Bots", members=bots)
    snapshot = source("Bots").read()
    assert snapshot.groups[group].members == bots
    assert {sp.app_id for sp in snapshot.service_principals.values()} == {"app-0", "app-1", "app-2"}


def test_a_service_principal_that_only_the_plain_read_has_is_read_by_id(box, entra, source):
    bot = entra.add_service_principal("bot", "app-1", accountEnabled=False)
    agent = entra.add_device("agent")
    group = entra.add_group("Bots", members=[agent])
    edit_answers(box, "#microsoft.graph.device", "#microsoft.graph.agentIdentity")
    edit_answers(box, agent, bot)
    snapshot = source("Bots").read()
    assert snapshot.groups[group].members == {bot}
    assert snapshot.service_principals[bot].app_id == "app-1"
    assert not snapshot.service_principals[bot].enabled
    assert snapshot.complete


def test_service_principals_can_be_left_out_and_are_not_asked_for(box, entra, source):
    bot = entra.add_service_principal("bot", "app-1")
    group = entra.add_group("Bots", members=[bot])
    casts = count(box, "servicePrincipal")
    snapshot = source("Bots", service_principals=False).read()
    assert snapshot.groups[group].members == frozenset()
    assert casts() == 0
    assert snapshot.notices == ()
    assert snapshot.complete


def test_service_principals_of_the_plain_read_can_be_left_out_too(box, entra, source):
    group = entra.add_group("Bots", members=[entra.add_device("agent")])
    edit_answers(box, "#microsoft.graph.device", "#microsoft.graph.servicePrincipal")
    snapshot = source("Bots", service_principals=False).read()
    assert snapshot.groups[group].members == frozenset()
    assert snapshot.notices == ()


def test_an_agent_user_is_a_user(box, entra, source):
    user = entra.add_user("agent@contoso.com")
    group = entra.add_group("Agents", members=[user])
    edit_answers(box, "#microsoft.graph.user", "#microsoft.graph.agentUser")
    snapshot = source("Agents").read()
    assert snapshot.groups[group].members == {user}
    assert set(snapshot.users) == {user}


def test_devices_and_contacts_are_counted_in_one_notice_a_type(entra, source):
    things = [entra.add_device("a"), entra.add_device("b"), entra.add_contact("c")]
    group = entra.add_group("Things", members=things)
    snapshot = source("Things").read()
    assert [n.code for n in snapshot.notices] == ["member_type_skipped"] * 2
    assert "2 members of type device" in snapshot.notices[0].message
    assert "1 members of type orgContact" in snapshot.notices[1].message
    assert snapshot.groups[group].members == frozenset()
    assert snapshot.complete


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("#microsoft.graph.device", "#microsoft.graph.teapot", "teapot"),
        ('"@odata.type":"#microsoft.graph.device",', "", "without a type"),
    ],
)
def test_unknown_types_are_counted_and_never_dropped_in_silence(
    box, entra, source, old, new, shown
):
    entra.add_group("Things", members=[entra.add_device("a")])
    edit_answers(box, old, new)
    assert f"1 members of type {shown}" in notices(source("Things").read())["member_type_unknown"]


def test_nested_groups_of_another_kind_are_left_out_with_a_notice(entra, source):
    lists = [entra.add_group(f"List {n}", securityEnabled=False) for n in range(2)]
    user = entra.add_user("ada@contoso.com")
    for group in lists:
        entra.add_member(group, user)
    outer = entra.add_group("Outer", members=lists)
    snapshot = source("Outer").read()
    assert set(snapshot.groups) == {outer}
    assert snapshot.groups[outer].members == frozenset()
    assert "2 nested memberships" in notices(snapshot)["group_kind_skipped"]
    assert snapshot.complete


def test_nested_groups_of_every_kind_are_read_when_all_are_wanted(entra, source):
    inner = entra.add_group("List", securityEnabled=False)
    outer = entra.add_group("Outer", members=[inner])
    snapshot = source("Outer", groups_of_kind="all").read()
    assert snapshot.groups[outer].members == {inner}
    assert not snapshot.groups[inner].security_enabled


def test_a_microsoft_365_group_is_asked_for_no_group_cast(box, entra, source):
    user = entra.add_user("ada@contoso.com")
    group = entra.add_group("Team", groupTypes=["Unified"], members=[user])
    casts = count(box, r"graph\.group")
    snapshot = source("Team").read()
    assert snapshot.groups[group].members == {user}
    assert casts() == 0
    assert snapshot.complete


UNSUPPORTED = {"error": {"code": "Request_UnsupportedQuery", "message": "no such members"}}


@pytest.mark.parametrize(("types", "complete"), [(["Unified"], True), ([], False)])
def test_a_refused_cast_is_no_gap_only_where_no_such_members_can_be(
    box, entra, source, types, complete
):
    entra.add_group("Team", groupTypes=types)
    box.faults.add(Fault("400", path=r"graph\.servicePrincipal", body=UNSUPPORTED, count=None))
    assert source("Team").read().complete is complete


@pytest.mark.parametrize("status", ["400", "404"])
def test_a_gateway_that_knows_the_cast_by_its_full_name_only_is_asked_so(
    box, entra, source, status
):
    bots = [entra.add_service_principal(f"bot {n}", f"app-{n}") for n in range(3)]
    groups = [entra.add_group(f"Bots {n}", members=[bot]) for n, bot in enumerate(bots)]
    for parent, child in pairwise(groups):
        entra.add_member(parent, child)
    short = box.faults.add(Fault(status, path=r"members/graph\.servicePrincipal", count=None))
    snapshot = source("Bots 0").read()
    members = [snapshot.groups[group].members for group in groups]
    assert members == [{bots[0], groups[1]}, {bots[1], groups[2]}, {bots[2]}]
    assert snapshot.complete
    assert box.faults.fired_by(short) == 2  # it is remembered for the groups below


def test_more_members_than_a_page_are_read_to_the_end(entra, source):
    users = [entra.add_user(f"u{n}@contoso.com") for n in range(1000)]
    bots = [entra.add_service_principal(f"b{n}", f"app-{n}") for n in range(1000)]
    group = entra.add_group("Many", members=users + bots)
    snapshot = source("Many").read()
    assert snapshot.groups[group].members == {*users, *bots}
    assert len(snapshot.users) == len(snapshot.service_principals) == 1000
    assert snapshot.complete


def test_empty_pages_with_a_next_link_do_not_end_a_listing(entra, source):
    users = {entra.add_user(f"u{n}@contoso.com") for n in range(40)}
    group = entra.add_group("Data", members=users)
    entra.empty_pages = 2
    snapshot = source("Data").read()
    assert snapshot.groups[group].members == users
    assert set(snapshot.users) == users
    assert snapshot.complete


class TestIncomplete:
    @pytest.fixture
    def user(self, entra):
        return entra.add_user("ada@contoso.com")

    @pytest.mark.parametrize(
        ("kind", "advice"),
        [
            ("403", "403 Authorization_RequestDenied; grant GroupMember.Read.All"),
            ("404", "404 Request_ResourceNotFound; it went away"),
            ("500", "500 Service_InternalServerError; it was tried several times"),
            ("503", "503 ServiceNotAvailable; it was tried several times"),
            ("400", "400 Request_BadRequest; Injected fault"),
        ],
    )
    def test_members_that_cannot_be_read_make_the_group_unread_and_no_other(
        self, box, entra, source, user, kind, advice
    ):
        lost = entra.add_group("Lost", members=[user])
        outer = entra.add_group("Outer", members=[lost, user])
        box.faults.add(Fault(kind, path=rf"groups/{lost}/members\?", count=None))
        snapshot = source("Outer").read()
        assert advice in snapshot.groups[lost].unread
        assert snapshot.groups[outer].unread is None
        assert snapshot.groups[outer].members == {lost, user}
        assert not snapshot.complete

    @pytest.mark.usefixtures("small_pages")
    def test_a_group_that_is_gone_in_mid_read_keeps_what_was_read(self, box, entra, source):
        users = {entra.add_user(f"u{n}@contoso.com") for n in range(3)}
        group = entra.add_group("Data", members=users)
        box.faults.add(Fault("404", path="members.*skiptoken", count=None))
        snapshot = source("Data").read()
        assert len(snapshot.groups[group].members) == 2
        assert "404" in snapshot.groups[group].unread

    def test_a_cast_that_cannot_be_read_names_its_permission(self, box, entra, source, user):
        group = entra.add_group("Data", members=[user])
        box.faults.add(Fault("403", path=r"graph\.servicePrincipal", count=None))
        snapshot = source("Data").read()
        assert "service principals: " in snapshot.groups[group].unread
        assert "grant Application.Read.All" in snapshot.groups[group].unread
        assert snapshot.groups[group].members == {user}

    @pytest.mark.usefixtures("small_pages")
    def test_a_page_token_that_expires_once_begins_the_group_again(self, box, entra, source):
        users = {entra.add_user(f"u{n}@contoso.com") for n in range(3)}
        group = entra.add_group("Data", members=users)
        box.faults.add(Fault("400", path="members.*skiptoken", body=EXPIRED))
        snapshot = source("Data").read()
        assert snapshot.groups[group].members == users
        assert snapshot.complete

    @pytest.mark.usefixtures("small_pages")
    def test_a_page_token_that_expires_twice_makes_the_group_unread(self, box, entra, source):
        users = {entra.add_user(f"u{n}@contoso.com") for n in range(3)}
        group = entra.add_group("Data", members=users)
        box.faults.add(Fault("400", path="members.*skiptoken", body=EXPIRED, count=2))
        snapshot = source("Data").read()
        assert "expired twice" in snapshot.groups[group].unread

    @pytest.mark.parametrize("member", ["user", "servicePrincipal"])
    def test_a_hidden_group_that_looks_empty_is_unread(self, entra, source, user, member):
        bot = entra.add_service_principal("bot", "app-1")
        group = entra.add_group(
            "Hidden",
            visibility="HiddenMembership",
            members=[user if member == "user" else bot],
        )
        entra.permissions.discard("Member.Read.Hidden")
        snapshot = source("Hidden").read()
        assert "grant Member.Read.Hidden" in snapshot.groups[group].unread

    def test_a_hidden_nested_group_that_looks_empty_is_unread(self, entra, source, user):
        inner = entra.add_group("Hidden", visibility="HiddenMembership", members=[user])
        entra.add_group("Outer", members=[inner])
        entra.permissions.discard("Member.Read.Hidden")
        assert "Member.Read.Hidden" in source("Outer").read().groups[inner].unread

    def test_a_hidden_group_with_members_is_read(self, entra, source, user):
        entra.add_group("Hidden", visibility="HiddenMembership", members=[user])
        assert source("Hidden").read().complete

    @pytest.mark.parametrize("security", [True, None])
    def test_a_nested_group_without_a_name_is_read_for_naming_to_hold_it_alone(
        self, entra, source, user, security
    ):
        inner = entra.add_group("Inner", members=[user])
        outer = entra.add_group("Outer", members=[inner])
        entra.update(inner, displayName=None, securityEnabled=security)
        snapshot = source("Outer").read()
        assert snapshot.groups[outer].members == {inner}
        assert snapshot.groups[inner].display_name == ""
        assert snapshot.groups[inner].members == {user}
        assert snapshot.groups[inner].security_enabled
        assert user in snapshot.users
        assert snapshot.complete

    def test_a_nested_group_without_a_name_that_is_of_another_kind_is_left_out(self, entra, source):
        inner = entra.add_group("Inner", securityEnabled=False)
        outer = entra.add_group("Outer", members=[inner])
        entra.update(inner, displayName=None)
        snapshot = source("Outer").read()
        assert snapshot.groups[outer].members == frozenset()
        assert "group_kind_skipped" in notices(snapshot)

    def test_a_nested_group_listed_without_its_name_is_read_by_itself_once(
        self, box, entra, source, user
    ):
        inner = entra.add_group("Inner", members=[user])
        parents = [entra.add_group(f"dbx-{n}", members=[inner]) for n in range(2)]
        edit_answers(box, '"displayName":"Inner"', '"displayName":null', times=1)
        reads = count(box, f"groups/{inner}\\?")
        snapshot = source({"prefix": "dbx-"}).read()
        assert snapshot.groups[inner].display_name == "Inner"
        assert all(snapshot.groups[parent].members == {inner} for parent in parents)
        assert snapshot.complete
        assert reads() == 1

    @pytest.mark.parametrize(("status", "permission"), [("403", True), ("500", False)])
    def test_a_nested_group_without_a_name_that_cannot_be_read_leaves_its_parents_unread(
        self, box, entra, source, status, permission
    ):
        inner = entra.add_group("Inner")
        outer, other = entra.add_group("dbx-a", members=[inner]), entra.add_group("dbx-b")
        entra.update(inner, displayName=None)
        box.faults.add(Fault(status, path=f"groups/{inner}\\?", count=None))
        snapshot = source({"prefix": "dbx-"}).read()
        assert snapshot.groups[outer].members == {inner}
        unread = snapshot.groups[outer].unread
        assert f"nested group {inner}: Graph answered {status}" in unread
        assert ("grant" in unread) is permission
        assert snapshot.groups[other].unread is None

    def test_the_right_permissions_leave_nothing_unread(self, entra, source, user):
        entra.add_group("Data", members=[user, entra.add_service_principal("bot", "app-1")])
        entra.permissions = set(PERMISSIONS)
        assert source("Data").read().complete

    @pytest.mark.parametrize("value", ['"value":7', '"value":[{}]', '"x":[]'])
    def test_a_listing_that_is_none_makes_the_group_unread(self, box, entra, source, value):
        group = entra.add_group("Empty", members=[])
        edit_answers(box, '"value":[]', value)
        assert "Graph answered 200 no_" in source({"id": group}).read().groups[group].unread


EXPIRED = {"error": {"code": "Directory_ExpiredPageToken", "message": "expired"}}
