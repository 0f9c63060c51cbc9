"""Runs that plan from the mirror of both sides: what they read and do, and what makes them read everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from aadsync_lib.engine.mirrored_target import MOST, MirroredTarget
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.directory import Announcement, Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.mirror import TargetMirror, mirror_from_text, mirror_to_text
from aadsync_lib.model.run import Status
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from tests.unit.build import directory, group, service, settings, user
from tests.unit.fakes import FakeTarget
from tests.unit.following import Following

ADA, BOB, CYD = user("ada"), user("bob"), user("cyd")
DATA, OPS = group("data", [ADA, BOB]), group("ops", [BOB])
SNAPSHOT = directory(ADA, BOB, DATA, OPS)


@pytest.fixture
def world() -> Iterator[Following]:
    with followed() as following:
        yield following


def followed(snapshot=SNAPSHOT, *targets: FakeTarget, **policy: object) -> Following:
    following = Following(snapshot, *targets, **policy)
    assert following.kind_of_run() == "full"
    assert following.kind_of_run() == "quiet"
    return following


def of(name: str, *joined: str, left: tuple[str, ...] = (), **more) -> Announcement:
    kinds = {"u": Kind.USER, "s": Kind.SERVICE_PRINCIPAL, "g": Kind.GROUP}
    return Announcement(
        f"g-{name}", Kind.GROUP, name=name, joined={key: kinds[key[0]] for key in joined},
        left=frozenset(left), **more,
    )  # fmt: skip


def of_user(who, **more) -> Announcement:
    return Announcement(who.id, Kind.USER, shown=who, **more)


def joins(world: Following, *, snapshot=None) -> None:
    world.source.snapshot = snapshot or directory(ADA, BOB, DATA, group("ops", [ADA, BOB]))
    world.said = [of("ops", "u-ada")]


def hires(world: Following) -> None:
    world.source.snapshot = directory(ADA, BOB, CYD, DATA, group("ops", [BOB, CYD]))
    world.said = [of("ops", "u-cyd"), of_user(CYD)]


def leaves(world: Following) -> None:
    world.source.snapshot = directory(ADA, BOB, group("data", [ADA]), OPS)
    world.said = [of("data", left=("u-bob",))]


def goes(world: Following) -> None:
    world.source.snapshot = directory(BOB, group("data", [BOB]), OPS)
    world.source.outside = {"u-ada": ADA}
    world.said = [of("data", left=("u-ada",))]


def test_who_joins_a_group_is_added_and_nothing_else_is_read(world):
    joins(world)
    world.target.read_by_itself.clear()
    assert world.kind_of_run() == "little"
    assert world.target.members_of("ops") == {"ada@contoso.com", "bob@contoso.com"}
    assert world.target.read_by_itself == [world.links_of("g-ops")]
    assert world.report.applied == {"add_members": 1}
    assert [w.code for w in world.report.targets[0].warnings] == ["incremental"]
    assert world.kind_of_run() == "quiet"
    assert world.plan().empty


def test_who_is_hired_is_made_and_added(world):
    hires(world)
    assert world.kind_of_run() == "little"
    assert world.target.members_of("ops") == {"cyd@contoso.com", "bob@contoso.com"}
    assert world.kind_of_run() == "quiet"
    world.said = [of_user(replace(CYD, display_name="Cyd C"))]
    world.source.snapshot = directory(
        ADA, BOB, replace(CYD, display_name="Cyd C"), DATA, group("ops", [BOB, CYD])
    )
    assert world.kind_of_run() == "little"
    assert world.target.named("cyd@contoso.com").display_name == "Cyd C"
    assert world.kind_of_run() == "little"  # which looks whether that was done
    assert world.kind_of_run() == "quiet"
    assert world.plan().empty


def test_who_leaves_a_group_loses_it_and_the_next_run_looks_at_that_group_alone(world):
    leaves(world)
    assert world.kind_of_run() == "little"
    assert world.target.members_of("data") == {"ada@contoso.com"}
    world.target.read_by_itself.clear()
    assert world.kind_of_run() == "little"
    assert world.target.read_by_itself == [world.links_of("g-data")]
    assert world.kind_of_run() == "quiet"
    assert world.plan().empty


def test_who_leaves_the_scope_is_deactivated_once_entra_was_asked(world):
    goes(world)
    assert world.kind_of_run() == "little"
    assert not world.target.named("ada@contoso.com").active
    assert [world.kind_of_run() for _ in range(2)] == ["little", "quiet"]
    world.source.snapshot = SNAPSHOT
    world.said = [of("data", "u-ada")]
    assert world.kind_of_run() == "little"
    assert world.target.named("ada@contoso.com").active
    assert world.plan().empty


def test_who_has_come_into_another_group_that_is_announced_later_does_not_leave_the_scope(world):
    world.source.snapshot = directory(ADA, BOB, group("data", [BOB]), group("ops", [ADA, BOB]))
    world.said = [of("data", left=("u-ada",))]
    assert world.kind_of_run() == "full"
    assert world.target.named("ada@contoso.com").active


def test_of_a_leaver_whom_the_sync_keeps_it_is_known_where_in_entra(world):
    world.configure(leavers="keep")
    world.sync()
    goes(world)
    assert world.kind_of_run() == "little"
    assert [world.kind_of_run() for _ in range(2)] == ["little", "quiet"]
    asked = len(world.source.asked)
    joined = directory(BOB, CYD, group("data", [BOB]), group("ops", [BOB, CYD]))
    world.source.snapshot, world.said = joined, [of("ops", "u-cyd")]
    assert world.kind_of_run() == "little"
    assert len(world.source.asked) == asked


def test_service_principals_come_and_go():
    robot = service("robot")
    with followed() as world:
        world.source.snapshot = directory(ADA, BOB, robot, DATA, group("ops", [BOB, robot]))
        world.said = [of("ops", "s-robot")]
        assert world.kind_of_run() == "little"
        assert world.target.members_of("ops") == {"bob@contoso.com", "app-robot"}
        assert world.kind_of_run() == "quiet"
        world.source.snapshot = directory(
            ADA, BOB, replace(robot, display_name="R2"), DATA, group("ops", [BOB, robot])
        )
        shown = replace(robot, display_name="R2")
        world.said = [Announcement("s-robot", Kind.SERVICE_PRINCIPAL, shown=shown)]
        assert world.kind_of_run() == "little"
        assert world.plan().empty


def test_what_is_there_already_asks_nothing_of_the_target(world):
    world.said = [of("data", "u-ada"), of_user(ADA)]
    reads = world.target.requests
    assert world.kind_of_run() == "little"  # Entra was asked
    assert world.target.requests == reads


def test_each_target_is_planned_and_written():
    targets = FakeTarget("account"), FakeTarget("sales")
    with followed(SNAPSHOT, *targets) as world:
        joins(world)
        assert world.kind_of_run() == "little"
        assert targets[1].members_of("ops") == {"ada@contoso.com", "bob@contoso.com"}
        assert world.plan().empty


def test_somebody_who_became_an_admin_since_the_last_full_run_loses_nothing(world):
    world.target.admins = frozenset({world.links_of("u-bob")})
    leaves(world)
    world.sync()
    assert "bob@contoso.com" in world.target.members_of("data")


def test_somebody_who_has_a_role_of_admins_since_the_last_full_run_loses_nothing(world):
    bob = world.links_of("u-bob")
    world.target.accounts[bob] = replace(world.target.accounts[bob], admin=True)
    leaves(world)
    world.sync()
    assert "bob@contoso.com" in world.target.members_of("data")


def test_somebody_whom_a_group_made_an_admin_since_the_last_full_run_is_not_changed(world):
    world.target.admins = frozenset({world.links_of("u-bob")})
    robert = replace(BOB, display_name="Robert")
    world.source.snapshot = directory(ADA, robert, DATA, OPS)
    world.said = [of_user(robert)]
    world.sync()
    assert world.target.named("bob@contoso.com").display_name == "Bob"


@pytest.mark.parametrize("login", [None, "another token"])
def test_whoever_runs_the_sync_now_loses_nothing_though_another_one_ran_it_before(world, login):
    world.target.own, world.target.login = frozenset({world.links_of("u-bob")}), lambda: login
    leaves(world)
    world.sync()
    assert "bob@contoso.com" in world.target.members_of("data")


def test_who_leaves_a_group_and_is_in_one_nested_in_it_keeps_it_though_the_target_had_lost_that():
    sub = group("sub", [ADA, BOB])
    with followed(directory(ADA, BOB, group("top", [BOB, sub]), sub)) as world:
        world.target.groups[world.links_of("g-sub")].discard(world.links_of("u-bob"))
        world.source.snapshot = directory(ADA, BOB, group("top", [sub]), sub)
        world.said = [of("top", left=("u-bob",))]
        assert world.kind_of_run() == "full"
        assert "bob@contoso.com" in world.target.effective("top")


@pytest.mark.parametrize("cut", [("g-right", "u-bob"), ("g-top", "g-right")])
def test_who_leaves_one_of_two_ways_into_a_group_keeps_it_though_the_target_had_lost_the_other(cut):
    top, right = group("top", ["g-left", "g-right"]), group("right", [BOB])
    before = directory(ADA, BOB, top, right, group("left", [ADA, BOB]))
    with followed(before) as world:
        above, member = map(world.links_of, cut)
        world.target.groups[above].discard(member)
        world.source.snapshot = directory(ADA, BOB, top, right, group("left", [ADA]))
        world.said = [of("left", left=("u-bob",))]
        assert world.kind_of_run() == "full"
        assert "bob@contoso.com" in world.target.effective("top")


def test_the_other_way_into_a_group_is_read_and_nothing_beside_it():
    top, right = group("top", ["g-left", "g-right"]), group("right", [BOB])
    before = directory(ADA, BOB, top, right, DATA, group("left", [ADA, BOB]))
    with followed(before) as world:
        world.source.snapshot = directory(ADA, BOB, top, right, DATA, group("left", [ADA]))
        world.said = [of("left", left=("u-bob",))]
        world.target.read_by_itself.clear()
        assert world.kind_of_run() == "little"
        read = {"g-left", "u-bob", "g-top", "g-right"}
        assert set(world.target.read_by_itself) == set(map(world.links_of, read))


def test_what_was_not_done_though_it_was_answered_is_found_by_the_next_run(world):
    world.target.deaf = {world.links_of("g-data")}
    leaves(world)
    assert world.kind_of_run() == "little"
    world.target.deaf = set()
    assert world.kind_of_run() == "full"
    assert world.target.members_of("data") == {"ada@contoso.com"}


def _lagging(world):
    joins(world, snapshot=SNAPSHOT)


def _unannounced(world):
    joins(world, snapshot=directory(ADA, BOB, group("data", [ADA]), group("ops", [ADA])))


def _adopted(world):
    hires(world)
    world.target.add(Kind.USER, "cyd@contoso.com")


def _group_gone(world):
    joins(world)
    world.target.accounts.pop(world.links_of("g-ops"))


def _drifted(world):
    joins(world)
    world.target.groups[world.links_of("g-ops")].add(world.target.add(Kind.USER, "eve@contoso.com"))


def _says(*said: Announcement) -> Callable[[Following], None]:
    def act(world: Following) -> None:
        world.said = list(said)

    return act


def _deleted(world):
    world.source.places["u-ada"] = Presence.GONE
    world.source.snapshot = directory(BOB, group("data", [BOB]), OPS)
    world.said = [of("data", left=("u-ada",)), of_user(ADA, removed=True)]


def _group_without(world):
    world.source.snapshot = directory(ADA, BOB, group("data", [ADA, BOB]))
    world.said = [of("ops")]


def _gone_in_between(world):
    world.source.snapshot = directory(ADA, BOB, DATA, group("ops", [BOB, "u-x"]))
    world.said = [of("ops", "u-x")]


def _damaged(world):
    joins(world)
    world.store.mirror = lambda digest: None  # type: ignore[method-assign]


def _same_name(world):
    eve = user("eve", user_principal_name="ADA@contoso.com")
    world.source.snapshot = directory(ADA, BOB, eve, DATA, group("ops", [BOB, eve]))
    world.said = [of("ops", "u-eve")]


def _many(world):
    more = [user(f"n{n}") for n in range(60)]
    world.source.snapshot = directory(ADA, BOB, *more, DATA, group("ops", [BOB, *more]))
    world.said = [of("ops", *(each.id for each in more))]


FULL: dict[str, tuple[Callable[[Following], None], str]] = {
    "a read does not show it yet": (_lagging, "does not show yet"),
    "a group shows less": (_unannounced, "a group shows fewer members"),
    "an account of that name": (_adopted, "not as it was"),
    "the group is gone on the target": (_group_gone, "not as it was"),
    "somebody else was put in": (_drifted, "the plan is about somebody"),
    "renamed": (_says(of("data", shown=replace(DATA, display_name="x"))), "renamed, changed"),
    "another kind": (_says(of("data", shown=replace(DATA, security_enabled=False))), "changed"),
    "nested": (_says(of("data", "g-ops")), "nested"),
    "taken out": (_says(of("data", left=("g-ops",))), "taken out"),
    "deleted": (_says(of("data", removed=True)), "deleted"),
    "a person deleted": (_deleted, "deleted"),
    "a person deleted only": (_says(of_user(ADA, removed=True)), "deleted"),
    "a new group": (_says(replace(of("any-new"), id="g-new")), "another change of a group"),
    "the group cannot be read": (_group_without, "a group is gone"),
    "a member cannot be read": (_gone_in_between, "could not be read"),
    "no mirror": (_damaged, "left no mirror"),
    "two of one name": (_same_name, "would wait"),
    "many": (_many, "one by one"),
}


@pytest.mark.parametrize("why", FULL)
def test_anything_else_is_done_by_a_full_run(world, why, caplog):
    caplog.set_level("INFO")
    act, reason = FULL[why]
    act(world)
    assert world.kind_of_run() == "full"
    assert reason in caplog.text


def test_of_a_scope_of_filters_members_are_followed_and_what_they_find_makes_a_full_run():
    scope = {"groups": [{"filter": "securityEnabled eq true"}]}
    with Following(SNAPSHOT, config=settings(scope=scope, full_every="24h")) as world:
        world.sync()
        joins(world)
        assert world.kind_of_run() == "little"
        assert world.kind_of_run() == "quiet"
        feed = world.source.feed
        world.source.feed = lambda since: replace(feed(since), reassigned=frozenset(("filter:x",)))
        assert world.kind_of_run() == "full"


def test_who_comes_by_a_rule_of_the_scope_and_who_goes_is_done_by_a_small_run():
    rule = {"users": [[{"attribute": "department", "operator": "equals", "value": "Data"}]]}
    bob = replace(BOB, attributes={"department": "Data"})

    def changes(world: Following, department: str) -> None:
        ada = replace(ADA, attributes={"department": department})
        world.source.snapshot = directory(ada, bob, DATA, OPS)
        world.said = [of_user(ada)]

    with Following(
        directory(ADA, bob, DATA, OPS), config=settings(scope=rule, full_every="24h")
    ) as world:
        world.sync()
        assert world.kind_of_run() == "quiet"
        changes(world, "data")
        assert world.kind_of_run() == "little"
        assert world.target.members_of("data") == {"ada@contoso.com", "bob@contoso.com"}
        changes(world, "Sales")
        assert world.kind_of_run() == "little"
        assert world.target.members_of("data") == {"bob@contoso.com"}
        assert not world.target.named("ada@contoso.com").active
        assert [world.kind_of_run() for _ in range(2)] == ["little", "quiet"]
        assert world.plan().empty


def test_whom_the_guard_stops_is_planned_in_full(caplog):
    caplog.set_level("INFO")
    with followed(limits={"members_removed": {"count": 0}}) as world:
        leaves(world)
        with pytest.raises(RefusedError):
            world.sync()
        assert "the guard has something against" in caplog.text
        assert world.target.members_of("data") == {"ada@contoso.com", "bob@contoso.com"}


def test_grace_is_for_full_runs():
    with followed(grace_days=2) as world:
        goes(world)
        assert world.kind_of_run() == "full"


def test_a_group_that_cannot_be_read_again_is_for_a_full_run(world):
    world.target.unreadable = {world.links_of("g-ops")}
    joins(world)
    assert world.kind_of_run() == "full"


def test_a_run_that_fails_or_dies_leaves_the_cursor_where_it_was(world):
    joins(world)
    before = world.store.checkpoint()
    world.target.refuses = lambda what: "no" if what.startswith("member") else None
    assert world.sync().status is Status.PARTIAL
    assert world.store.checkpoint().cursor == before.cursor
    world.target.refuses = lambda _: None
    assert world.kind_of_run() == "full"
    assert "ada@contoso.com" in world.target.members_of("ops")


def test_memberships_are_remembered_as_a_full_run_would(world):
    joins(world)
    world.sync()
    known = {m.member.name for m in world.store.memberships("account", ["g-ops"])}
    assert known == {"ada@contoso.com", "bob@contoso.com"}
    world.source.snapshot = directory(ADA, BOB, DATA, OPS)
    world.said = [of("ops", left=("u-ada",))]
    assert world.kind_of_run() == "little"
    assert world.store.memberships("account", ["g-ops"])[0].until is not None


def test_other_targets_have_another_mirror(world):
    joins(world)
    text = world.store.mirror(world.store.checkpoint().mirror_digest)
    changed = mirror_to_text(replace(mirror_from_text(text), targets={}))
    world.store.mirror = lambda digest: changed  # type: ignore[method-assign]
    assert world.kind_of_run() == "full"


def test_a_mirror_tells_little_where_much_was_linked_since():
    known = TargetMirror(TargetSnapshot({}))
    links = [Link(Kind.USER, f"u-{n}", str(n), Origin.CREATED, f"u-{n}") for n in range(MOST + 1)]
    target = MirroredTarget(FakeTarget(), known)
    target.check_known(Links(links[:MOST]))
    with pytest.raises(FullRunNeeded, match="linked since"):
        target.check_known(Links(links))
