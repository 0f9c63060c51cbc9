"""Account SCIM answers as Databricks does: reading, creating, paging, filtering."""

import pytest

from tests.contract.sandbox.databricks_server import (
    ACCOUNT,
    CLIENT_ID,
    SCIM_TOKEN,
    Account,
    Loopback,
)


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


def names(answer):
    return [r["displayName"] for r in answer.json().get("Resources", [])]


def test_a_user_name_is_lower_cased(http):
    made = http.post("/Users", json={"userName": "Ada.Byron@Contoso.com", "externalId": "o-1"})
    assert made.status_code == 201
    assert made.json()["userName"] == "ada.byron@contoso.com"
    assert made.json()["externalId"] == "o-1"
    assert made.json()["active"] is True
    assert made.json()["id"].isdigit()


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("shape", ["scim", "databricks"])
def test_a_duplicate_user_is_a_conflict_in_any_case_and_even_if_inactive(account, active, shape):
    account.state.add_user("ada@contoso.com", active=active)
    account.state.switches.error_shape = shape
    answer = account.http().post("/Users", json={"userName": "ADA@contoso.com"})
    assert answer.status_code == 409
    assert ("detail" in answer.json()) == (shape == "scim")
    assert ("error_code" in answer.json()) == (shape == "databricks")


def test_a_user_without_user_name_is_refused(http):
    assert http.post("/Users", json={"displayName": "Nobody"}).status_code == 400


def test_a_display_name_is_made_of_the_parts_of_the_name(http):
    name = {"givenName": "Ada", "familyName": "Byron"}
    made = http.post("/Users", json={"userName": "ada@contoso.com", "name": name}).json()
    assert (made["displayName"], made["name"]) == ("Ada Byron", name)


def test_external_ids_of_users_can_be_dropped(account, http):
    account.state.switches.user_external_id = "dropped"
    made = http.post("/Users", json={"userName": "ada@contoso.com", "externalId": "o-1"})
    assert "externalId" not in made.json()


def test_roles_are_set_at_creation(http):
    body = {"userName": "ada@contoso.com", "roles": [{"value": "account_admin"}]}
    assert http.post("/Users", json=body).json()["roles"] == [{"value": "account_admin"}]


def test_a_service_principal_without_application_id_gets_one(http):
    made = http.post("/ServicePrincipals", json={"displayName": "Reports"}).json()
    assert len(made["applicationId"]) == 36
    again = http.post("/ServicePrincipals", json={"applicationId": made["applicationId"]})
    assert again.status_code == 409
    assert "already exists" in again.json()["detail"]


def test_application_ids_must_be_text(http):
    assert http.post("/ServicePrincipals", json={"applicationId": 7}).status_code == 400


def test_get_of_a_group_shows_members_with_kind_and_name(account, http):
    ada = account.state.add_user("ada@contoso.com", "Ada")
    crawler = account.state.add_service_principal("app-1", "Crawler")
    inner = account.state.add_group("Inner")
    outer = account.state.add_group("Outer", "o-9", [ada.id, "app-1", "Inner"])
    shown = http.get(f"/Groups/{outer.id}").json()
    assert shown["members"] == [
        {"$ref": f"Users/{ada.id}", "value": ada.id, "display": "Ada"},
        {"$ref": f"ServicePrincipals/{crawler.id}", "value": crawler.id, "display": "Crawler"},
        {"$ref": f"Groups/{inner.id}", "value": inner.id, "display": "Inner"},
    ]
    assert shown["externalId"] == "o-9"
    assert "meta" not in shown


def test_meta_can_be_shown(account, http):
    account.state.switches.meta_at_account = True
    group = account.state.add_group("Data")
    assert http.get(f"/Groups/{group.id}").json()["meta"] == {"resourceType": "Group"}


@pytest.mark.parametrize("listed", [False, True])
def test_a_group_without_members_shows_no_attribute_or_an_empty_list(account, http, listed):
    account.state.switches.empty_members_listed = listed
    group = account.state.add_group("Data")
    assert http.get(f"/Groups/{group.id}").json().get("members") == ([] if listed else None)


