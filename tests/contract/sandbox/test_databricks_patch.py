"""PATCH takes the forms Databricks takes, refuses the others, and does all or nothing."""

from itertools import pairwise

import pytest

from tests.contract.sandbox.databricks_server import Account, Loopback, patch_body


@pytest.fixture(scope="module")
def loopback():
    with Loopback().running() as running:
        yield running


@pytest.fixture
def account(loopback):
    with_server = Account(loopback)
    yield with_server
    with_server.close()


@pytest.fixture
def http(account):
    return account.http()


@pytest.fixture
def ada(account):
    return account.state.add_user("ada@contoso.com", "Ada", "o-1")


@pytest.fixture
def data(account, ada):
    account.state.add_user("bob@contoso.com", "Bob")
    return account.state.add_group("Data", "o-9", [ada.id])


def patch(http, row, *operations):
    return http.patch(f"/{type(row).__name__}s/{row.id}", json=patch_body(*operations))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": [{"value": "false"}]},
        {"op": "replace", "path": "active", "value": [{"value": False}]},
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "Active", "value": False},
        {"op": "replace", "value": {"active": False}},
    ],
)
def test_a_user_is_deactivated(http, ada, operation):
    assert patch(http, ada, operation).status_code == 200
    assert ada.active is False


def test_active_without_a_value_is_refused(http, ada):
    assert patch(http, ada, {"op": "replace", "path": "active"}).status_code == 400
    assert ada.active is True


@pytest.mark.parametrize("operation", [{"path": "active", "value": "false"}])
def test_active_as_a_string_is_a_cast_error_or_accepted(account, http, ada, operation):
    answer = patch(http, ada, {"op": "replace"} | operation)
    assert answer.status_code == 500
    assert "cannot be cast to class java.lang.Boolean" in answer.json()["detail"]
    account.state.switches.active_string = "accepted"
    assert patch(http, ada, {"op": "replace"} | operation).status_code == 200
    assert ada.active is False
    assert patch(http, ada, {"op": "replace", "path": "active", "value": "no"}).status_code == 400


@pytest.mark.parametrize("value", [7, None, [], [{"value": "maybe"}], {"value": "false"}])
def test_active_in_any_other_shape_is_refused(http, ada, value):
    answer = patch(http, ada, {"op": "replace", "path": "active", "value": value})
    assert answer.status_code == 400


def test_user_names_and_emails_never_change_and_nothing_says_so(http, ada):
    answer = patch(
        http,
        ada,
        {"op": "replace", "path": "userName", "value": "lady@contoso.com"},
        {"op": "replace", "path": "emails", "value": [{"value": "lady@contoso.com"}]},
        {"op": "replace", "path": "displayName", "value": "Lady"},
    )
    assert answer.status_code == 200
    assert answer.json()["userName"] == "ada@contoso.com"
    assert answer.json()["displayName"] == "Lady"


def test_names_and_external_ids_of_users_change(http, ada):
    patch(
        http,
        ada,
        {"op": "replace", "path": "externalId", "value": "o-2"},
        {"op": "replace", "value": {"name": {"givenName": "A", "familyName": "B"}}},
        {"op": "replace", "path": "name.familyName", "value": "C"},
    )
    assert (ada.external_id, ada.given_name, ada.family_name) == ("o-2", "A", "C")


def test_external_ids_can_be_cleared_on_groups_only(http, ada, data):
    clear = {"op": "replace", "path": "externalId", "value": ""}
    assert patch(http, ada, clear).status_code == 200
    assert patch(http, data, clear).status_code == 200
    assert (ada.external_id, data.external_id) == ("o-1", None)


def test_external_ids_of_users_can_be_dropped(account, http, ada):
    account.state.switches.user_external_id = "dropped"
    patch(http, ada, {"op": "replace", "path": "externalId", "value": "o-2"})
    assert ada.external_id == "o-1"


@pytest.mark.parametrize(
    ("version", "mode", "status"),
    [
        ("2.0", "by_version", 200),
        ("2.1", "by_version", 204),
        ("2.0", "empty", 204),
        ("2.1", "body", 200),
    ],
)
def test_patch_answers_with_a_body_or_without(account, data, version, mode, status):
    account.state.switches.patch_answer = mode
    bob = account.state.user("bob@contoso.com")
    operation = {"op": "add", "path": "members", "value": [{"value": bob.id}]}
    answer = patch(account.http(version), data, operation)
    assert answer.status_code == status
    assert (answer.content == b"") == (status == 204)
    assert bob.id in data.members


