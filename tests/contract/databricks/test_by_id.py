"""Look-up by id: what a listing leaves out, and whom a group makes account admins."""

import pytest

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.errors import TargetError
from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.rates import Verb
from aadsync_lib.sandbox.databricks import scim
from tests.contract.databricks.conftest import SECRET

OBJECTS = "aadsync_lib.sandbox.databricks.scim.render"
PAGES = "aadsync_lib.sandbox.databricks.scim.list_page"
USER, ROBOT, GROUP = Kind.USER, Kind.SERVICE_PRINCIPAL, Kind.GROUP


def of_each_kind(state, **more):
    return {
        USER: state.add_user("ada@x.com", "Ada", "e-ada", **more).id,
        ROBOT: state.add_service_principal("app-1", "Robot", "e-robot", **more).id,
        GROUP: state.add_group("Team", "e-team", ["ada@x.com"], **more).id,
    }


def hide(monkeypatch, *ids):
    """Leave these out of listings, whose totals agree with that."""
    listed = scim.list_page

    def behind(state, listing):
        page = listed(state, listing)
        rows = [row for row in page.get("Resources", ()) if row["id"] not in ids]
        missing = len(page.get("Resources", ())) - len(rows)
        return page | {"Resources": rows, "totalResults": page["totalResults"] - missing}

    monkeypatch.setattr(PAGES, behind)


@pytest.mark.parametrize("roles", [[], ["account_admin"]])
def test_an_object_of_each_kind_is_read_as_a_listing_shows_it(account, roles):
    ids = of_each_kind(account.state, roles=roles)
    listed = account.target.read().accounts
    wanted = {target_id: kind for kind, target_id in ids.items()}
    assert account.target.look_up(wanted) == {target_id: listed[target_id] for target_id in wanted}
    assert all(account.target.look_up(wanted)[i].admin is bool(roles) for i in wanted)


def test_a_look_up_is_one_request_for_each_id_and_asks_for_no_members(account):
    ids = of_each_kind(account.state)
    account.settled()
    account.target.look_up({target_id: kind for kind, target_id in ids.items()})
    assert sorted(sent.path for sent in account.sent) == sorted(
        [f"Users/{ids[USER]}", f"ServicePrincipals/{ids[ROBOT]}", f"Groups/{ids[GROUP]}"]
    )
    asked = {sent.path.partition("/")[0]: sent.query for sent in account.sent}
    assert "members" not in asked["Groups"]["attributes"]
    assert "groups" in asked["Users"]["excludedAttributes"]


def test_look_ups_keep_the_pace_of_reading_one_object(account, monkeypatch):
    waited = []
    wait = Pacer.wait
    monkeypatch.setattr(Pacer, "wait", lambda p, verb: (waited.append(verb), wait(p, verb))[1])
    account.settled()
    waited.clear()
    account.target.look_up({"1": USER, "2": None})
    assert waited == [Verb.GET] * 2 * 4  # what does not show is read twice


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("known", [True, False])
def test_one_404_does_not_make_an_object_gone(account, kind, known):
    target_id = of_each_kind(account.state)[kind]
    account.fault("404", "GET", path=f"/{target_id}", count=1 if known else 3)
    found = account.target.look_up({target_id: kind if known else None})[target_id]
    assert isinstance(found, Account)


def test_an_inactive_person_whom_the_listing_leaves_out_is_read(account, monkeypatch):
    eve = account.state.add_user("eve@x.com", "Eve", "e-eve", active=False)
    hide(monkeypatch, eve.id)
    assert eve.id not in account.target.read().accounts
    assert account.target.look_up({eve.id: USER}) == {
        eve.id: Account(eve.id, USER, "eve@x.com", "Eve", "e-eve", active=False)
    }


@pytest.mark.parametrize("kind", [*Kind, None])
def test_what_is_not_there_is_none(account, kind):
    assert account.target.look_up({"12345": kind}) == {"12345": None}


@pytest.mark.parametrize("kind", Kind)
def test_an_object_of_another_kind_is_not_there(account, kind):
    ids = of_each_kind(account.state)
    others = {ids[other]: kind for other in Kind if other is not kind}
    assert set(account.target.look_up(others).values()) == {None}


@pytest.mark.parametrize("kind", Kind)
def test_without_a_kind_each_is_tried(account, kind):
    target_id = of_each_kind(account.state)[kind]
    assert account.settled().target.look_up({target_id: None})[target_id].kind is kind
    assert len(account.sent) == 1 + list(Kind).index(kind)


