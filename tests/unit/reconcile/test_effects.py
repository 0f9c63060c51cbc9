"""What a run did in the end, from its journal."""

from __future__ import annotations

from dataclasses import replace

from aadsync_lib.model.carried import JournalEntry
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.undo.effects import Places, effects_of, touched_by

ADA = MemberRef("u-ada", "1", "ada@contoso.com", Kind.USER)
EVERYWHERE = Places({"1", "2", "g"}, Links())


def entry(change, result=Result.DONE, run_id="r1"):
    return JournalEntry(1, run_id, "account", Outcome(change, result), 1.0, 1.0)


def members(action, *found):
    return Change(action, "g-team", "g", "team", "", members=found)


def renamed(old, new):
    before, after = Attributes(display_name=old), Attributes(display_name=new)
    return Change(Action.RENAME_GROUP, "g-team", "g", new, "", before, after)


def moves(*entries):
    return effects_of(entries, EVERYWHERE).moves["g"]


def test_addition_that_turned_out_to_have_failed_was_none():
    add = members(Action.ADD_MEMBERS, ADA)
    assert moves(entry(add), entry(add, Result.FAILED)) == {}
    assert list(moves(entry(add), entry(add))) == ["1"]


def test_removal_that_failed_takes_nothing_back():
    add, remove = members(Action.ADD_MEMBERS, ADA), members(Action.REMOVE_MEMBERS, ADA)
    assert moves(entry(add), entry(remove, Result.FAILED))["1"].added


def test_who_came_and_went_in_one_run_was_not_moved():
    add, remove = members(Action.ADD_MEMBERS, ADA), members(Action.REMOVE_MEMBERS, ADA)
    assert moves(entry(add), entry(remove)) == {}


def test_renaming_by_way_of_another_name_is_one_change():
    found = effects_of([entry(renamed("a", "aside")), entry(renamed("a", "b"))], EVERYWHERE)
    effect = found.objects["g"]
    assert (effect.before, effect.after) == ({"display_name": "a"}, {"display_name": "b"})


def test_what_was_not_done_has_no_effect():
    found = effects_of([entry(renamed("a", "b"), Result.FAILED)], EVERYWHERE)
    assert found.objects == {}
    assert touched_by([entry(renamed("a", "b"), Result.SKIPPED)], EVERYWHERE).aspects == {}


def test_object_is_found_where_it_is_today():
    link = Link(Kind.USER, "u-ada", "2", Origin.CREATED, "ada@contoso.com")
    places = Places({"2"}, Links([link]))
    assert places.of("u-ada", "1") == "2"  # made anew since
    assert places.of("u-ada", None) == "2"
    assert places.of("u-bob", None) == "u-bob"
    assert places.of("u-bob", "9") == "9"
    assert Places(set(), Links([link])).of("u-ada", "1") == "1"
    assert Places({"2"}, Links([link]), frozenset({"1"})).of("u-ada", "1") == "1"


def test_later_changes_are_known_by_what_they_changed():
    add = members(Action.ADD_MEMBERS, ADA)
    touched = touched_by([entry(renamed("a", "b")), entry(add, run_id="r2")], EVERYWHERE)
    assert touched.aspect("g", "display_name") == "r1"
    assert touched.aspect("g", "active") is None
    assert touched.object("g") == "r1"
    assert touched.object("1") is None
    assert touched.membership("g", ADA) == "r2"
    assert touched.membership("g", replace(ADA, target_id="2")) is None  # another object of hers
    assert touched.membership("other", ADA) is None
    gone = touched_by([entry(members(Action.ADD_MEMBERS, replace(ADA, target_id="9")))], EVERYWHERE)
    assert gone.membership("g", ADA) == "r1"
