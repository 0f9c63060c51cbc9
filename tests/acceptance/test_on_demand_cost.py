"""One person or one group, at once: what is read for that, and that it is read afresh on both sides."""

from __future__ import annotations

import sqlite3
from collections import Counter

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.entra.directory import Directory
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.run import RunReport
from aadsync_lib.sandbox import Fault, World
from tests.acceptance.small import ADA, BOB, CYD, DATA, OPS, A, B, C, applied
from tests.acceptance.small import company as small_company
from tests.acceptance.stage import Stage

SIDES = {"graph": 9, "databricks": 8}  # requests at the most, at any number of groups


def many_groups(groups: int) -> World:
    """Return the small company with so many groups more, of one person each, of which one is nested in dbx-data."""
    world = small_company()
    for n in range(groups):
        person = world.entra.add_user(f"p{n}@contoso.com", displayName=f"P {n}")
        world.entra.add_group(f"dbx-{n:03}", members=[person])
    world.entra.add_member(DATA, world.entra.add_group("inner", members=[CYD]))
    return world


@pytest.fixture
def followed(stage: Stage) -> Stage:
    return _followed(stage, small_company())


def _followed(stage: Stage, world: World, **settings: object) -> Stage:
    stage.full_every = "24h"
    stage.configure(**settings)
    stage.show(world)
    assert stage.sync().full
    return stage


def sync(stage: Stage, **name: str) -> RunReport:
    with stage.runner() as runner:
        return runner.sync(**name)  # type: ignore[arg-type]


def members(stage: Stage, group: str) -> set[str]:
    return set(stage.picture()["groups"][group]["members"])


def listed(stage: Stage, mark: int) -> bool:
    """Return whether the users of the target were listed, as only a full reading does."""
    sent = stage.box.log.select(after=mark)
    listings = (e for e in sent if e.method == "GET" and e.path.endswith("scim/v2/Users"))
    return any("filter" not in e.query for e in listings)