def test_members_come_in_an_order_that_may_change(account, http):
    people = [account.state.add_user(f"u{i}@contoso.com").id for i in range(9)]
    group = account.state.add_group("Data", members=people)

    def order():
        return [m["value"] for m in http.get(f"/Groups/{group.id}").json()["members"]]

    assert order() == people
    account.state.switches.member_order = "reversed"
    assert order() == people[::-1]
    account.state.switches.member_order = "shuffled"
    shuffled = order()
    assert shuffled != people
    assert sorted(shuffled) == sorted(people)


@pytest.mark.parametrize("grandfathered", [False, True])
def test_listing_groups_shows_members_to_grandfathered_accounts_only(account, http, grandfathered):
    account.state.switches.list_groups_with_members = grandfathered
    account.state.add_user("ada@contoso.com")
    account.state.add_group("Data", members=["ada@contoso.com"])
    group = next(g for g in http.get("/Groups").json()["Resources"] if g["displayName"] == "Data")
    assert ("members" in group) == grandfathered


def test_the_system_group_is_listed_and_cannot_be_changed(http):
    group = http.get("/Groups").json()["Resources"][0]
    assert group["displayName"] == "account users"
    assert http.delete(f"/Groups/{group['id']}").status_code == 403
    assert http.post("/Groups", json={"displayName": "Account Users"}).status_code == 409


@pytest.mark.parametrize(
    ("version", "mode", "count", "expected"),
    [
        ("2.0", "clamp", 10000, 100),
        ("2.0", "clamp", None, 100),
        ("2.0", "clamp", 7, 7),
        ("2.0", "honour", 10000, 151),
        ("2.0", "honour", None, 151),
        ("2.0", "reject", 101, 400),
        ("2.1", "honour", 101, 400),
        ("2.1", "honour", 100, 100),
        ("2.1", "clamp", None, 100),
    ],
)
def test_count_over_100_is_clamped_honoured_or_refused(account, version, mode, count, expected):
    account.state.switches.oversized_count = mode
    for i in range(151):
        account.state.add_user(f"u{i}@contoso.com")
    params = {} if count is None else {"count": count}
    answer = account.http(version).get("/Users", params=params)
    if expected == 400:
        assert answer.status_code == 400
    else:
        assert len(answer.json()["Resources"]) == answer.json()["itemsPerPage"] == expected
        assert answer.json()["totalResults"] == 151


def test_pages_begin_at_one_and_the_page_past_the_end_has_no_resources(account, http):
    for i in range(5):
        account.state.add_user(f"u{i}@contoso.com")
    page = http.get("/Users", params={"startIndex": 4, "count": 3}).json()
    assert [u["userName"] for u in page["Resources"]] == ["u3@contoso.com", "u4@contoso.com"]
    past = http.get("/Users", params={"startIndex": 6, "count": 3}).json()
    assert "Resources" not in past
    assert (past["totalResults"], past["startIndex"], past["itemsPerPage"]) == (5, 6, 0)


def test_a_count_of_nought_only_counts(account, http):
    account.state.add_user("ada@contoso.com")
    assert http.get("/Users", params={"count": 0}).json()["totalResults"] == 1
    assert "Resources" not in http.get("/Users", params={"count": 0}).json()


def test_a_count_that_is_no_number_is_refused(http):
    assert http.get("/Users", params={"count": "many"}).status_code == 400


def walk(http, size=10):
    found = []
    while True:
        page = http.get("/Users", params={"startIndex": len(found) + 1, "count": size}).json()
        if "Resources" not in page:
            return found
        found += [u["userName"] for u in page["Resources"]]


def test_pages_can_repeat_a_row(account, http):
    for i in range(20):
        account.state.add_user(f"u{i:02}@contoso.com")
    account.state.switches.duplicate_rows = True
    found = walk(http)
    assert found[9] == found[10]
    assert len(set(found)) == 20


