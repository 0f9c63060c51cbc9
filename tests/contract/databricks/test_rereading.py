"""A few objects of a target read by themselves, over real HTTP."""

import pytest

from aadsync_lib.model.account import Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import ChangeRefused

USER, ROBOT, GROUP = Kind.USER, Kind.SERVICE_PRINCIPAL, Kind.GROUP
NAMES = {(USER, "new@x.com"), (ROBOT, "app-new")}


@pytest.fixture
def ids(account):
    state = account.state
    return {
        state.add_user("ada@x.com", "Ada", "e-ada").id: USER,
        state.add_service_principal("app-1", "Robot", "e-robot").id: ROBOT,
        state.add_group("Team", "e-team", ["ada@x.com"]).id: GROUP,
    }


def test_each_object_is_read_as_a_listing_shows_it_in_one_request_a_group_with_its_members(
    account, ids
):
    reread = account.target.read_again(ids, NAMES)
    assert len(account.sent) == len(ids) + len(NAMES)  # which found the API version, too
    listed, (team,) = account.target.read().accounts, (i for i in ids if ids[i] is GROUP)
    assert reread.accounts == {key: listed[key] for key in ids}
    assert reread.members == account.target.members([team])
    assert reread.admins is None


def test_whom_a_group_makes_an_admin_is_read_anew(account, ids):
    known = account.target.read()
    ada = next(iter(ids))
    assert account.target.read_again(ids, (), known).admins == frozenset()
    account.state.add_group("Bosses", None, ["ada@x.com"], roles=["account_admin"])
    assert account.target.read_again(ids, (), known).admins == {ada}


def test_a_filter_that_shows_fewer_groups_of_admins_is_not_believed(account, ids):
    bosses = account.state.add_group("Bosses", None, ["ada@x.com"], roles=["account_admin"])
    known = account.target.read()
    assert account.target.read_again(ids, (), known).admins
    bosses.roles.clear()
    with pytest.raises(ChangeRefused, match="not known"):
        account.target.read_again(ids, (), known)


@pytest.mark.parametrize(
    ("more", "names", "reason"),
    [
        ({"404": USER}, (), "404"),
        ({}, [(USER, "ADA@x.com")], "there is a user"),
        ({}, [(USER, 'a"b')], "is not known"),
    ],
)
def test_whatever_is_not_as_asked_is_refused(account, ids, more, names, reason):
    with pytest.raises(ChangeRefused, match=reason):
        account.target.read_again({**ids, **more}, names)


def test_an_answer_that_shows_not_every_member_is_refused(account, ids, monkeypatch):
    unread = Unread("a member without an id")
    monkeypatch.setattr("aadsync_lib.databricks.rereading.members_in", lambda *_: unread)
    with pytest.raises(ChangeRefused, match="without an id"):
        account.target.read_again(ids, ())


def test_whoever_runs_the_sync_is_read_anew_where_the_login_does_not_tell(account, ids):
    known = account.target.read()
    assert known.own
    assert account.target.read_again(ids, (), known).own == known.own
    assert account.target.read_again(ids, ()).own == frozenset()
    other = account.other(client_id="app-1")
    assert other.target.read_again(ids, (), known).own == frozenset()
    assert "Me" not in [sent.path for sent in other.sent]


def test_groups_that_only_a_listing_is_to_show_are_in_it_as_they_are_now(account):
    data = account.state.add_group("Data")
    known, shown = account.target.read(), {data.id: "Data"}
    sent = len(account.sent)
    reread = account.target.read_again({}, (), known, shown)
    assert [each.path for each in account.sent[sent:]] == ["Groups", "Me"]
    assert {key: each.admin for key, each in reread.accounts.items()} == {data.id: False}
    assert reread.members == {}
    data.roles.append("account_admin")
    assert account.target.read_again({}, (), known, shown).accounts[data.id].admin
    data.roles.clear()
    for unseen in ({data.id: "Other"}, {data.id: 'no "filter" tells'}, {"4711": "Data"}):
        with pytest.raises(ChangeRefused, match="not known"):
            account.target.read_again({}, (), known, unseen)