def test_members_are_added_in_both_forms(account, http, data):
    bob = account.state.user("bob@contoso.com")
    inner = account.state.add_group("Inner")
    patch(http, data, {"op": "add", "value": {"members": [{"value": bob.id}]}})
    patch(http, data, {"op": "add", "path": "members", "value": [{"value": inner.id}]})
    assert account.state.members("Data") == {"ada@contoso.com", "bob@contoso.com", "Inner"}


def test_members_as_bare_strings_are_a_syntax_error(http, data):
    for value in ("1", ["1"]):
        answer = patch(http, data, {"op": "add", "path": "members", "value": value})
        assert answer.status_code == 400
        assert answer.json()["scimType"] == "invalidSyntax"


def test_one_patch_adds_and_removes_many(account, http, data, ada):
    bob = account.state.user("bob@contoso.com")
    answer = patch(
        http,
        data,
        {"op": "remove", "path": f'members[value eq "{ada.id}"]'},
        {"op": "add", "path": "members", "value": [{"value": bob.id}]},
        {"op": "replace", "path": "displayName", "value": "Data Platform"},
    )
    assert answer.status_code == 200
    assert account.state.members("Data Platform") == {"bob@contoso.com"}


def test_a_remove_with_a_value_is_refused_and_removes_nobody(account, http, data, ada):
    for path in ("members", f'members[value eq "{ada.id}"]'):
        answer = patch(http, data, {"op": "remove", "path": path, "value": [{"value": ada.id}]})
        assert answer.status_code == 400
        assert 'Unrecognized field "value"' in answer.json()["detail"]
    assert account.state.members("Data") == {"ada@contoso.com"}


@pytest.mark.parametrize(("mode", "left"), [("error", 1), ("empties", 0)])
def test_a_remove_without_filter_fails_or_empties_the_group(account, http, data, mode, left):
    account.state.switches.remove_without_filter = mode
    answer = patch(http, data, {"op": "remove", "path": "members"})
    assert answer.status_code == (400 if left else 200)
    assert len(data.members) == left


def test_a_replace_of_members_is_the_whole_new_list(account, http, data):
    bob = account.state.user("bob@contoso.com")
    patch(http, data, {"op": "replace", "path": "members", "value": [{"value": bob.id}]})
    assert account.state.members("Data") == {"bob@contoso.com"}
    patch(http, data, {"op": "replace", "value": {"members": []}})
    assert account.state.members("Data") == set()


@pytest.mark.parametrize("strict", [False, True])
def test_members_that_do_not_exist_are_passed_over_or_refused(account, http, data, strict):
    account.state.switches.unknown_member = "error" if strict else "ignored"
    bob = account.state.user("bob@contoso.com")
    values = [{"value": "0b0b0b0b-uuid"}, {"value": bob.id}]
    answer = patch(http, data, {"op": "add", "path": "members", "value": values})
    assert answer.status_code == (404 if strict else 200)
    assert (bob.id in data.members) != strict
    assert "0b0b0b0b-uuid" not in data.members


@pytest.mark.parametrize("strict", [False, True])
def test_repeating_a_membership_change_is_no_error_unless_switched_so(account, http, data, strict):
    account.state.switches.repeated_membership = "error" if strict else "accepted"
    ada, bob = account.state.user("ada@contoso.com"), account.state.user("bob@contoso.com")
    add = {"op": "add", "path": "members", "value": [{"value": ada.id}]}
    remove = {"op": "remove", "path": f'members[value eq "{bob.id}"]'}
    expected = 400 if strict else 200
    assert patch(http, data, add).status_code == expected
    assert patch(http, data, remove).status_code == expected


def test_roles_are_added_and_removed_on_every_kind(account, http, ada, data):
    bot = account.state.add_service_principal("app-1")
    for row in (ada, data, bot):
        role = [{"value": "account_admin"}]
        assert patch(http, row, {"op": "add", "path": "roles", "value": role}).status_code == 200
        assert patch(http, row, {"op": "add", "value": {"roles": role}}).status_code == 200
        assert row.roles == ["account_admin"]
        patch(http, row, {"op": "remove", "path": 'roles[value eq "account_admin"]'})
        assert row.roles == []
        patch(http, row, {"op": "replace", "path": "roles", "value": role})
        patch(http, row, {"op": "remove", "path": "roles"})
        assert row.roles == []


