"""What each selector finds."""

from __future__ import annotations

import pytest

from aadsync_lib.errors import SourceError
from aadsync_lib.sandbox import Fault
from tests.contract.entra.meddling import count, edit_answers

NOBODY = "00000000-1111-2222-3333-444444444444"
ROLE = "11111111-1111-1111-1111-111111111111"
NASTY = ["O'Brien & Söhne #1 + 50%/é", "数据平台", "<script>alert('x')</script>", "a,b (c) $d?e"]


def codes(snapshot):
    return [notice.code for notice in snapshot.notices]


def test_a_group_is_found_by_id(entra, source):
    group = entra.add_group("Data")
    snapshot = source({"id": group}).read()
    assert snapshot.roots == {group}
    assert snapshot.groups[group].display_name == "Data"
    assert snapshot.complete


def test_an_id_without_a_group_is_a_notice_and_no_error(source):
    snapshot = source({"id": NOBODY}).read()
    assert codes(snapshot) == ["scope_empty"]
    assert NOBODY in snapshot.notices[0].message
    assert snapshot.roots == frozenset()
    assert snapshot.complete


@pytest.mark.parametrize("name", NASTY)
def test_a_group_is_found_by_its_exact_name(entra, source, name):
    group = entra.add_group(name)
    entra.add_group(name + "!")
    assert source(name).read().roots == {group}


def test_a_name_in_other_case_is_not_the_group_but_is_named(entra, source):
    group = entra.add_group("DATA")
    snapshot = source("Data").read()
    assert snapshot.roots == frozenset()
    assert codes(snapshot) == ["scope_empty"]
    assert group in snapshot.notices[0].message


def test_a_name_that_two_groups_have_is_an_error_with_both_ids(entra, source):
    groups = [entra.add_group("Data"), entra.add_group("Data")]
    entra.add_group("Other")
    with pytest.raises(SourceError) as caught:
        source("Data", "Other").read()
    assert all(group in str(caught.value) for group in groups)


def test_every_ambiguous_name_is_told_at_once(entra, source):
    groups = [entra.add_group(name) for name in ("Data", "Data", "AI", "AI")]
    with pytest.raises(SourceError) as caught:
        source("Data", "AI").read()
    assert all(group in str(caught.value) for group in groups)


@pytest.mark.parametrize("prefix", ["dbx-", "DBX-", "d'b ö", "数据"])
def test_groups_are_found_by_prefix_without_case_as_graph_compares(entra, source, prefix):
    found = {entra.add_group(f"{prefix.lower()}a"), entra.add_group(f"{prefix.upper()}b")}
    entra.add_group(f"x{prefix}")
    assert source({"prefix": prefix}).read().roots == found


def test_a_prefix_takes_security_groups_only(entra, source):
    group = entra.add_group("dbx-a")
    entra.add_group("dbx-b", securityEnabled=False, mailEnabled=True)
    snapshot = source({"prefix": "dbx-"}).read()
    assert snapshot.roots == {group}
    assert codes(snapshot) == ["group_kind_skipped"]
    assert "1 group is no security group and was left out" in snapshot.notices[0].message
    entra.add_group("dbx-c", securityEnabled=False, mailEnabled=True)
    more = source({"prefix": "dbx-"}).read().notices[0].message
    assert "2 groups are no security groups and were left out" in more


def test_a_prefix_takes_every_kind_when_all_are_wanted(entra, source):
    entra.add_group("dbx-a")
    entra.add_group("dbx-b", securityEnabled=False, mailEnabled=True)
    assert len(source({"prefix": "dbx-"}, groups_of_kind="all").read().roots) == 2


def test_a_group_named_by_id_or_name_is_taken_as_it_is(entra, source):
    one = entra.add_group("List", securityEnabled=False)
    two = entra.add_group("Mail", securityEnabled=False)
    snapshot = source({"id": one}, "Mail").read()
    assert snapshot.roots == {one, two}
    assert not snapshot.groups[one].security_enabled


def test_a_prefix_that_nothing_has_is_a_notice(source):
    assert codes(source({"prefix": "dbx-"}).read()) == ["scope_empty"]


@pytest.mark.parametrize(
    ("selector", "nearest"),
    [
        ({"name": "Data Platfrom"}, "'Data Platform'"),
        ({"name": "Bata Platform"}, "'Data Platform'"),
        ({"prefix": "dbx_"}, "'dbx-data', 'dbx-ops'"),
        ({"prefix": "Dta P"}, "'Data Platform'"),
        ({"application": "Databrick"}, "'Databricks'"),
    ],
)
def test_a_selector_that_finds_nothing_names_what_is_nearest(entra, source, selector, nearest):
    for name in ("Data Platform", "dbx-data", "dbx-ops", "Finance"):
        entra.add_group(name)
    entra.add_service_principal("Databricks", "app-1")
    [notice] = source(selector).read().notices
    assert f"; nearest: {nearest}; it adds nobody to the scope" in notice.message


