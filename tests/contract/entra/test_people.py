"""People and service principals: each read once, in full, or told of."""

from __future__ import annotations

import pytest

from aadsync_lib.config.scope import Clause
from aadsync_lib.errors import SourceError
from aadsync_lib.reconcile.desired.filters import holds
from aadsync_lib.sandbox import Fault
from tests.contract.entra.meddling import count


def test_a_person_has_the_properties_that_mapping_needs(entra, source):
    user = entra.add_user(
        "ann_home.org#EXT#@contoso.com",
        mail="ann@home.org",
        displayName="Ann O'Brien é",
        userType="Guest",
        accountEnabled=False,
    )
    entra.add_group("Data", members=[user])
    found = source("Data").read().users[user]
    assert found.user_principal_name == "ann_home.org#EXT#@contoso.com"
    assert found.mail == "ann@home.org"
    assert found.display_name == "Ann O'Brien é"
    assert found.guest
    assert not found.enabled


def test_what_a_person_does_not_have_is_none(entra, source):
    user = entra.add_user("ada@contoso.com", mail="", displayName=None)
    entra.add_group("Data", members=[user])
    found = source("Data").read().users[user]
    assert found.mail is None
    assert found.display_name is None
    assert not found.guest


def test_guests_stay_in_even_where_the_scope_leaves_them_out_later(entra, source):
    guest = entra.add_user("g#EXT#@contoso.com", userType="Guest")
    entra.add_group("Data", members=[guest])
    assert guest in source("Data", guests=False).read().users


def test_attributes_of_the_scope_come_under_the_names_it_uses(entra, source):
    user = entra.add_user(
        "ada@contoso.com",
        department="Data",
        employeeType=None,
        onPremisesSyncEnabled=True,
        onPremisesExtensionAttributes={"extensionAttribute7": "x7", "extensionAttribute8": "x8"},
        extension_abc_costCenter=4711,
    )
    bare = entra.add_user("bob@contoso.com")
    entra.add_group("Data", members=[user, bare])
    names = (
        "department",
        "employeeType",
        "onPremisesSyncEnabled",
        "extensionAttribute7",
        "onPremisesExtensionAttributes.extensionAttribute8",
        "extension_abc_costCenter",
        "userType",
    )
    clauses = tuple({"attribute": n, "operator": "is_not_null"} for n in names)
    users = source("Data", users=(clauses[:3], clauses[3:])).read().users
    assert users[user].attributes == dict(
        zip(names, ("Data", None, True, "x7", "x8", "4711", "Member"), strict=True)
    )
    assert users[bare].attributes["extensionAttribute7"] is None


def test_nobody_is_asked_for_twice(box, entra, source):
    users = [entra.add_user(f"u{n}@contoso.com") for n in range(40)]
    for name in ("a", "b", "c"):
        entra.add_group(f"dbx-{name}", members=users)
    asked = count(box, r"/users\?")
    assert len(source({"prefix": "dbx-"}).read().users) == 40
    assert asked() == 3
    for user in users:
        assert len([e for e in box.log.entries if user in e.query]) == 0


def test_a_known_world_takes_a_known_number_of_requests(box, entra, source):
    users = [entra.add_user(f"u{n}@contoso.com") for n in range(300)]
    inner = [entra.add_group(f"in {n}", members=users[n::10]) for n in range(10)]
    entra.add_group("Root", members=inner)
    reader = source("Root")
    snapshot = reader.read()
    assert len(snapshot.users) == 300
    # the name, the root's two reads, ten groups' two reads, 300 people by fifteen
    assert reader.requests == box.log.count("graph", auth=False) == 4
    assert box.log.count("graph", "POST", r"\$batch") == 3


def test_requests_add_up_over_reads(entra, source):
    entra.add_group("Root")
    reader = source("Root")
    reader.read()
    reader.read()
    assert reader.requests == 4


def test_people_are_read_singly_where_graph_refuses_to_filter_by_id(box, entra, source):
    users = {entra.add_user(f"u{n}@contoso.com") for n in range(20)}
    entra.add_group("Data", members=users)
    box.faults.add(Fault("400", path=r"/users\?", count=None))
    snapshot = source("Data").read()
    assert set(snapshot.users) == users
    assert snapshot.complete


def test_an_attribute_that_graph_does_not_know_is_an_error_of_the_settings(entra, source):
    entra.add_group("Data", members=[entra.add_user("ada@contoso.com")])
    clause = {"attribute": "shoeSize", "value": "42"}
    with pytest.raises(SourceError, match="shoeSize"):
        source("Data", users=((clause,),)).read()


