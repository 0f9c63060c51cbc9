"""What Databricks does not promise: each switch both ways, over HTTP and the admin endpoint."""

from __future__ import annotations

import json

import httpx
import pytest

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.world import World
from tests.contract.sandbox.contoso import small_world
from tests.contract.sandbox.databricks_server import patch_body

KINDS = ("Users", "ServicePrincipals", "Groups")


@pytest.fixture(scope="module")
def running():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(running):
    running.reset(World())
    return running


@pytest.fixture
def account(box):
    """An account with one object of each kind."""
    state = box.world.databricks
    ada = state.add_user("ada@contoso.com", "Ada", "e-ada")
    robot = state.add_service_principal("app-1", "Robot", "e-robot")
    state.add_group("Data", "e-data", [ada.id, robot.id])
    return state


@pytest.fixture
def http(box):
    root = f"{box.databricks_url}/api/2.0/accounts/{box.account_id}/scim/v2"
    headers = {"Authorization": f"Bearer {box.databricks_token}"}
    with httpx.Client(base_url=root, headers=headers, verify=False) as client:
        yield client


@pytest.fixture
def turn(box):
    def turn(**switches):
        url = f"{box.databricks_url}/_sandbox/switches"
        answer = httpx.post(url, json={"databricks": switches})
        assert answer.status_code == 204, answer.text

    return turn


def listed(http, kind, **query):
    page = http.get(f"/{kind}", params=query).json()
    rows = page.get("Resources", [])
    assert page["totalResults"] == len(rows)
    return [row["id"] for row in rows]


def newest(account, kind):
    return list(account.table(kind))[-1]


