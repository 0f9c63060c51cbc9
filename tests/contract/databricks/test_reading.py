"""Who exists, and who is a member of what."""

import pytest

from aadsync_lib.errors import CredentialError, TargetError
from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.sandbox.databricks import listing
from tests.contract.databricks.conftest import SECRET

PAGES = "aadsync_lib.sandbox.databricks.scim.list_page"
OBJECTS = "aadsync_lib.sandbox.databricks.scim.render"


def names(snapshot, kind):
    return {a.name for a in snapshot.accounts.values() if a.kind is kind}


def requested(account, path):
    return sum(sent.path == path for sent in account.sent)


def test_users_service_principals_and_groups_are_read_with_what_identifies_them(account):
    ada = account.state.add_user("ada@x.com", "Ada", "e-ada", active=False)
    boss = account.state.add_user("boss@x.com", roles=["account_admin"])
    robot = account.state.add_service_principal("app-1", "Robot", "e-robot")
    team = account.state.add_group("Team", "e-team", roles=["account_admin"])
    accounts = account.target.read().accounts
    assert accounts[ada.id] == Account(ada.id, Kind.USER, "ada@x.com", "Ada", "e-ada", active=False)
    assert accounts[boss.id].admin
    assert accounts[robot.id] == Account(
        robot.id, Kind.SERVICE_PRINCIPAL, "app-1", "Robot", "e-robot"
    )
    assert accounts[team.id] == Account(
        team.id, Kind.GROUP, "Team", "Team", "e-team", active=True, admin=True
    )