def test_where_nothing_is_near_nothing_is_named(entra, source):
    entra.add_group("Finance")
    [notice] = source({"name": "dbx-data"}).read().notices
    assert "nearest" not in notice.message


def test_a_raw_filter_is_passed_on(entra, source):
    group = entra.add_group("O'Brien")
    entra.add_group("Other")
    raw = "securityEnabled eq true and startswith(displayName,'O''B')"
    assert source({"filter": raw}).read().roots == {group}


@pytest.mark.usefixtures("small_pages")
def test_a_filter_that_needs_an_advanced_query_gets_one_on_every_page(entra, source):
    groups = {entra.add_group(f"g{number}") for number in range(5)}
    entra.add_group("Other")
    assert source({"filter": "displayName ne 'Other'"}).read().roots == groups


def test_a_filter_that_graph_does_not_understand_is_told_with_graphs_words(entra, source):
    entra.add_group("Data")
    snapshot = source({"filter": "nonsense eq 'x'"}, "Data").read()
    assert not snapshot.complete
    assert "nonsense" in snapshot.unread[0]


class TestApplication:
    @pytest.fixture
    def app(self, entra):
        return entra.add_service_principal("O'Databricks", "app-1")

    @pytest.mark.parametrize("by", ["id", "name"])
    def test_groups_and_people_assigned_are_found(self, entra, source, app, by):
        group, user = entra.add_group("Data"), entra.add_user("ada@contoso.com")
        bot = entra.add_service_principal("bot", "app-2")
        for principal in (group, user, bot):
            entra.assign(app, principal)
        snapshot = source({"application": app if by == "id" else "O'Databricks"}).read()
        assert snapshot.roots == {group}
        assert snapshot.assigned == {user, bot}
        assert snapshot.users[user].user_principal_name == "ada@contoso.com"
        assert snapshot.service_principals[bot].app_id == "app-2"
        assert snapshot.complete

    def test_default_access_can_be_left_out(self, entra, source, app):
        inside, outside = entra.add_user("in@contoso.com"), entra.add_user("out@contoso.com")
        entra.assign(app, inside, ROLE)
        entra.assign(app, inside)
        entra.assign(app, outside)
        selector = {"application": app, "default_access": False}
        assert source(selector).read().assigned == {inside}

    def test_service_principals_can_be_left_out(self, entra, source, app):
        entra.assign(app, entra.add_service_principal("bot", "app-2"))
        assert source({"application": app}, service_principals=False).read().assigned == set()

    def test_assigned_groups_of_another_kind_are_left_out_with_a_notice(self, entra, source, app):
        entra.assign(app, entra.add_group("List", securityEnabled=False))
        snapshot = source({"application": app}).read()
        assert snapshot.roots == frozenset()
        assert codes(snapshot) == ["group_kind_skipped"]

    @pytest.mark.parametrize("which", [NOBODY, "No such app"])
    def test_one_that_is_not_there_is_a_notice(self, source, which):
        snapshot = source({"application": which}).read()
        assert codes(snapshot) == ["scope_empty"]
        assert snapshot.complete

    def test_one_without_assignments_is_a_notice(self, source, app):
        assert codes(source({"application": app}).read()) == ["scope_empty"]

    def test_a_name_that_two_have_is_an_error_with_both_ids(self, entra, source, app):
        other = entra.add_service_principal("O'Databricks", "app-2")
        with pytest.raises(SourceError) as caught:
            source({"application": "O'Databricks"}).read()
        assert app in str(caught.value)
        assert other in str(caught.value)

    def test_an_assigned_group_that_cannot_be_read_is_unread(self, box, entra, source, app):
        group = entra.add_group("Data")
        entra.assign(app, group)
        entra.assign(app, entra.add_user("ada@contoso.com"))
        box.faults.add(Fault("500", path=f"groups/{group}", count=None))
        snapshot = source({"application": app}).read()
        assert f"assigned group Data ({group}): Graph answered 500" in snapshot.unread[0]
        assert not snapshot.complete

    def test_an_assigned_person_that_cannot_be_read_is_unread(self, entra, source, app):
        user = entra.add_user("ada@contoso.com")
        entra.assign(app, user)
        entra.permissions.discard("User.Read.All")
        snapshot = source({"application": app}).read()
        assert snapshot.assigned == {user}
        assert snapshot.users == {}
        assert "grant User.Read.All" in snapshot.unread[0]

    @pytest.mark.usefixtures("small_pages")
    def test_half_of_the_assignments_is_told_and_used(self, box, entra, source, app):
        users = {entra.add_user(f"u{n}@contoso.com") for n in range(3)}
        for user in users:
            entra.assign(app, user)
        box.faults.add(Fault("404", path="appRoleAssignedTo.*skiptoken", count=None))
        snapshot = source({"application": app}).read()
        assert len(snapshot.assigned) == 2
        assert "404" in snapshot.unread[0]

    def test_assignments_of_an_unknown_type_are_counted(self, box, entra, source, app):
        entra.assign(app, entra.add_user("ada@contoso.com"))
        edit_answers(box, '"principalType":"User"', '"principalType":"Robot"')
        assert "assignment_type_unknown" in codes(source({"application": app}).read())

    def test_missing_permission_names_the_one_to_grant(self, entra, source, app):
        entra.add_group("Data")
        entra.permissions.discard("Application.Read.All")
        snapshot = source({"application": app}, "Data", service_principals=False).read()
        assert "403 Authorization_RequestDenied" in snapshot.unread[0]
        assert "grant Application.Read.All" in snapshot.unread[0]
        assert len(snapshot.roots) == 1

    def test_missing_permission_for_a_name_names_the_one_to_grant(self, entra, source, app):
        entra.add_group("Data")
        entra.permissions.discard("Application.Read.All")
        snapshot = source({"application": "x"}, "Data", service_principals=False).read()
        assert "grant Application.Read.All" in snapshot.unread[0]