@pytest.mark.parametrize("groups", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_it_costs_the_same_in_a_large_directory_and_in_a_small_one(
    stage: Stage, groups: int
) -> None:
    _followed(stage, many_groups(groups))
    entra = stage.box.world.entra
    dee = entra.add_user("dee@contoso.com")
    entra.add_member(DATA, dee)
    entra.remove_member(OPS, BOB)
    entra.add_member(OPS, ADA)
    asked = [{"user": "dee@contoso.com"}, {"user": B}, {"group": "dbx-ops"}, {"user": C}]
    done = []
    for name in asked:
        mark = stage.box.log.mark()
        done.append(applied(sync(stage, **name)))
        sent = Counter(entry.side for entry in stage.box.log.select(after=mark))
        assert sent["graph"] <= SIDES["graph"], sent
        assert sent["databricks"] <= SIDES["databricks"], sent
    assert done == [
        {"create_user": 1, "add_members": 1},
        {"remove_members": 1},
        {"add_members": 1},
        {},
    ]
    assert stage.sync().full
    assert stage.plan().empty


def test_a_plan_costs_as_little_and_writes_nothing(followed: Stage) -> None:
    followed.box.world.entra.add_member(DATA, CYD)
    before, mark = followed.store_file.read_bytes(), followed.box.log.mark()
    (target,) = followed.planner().plan(user=C).plan.targets
    assert target.counts == {"add_members": 1}
    assert not listed(followed, mark)
    assert followed.store_file.read_bytes() == before


def test_what_somebody_changed_by_hand_on_databricks_is_put_right(followed: Stage) -> None:
    account = followed.directory
    (data,) = (g for g in account.groups.values() if g.display_name == "dbx-data")
    (ada,) = (u for u in account.users.values() if u.user_name == A)
    account.remove_members(data.id, ada.id)
    ada.display_name = "Nobody"
    mark = followed.box.log.mark()
    assert applied(sync(followed, user=A)) == {"add_members": 1, "update_user": 1}
    assert not listed(followed, mark)
    account.remove_members(data.id, ada.id)
    assert applied(sync(followed, group="dbx-data")) == {"add_members": 1}


def test_a_group_that_nests_and_a_group_that_is_new_are_seen_by_themselves(followed: Stage) -> None:
    entra, mark = followed.box.world.entra, followed.box.log.mark()
    inner = entra.add_group("inner", members=[ADA])
    entra.add_member(OPS, inner)
    entra.add_group("dbx-new", members=[CYD])
    assert applied(sync(followed, user=A)) == {"create_group": 1, "add_members": 1}
    assert not listed(followed, mark)
    assert members(followed, "inner") == {A}
    assert "dbx-new" not in followed.picture()["groups"]
    assert applied(sync(followed, group="dbx-ops")) == {"add_members": 1}
    assert members(followed, "dbx-ops") == {B, C, "inner"}
    followed.sync()
    assert followed.plan().empty


def test_who_moved_to_a_group_that_no_list_of_hers_shows_yet_keeps_the_account(
    followed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_yet(*_: object) -> Listing:
        return Listing(())

    entra = followed.box.world.entra
    entra.remove_member(DATA, ADA)
    entra.add_member(OPS, ADA)
    monkeypatch.setattr(Directory, "member_of", nothing_yet)
    report = sync(followed, user=A)
    assert "deactivate_user" not in applied(report)
    assert followed.picture()["users"][A]["active"]
    assert members(followed, "dbx-ops") == {A, B, C}


@pytest.mark.parametrize("path", ["memberOf", f"groups/{DATA}/members"])
def test_what_cannot_be_read_takes_nothing_away(followed: Stage, path: str) -> None:
    followed.box.world.entra.remove_member(DATA, ADA)
    followed.box.faults.add(Fault("403", side="graph", path=path, count=None))
    mark = followed.box.log.mark()
    sync(followed, user=A)
    assert listed(followed, mark)
    followed.box.faults.clear()
    shown = followed.picture()
    if path == "memberOf":  # then everything was read, and that is no question of it
        assert A not in shown["groups"]["dbx-data"]["members"]
    else:
        assert A in shown["groups"]["dbx-data"]["members"]
        assert shown["users"][A]["active"]


def test_who_has_left_loses_everything_and_nothing_of_others_is_done_or_recorded(
    followed: Stage,
) -> None:
    followed.configure(policy={"grace_days": 5})
    assert followed.sync().full
    entra, mark = followed.box.world.entra, followed.box.log.mark()
    for who in (ADA, CYD):
        entra.delete(who, soft=True)
    with followed.store() as store:
        before = store.checkpoint()
    assert applied(sync(followed, user=A)) == {"remove_members": 1}
    assert not listed(followed, mark)
    assert members(followed, "dbx-ops") == {B, C}
    with followed.store() as store:
        assert store.checkpoint() == before
        assert set(store.missing("account")) == {ADA}
    followed.sync()
    assert members(followed, "dbx-ops") == {B}


def test_for_a_name_and_for_a_group_that_is_taken_out_of_another_everything_is_read(
    stage: Stage,
) -> None:
    world = small_company()
    world.entra.add_member(OPS, world.entra.add_group("inner", id="in", members=[CYD]))
    _followed(stage, world)
    entra = stage.box.world.entra
    for change, done in (
        (lambda: entra.rename_group(DATA, "dbx-new"), {"rename_group": 1}),
        (lambda: entra.remove_member(OPS, "in"), {"remove_members": 1}),
    ):
        change()
        mark = stage.box.log.mark()
        group = "dbx-new" if "rename_group" in done else "dbx-ops"
        assert applied(sync(stage, group=group)) == done
        assert listed(stage, mark)


def test_the_guard_and_protection_hold(followed: Stage) -> None:
    followed.configure(policy={"limits": {"groups_emptied": {"count": 0}}})
    followed.sync()
    entra = followed.box.world.entra
    for who in (ADA, BOB):
        entra.remove_member(DATA, who)
    with pytest.raises(RefusedError):
        sync(followed, group="dbx-data")
    followed.configure(policy={"protected": {"users": [A]}})
    followed.sync()
    assert applied(sync(followed, user=A)) == {}
    assert A in members(followed, "dbx-data")


def test_who_has_a_protected_name_by_now_keeps_a_group_that_another_one_is_asked_for(
    stage: Stage,
) -> None:
    world = small_company()
    world.entra.add_member(DATA, CYD)
    _followed(stage, world, policy={"protected": {"users": ["breakglass@contoso.com"]}})
    entra = stage.box.world.entra
    entra.update_user(CYD, userPrincipalName="breakglass@contoso.com")
    entra.remove_member(DATA, CYD)
    assert applied(sync(stage, group="dbx-data")) == {}
    assert C in members(stage, "dbx-data")


@pytest.mark.parametrize("why", ["settings", "age", "died", "dead link", "no mirror"])
def test_without_a_mirror_to_go_by_everything_is_read(followed: Stage, why: str) -> None:
    followed.box.world.entra.add_member(DATA, CYD)
    match why:
        case "settings":
            followed.configure(mapping={"display_name": "{displayName}!"})
        case "age":
            followed.clock.advance(90_000)  # type: ignore[attr-defined]
        case "died":
            (change,) = followed.planner().plan(user=C).plan.targets[0].changes
            with followed.store() as store, store.lease("account", "r-dead"):
                store.begin_run("r-dead", "sha256:0", "sha256:0", full=True)
                store.announce("r-dead", "account", [change])
        case "dead link":
            followed.box.world.entra.expire_delta_tokens("gone")
        case "no mirror":
            with sqlite3.connect(followed.store_file) as connection:
                connection.execute("DELETE FROM mirrors")
    mark = followed.box.log.mark()
    assert applied(sync(followed, user=C))["add_members"] == 1
    assert listed(followed, mark)


def test_with_full_everything_is_read(followed: Stage) -> None:
    followed.box.world.entra.add_member(DATA, CYD)
    mark = followed.box.log.mark()
    with followed.runner() as runner:
        runner.sync(user=C, full=True)
    assert listed(followed, mark)


def test_a_second_one_goes_by_the_same_mirror(followed: Stage) -> None:
    entra, mark = followed.box.world.entra, followed.box.log.mark()
    dee = entra.add_user("dee@contoso.com")
    entra.add_member(DATA, dee)
    sync(followed, user="dee@contoso.com")
    entra.remove_member(DATA, dee)
    entra.add_member(OPS, dee)
    assert applied(sync(followed, user="dee@contoso.com")) == {
        "add_members": 1,
        "remove_members": 1,
    }
    assert applied(sync(followed, user="dee@contoso.com")) == {}
    assert not listed(followed, mark)


def test_in_flat_groups_what_is_below_is_read_and_what_is_above_is_followed(stage: Stage) -> None:
    world = small_company()
    inner = world.entra.add_group("inner", members=[CYD])
    world.entra.add_member(DATA, inner)
    _followed(stage, world, scope={"nested": "flatten"})
    assert members(stage, "dbx-data") == {A, B, C}
    entra, mark = stage.box.world.entra, stage.box.log.mark()
    entra.remove_member(inner, CYD)
    entra.add_member(inner, entra.add_user("dee@contoso.com"))
    assert applied(sync(stage, user=C)) == {"remove_members": 1}
    assert applied(sync(stage, group="dbx-data")) == {"create_user": 1, "add_members": 1}
    assert members(stage, "dbx-data") == {A, B, "dee@contoso.com"}
    assert not listed(stage, mark)