def test_without_the_permission_groups_with_people_are_unread_and_people_not_resolved(
    entra, source
):
    users = {entra.add_user(f"u{n}@contoso.com") for n in range(3)}
    full = entra.add_group("dbx-full", members=users)
    empty = entra.add_group("dbx-empty", members=[full])
    entra.permissions.discard("User.Read.All")
    snapshot = source({"prefix": "dbx-"}).read()
    assert "3 members could not be read" in snapshot.groups[full].unread
    assert "grant User.Read.All" in snapshot.groups[full].unread
    assert all(user in snapshot.groups[full].unread for user in users)
    assert snapshot.groups[full].members == users
    assert snapshot.groups[empty].unread is None
    assert snapshot.users == {}


@pytest.mark.parametrize("field", ["userPrincipalName", "accountEnabled"])
def test_limited_information_about_a_person_leaves_the_group_unread(entra, source, field):
    user, other = entra.add_user("ada@contoso.com"), entra.add_user("bob@contoso.com")
    group = entra.add_group("Data", members=[user, other])
    entra.update(user, **{field: None})
    snapshot = source("Data").read()
    reason = f"1 member could not be read: ada ({user}): Graph gave limited information"
    assert f"{reason}; grant User.Read.All" in snapshot.groups[group].unread
    assert set(snapshot.users) == {other}
    assert snapshot.groups[group].members == {user, other}


def test_a_person_that_does_not_come_back_leaves_the_group_unread(box, entra, source):
    user = entra.add_user("ada@contoso.com")
    group = entra.add_group("Data", members=[user])
    box.faults.add(Fault("404", path=r"/users\?", count=None))
    snapshot = source("Data").read()
    assert "404" in snapshot.groups[group].unread
    assert snapshot.groups[group].members == {user}


@pytest.mark.parametrize(("status", "permission"), [("403", True), ("404", False), ("500", False)])
def test_who_cannot_be_read_is_named_and_the_permission_only_where_it_is_the_cause(
    box, entra, source, status, permission
):
    users = [entra.add_user(f"u{n}@contoso.com") for n in range(5)]
    group = entra.add_group("Data", members=users)
    box.faults.add(Fault(status, path=r"/users\?", count=None))
    unread = source("Data").read().groups[group].unread
    who = f"u0 ({users[0]}), u1 ({users[1]}), u2 ({users[2]}) and 2 more"
    assert f"5 members could not be read: {who}: Graph answered {status}" in unread
    assert ("grant" in unread) is permission


EXTERNAL = [
    {"userType": "Guest"},
    {"userType": "guest"},
    {"creationType": "Invitation"},
    {"creationType": "SelfServiceSignUp", "userType": None},
    {"creationType": "invitation", "userType": "Member"},
    {"userPrincipalName": "ann_home.org#EXT#@contoso.com"},
    {"userPrincipalName": "ann_home.org#ext#@contoso.com", "userType": None},
]
INTERNAL = [{}, {"userType": None}, {"creationType": "EmailVerified"}, {"mail": "a#EXT#@home.org"}]


@pytest.mark.parametrize(
    ("properties", "external"), [*((p, True) for p in EXTERNAL), *((p, False) for p in INTERNAL)]
)
def test_who_logs_in_with_an_account_of_elsewhere_is_a_guest(entra, source, properties, external):
    user = entra.add_user("ann@contoso.com")
    entra.update(user, **properties)
    entra.add_group("Data", members=[user])
    assert source("Data").read().users[user].guest is external


def test_a_filter_on_the_user_type_sees_what_graph_says(entra, source):
    user = entra.add_user("ann#EXT#@contoso.com", userType="Member")
    entra.add_group("Data", members=[user])
    clause = Clause(attribute="userType", operator="equals", value="Member")
    found = source("Data", users=((clause,),)).read().users[user]
    assert found.guest
    assert holds(clause, found)


def test_a_service_principal_with_limited_information_leaves_the_group_unread(entra, source):
    bot = entra.add_service_principal("bot", "app-1")
    group = entra.add_group("Bots", members=[bot])
    entra.permissions.discard("Application.Read.All")
    snapshot = source("Bots").read()
    assert "grant Application.Read.All" in snapshot.groups[group].unread
    assert snapshot.groups[group].members == {bot}
    assert snapshot.service_principals == {}