def test_a_selector_that_fails_does_not_stop_the_others(box, entra, source):
    group, lost = entra.add_group("Data"), entra.add_group("Lost")
    box.faults.add(Fault("403", path=f"groups/{lost}", count=None))
    snapshot = source({"id": group}, {"id": lost}).read()
    assert snapshot.roots == {group}
    assert lost in snapshot.unread[0]
    assert "grant GroupMember.Read.All" in snapshot.unread[0]
    assert not snapshot.complete


def test_when_no_selector_can_be_read_it_is_an_error_that_lists_each(entra, source):
    entra.permissions.clear()
    with pytest.raises(SourceError) as caught:
        source("Data", {"prefix": "dbx-"}).read()
    assert "'Data'" in str(caught.value)
    assert "'dbx-'" in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("by", ["id", "application"])
def test_a_group_without_a_name_is_read_for_naming_to_hold_it_alone(entra, source, by):
    user, app = entra.add_user("ada@contoso.com"), entra.add_service_principal("App", "app-1")
    group = entra.add_group("Data", members=[user])
    entra.add_group("Other")
    entra.assign(app, group)
    entra.update(group, displayName=None)
    selector = {"id": group} if by == "id" else {"application": app}
    snapshot = source(selector, "Other").read()
    assert snapshot.groups[group].display_name == ""
    assert snapshot.groups[group].members == {user}
    assert snapshot.complete


def test_a_root_listed_without_its_name_is_read_by_itself(box, entra, source):
    group = entra.add_group("dbx-data")
    edit_answers(box, '"displayName":"dbx-data"', '"displayName":null', times=1)
    snapshot = source({"prefix": "dbx-"}).read()
    assert snapshot.groups[group].display_name == "dbx-data"


def test_ids_in_capitals_are_the_same_ids(box, entra, source):
    user, app = entra.add_user("ada@contoso.com"), entra.add_service_principal("App", "app-1")
    group, other = entra.add_group("Data", members=[user]), entra.add_group("Other")
    for principal in (user, other):
        entra.assign(app, principal)
    for key in (user, group):
        edit_answers(box, key, key.upper())
    selectors = {"id": group.upper()}, {"application": app.upper()}
    snapshot = source(*selectors).read()
    assert snapshot.roots == {group, other}
    assert snapshot.groups[group].members == {user}
    assert snapshot.assigned == set(snapshot.users) == {user}
    assert snapshot.found == source(*selectors).read(known=snapshot.found).found


@pytest.mark.parametrize("by", ["name", "prefix"])
def test_settings_may_write_a_name_in_another_form_of_unicode(entra, source, by):
    group = entra.add_group("Müller")
    snapshot = source({by: "Mu\u0308ller"}).read()
    assert snapshot.roots == {group}
    assert snapshot.notices == ()


def test_a_prefix_is_compared_without_case_but_not_by_folding(entra, source):
    entra.add_group("dbx-Maße")
    assert source({"prefix": "dbx-Mass"}).read().roots == frozenset()


def test_two_selectors_for_one_group_read_it_once(box, entra, source):
    group = entra.add_group("dbx-data")
    reads = count(box, f"groups/{group}/members\\?")
    assert source({"id": group}, "dbx-data", {"prefix": "dbx"}).read().roots == {group}
    assert reads() == 1