@pytest.mark.parametrize("status", ["400", "401", "403", "500", "reset", "lost", "truncated"])
@pytest.mark.parametrize("kind", [*Kind, None])
def test_any_other_answer_leaves_it_unread(account, status, kind):
    ids = of_each_kind(account.state)
    target_id = ids[kind or USER]
    account.settled().fault(status, "GET", f"/{target_id}", count=None)
    answer = account.target.look_up({target_id: kind})
    assert isinstance(answer[target_id], Unread)
    assert answer[target_id].reason


@pytest.mark.parametrize("resource", ["Users", "ServicePrincipals", "Groups"])
def test_one_kind_that_cannot_be_read_leaves_open_whether_it_is_there(account, resource):
    account.settled().fault("403", "GET", f"/{resource}/12345", count=None)
    assert "403" in account.target.look_up({"12345": None})["12345"].reason


def test_a_kind_that_cannot_be_read_does_not_matter_where_another_has_it(account):
    team = of_each_kind(account.state)[GROUP]
    account.settled().fault("403", "GET", "/Users/", count=None)
    assert account.target.look_up({team: None})[team].name == "Team"


@pytest.mark.parametrize("answer", [{}, {"id": "other", "userName": "x@x.com"}, {"id": None}])
@pytest.mark.parametrize("kind", [*Kind, None])
def test_an_answer_about_another_id_is_unread_and_not_gone(account, monkeypatch, answer, kind):
    account.settled()
    monkeypatch.setattr(OBJECTS, lambda *_, **__: answer)
    ids = of_each_kind(account.state)
    asked = ids[kind or USER]
    assert "the id" in account.target.look_up({asked: kind})[asked].reason


def test_one_unread_object_leaves_the_others_read(account):
    ids = of_each_kind(account.state)
    account.settled().fault("500", "GET", f"/{ids[ROBOT]}", count=None)
    answers = account.target.look_up({target_id: kind for kind, target_id in ids.items()})
    assert isinstance(answers[ids[ROBOT]], Unread)
    assert (answers[ids[USER]].name, answers[ids[GROUP]].name) == ("ada@x.com", "Team")


def test_nothing_is_asked_for_nobody(account):
    assert account.settled().target.look_up({}) == {}
    assert account.sent == []


def test_where_no_login_works_everything_is_unread(account):
    answers = account.other({"token": SECRET}).target.look_up({"1": USER, "2": None})
    assert {type(answer) for answer in answers.values()} == {Unread}


def test_everybody_in_a_group_of_admins_is_told_listed_or_not(account, monkeypatch):
    state = account.state
    people = {name: state.add_user(f"{name}@x.com").id for name in ("boss", "eve", "deep", "ada")}
    robot = state.add_service_principal("app-1").id
    inner = state.add_group("Inner", "e-in", ["deep@x.com", "app-1"]).id
    state.add_group("Team", "e-team", ["ada@x.com"])
    state.add_group(
        "Bosses", "e-boss", ["boss@x.com", "eve@x.com", "Inner"], roles=["account_admin"]
    )
    wanted = {people["boss"], people["eve"], people["deep"], robot, inner}
    assert account.target.read().admins == wanted
    hide(monkeypatch, people["eve"], people["deep"], inner)
    snapshot = account.target.read()
    assert snapshot.admins == wanted
    marked = {a.name for a in snapshot.accounts.values() if a.admin} - {account.box.client_id}
    assert marked == {"Bosses", "boss@x.com", "app-1"}


def test_groups_of_admins_that_hold_each_other_end(account):
    state = account.state
    state.switches.cycles = "accepted"
    one = state.add_group("One", roles=["account_admin"]).id
    two = state.add_group("Two", members=[one]).id
    state.add_members(one, two)
    assert account.target.read().admins == {one, two}


def test_a_listed_account_costs_no_look_up(account):
    account.state.add_user("boss@x.com")
    account.state.add_group("Bosses", members=["boss@x.com"], roles=["account_admin"])
    account.target.read()
    assert [sent.path for sent in account.sent if "/" in sent.path] == [
        f"Groups/{account.state.resolve('Bosses')}"
    ]


def test_an_unlisted_member_of_admins_that_cannot_be_read_is_an_error(account, monkeypatch):
    inner = account.state.add_group("Inner").id
    account.state.add_group("Bosses", members=[inner], roles=["account_admin"])
    hide(monkeypatch, inner)
    account.fault("403", "GET", f"/{inner}", count=None)
    with pytest.raises(TargetError, match="who is account admin is not known"):
        account.target.read()