class TestListLag:
    """Listings behind what GET by id shows."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_newest_are_left_out_of_their_kind_alone_and_totals_agree(
        self, account, http, turn, kind
    ):
        whole = {each: listed(http, each) for each in KINDS}
        turn(list_lag={kind: 1})
        assert listed(http, kind) == whole[kind][:-1]
        assert all(listed(http, each) == whole[each] for each in KINDS if each != kind)
        assert http.get(f"/{kind}/{newest(account, kind)}").status_code == 200

    def test_members_of_groups_show_who_is_left_out(self, account, http, turn):
        turn(list_lag={"Users": 9, "ServicePrincipals": 9})
        assert listed(http, "Users") == listed(http, "ServicePrincipals") == []
        members = http.get(f"/Groups/{newest(account, 'Groups')}").json()["members"]
        assert {m["display"] for m in members} == {"Ada", "Robot"}

    @pytest.mark.parametrize("by", ["id", "name"])
    def test_named_ones_are_left_out_wherever_they_stand(self, account, http, turn, by):
        first = account.users[next(iter(account.users))]
        account.add_user("bob@contoso.com")
        turn(unlisted=[getattr(first, by)])
        assert listed(http, "Users") == [newest(account, "Users")]

    def test_the_pages_of_one_listing_agree(self, account, http, turn):
        account.add_user("bob@contoso.com")
        account.add_user("eve@contoso.com")
        turn(list_lag={"Users": 1}, lagging_listings={"Users": 1})
        pages = [http.get("/Users", params={"startIndex": n, "count": 1}).json() for n in (1, 2)]
        assert [page["totalResults"] for page in pages] == [2, 2]

    @pytest.mark.parametrize(
        "switch", [{"list_lag": {"Users": 1}}, {"unlisted": ["ada@contoso.com"]}]
    )
    def test_it_ends_after_so_many_listings(self, account, http, turn, switch):
        turn(lagging_listings={"Users": 2}, **switch)
        assert [len(listed(http, "Users")) for _ in range(4)] == [0, 0, 1, 1]

    def test_it_ends_when_it_is_switched_off(self, account, http, turn):
        turn(list_lag={"Users": 1})
        turn(list_lag={})
        assert len(listed(http, "Users")) == 1

    @pytest.mark.parametrize("lag", [True, False])
    def test_filters_lag_or_not(self, account, http, turn, lag):
        turn(list_lag={"Users": 1}, lag_filters=lag)
        assert len(listed(http, "Users", filter='userName eq "ada@contoso.com"')) == (not lag)

    def test_a_kind_that_is_none_is_refused(self, box):
        url = f"{box.databricks_url}/_sandbox/switches"
        answer = httpx.post(url, json={"databricks": {"list_lag": {"People": 1}}})
        assert answer.status_code == 400
        assert "'People' is not one of Users, Groups, ServicePrincipals" in answer.text


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


OPERATIONS = {
    "displayName": ("Users", replace("displayName", "New")),
    "active": ("Users", replace("active", [{"value": "false"}])),
    "externalId": ("ServicePrincipals", replace("externalId", "e-new")),
    "group.displayName": ("Groups", replace("displayName", "New")),
    "group.externalId": ("Groups", replace("externalId", "e-new")),
    "members.add": ("Groups", {"op": "add", "path": "members", "value": [{"value": "BOB"}]}),
    "members.remove": ("Groups", {"op": "remove", "path": 'members[value eq "ADA"]'}),
}


class TestDeafPatch:
    """Answers as if it was done."""

    @pytest.fixture
    def patch(self, account, http):
        ada, bob = account.user("ada@contoso.com").id, account.add_user("bob@contoso.com").id
        robot, data = account.service_principal("app-1").id, account.group("Data").id
        rows = {"Users": ada, "ServicePrincipals": robot, "Groups": data}

        def patch(operation):
            kind, wanted = OPERATIONS[operation]
            body = json.loads(json.dumps(wanted).replace("BOB", bob).replace("ADA", ada))
            path = f"/{kind}/{rows[kind]}"
            before = http.get(path).json()
            assert http.patch(path, json=patch_body(body)).status_code == 200
            return http.get(path).json() != before

        return patch

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_only_that_operation_changes_nothing(self, patch, turn, operation):
        turn(deaf={operation: -1})
        assert {name: patch(name) for name in OPERATIONS} == {
            name: name != operation for name in OPERATIONS
        }

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_it_hears_again_after_so_many(self, patch, turn, operation):
        turn(deaf={operation: 2})
        assert [patch(operation) for _ in range(3)] == [False, False, True]

    def test_only_the_objects_named_are_deaf(self, patch, turn):
        turn(deaf={"displayName": -1, "group.displayName": -1}, deaf_objects=["ada@contoso.com"])
        assert (patch("displayName"), patch("group.displayName")) == (False, True)

    def test_what_else_is_in_the_request_is_done(self, account, http, turn):
        turn(deaf={"active": -1})
        row = account.user("ada@contoso.com")
        operations = (OPERATIONS["active"][1], OPERATIONS["displayName"][1])
        http.patch(f"/Users/{row.id}", json=patch_body(*operations))
        assert (row.active, row.display_name) == (True, "New")


class TestExternalIds:
    """Stored or not, and in which case they come back."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_they_come_back_in_capitals_and_are_stored_as_given(self, account, http, turn, kind):
        turn(external_id_case="upper")
        row = account.table(kind)[newest_with_id(account, kind)]
        shown = http.get(f"/{kind}/{row.id}").json()["externalId"]
        assert (shown, row.external_id) == (row.external_id.upper(), row.external_id.lower())

    def test_every_stored_one_can_be_turned_into_capitals(self, account, turn):
        turn(capitalise_external_ids=True)
        assert {
            account.user("ada@contoso.com").external_id,
            account.service_principal("app-1").external_id,
            account.group("Data").external_id,
        } == {"E-ADA", "E-ROBOT", "E-DATA"}
        assert World.from_json(World(databricks=account).to_json()).databricks.snapshot()

    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize(
        ("kind", "switch", "body"),
        [
            ("Users", "user_external_id", {"userName": "x@contoso.com"}),
            ("ServicePrincipals", "service_principal_external_id", {"displayName": "X"}),
            ("Groups", "group_external_id", {"displayName": "X"}),
        ],
    )
    def test_they_are_stored_or_dropped_by_kind(self, http, turn, kind, switch, body, stored):
        turn(**{switch: "stored" if stored else "dropped"})
        made = http.post(f"/{kind}", json={**body, "externalId": "e-1"}).json()
        assert made.get("externalId") == ("e-1" if stored else None)
        http.patch(f"/{kind}/{made['id']}", json=patch_body(replace("externalId", "e-2")))
        shown = http.get(f"/{kind}/{made['id']}").json()
        assert shown.get("externalId") == ("e-2" if stored else None)