@pytest.mark.parametrize(
    ("meta", "local"),
    [
        ({"resourceType": "WorkspaceGroup"}, True),
        ({"resourceType": "Group"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_group_that_one_workspace_has_to_itself_is_told_by_its_meta(
    account, monkeypatch, meta, local
):
    team = account.state.add_group("Team")
    rendered = listing.render

    def with_meta(state, row, *args, **more):
        body = rendered(state, row, *args, **more)
        return body | {"meta": meta} if row.id == team.id else body

    monkeypatch.setattr(listing, "render", with_meta)
    assert account.target.read().accounts[team.id].local is local


def test_whoever_a_group_makes_account_admin_is_told_to_be_one_however_deep(account):
    account.state.add_user("boss@x.com")
    account.state.add_user("deputy@x.com")
    account.state.add_user("ada@x.com")
    deputies = account.state.add_group("Deputies", "e-dep", ["deputy@x.com"])
    account.state.add_group("Bosses", "e-boss", ["boss@x.com", "Deputies"], roles=["account_admin"])
    account.state.add_group("Team", "e-team", ["ada@x.com"])
    accounts = account.target.read().accounts
    admins = {a.name for a in accounts.values() if a.admin} - {account.box.client_id}
    assert admins == {"Bosses", "boss@x.com", "deputy@x.com"}
    assert not accounts[deputies.id].admin


def test_an_account_whose_admins_cannot_be_told_is_an_error(account):
    account.state.add_group("Bosses", "e-boss", roles=["account_admin"])
    account.fault("500", "GET", "/Groups/", count=None)
    with pytest.raises(TargetError, match="who is account admin is not known"):
        account.target.read()


def test_the_identity_that_runs_the_sync_is_told_by_me_and_by_the_client_id(account):
    own = account.state.service_principal(account.box.client_id).id
    assert account.target.read().own == {own}
    account.fault("403", "GET", "/Me")
    assert account.other(client_id=account.box.client_id.upper()).target.read().own == {own}


@pytest.mark.parametrize("status", ["400", "403", "404", "500"])
def test_an_account_that_does_not_tell_who_calls_is_read_all_the_same(account, status):
    account.fault(status, "GET", "/Me", count=None)
    assert account.target.read().own == frozenset()


def test_a_listing_takes_one_request_for_a_hundred_rows_and_no_more(account):
    for number in range(250):
        account.state.add_user(f"u{number}@x.com")
    snapshot = account.target.read()
    assert len(names(snapshot, Kind.USER)) == 250
    assert requested(account, "Users") == 3
    assert account.target.requests == 6  # the other two kinds, and Me
    queries = [sent.query for sent in account.sent if sent.path == "Users"]
    assert sorted(query["startIndex"] for query in queries) == [1, 101, 201]
    assert {query["count"] for query in queries} == {100}


def test_a_listing_of_exactly_one_page_is_not_asked_for_a_second(account):
    for number in range(100):
        account.state.add_user(f"u{number}@x.com")
    account.target.read()
    assert requested(account, "Users") == 1


def test_rows_that_a_page_repeats_are_counted_once(account):
    account.state.switches.duplicate_rows = True
    for number in range(299):
        account.state.add_user(f"u{number}@x.com")
    assert len(names(account.target.read(), Kind.USER)) == 299


def test_a_listing_that_disagrees_with_its_total_is_read_again(account):
    for number in range(250):
        account.state.add_user(f"u{number}@x.com")
    account.state.switches.shuffled_pages = 6
    assert len(names(account.target.read(), Kind.USER)) == 250
    assert requested(account, "Users") > 3


def test_a_listing_that_never_agrees_with_its_total_is_an_error(account):
    for number in range(250):
        account.state.add_user(f"u{number}@x.com")
    account.state.switches.shuffled_pages = -1
    with pytest.raises(TargetError, match=r"totalResults is 250, 4 times"):
        account.target.read()


def test_a_server_with_shorter_pages_is_read_to_the_end(account, monkeypatch):
    monkeypatch.setattr("aadsync_lib.sandbox.databricks.listing.PAGE", 40)
    for number in range(95):
        account.state.add_user(f"u{number}@x.com")
    account.fault("429", "GET", "startIndex=41")
    monkeypatch.setattr("aadsync_lib.databricks.paging.PAGE", 40)
    assert len(names(account.target.read(), Kind.USER)) == 95
    monkeypatch.setattr("aadsync_lib.databricks.paging.PAGE", 60)
    account.state.switches.oversized_count = "clamp"
    assert len(names(account.other().target.read(), Kind.USER)) == 95


def test_an_answer_without_a_total_is_no_listing(account, monkeypatch):
    monkeypatch.setattr(PAGES, lambda *_: {"Resources": []})
    with pytest.raises(TargetError, match="no totalResults"):
        account.target.read()


def test_null_resources_are_an_empty_page(account, monkeypatch):
    monkeypatch.setattr(PAGES, lambda *_: {"totalResults": 0, "Resources": None})
    assert account.target.read().accounts == {}


def test_an_empty_page_before_the_end_is_not_taken_for_the_end(account, monkeypatch):
    monkeypatch.setattr(PAGES, lambda *_: {"totalResults": 7, "Resources": []})
    with pytest.raises(TargetError, match="0 rows, but totalResults is 7"):
        account.target.read()


@pytest.mark.parametrize("kind", ["503", "500", "reset", "truncated", "lost", "429"])
def test_a_page_that_fails_once_is_asked_for_again(account, kind):
    for number in range(250):
        account.state.add_user(f"u{number}@x.com")
    account.fault(kind, "GET", "Users.*startIndex=201")
    assert len(names(account.target.read(), Kind.USER)) == 250


def test_a_page_that_stays_unreadable_makes_the_whole_read_an_error(account):
    for number in range(250):
        account.state.add_user(f"u{number}@x.com")
    account.fault("500", "GET", "Users.*startIndex=201", count=None)
    with pytest.raises(TargetError, match=r"500 Injected fault.*Nothing was changed"):
        account.target.read()


def test_a_login_without_the_account_admin_role_is_told_so(account):
    account.state.add_client("weak", "s", admin=False)
    account.state.add_token(SECRET, "weak")
    weak = account.other({"token": SECRET})
    with pytest.raises(
        TargetError, match=r"403 Only account admins.*must be an account admin"
    ) as e:
        weak.target.read()
    assert "\n" not in str(e.value)


def test_no_secret_and_no_configuration_is_in_the_error_of_a_refused_login(account):
    with pytest.raises(TargetError, match=r"401.*does not accept this login") as error:
        account.other({"token": SECRET}).target.read()
    assert SECRET not in repr(error.value)
    assert "Config" not in str(error.value)
    assert error.value.__cause__.__cause__ is None


def test_a_token_that_databricks_repeats_is_not_told(account):
    said = {"status": "403", "detail": f"not with Bearer {account.box.databricks_token}"}
    account.fault("403", "GET", count=None, body=said)
    with pytest.raises(TargetError, match=r"403 not with Bearer \*\*\*"):
        account.target.read()


def test_a_wrong_account_id_or_path_is_told_so(account):
    account.state.switches.scim_20 = account.state.switches.scim_21 = False
    with pytest.raises(TargetError, match=r"404.*Check the host and account_id"):
        account.target.read()


def test_an_unreachable_host_is_an_error_after_a_few_tries(account):
    lonely = account.other({"token": SECRET}).unreachable()
    with pytest.raises(TargetError, match=r"no connection.*Check the host") as error:
        lonely.target.read()
    assert lonely.target.requests == 4
    assert SECRET not in str(error.value)


def test_oauth_for_service_principals_is_used_as_it_is(account):
    login = {"client_id": account.box.client_id, "client_secret": account.box.client_secret}
    assert account.other(login).target.read().own


def test_a_login_that_fails_is_a_credential_error_without_the_secret(account):
    login = {"client_id": account.box.client_id, "client_secret": SECRET}
    with pytest.raises(CredentialError, match="login failed") as error:
        account.other(login).target.read()
    assert SECRET not in str(error.value)


class TestVersions:
    @pytest.mark.parametrize("status", ["401", "403", "404"])
    def test_21_is_tried_once_where_20_is_refused_and_kept(self, account, status):
        group = account.state.add_group("g")
        account.fault(status, "GET", "/api/2.0/.*Users")
        account.target.read()
        account.target.members([group.id])
        first, *others = [sent.version for sent in account.sent]
        assert first == "2.0"
        assert set(others) == {"2.1"}

    def test_a_scim_token_works(self, account):
        account.state.add_token("scim", scim_only=True)
        scim = account.other({"token": "scim"})
        assert scim.target.read().own == frozenset()
        user = scim.target.find(Kind.GROUP, "account users")
        assert len(user) == 1

    def test_20_is_kept_where_it_works(self, account):
        account.target.read()
        assert {sent.version for sent in account.sent} == {"2.0"}

    def test_where_both_are_refused_the_version_that_exists_is_told(self, account):
        account.state.switches.scim_20 = False
        with pytest.raises(TargetError, match="401"):
            account.other({"token": SECRET}).target.read()
        account.state.switches.scim_20, account.state.switches.scim_21 = True, False
        with pytest.raises(TargetError, match="401"):
            account.other({"token": SECRET}).target.read()

    @pytest.mark.parametrize("status", ["400", "500"])
    def test_any_other_refusal_is_no_reason_to_change_the_version(self, account, status):
        account.fault(status, "GET", "Users", count=None)
        with pytest.raises(TargetError, match=status):
            account.target.read()
        assert {sent.version for sent in account.sent} == {"2.0"}

    def test_the_first_request_of_another_kind_settles_it_as_well(self, account):
        group = account.state.add_group("g")
        account.state.switches.scim_20 = False
        assert account.target.members([group.id]) == {group.id: frozenset()}

    def test_the_version_that_another_thread_found_meanwhile_is_used(self, account):
        class Late:
            def __enter__(self):
                account.target._version_known = True

            def __exit__(self, *_):
                pass

        account.target._lock = Late()
        account.target.members(["1"])
        assert [sent.path for sent in account.sent] == ["Groups/1"]


class TestMembers:
    def test_members_are_the_direct_ones_by_id(self, account):
        state = account.state
        ada, robot = state.add_user("ada@x.com"), state.add_service_principal("app")
        inner = state.add_group("inner", members=["ada@x.com"])
        outer = state.add_group("outer", members=["inner", "app"])
        found = account.settled().target.members([outer.id, inner.id, outer.id])
        assert found == {outer.id: {inner.id, robot.id}, inner.id: {ada.id}}
        assert len(account.sent) == 2

    def test_a_group_that_is_gone_is_left_out(self, account):
        assert account.target.members(["12345"]) == {}

    @pytest.mark.parametrize("empty_members_listed", [True, False])
    def test_a_group_without_members_is_empty(self, account, empty_members_listed):
        account.state.switches.empty_members_listed = empty_members_listed
        group = account.state.add_group("g")
        assert account.target.members([group.id]) == {group.id: frozenset()}

    def test_one_unreadable_group_is_unread_with_the_reason_and_the_others_are_read(self, account):
        good, bad = account.state.add_group("good"), account.state.add_group("bad")
        account.fault("403", "GET", bad.id)
        found = account.target.members([good.id, bad.id])
        assert found[good.id] == frozenset()
        assert isinstance(found[bad.id], Unread)
        assert "403 Injected fault" in found[bad.id].reason

    def test_a_group_that_stays_without_an_answer_is_unread(self, account):
        group = account.state.add_group("g")
        account.fault("reset", "GET", group.id, count=None)
        assert "no answer" in account.target.members([group.id])[group.id].reason

    @pytest.mark.parametrize("answer", [{}, {"id": "other", "members": []}])
    def test_an_answer_without_the_groups_id_is_a_failed_read_and_not_an_empty_group(
        self, account, monkeypatch, answer
    ):
        group = account.state.add_group("g")
        account.settled()
        monkeypatch.setattr(OBJECTS, lambda *_: answer)
        assert "the group's id" in account.target.members([group.id])[group.id].reason

    def test_a_member_without_an_id_makes_the_group_unread(self, account, monkeypatch):
        group = account.state.add_group("g")
        account.settled()
        answer = {"id": group.id, "members": [{"value": "1"}, {"display": "x"}]}
        monkeypatch.setattr(OBJECTS, lambda *_: answer)
        assert "without an id" in account.target.members([group.id])[group.id].reason

    def test_where_no_login_works_every_group_is_unread(self, account):
        found = account.other({"token": SECRET}).target.members(["1", "2"])
        assert {type(members) for members in found.values()} == {Unread}
