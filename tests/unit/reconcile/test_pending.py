"""What the next run makes of writes that were announced and never answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import Account, TargetSnapshot, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Result
from aadsync_lib.ports import Pending
from aadsync_lib.reconcile.matching.pending import LOST, outcomes_of_pending, resolve_pending

CREATE = Change(
    Action.CREATE_USER, "u1", None, "ada", "in scope", None, Attributes(user_name="ada")
)
ADOPT = Change(
    Action.ADOPT_USER, "u1", "7", "ada", "same name", Attributes(), Attributes(external_id="u1")
)
DELETE = Change(Action.DELETE_USER, "u1", "7", "ada", "left the scope", Attributes(active=True))
LINK = Link(Kind.USER, "u1", "7", Origin.CREATED, "ada")


def ada(**more):
    return Account("7", Kind.USER, "ada", **more)


def named(target_id, name):
    return Account(target_id, Kind.USER, name, external_id="u1")


def on(*accounts):
    return TargetSnapshot({one.id: one for one in accounts})


def recovered(change, target, *links):
    return resolve_pending([Pending(1, "r1", change)], target, Links(links))


def judged(change, target, *links, members=None):
    return outcomes_of_pending([Pending(1, "r1", change)], target, members or {}, Links(links))[1]


def test_a_create_that_was_done_is_ours_by_external_id():
    found = recovered(CREATE, on(ada(external_id="u1"), Account("8", Kind.USER, "ada 2")))
    assert found.linked == (LINK,)
    assert found.applied_to(Links()).by_external == {"u1": LINK}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("written", ["u1", "U1"])
def test_the_external_id_proves_a_create_in_whatever_case_it_is_written(kind, written):
    create = replace(CREATE, action=Action.on("create", kind))
    target = on(Account("7", kind, "another name", external_id=written))
    assert recovered(create, target).linked == (Link(kind, "u1", "7", Origin.CREATED, "ada"),)


@pytest.mark.parametrize("kind", Kind)
def test_a_name_proves_nothing(kind):
    create = replace(CREATE, action=Action.on("create", kind))
    target = on(Account("7", kind, "ada"))
    assert recovered(create, target).linked == ()
    assert judged(create, target).result is Result.FAILED


@pytest.mark.parametrize("written", ["u1", "U1"])
def test_an_adoption_shows_in_whatever_case_the_external_id_is_written(written):
    assert [link.target_id for link in recovered(ADOPT, on(ada(external_id=written))).linked] == [
        "7"
    ]
    same = replace(ADOPT, before=Attributes(external_id="U1"))
    before = Link(Kind.USER, "u2", "7", Origin.CREATED, "bob")
    assert recovered(same, on(ada(external_id=written)), before).linked == ()


@pytest.mark.parametrize(
    "accounts",
    [
        (),
        (ada(external_id="alien"),),
        (named("7", "a"), named("8", "b")),
        (Account("7", Kind.GROUP, "ada"),),
    ],
    ids=["not there", "of somebody else", "two of other names", "of another kind"],
)
def test_a_create_that_cannot_be_told_makes_no_link(accounts):
    assert recovered(CREATE, on(*accounts)).linked == ()


def test_of_two_with_its_external_id_the_one_of_its_name_was_made():
    found = recovered(CREATE, on(named("7", "ADA"), named("8", "b")))
    assert [(link.target_id, link.origin) for link in found.linked] == [("7", Origin.CREATED)]


def test_what_is_linked_already_is_not_linked_twice():
    assert recovered(CREATE, on(ada(external_id="u1")), LINK).linked == ()
    other = Link(Kind.USER, "u2", "7", Origin.CREATED, "bob")
    assert recovered(CREATE, on(ada()), other).linked == ()


def test_an_adoption_that_shows_is_made_as_one():
    found = recovered(ADOPT, on(ada(external_id="u1")))
    assert [link.origin for link in found.linked] == [Origin.ADOPTED]
    assert recovered(ADOPT, on(ada())).linked == ()
    assert recovered(ADOPT, on()).linked == ()


def test_an_adoption_that_shows_took_the_object_over_from_whose_it_was():
    before = Link(Kind.USER, "u2", "7", Origin.CREATED, "bob")
    found = recovered(ADOPT, on(ada(external_id="u1")), before)
    assert [(link.external_id, link.target_id) for link in found.linked] == [("u1", "7")]
    assert found.unlinked == ("u2",)
    assert found.applied_to(Links([before])).by_external.keys() == {"u1"}
    assert recovered(ADOPT, on(ada(external_id="u2")), before).linked == ()
    assert recovered(ADOPT, on(ada(external_id="u1")), LINK).linked == ()


@pytest.mark.parametrize("change", [CREATE, ADOPT])
def test_what_another_sync_manages_by_now_is_not_ours(change):
    target = on(ada(external_id="u1"))
    assert (
        resolve_pending([Pending(1, "r1", change)], target, Links(), shared={"7": "finance"}).linked
        == ()
    )


def test_a_delete_that_was_done_ends_the_link():
    found = recovered(DELETE, on(), LINK)
    assert found.unlinked == ("u1",)
    assert len(found.applied_to(Links([LINK]))) == 0
    assert recovered(DELETE, on(ada()), LINK).unlinked == ()


def test_what_is_about_nobody_in_entra_is_left_alone():
    change = Change(Action.REMOVE_MEMBERS, None, "7", "Data", "why")
    assert recovered(change, on()).linked == ()


@pytest.mark.parametrize(
    ("change", "accounts", "links", "result"),
    [
        (CREATE, (ada(),), (LINK,), Result.DONE),
        (CREATE, (), (), Result.FAILED),
        (CREATE, (ada(external_id="alien"),), (), Result.FAILED),
        (ADOPT, (ada(external_id="u1"),), (LINK,), Result.DONE),
        (ADOPT, (ada(),), (), Result.FAILED),
        (ADOPT, (ada(),), (Link(Kind.USER, "u1", "8", Origin.CREATED, "ada"),), Result.FAILED),
        (DELETE, (), (), Result.DONE),
        (DELETE, (ada(),), (LINK,), Result.FAILED),
    ],
)
def test_the_journal_gets_what_the_target_shows(change, accounts, links, result):
    outcome = judged(change, on(*accounts), *links)
    assert outcome.result is result
    assert outcome.error == (None if result is Result.DONE else LOST)


@pytest.mark.parametrize(
    ("action", "after", "account", "result"),
    [
        (Action.DEACTIVATE_USER, Attributes(active=False), ada(active=False), Result.DONE),
        (Action.DEACTIVATE_USER, Attributes(active=False), ada(), Result.FAILED),
        (Action.UPDATE_USER, Attributes(display_name="A"), ada(display_name="A"), Result.DONE),
        (Action.UPDATE_USER, Attributes(display_name="A"), ada(), Result.FAILED),
        (Action.UPDATE_USER, None, ada(), Result.DONE),
        (Action.UPDATE_USER, Attributes(display_name="A"), Account("9", Kind.USER, "x"), Result.FAILED),
        (Action.RENAME_GROUP, Attributes(display_name="B"), Account("7", Kind.GROUP, "B"), Result.DONE),
        (Action.RENAME_GROUP, Attributes(display_name="B"), Account("7", Kind.GROUP, "A"), Result.FAILED),
    ],
)  # fmt: skip
def test_an_update_was_done_when_the_target_shows_it(action, after, account, result):
    change = Change(action, "u1", "7", "ada", "why", None, after)
    assert judged(change, on(account)).result is result


DATA = Account("9", Kind.GROUP, "Data")
BOTH = (MemberRef("u1", "7", "ada", Kind.USER), MemberRef("u2", None, "bob", Kind.USER))


def members(action, target_id="9"):
    return Change(action, "g1", target_id, "Data", "why", members=BOTH)


def test_of_members_those_that_show_were_done():
    bob = Link(Kind.USER, "u2", "8", Origin.CREATED, "bob")
    there = {"9": frozenset({"8"})}
    added = judged(members(Action.ADD_MEMBERS), on(DATA), bob, members=there)
    removed = judged(members(Action.REMOVE_MEMBERS), on(DATA), bob, members=there)
    assert (added.result, added.change.members) == (Result.DONE, BOTH[1:])
    assert (removed.result, removed.change.members) == (Result.DONE, BOTH[:1])


def test_members_none_of_which_shows_were_not_added():
    outcome = judged(members(Action.ADD_MEMBERS), on(DATA), members={"9": frozenset()})
    assert (outcome.result, outcome.error) == (Result.FAILED, LOST)


def test_members_of_a_group_that_was_never_made_were_not_added():
    assert judged(members(Action.ADD_MEMBERS, None), on(DATA)).result is Result.FAILED


def test_members_that_cannot_be_read_stay_unknown():
    unread = {"9": Unread("403")}
    outcome = judged(members(Action.ADD_MEMBERS), on(DATA), members=unread)
    assert outcome.result is Result.UNKNOWN


def test_members_of_a_group_made_in_the_run_that_died_are_found_by_its_link():
    link = Link(Kind.GROUP, "g1", "9", Origin.CREATED, "Data")
    there = {"9": frozenset({"7"})}
    outcome = judged(members(Action.ADD_MEMBERS, None), on(DATA), link, members=there)
    assert outcome.change.members == BOTH[:1]
