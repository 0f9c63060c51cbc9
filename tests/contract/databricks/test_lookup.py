"""Finding by name: exact, afresh, and without listing the account again and again."""

import threading

import pytest

from aadsync_lib.databricks.translate import name_filter
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.ports import ChangeRefused


def names(found):
    return sorted(account.name for account in found)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (Kind.USER, " Ada@X.com", 'userName eq "ada@x.com"'),
        (Kind.GROUP, "Team Ä", 'displayName eq "Team Ä"'),
        (Kind.SERVICE_PRINCIPAL, "app-1", 'applicationId eq "app-1"'),
        (Kind.GROUP, "O'Neil (and, or)", 'displayName eq "O\'Neil (and, or)"'),
        (Kind.GROUP, 'the "A" team', None),
        (Kind.GROUP, "back\\slash", None),
        (Kind.GROUP, "two\nlines", None),
    ],
)
def test_a_filter_is_only_used_where_its_escaping_is_known(kind, name, text):
    assert name_filter(kind, name) == text


def test_objects_of_every_kind_are_found_by_one_filtered_request(account):
    account.state.add_user("ada@x.com", external_id="e")
    account.state.add_service_principal("App-1")
    account.state.add_group("Team", roles=["account_admin"])
    account.settled()
    assert account.target.find(Kind.USER, "ADA@x.com")[0].external_id == "e"
    assert names(account.target.find(Kind.SERVICE_PRINCIPAL, "app-1")) == ["App-1"]
    assert account.target.find(Kind.GROUP, "team")[0].admin
    assert len(account.sent) == 3
    assert all("filter" in sent.query for sent in account.sent)


def test_all_names_that_differ_only_by_case_are_found(account):
    account.state.add_group("Admins2")
    account.state.add_group("admins2")
    assert names(account.target.find(Kind.GROUP, "ADMINS2")) == ["Admins2", "admins2"]


@pytest.mark.parametrize(("name", "other"), [("dbx-Maße", "dbx-Masse"), ("ﬁnance", "Finance")])
def test_a_name_that_only_looks_alike_is_found_where_no_other_is(account, name, other):
    account.state.add_group(other)
    account.state.add_group("another")
    assert names(account.target.find(Kind.GROUP, name)) == [other]
    account.state.add_group(name)
    assert names(account.target.find(Kind.GROUP, name)) == [name]


@pytest.mark.parametrize("name", ['the "A" team', "back\\slash", " spaced "])
def test_names_with_nasty_letters_are_found_in_a_whole_listing(account, name):
    account.state.add_group(name)
    account.state.add_group("another")
    assert names(account.target.find(Kind.GROUP, name)) == [name]


def test_what_the_filter_misses_is_found_in_a_whole_listing(account):
    account.state.add_user("ada@x.com")
    account.settled()
    account.fault("400", "GET", "filter=")
    assert names(account.target.find(Kind.USER, "ada@x.com")) == ["ada@x.com"]
    assert len(account.sent) == 2


def test_a_filter_that_answers_with_another_name_does_not_count(account, monkeypatch):
    account.state.add_user("ada@x.com")
    account.settled()
    monkeypatch.setattr(
        "aadsync_lib.sandbox.databricks.scim.list_page",
        lambda *_: {"totalResults": 1, "Resources": [{"id": "1", "userName": "bob@x.com"}]},
    )
    assert account.target.find(Kind.USER, "ada@x.com") == ()


def test_a_refusal_to_list_is_a_refusal(account):
    account.settled().fault("403", "GET", "filter=")
    with pytest.raises(ChangeRefused, match="403"):
        account.target.find(Kind.USER, "ada@x.com")


def test_every_lookup_is_afresh(account):
    assert account.target.find(Kind.GROUP, 'a "b"') == ()
    account.clock.advance(0.001)
    account.state.add_group('a "b"')
    assert len(account.target.find(Kind.GROUP, 'a "b"')) == 1


def test_lookups_that_wait_for_the_same_listing_share_it(account):
    for number in range(250):
        account.state.add_group(f'"{number}"')
    account.settled()
    asked = threading.Barrier(8)
    found = []

    def look(number):
        asked.wait()
        found.extend(account.target.find(Kind.GROUP, f'"{number}"'))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(account.sent) < 8 * 3


def test_whole_listings_have_a_budget_after_which_the_last_one_serves(account, monkeypatch):
    monkeypatch.setattr("aadsync_lib.databricks.lookup.LIST_BUDGET", 4)
    for number in range(150):
        account.state.add_group(f'"{number}"')
    account.settled()
    for number in range(10):
        account.clock.advance(1)
        assert len(account.target.find(Kind.GROUP, f'"{number}"')) == 1
    assert len(account.sent) == 4


def test_where_databricks_chooses_the_application_id_a_lost_create_is_found_by_external_id(account):
    elsewhere = account.other(azure=False)
    account.fault("lost", "POST")
    wanted = Attributes(application_id="app-1", display_name="Robot", external_id="e", active=True)
    with pytest.raises(ChangeRefused):
        elsewhere.target.create(Kind.SERVICE_PRINCIPAL, wanted)
    account.state.add_service_principal("other", "Robot", "another")
    assert [a.external_id for a in elsewhere.target.find(Kind.SERVICE_PRINCIPAL, "APP-1")] == ["e"]
    assert elsewhere.target.find(Kind.SERVICE_PRINCIPAL, "app-2") == ()


def test_there_an_object_without_external_id_is_found_by_display_name(account):
    elsewhere = account.other(azure=False)
    account.fault("500", "POST")
    wanted = Attributes(application_id="app-1", display_name="Robot", active=True)
    with pytest.raises(ChangeRefused):
        elsewhere.target.create(Kind.SERVICE_PRINCIPAL, wanted)
    account.state.add_service_principal("made-up", "Robot")
    account.state.add_service_principal("made-up-2", "Other")
    assert names(elsewhere.target.find(Kind.SERVICE_PRINCIPAL, "app-1")) == ["made-up"]


def test_a_service_principal_without_application_id_needs_no_memory(account):
    elsewhere = account.other(azure=False)
    assert elsewhere.target.create(Kind.SERVICE_PRINCIPAL, Attributes(display_name="Robot"))
