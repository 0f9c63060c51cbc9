"""The mirror of both sides: what brings it up to date, what is left to full runs, and what a run makes of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.account import Account, Reread, TargetSnapshot, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.directory import (
    Affected,
    Announcement,
    Changes,
    Cursor,
    KnownRoot,
    Notice,
    Presence,
    Selected,
)
from aadsync_lib.model.identity import Attributes, Kind, Permission
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.mirror import (
    Mirror,
    TargetMirror,
    digest_of_mirror,
    mirror_from_text,
    mirror_to_text,
)
from aadsync_lib.model.plan import Quarantined, TargetPlan
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.source import (
    affected,
    brought_up_to_date,
    check_shown,
    presences_in,
    presences_kept,
)
from aadsync_lib.reconcile.mirror.target import (
    Touched,
    believed,
    check_ordinary,
    same_again,
    touched_by,
    unsure_of,
)
from tests.unit.build import directory, group, service, user

ADA, BOB, CYD = user("ada"), user("bob", mail="b@x", enabled=False), user("cyd")
ROBOT = service("robot")
INNER = group("inner", [BOB])
DATA = group("data", [ADA, ROBOT, INNER])
KNOWN = directory(ADA, BOB, ROBOT, DATA, INNER)
SCOPE = Scope.model_validate({"groups": [{"prefix": "d"}]})
WATCHED = {"u-ada", "u-bob", "s-robot", "g-data", "g-inner", "u-left", "g-other"}


def said(*announced, **more) -> Changes:
    return Changes(Cursor({}), announced, **more)


def of(name, joined=None, left=(), **more) -> Announcement:
    return Announcement(f"g-{name}", Kind.GROUP, joined=joined or {}, left=frozenset(left), **more)


def test_whom_changes_are_about_is_read_again_and_strangers_are_not():
    stranger = (
        Announcement("u-x", Kind.USER),
        replace(of("elsewhere", {"u-cyd": Kind.USER}), name="x"),
    )
    about = affected(
        said(
            of("data", {"u-cyd": Kind.USER, "s-new": Kind.SERVICE_PRINCIPAL, "u-ada": Kind.USER, "x": None}),
            of("inner", left=("u-bob", "u-stranger", "s-robot")),
            Announcement("u-ada", Kind.USER), Announcement("u-cyd", Kind.USER), *stranger,
        ), SCOPE, KNOWN, WATCHED,
    )  # fmt: skip
    assert about == Affected(
        frozenset({"g-data", "g-inner"}),
        frozenset({"u-ada", "u-bob", "u-cyd"}),
        frozenset({"s-robot", "s-new"}),
    )


def test_service_principals_out_of_scope_are_not_read():
    scope = SCOPE.model_copy(update={"service_principals": False})
    changes = said(of("data", {"s-new": Kind.SERVICE_PRINCIPAL}))
    assert not affected(changes, scope, KNOWN, WATCHED).service_principals


def test_groups_in_groups_do_not_matter_where_nothing_is_nested():
    direct = SCOPE.model_copy(update={"nested": "direct"})
    changes = said(of("data", {"g-new": Kind.GROUP}), replace(of("new"), name="new"))
    assert affected(changes, direct, KNOWN, WATCHED).groups == {"g-data"}
    with pytest.raises(FullRunNeeded, match="nested"):
        affected(changes, SCOPE, KNOWN, WATCHED)
    passed = replace(KNOWN, passed_over=frozenset({"g-new"}))
    assert affected(changes, SCOPE, passed, WATCHED).groups == {"g-data"}


@pytest.mark.parametrize(
    "changes",
    [
        said(reassigned=frozenset({"application:x"})),
        said(of("data", shown=replace(DATA, mail_nickname="d"))),
        said(of("data", removed=True)),
        said(of("data", left=("g-inner",))),
        said(Announcement("u-ada", Kind.USER, removed=True)),
        said(Announcement("u-left", Kind.USER)),
        said(of("other", removed=True)),
        said(replace(of("deep"), name="deep")),
    ],
)
def test_other_announcements_are_for_a_full_run(changes):
    with pytest.raises(FullRunNeeded):
        affected(changes, SCOPE, KNOWN, WATCHED)


def test_whom_an_application_brings_in_is_for_a_full_run():
    changes = said(Announcement("u-ada", Kind.USER))
    assert affected(changes, SCOPE, KNOWN, WATCHED).users == {"u-ada"}
    with pytest.raises(FullRunNeeded, match="assigned"):
        affected(changes, SCOPE, replace(KNOWN, assigned=frozenset({"u-ada"})), WATCHED)


def test_what_was_read_again_takes_the_place_of_what_was_known():
    again = directory(BOB, CYD, group("data", [CYD, ROBOT, INNER]), roots=[])
    about = Affected(frozenset({"g-data"}), frozenset({"u-ada", "u-bob"}))
    changes = said(
        of("data", {"u-cyd": Kind.USER}, left=("u-ada",)), Announcement("u-bob", Kind.USER)
    )
    now = brought_up_to_date(KNOWN, again, about, changes)
    assert now.users == {"u-bob": BOB, "u-cyd": CYD}
    assert now.service_principals == {"s-robot": ROBOT}
    assert now.groups == {"g-data": again.groups["g-data"], "g-inner": INNER}
    assert now.roots == KNOWN.roots
    check_shown(now, changes, SCOPE, WATCHED)
    with pytest.raises(FullRunNeeded):
        check_shown(KNOWN, changes, SCOPE, WATCHED)


@pytest.mark.parametrize(
    ("again", "reason"),
    [
        (directory(DATA, unread=("403",)), "could not be read"),
        (directory(), "a group is gone"),
        (replace(directory(DATA), passed_over=frozenset({"g-m"})), "a group is gone"),
        (directory(replace(DATA, mail_nickname="d")), "renamed"),
        (directory(group("data", [ADA, ROBOT])), "nested"),
        (directory(group("data", [ROBOT, INNER])), "fewer"),
        (directory(group("data", [ADA, ROBOT, INNER, CYD])), "could not be read"),
    ],
)
def test_a_read_that_shows_anything_else_is_for_a_full_run(again, reason):
    changes = said(of("data"))
    with pytest.raises(FullRunNeeded, match=reason):
        brought_up_to_date(KNOWN, again, Affected(frozenset({"g-data"})), changes)


def test_where_somebody_is_in_entra_is_told_by_a_read():
    assert presences_in(directory(ADA, BOB, ROBOT)) == {
        "u-ada": Presence.PRESENT, "u-bob": Presence.DISABLED, "s-robot": Presence.PRESENT,
    }  # fmt: skip
    assert presences_kept({"a": Presence.GONE, "b": Unread("403")}) == {"a": Presence.GONE}


def test_a_mirror_is_read_as_it_was_written():
    root = KnownRoot("prefix:d", "g-data", "data")
    notices = (Notice("cycle", "a cycle"),)
    line = Selected("prefix:d", frozenset({"g-data"}), frozenset({"u-ada"}), ("x",), notices)
    more = {"attributes": {"department": "AI"}}
    entra = replace(
        KNOWN,
        users={**KNOWN.users, "u-cyd": replace(CYD, **more)},
        groups={**KNOWN.groups, "g-x": group("x", ["nobody-knows"], unread="403")},
        assigned=frozenset({"u-ada"}), unread=("403",), notices=notices, found=(root,),
        selected=(line,), passed_over=frozenset({"g-p"}),
    )  # fmt: skip
    accounts = {"1": Account("1", Kind.USER, "ada", "Ada", "u-ada", False, True, True)}
    accounts["2"] = Account("2", Kind.GROUP, "data")
    target = TargetSnapshot(accounts, frozenset("1"), frozenset("9"), "app", True, notices)
    mirror = Mirror(
        entra,
        {"account": TargetMirror(target, {"2": frozenset({"1", "77"})})},
        {"u-left": Presence.GONE},
        {"account": "app", "second": None},
    )
    text = mirror_to_text(mirror)
    read = mirror_from_text(text)
    assert read == mirror
    assert read.directory.passed_over == entra.passed_over
    assert digest_of_mirror(text) != digest_of_mirror(text + "A")


# --- the target

USER1 = Account("1", Kind.USER, "ada@contoso.com", "Ada", "u-ada")
GROUP2 = Account("2", Kind.GROUP, "data", external_id="g-data")
TARGET = TargetSnapshot({"1": USER1, "2": GROUP2})
LINKS = Links(
    Link(kind, external_id, target_id, Origin.CREATED, "then")
    for kind, external_id, target_id in (
        (Kind.USER, "u-ada", "1"), (Kind.GROUP, "g-data", "2"), (Kind.USER, "u-cyd", "3"),
        (Kind.GROUP, "g-new", "4"),
    )
)  # fmt: skip
ADDED = MemberRef("u-ada", "1", "ada", Kind.USER)
NEW = MemberRef("u-cyd", None, "cyd", Kind.USER)


def change(action, external_id="g-data", target_id="2", *members, **more) -> Change:
    return Change(Action(action), external_id, target_id, "name", "", members=members, **more)


def after(*changes, members=None, absent=()):
    inside = {"2": frozenset({"1"})} if members is None else members
    context = SimpleNamespace(target=TARGET, members=inside, absent=dict.fromkeys(absent))
    return believed(context, [Outcome(each, Result.DONE) for each in changes], LINKS)


def test_what_a_run_did_is_believed_of_the_target():
    shown = Attributes(display_name="Cyd", external_id="u-cyd", user_name="cyd@contoso.com")
    belief = after(
        change("create_user", "u-cyd", None, after=shown),
        change("create_group", "g-new", None, after=Attributes(display_name="new", external_id="")),
        change("add_members", "g-new", None, ADDED, NEW),
        change("remove_members", "g-data", "2", ADDED),
        change("rename_group", after=Attributes(display_name="data 2")),
        change("deactivate_user", "u-ada", "1", after=Attributes(active=False)),
        change("assign_workspace", after=Attributes(workspace_id=1, permission=Permission.USER)),
        change("update_user", "u-ada", "1"),
    )  # fmt: skip
    assert belief.members == {"2": frozenset(), "4": frozenset({"1", "3"})}
    assert belief.snapshot.accounts == {
        "1": replace(USER1, active=False),
        "2": replace(GROUP2, name="data 2"),
        "3": Account("3", Kind.USER, "name", "Cyd", "u-cyd"),
        "4": Account("4", Kind.GROUP, "new"),
    }


def test_who_is_deleted_is_in_no_group_any_more():
    belief = after(
        change("delete_user", "u-ada", "1"), members={"2": frozenset({"1"}), "5": frozenset()}
    )
    assert belief.members == {"2": frozenset(), "5": frozenset()}
    assert belief.snapshot.accounts == {"2": GROUP2}
    assert after(change("delete_group")).members == {}


@pytest.mark.parametrize(
    "untold",
    [
        change("update_user", "u-nobody", None),
        change("adopt_user", "u-x", "99"),
        change("add_members", "g-data", "2", replace(NEW, external_id="u-nobody")),
        change("add_members", "u-ada", "1", ADDED),
    ],
)
def test_what_came_of_a_change_that_is_about_something_unknown_is_not_told(untold):
    assert after(untold) is None


def test_where_a_read_lacked_anything_nothing_is_believed():
    assert after(members={"2": Unread("403")}) is None
    assert after(absent=("7",)) is None
    assert after() == TargetMirror(TARGET, {"2": frozenset({"1"})})


def test_what_was_read_again_of_a_target_takes_its_place():
    mirror = TargetMirror(TARGET, {"2": frozenset({"1"})})
    now = replace(USER1, active=False)
    again = mirror.updated(Reread({"1": now}, {"2": frozenset()}))
    assert again.snapshot.accounts == {"1": now, "2": GROUP2}
    assert (again.members, again.snapshot.admins) == ({"2": frozenset()}, TARGET.admins)
    assert mirror.updated(Reread({}, {}, frozenset("1"))).snapshot.admins == {"1"}
    assert [same_again(mirror, again, key) for key in ("1", "2")] == [False, False]
    lowered = mirror.updated(Reread({"1": replace(USER1, name="ADA@contoso.com")}, {}))
    assert same_again(mirror, lowered, "1")


ABOUT = Affected(frozenset({"g-data"}), frozenset({"u-ada"}))


@pytest.mark.parametrize(
    "plan",
    [
        {"quarantined": (Quarantined("u-ada", "ada", "why"),)},
        {"on_hold": (Quarantined("u-ada", "ada", "why"),)},
        {"warnings": (Notice("grace", "until"),)},
        {"changes": (change("rename_group"),)},
        {"changes": (change("remove_members", "g-data", "2", replace(ADDED, type=Kind.GROUP)),)},
        {"changes": (change("remove_members", "g-other", "2", ADDED, NEW),)},
        {"changes": (change("remove_members", "g-data", "2", ADDED, drift=True),)},
    ],
)
def test_a_plan_of_anything_else_is_for_a_full_run(plan):
    with pytest.raises(FullRunNeeded):
        check_ordinary(TargetPlan("account", **plan), ABOUT)


def test_a_plan_may_be_about_groups_of_whom_a_rule_of_the_scope_moves():
    joins = change("add_members", "g-other", "2", ADDED)
    check_ordinary(TargetPlan("account", (joins,)), ABOUT)
    with pytest.raises(FullRunNeeded):
        check_ordinary(TargetPlan("account", (replace(joins, members=(ADDED, NEW)),)), ABOUT)


def in_groups(groups):
    """Return a context of groups with these members in Entra; the target calls each by its id in capitals."""
    desired = {key: SimpleNamespace(members=frozenset(inside)) for key, inside in groups.items()}
    known = {key: Account(key.upper(), Kind.GROUP, key) for key in groups if key != "g-late"}
    return SimpleNamespace(desired=SimpleNamespace(groups=desired), account=known.get)


def test_every_way_into_a_group_that_somebody_leaves_is_to_be_seen_too():
    groups = {
        "g-top": {"g-data", "g-right"}, "g-right": {"g-deep", "g-late"}, "g-deep": {"u-ada"},
        "g-late": {"u-ada"}, "g-data": {"u-bob"}, "g-else": {"u-ada", "u-bob"},
    }  # fmt: skip
    taking = touched_by([change("remove_members", "g-data", "2", ADDED)], in_groups(groups))
    assert taking.ids.keys() == {"2", "1", "G-TOP", "G-RIGHT", "G-DEEP"}


@pytest.mark.parametrize(
    ("more", "protected", "seen"),
    [
        ((), (), {"1"}),
        ((), ("x",), {"1", "2"}),
        ((change("add_members", "g-data", "2", NEW),), (), {"1", "2"}),
        ((change("remove_members", "g-ops", "3", ADDED, NEW),), (), {"1", "3"}),
    ],
)
def test_a_group_that_loses_none_but_those_whose_accounts_end_is_not_seen_again(
    more, protected, seen
):
    ends = change("deactivate_user", "u-ada", "1")
    context = in_groups({})
    context.policy = SimpleNamespace(protected=SimpleNamespace(groups=protected))
    context.target = SimpleNamespace(accounts={"2": GROUP2})
    touched = touched_by([change("remove_members", "g-data", "2", ADDED), ends, *more], context)
    seen_all = dict.fromkeys(seen, Kind.USER)
    assert touched.ids.keys() == seen
    assert touched.admins
    assert touched.shown == ({} if "2" in seen else {"2": GROUP2.name})
    assert not touched.without(touched)
    before = Touched(touched.ids, admins=True)
    assert touched.without(before).admins is bool(touched.shown)
    assert touched.without(Touched({**seen_all, "2": Kind.GROUP}, admins=True)).shown == {}
    assert before.plus(touched) == touched


def test_what_a_plan_touches_is_to_be_seen_first():
    changes = (
        change("create_user", "u-cyd", None), change("add_members", "g-data", "2", ADDED, NEW),
    )  # fmt: skip
    check_ordinary(TargetPlan("account", changes[1:], warnings=(Notice("cycle", ""),)), ABOUT)
    adding = touched_by(changes, in_groups({}))
    assert adding == Touched({"2": Kind.GROUP}, frozenset({(Kind.USER, "name")}))
    taking = touched_by([change("remove_members", "g-data", "2", ADDED, NEW)], in_groups({}))
    assert taking == Touched({"2": Kind.GROUP, "1": Kind.USER}, admins=True)
    assert len(taking) == 3
    assert taking.without(adding) == Touched({"1": Kind.USER}, admins=True)
    assert adding.plus(taking) == Touched(taking.ids, adding.names, admins=True)
    assert not taking.without(adding.plus(taking))
    outcomes = [Outcome(each, Result.DONE) for each in changes]
    assert unsure_of(outcomes) == ()
    gone = Outcome(change("deactivate_user", "u-ada", "1"), Result.DONE)
    assert unsure_of([*outcomes, gone]) == ("1",)