def test_pages_can_come_in_an_order_of_their_own_for_a_while(account, http):
    for i in range(30):
        account.state.add_user(f"u{i:02}@contoso.com")
    account.state.switches.shuffled_pages = 2
    assert len(set(walk(http))) < 30
    assert account.state.switches.shuffled_pages == 0
    assert len(set(walk(http))) == 30
    account.state.switches.shuffled_pages = -1
    walk(http)
    assert account.state.switches.shuffled_pages == -1


def test_listings_can_be_sorted(account, http):
    for name in ("b", "c", "a"):
        account.state.add_user(f"{name}@contoso.com", name.upper())
    assert names(http.get("/Users", params={"sortBy": "userName"})) == ["A", "B", "C"]
    down = {"sortBy": "displayName", "sortOrder": "descending"}
    assert names(http.get("/Users", params=down)) == ["C", "B", "A"]
    assert http.get("/Users", params={"sortBy": "shoeSize"}).status_code == 400
    assert http.get("/Users", params={"sortBy": "applicationId"}).status_code == 400


def test_attributes_select_what_is_shown(account, http):
    account.state.add_user("ada@contoso.com", "Ada", roles=["account_admin"])
    group = account.state.add_group("Data", members=["ada@contoso.com"])
    user = http.get("/Users", params={"attributes": "id,displayName"}).json()["Resources"][0]
    assert user.keys() == {"schemas", "id", "displayName"}
    user = http.get("/Users", params={"excludedAttributes": "roles,emails"}).json()["Resources"][0]
    assert user.keys() == {"schemas", "id", "userName", "displayName", "active"}
    shown = http.get(f"/Groups/{group.id}", params={"attributes": "members.value"}).json()
    assert shown["members"] == [{"value": account.state.user("ada@contoso.com").id}]
    shown = http.get(f"/Groups/{group.id}", params={"attributes": "displayname"}).json()
    assert "members" not in shown
    shown = http.get(f"/Groups/{group.id}", params={"excludedAttributes": "members.display"})
    assert shown.json()["members"][0].keys() == {"$ref", "value"}
    shown = http.get(f"/Groups/{group.id}", params={"excludedAttributes": "members"})
    assert "members" not in shown.json()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('displayName eq "ADMINS"', ["Admins", "admins"]),
        ("displayName eq admins", ["Admins", "admins"]),
        ('displayName sw "data"', ["Data", 'Data "raw"']),
        ('displayName co "raw"', ['Data "raw"']),
        ('displayName eq "Data \\"raw\\""', ['Data "raw"']),
        ('displayName eq "Data" or externalId eq "o-2"', ["admins", "Data"]),
        ('displayName sw "a" and displayName ne "admins"', ["account users"]),
        ('displayName eq "nothing"', []),
    ],
)
def test_group_filters_take_no_account_of_case(account, http, text, expected):
    account.state.add_group("Admins", "o-1")
    account.state.add_group("admins", "o-2")
    account.state.add_group("Data", "o-3")
    account.state.add_group('Data "raw"')
    answer = http.get("/Groups", params={"filter": text})
    assert names(answer) == expected
    assert answer.json()["totalResults"] == len(expected)


def test_users_are_filtered_by_name_state_and_role(account, http):
    account.state.add_user("ada@contoso.com", "Ada", roles=["account_admin"])
    account.state.add_user("bob@contoso.com", "Bob", active=False)

    def found(text):
        return names(http.get("/Users", params={"filter": text}))

    assert found('userName eq "ADA@contoso.com"') == ["Ada"]
    assert found("active eq false") == ["Bob"]
    assert found("roles.value co account_admin") == ["Ada"]
    assert found("emails.value sw bob") == ["Bob"]