def test_groups_are_renamed_but_not_to_a_name_that_is_taken(account, http, data):
    account.state.add_group("Finance")
    rename = {"op": "replace", "path": "displayName", "value": "Finance"}
    assert patch(http, data, rename).status_code == 409
    patch(http, data, rename | {"value": "Data Platform"})
    assert http.get("/Groups", params={"filter": 'displayName eq "data"'}).json()[
        "totalResults"
    ] == (0)
    assert account.state.group("Data Platform").id == data.id
    assert patch(http, data, rename | {"value": "DATA PLATFORM"}).status_code == 200


def test_external_ids_of_groups_are_removed_by_path(http, data):
    assert patch(http, data, {"op": "remove", "path": "externalId"}).status_code == 200
    assert data.external_id is None


@pytest.mark.parametrize(
    "operations",
    [
        None,
        [7],
        [{"op": "increment", "path": "displayName", "value": "x"}],
        [{"op": "replace", "path": "shoeSize", "value": 7}],
        [{"op": "replace", "path": "active", "value": False}],
        [{"op": "replace", "path": "entitlements", "value": []}],
        [{"op": "replace", "path": "displayName", "value": 7}],
        [{"op": "replace", "path": "displayName"}],
        [{"op": "replace", "value": "x"}],
        [{"op": "add", "path": 'members[value eq "1"]', "value": []}],
        [{"op": "remove"}],
        [{"op": "remove", "path": "displayName"}],
        [{"op": "remove", "path": 'emails[value eq "1"]'}],
        [{"op": "remove", "path": 'members[value eq "1" or value eq "2"]'}],
    ],
)
def test_malformed_patches_change_nothing(account, http, data, operations):
    before = account.state.snapshot()
    good = {"op": "replace", "path": "displayName", "value": "Changed"}
    body = patch_body(good, *(operations or []))
    if operations is None:
        del body["Operations"]
    assert http.patch(f"/Groups/{data.id}", json=body).status_code == 400
    assert account.state.snapshot() == before


def test_a_patch_that_breaks_a_limit_changes_nothing(account, http, data):
    before = account.state.snapshot()
    answer = patch(
        http,
        data,
        {"op": "replace", "path": "displayName", "value": "Changed"},
        {"op": "add", "path": "members", "value": [{"value": data.id}]},
    )
    assert answer.status_code == 400
    assert account.state.snapshot() == before


def test_the_patch_schema_is_required_unless_switched_off(account, http, data):
    body = {"Operations": [{"op": "replace", "path": "displayName", "value": "New"}]}
    assert http.patch(f"/Groups/{data.id}", json=body).status_code == 400
    account.state.switches.patch_schemas_required = False
    assert http.patch(f"/Groups/{data.id}", json=body).status_code == 200