def newest_with_id(account, kind):
    return [key for key, row in account.table(kind).items() if row.external_id][-1]


class TestNames:
    """Which names are one, and what becomes of their spaces and case."""

    @pytest.mark.parametrize("left", ["Maße", "\uff21rbeit", "ﬁnanz"])
    def test_an_account_that_folds_takes_them_for_one(self, account, http, turn, left):
        right = {"Maße": "MASSE", "\uff21rbeit": "Arbeit", "ﬁnanz": "Finanz"}[left]
        http.post("/Groups", json={"displayName": right})
        turn(case_variant_groups=False)
        assert (
            http.get("/Groups", params={"filter": f'displayName eq "{left}"'}).json()[
                "totalResults"
            ]
            == 0
        )
        turn(name_folding="fold")
        assert http.post("/Groups", json={"displayName": left}).status_code == 409
        assert len(listed(http, "Groups", filter=f'displayName eq "{left}"')) == 1
        turn(name_folding="lower")
        assert http.post("/Groups", json={"displayName": left}).status_code == 201

    def test_the_same_letters_in_another_form_of_unicode_are_one_name(self, http, turn):
        turn(case_variant_groups=False)
        http.post("/Groups", json={"displayName": "M\u00fcller"})
        assert http.post("/Groups", json={"displayName": "Mu\u0308ller"}).status_code == 409

    @pytest.mark.parametrize("trims", [True, False])
    def test_spaces_around_a_name_are_kept_or_not(self, http, turn, trims):
        turn(trim_names=trims)
        made = http.post("/Groups", json={"displayName": " X "}).json()
        assert made["displayName"] == ("X" if trims else " X ")
        http.patch(f"/Groups/{made['id']}", json=patch_body(replace("displayName", " Y ")))
        shown = http.get(f"/Groups/{made['id']}").json()["displayName"]
        assert shown == ("Y" if trims else " Y ")

    @pytest.mark.parametrize(
        ("case", "name"), [("lower", "bob@contoso.com"), ("kept", "Bob@contoso.com")]
    )
    def test_user_names_keep_their_case_or_not_and_are_unique_all_the_same(
        self, http, turn, case, name
    ):
        turn(user_name_case=case)
        made = http.post("/Users", json={"userName": "Bob@contoso.com"}).json()
        assert made["userName"] == name
        assert http.post("/Users", json={"userName": "bOB@contoso.com"}).status_code == 409

    @pytest.mark.parametrize("case", ["kept", "upper", "lower"])
    def test_application_ids_come_back_in_the_case_of_the_account(self, http, turn, case):
        turn(application_id_case=case)
        made = http.post("/ServicePrincipals", json={"applicationId": "aB-1"}).json()
        assert made["applicationId"] == {"kept": "aB-1", "upper": "AB-1", "lower": "ab-1"}[case]

    def test_a_word_that_a_switch_does_not_know_is_refused(self, box):
        url = f"{box.databricks_url}/_sandbox/switches"
        answer = httpx.post(url, json={"databricks": {"name_folding": "never"}})
        assert answer.status_code == 400
        assert "name_folding: 'never' is not one of lower, fold" in answer.text


@pytest.mark.parametrize(("answer", "status"), [("accepted", 201), ("error", 400)])
def test_an_application_that_entra_does_not_know_is_taken_or_refused(
    box, http, turn, answer, status
):
    box.world.entra.add_service_principal("Robot", "known")
    turn(unknown_application_id=answer)
    made = http.post("/ServicePrincipals", json={"applicationId": "unknown"})
    assert made.status_code == status
    for body in ({"applicationId": "known"}, {"displayName": "of Databricks' own"}):
        assert http.post("/ServicePrincipals", json=body).status_code == 201
