"""The part of both sides that concerns a few identities, and plans that go beyond it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.directory import Affected, Announcement, Changes, Cursor
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.plan import Quarantined, TargetPlan
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.part import check_narrow, concerned, linked_objects
from aadsync_lib.reconcile.mirror.target import Touched
from tests.unit.build import directory, group, user

ADA, BOB = user("ada"), user("bob")
INNER = group("inner", [ADA])
DATA, TOP, OPS = group("data", [INNER, BOB]), group("top", []), group("ops", [BOB])
KNOWN = directory(ADA, BOB, INNER, DATA, OPS, replace(TOP, members=frozenset(("g-data",))))
NOTHING = Changes(Cursor({}), ())


def test_of_a_person_every_group_is_read_that_she_is_or_was_in_at_any_depth():
    announced = Announcement("g-ops", Kind.GROUP, joined={"u-ada": Kind.USER})
    changes = Changes(Cursor({}), (announced, Announcement("g-x", Kind.GROUP)))
    about = concerned(KNOWN, changes, {"u-ada": Kind.USER}, {"g-new"})
    groups = frozenset(("g-inner", "g-data", "g-top", "g-ops", "g-new"))
    assert about == Affected(groups, frozenset(("u-ada",)))
    left = replace(announced, joined={}, left=frozenset(("s-x",)))
    about = concerned(
        KNOWN, Changes(Cursor({}), (left,)), {"s-x": Kind.SERVICE_PRINCIPAL}, frozenset()
    )
    assert about == Affected(frozenset(("g-ops",)), service_principals=frozenset(("s-x",)))


def test_of_a_group_it_is_itself_and_what_it_is_in_and_all_of_what_is_in_it():
    about = concerned(KNOWN, NOTHING, {"g-data": Kind.GROUP}, frozenset())
    assert about == Affected(frozenset(("g-data", "g-top")), whole=frozenset(("g-data",)))


def test_whoever_else_is_announced_is_read_too_as_they_may_have_another_name():
    announced = (Announcement("u-bob", Kind.USER), Announcement("u-x", Kind.USER))
    about = concerned(KNOWN, Changes(Cursor({}), announced), {"g-ops": Kind.GROUP}, frozenset())
    ops = frozenset(("g-ops",))
    assert about == Affected(ops, frozenset(("u-bob",)), whole=ops)


def test_the_objects_to_see_again_are_those_that_are_linked():
    links = Links(
        (
            Link(Kind.GROUP, "g-data", "1", Origin.CREATED, "Data"),
            Link(Kind.USER, "u-ada", "2", Origin.CREATED, "ada"),
            Link(Kind.USER, "u-bob", "3", Origin.CREATED, "bob"),
        )
    )
    assert linked_objects(links, ("g-data", "g-x", "u-ada")) == Touched(
        {"1": Kind.GROUP, "2": Kind.USER}
    )


def change(action: Action, kind: Kind = Kind.USER) -> Change:
    return Change(
        action, "g-data", "1", "Data", members=(MemberRef("u-ada", "2", "ada", kind),), reason=""
    )


@pytest.mark.parametrize(
    "action",
    [Action.ADD_MEMBERS, Action.REMOVE_MEMBERS, Action.CREATE_GROUP, Action.GRANT_ENTITLEMENTS],
)
def test_what_is_ordinary_is_done(action):
    check_narrow(TargetPlan("t", (change(action),)), Affected(frozenset(("g-data",))))


@pytest.mark.parametrize(
    "plan",
    [
        TargetPlan("t", (change(Action.DELETE_GROUP),)),
        TargetPlan("t", (change(Action.RENAME_GROUP),)),
        TargetPlan("t", (change(Action.REMOVE_MEMBERS, Kind.GROUP),)),
        TargetPlan("t", (replace(change(Action.REMOVE_MEMBERS), external_id="g-other"),)),
        TargetPlan("t", quarantined=(Quarantined("u-ada", "ada", "two"),)),
    ],
)
def test_for_anything_else_everything_is_read(plan):
    with pytest.raises(FullRunNeeded):
        check_narrow(plan, Affected(frozenset(("g-data",))))