@pytest.mark.parametrize(
    ("version", "kind", "text"),
    [
        ("2.0", "Users", 'externalId eq "o-1"'),
        ("2.0", "Users", 'title eq "x"'),
        ("2.0", "Users", 'userName gt "x"'),
        ("2.0", "Users", "userName eq"),
        ("2.0", "Users", 'userName eq "open'),
        ("2.0", "Users", 'userName eq "bad \\q escape"'),
        ("2.0", "Users", 'userName eq "a" xor userName eq "b"'),
        ("2.0", "Groups", 'applicationId eq "x"'),
        ("2.0", "Groups", "active eq true"),
        ("2.1", "Users", 'displayName eq "x"'),
        ("2.1", "Users", 'userName sw "x"'),
        ("2.1", "Groups", 'displayName eq "a" or displayName eq "b"'),
        ("2.1", "ServicePrincipals", 'displayName eq "x"'),
    ],
)
def test_filters_beyond_what_is_supported_are_refused(account, version, kind, text):
    answer = account.http(version).get(f"/{kind}", params={"filter": text})
    assert answer.status_code == 400
    assert answer.json().get("scimType", answer.json().get("error_code")) in {
        "invalidFilter",
        "INVALID_FILTER",
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Users", 'userName eq "ada@contoso.com"'),
        ("Groups", 'displayName eq "data"'),
        ("Groups", 'externalId eq "o-1"'),
        ("ServicePrincipals", f'applicationId eq "{CLIENT_ID}"'),
    ],
)
def test_the_newer_path_filters_by_exact_name(account, kind, text):
    account.state.add_user("ada@contoso.com")
    account.state.add_group("Data", "o-1")
    answer = account.http("2.1").get(f"/{kind}", params={"filter": text})
    assert answer.json()["totalResults"] == 1


def test_users_can_be_filtered_by_external_id_where_switched_on(account, http):
    account.state.switches.filter_users_by_external_id = True
    account.state.add_user("ada@contoso.com", "Ada", "o-1")
    account.state.add_user("bob@contoso.com", "Bob")
    assert names(http.get("/Users", params={"filter": 'externalId eq "o-1"'})) == ["Ada"]


def test_a_filter_of_more_than_200_nodes_is_refused(http):
    hundred = " or ".join(f'userName eq "u{i}"' for i in range(100))
    assert http.get("/Users", params={"filter": hundred}).status_code == 200
    more = hundred + ' or userName eq "x"'
    assert http.get("/Users", params={"filter": more}).status_code == 400


def test_a_group_is_created_with_its_members(account, http):
    ada = account.state.add_user("ada@contoso.com")
    account.state.add_group("Inner")
    body = {
        "displayName": "Data",
        "externalId": "o-1",
        "members": [{"value": ada.id}, {"value": account.state.group("Inner").id}],
    }
    answer = http.post("/Groups", json=body)
    assert answer.status_code == 201
    assert account.state.members("Data") == {"ada@contoso.com", "Inner"}
    assert account.state.group("Data").external_id == "o-1"


@pytest.mark.parametrize("coexist", [True, False])
def test_group_names_that_differ_in_case_may_coexist(account, http, coexist):
    account.state.switches.case_variant_groups = coexist
    account.state.add_group("Admins")
    assert http.post("/Groups", json={"displayName": "Admins"}).status_code == 409
    answer = http.post("/Groups", json={"displayName": "admins"})
    assert answer.status_code == (201 if coexist else 409)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": ""},
        {"displayName": "x" * 256},
        {"displayName": "Data", "externalId": "x" * 65},
        {"displayName": "Data", "members": "all"},
        {"displayName": "Data", "members": [{"display": "Ada"}]},
        {"displayName": 7},
    ],
)
def test_malformed_groups_are_refused(account, http, body):
    assert http.post("/Groups", json=body).status_code == 400
    assert account.state.snapshot()["groups"] == {}


def test_bodies_that_are_no_json_object_are_refused(http):
    assert http.post("/Groups", content=b"{").status_code == 400
    assert http.post("/Groups", content=b"[]").status_code == 400