def test_the_size_of_a_patch_can_be_limited(account, http, data):
    account.state.switches.max_patch_operations = 1
    remove = {"op": "remove", "path": 'members[value eq "1"]'}
    assert patch(http, data, remove).status_code == 200
    assert patch(http, data, remove, remove).status_code == 413
    account.state.switches.max_patch_values = 1
    add = {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2"}]}
    assert patch(http, data, add).status_code == 413


def test_groups_of_automatic_identity_management_hide_members_and_cannot_be_changed(
    account, http, ada
):
    group = account.state.add_group("Managed", "o-5", [ada.id], aim_managed=True)
    assert "members" not in http.get(f"/Groups/{group.id}").json()
    answer = patch(http, group, {"op": "add", "path": "members", "value": [{"value": ada.id}]})
    assert answer.status_code == 500
    assert answer.json()["detail"] == ("Error in performing the patch operation on group resource.")
    assert http.delete(f"/Groups/{group.id}").status_code == 500


def nest(http, parent, child):
    members = [{"value": child.id}]
    return patch(http, parent, {"op": "add", "path": "members", "value": members}).status_code


def test_cycles_are_refused_or_accepted(account, http):
    a, b, c = (account.state.add_group(n) for n in "abc")
    assert nest(http, a, b) == 200
    assert nest(http, b, c) == 200
    assert nest(http, c, a) == 400
    assert nest(http, a, a) == 400
    account.state.switches.cycles = "accepted"
    assert nest(http, c, a) == 200
    assert nest(http, a, account.state.add_group("d")) == 200


def test_ten_groups_may_be_nested_and_not_eleven(account, http):
    groups = [account.state.add_group(f"g{i}") for i in range(11)]
    for parent, child in list(pairwise(groups))[:4]:
        assert nest(http, parent, child) == 200
    for parent, child in list(pairwise(groups))[5:]:
        assert nest(http, parent, child) == 200
    # g0 to g4 and g5 to g10 are chains of five and six.
    assert nest(http, groups[4], groups[5]) == 400
    assert nest(http, groups[4], groups[6]) == 200
    body = {"displayName": "top", "members": [{"value": groups[0].id}]}
    assert http.post("/Groups", json=body).status_code == 400


def test_depth_counts_the_longest_way_through_a_diamond(account, http):
    account.state.switches.max_depth = 4
    top, left, deep, bottom = (account.state.add_group(n) for n in ("t", "l", "d", "b"))
    assert nest(http, top, left) == 200
    assert nest(http, top, bottom) == 200
    assert nest(http, left, deep) == 200
    assert nest(http, deep, bottom) == 200
    assert nest(http, account.state.add_group("above"), top) == 400


def test_a_principal_has_1500_direct_parents_at_most(account, http, ada):
    for i in range(1500):
        account.state.add_group(f"g{i}", members=[ada.id])
    last = account.state.add_group("last")
    add = {"op": "add", "path": "members", "value": [{"value": ada.id}]}
    assert patch(http, last, add).status_code == 400
    account.state.remove_members("g0", ada.id)
    assert patch(http, last, add).status_code == 200


def test_reads_go_stale_after_a_write_and_not_all_of_them(account, http, data, ada):
    account.state.switches.stale_seconds = 30
    bob = account.state.user("bob@contoso.com")
    patch(http, data, {"op": "add", "path": "members", "value": [{"value": bob.id}]})

    def sizes():
        reads = [http.get(f"/Groups/{data.id}").json() for _ in range(20)]
        return {len(r["members"]) for r in reads}

    assert sizes() == {1, 2}
    account.clock.now += 31
    assert sizes() == {2}


def test_stale_reads_and_listings_miss_what_is_new_and_show_what_is_gone(account, http, data):
    account.state.switches.stale_seconds = 30
    account.state.switches.stale_share = 1.0
    made = http.post("/Groups", json={"displayName": "New"}).json()
    http.delete(f"/Groups/{data.id}")
    assert http.get(f"/Groups/{made['id']}").status_code == 404
    assert http.get(f"/Groups/{data.id}").json()["displayName"] == "Data"
    listed = {g["displayName"] for g in http.get("/Groups").json()["Resources"]}
    assert listed == {"account users", "Data"}
    account.clock.now += 31
    listed = {g["displayName"] for g in http.get("/Groups").json()["Resources"]}
    assert listed == {"account users", "New"}
    assert http.get(f"/Groups/{data.id}").status_code == 404


def test_writes_are_never_stale(account, http, data, ada):
    account.state.switches.stale_seconds = 30
    account.state.switches.stale_share = 1.0
    made = http.post("/Groups", json={"displayName": "New"}).json()
    add = {"op": "add", "path": "members", "value": [{"value": ada.id}]}
    answer = http.patch(f"/Groups/{made['id']}", json=patch_body(add))
    assert answer.status_code == 200
    assert len(answer.json()["members"]) == 1


def test_a_record_written_twice_goes_stale_to_before_the_first_and_later_anew(account, http, ada):
    account.state.switches.stale_share = 1.0
    for name in ("One", "Two"):
        patch(http, ada, {"op": "replace", "path": "displayName", "value": name})
        account.clock.now += 1
    account.state.switches.stale_seconds = 30
    assert http.get(f"/Users/{ada.id}").json()["displayName"] == "Ada"
    account.clock.now += 120
    patch(http, ada, {"op": "replace", "path": "displayName", "value": "Three"})
    assert http.get(f"/Users/{ada.id}").json()["displayName"] == "Two"


def test_a_stale_group_does_not_show_those_who_are_gone(account, http, data, ada):
    account.state.switches.stale_seconds = 30
    account.state.switches.stale_share = 1.0
    http.delete(f"/Users/{ada.id}")
    stale = http.get(f"/Groups/{data.id}")
    assert stale.status_code == 200
    assert "members" not in stale.json()