def test_a_put_replaces_all_and_forgets_members_left_out(account, http):
    account.state.add_user("ada@contoso.com", "Ada", roles=["account_admin"], active=False)
    group = account.state.add_group("Data", "o-1", ["ada@contoso.com"])
    assert http.put(f"/Groups/{group.id}", json={"displayName": "Data 2"}).status_code == 200
    assert account.state.snapshot()["groups"] == {"Data 2": {"externalId": None, "members": []}}
    ada = account.state.user("ada@contoso.com")
    body = {"userName": "other@contoso.com", "displayName": "Ada B"}
    http.put(f"/Users/{ada.id}", json=body)
    assert (ada.user_name, ada.display_name, ada.roles) == ("ada@contoso.com", "Ada B", [])
    assert ada.active is True


def test_deleting_a_principal_ends_its_memberships(account, http):
    ada = account.state.add_user("ada@contoso.com")
    inner = account.state.add_group("Inner", members=[ada.id])
    account.state.add_group("Outer", members=["Inner", ada.id])
    assert http.delete(f"/Users/{ada.id}").status_code == 204
    assert account.state.members("Inner") == set()
    assert http.delete(f"/Groups/{inner.id}").status_code == 204
    assert account.state.members("Outer") == set()
    assert http.get(f"/Users/{ada.id}").status_code == 404
    assert http.delete(f"/Users/{ada.id}").status_code == 404


@pytest.mark.parametrize("kind", ["Users", "Groups", "ServicePrincipals"])
def test_unknown_ids_are_not_found_in_the_shape_of_the_path(account, kind):
    old = account.http("2.0").get(f"/{kind}/1")
    assert old.status_code == 404
    assert old.json()["status"] == "404"
    assert old.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    new = account.http("2.1").get(f"/{kind}/1")
    assert new.status_code == 404
    assert new.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_unknown_paths_kinds_versions_and_verbs_have_error_bodies(account):
    assert account.http().get("/Robots").json()["status"] == "404"
    assert account.http().get("/Users/1/groups").json()["status"] == "404"
    assert account.http("2.2").get("/Users").status_code == 404
    assert account.http().request("PATCH", "/Users").status_code == 405
    assert account.http().get(account.url + "/api/2.0/clusters").json()["error_code"] == (
        "ENDPOINT_NOT_FOUND"
    )


@pytest.mark.parametrize(("switch", "version"), [("scim_20", "2.0"), ("scim_21", "2.1")])
def test_either_version_can_be_absent(account, switch, version):
    setattr(account.state.switches, switch, False)
    assert account.http(version).get("/Users").status_code == 404


def test_me_is_the_caller(account):
    assert account.http().get("/Me").json()["applicationId"] == CLIENT_ID
    assert account.http("2.1", SCIM_TOKEN).get("/Me").status_code == 404


def test_limits_on_principals_and_groups_are_kept(account, http):
    account.state.switches.max_principals = 2
    account.state.switches.max_groups = 2
    assert http.post("/Users", json={"userName": "a@contoso.com"}).status_code == 201
    assert http.post("/Users", json={"userName": "b@contoso.com"}).status_code == 400
    assert http.post("/ServicePrincipals", json={"displayName": "x"}).status_code == 400
    assert http.post("/Groups", json={"displayName": "a"}).status_code == 201
    assert http.post("/Groups", json={"displayName": "b"}).status_code == 400


def test_a_group_is_created_with_5000_members_at_most(account, http):
    ids = [account.state.add_user(f"u{i}@contoso.com").id for i in range(5001)]
    members = [{"value": i} for i in ids]
    assert http.post("/Groups", json={"displayName": "a", "members": members}).status_code == 400
    assert account.state.snapshot()["groups"] == {}
    members.pop()
    assert http.post("/Groups", json={"displayName": "a", "members": members}).status_code == 201
    assert len(account.state.members("a")) == 5000


def test_the_account_is_named_in_every_path(account, http):
    other = account.url + f"/api/2.0/accounts/{ACCOUNT[::-1]}/scim/v2/Users"
    assert http.get(other).status_code == 403
