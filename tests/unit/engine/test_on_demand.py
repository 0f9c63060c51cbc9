"""Runs that are about one person or one group alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aadsync_lib.engine.on_demand import NobodyError
from aadsync_lib.errors import UsageError
from aadsync_lib.model.directory import DirectoryMatch, Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, user
from tests.unit.fakes import Fault
from tests.unit.following import Following
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
DATA = group("Data", [ADA, BOB])


def test_only_what_concerns_a_person_is_planned_and_done():
    with World(directory(ADA, BOB, DATA)) as world:
        plan = world.planner().plan(user="ada@contoso.com").plan
        assert plan.targets[0].counts == {"create_user": 1, "create_group": 1, "add_members": 1}
        report = world.runner().sync(user="u-ada")
        assert (report.full, report.status) == (False, Status.SUCCEEDED)
        assert world.target.members_of("Data") == {"ada@contoso.com"}
        world.sync()
        assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}


def test_who_is_gone_from_entra_is_found_by_the_name_of_the_link():
    with World(directory(ADA, BOB, DATA)) as world:
        world.sync()
        world.source.snapshot = directory(BOB, group("Data", [BOB]))
        assert world.runner().sync(user="ADA@contoso.com").members_removed == 1
        assert world.target.members_of("Data") == {"bob@contoso.com"}


def test_a_group_of_the_sync_is_found_by_its_name():
    with World(directory(ADA, BOB, CY, DATA, group("Ops", [CY]))) as world:
        world.sync()
        world.source.snapshot = directory(
            ADA, BOB, CY, group("Data", [ADA, CY]), group("Ops", [BOB])
        )
        report = world.runner().sync(group="data")
        assert (report.members_added, report.members_removed) == (1, 1)
        assert world.target.members_of("Ops") == {"cy@contoso.com"}


@pytest.mark.parametrize("name", [{"user": "nobody"}, {"user": ""}, {"group": "u-ada"}])
def test_a_name_that_nobody_has_is_an_error(name):
    with World(directory(ADA, DATA)) as world, pytest.raises(NobodyError, match="has the name"):
        world.planner().plan(**name)


def test_a_name_of_several_is_an_error_that_lists_them():
    twin = user("ada2", display_name="Ada")
    with World(directory(ADA, twin, DATA)) as world, pytest.raises(NobodyError, match="u-ada2"):
        world.planner().plan(user="Ada")


def test_both_at_once_is_a_usage_error():
    with World(directory(ADA, DATA)) as world, pytest.raises(UsageError):
        world.planner().plan(user="Ada", group="Data")


def test_failures_and_quarantine_of_others_stay_on_record():
    twin = user("twin", user_principal_name="bob@contoso.com")
    data = group("Data", [ADA, BOB, twin])
    with World(directory(ADA, BOB, twin, data)) as world:
        world.target.faults = {0: Fault.REFUSED}
        world.sync()
        waiting, held = world.store.retries("account"), world.store.quarantine("account")
        assert waiting
        assert held
        world.runner().sync(user="u-twin")
        assert world.store.retries("account") == waiting
        ids = {record.external_id for record in world.store.quarantine("account")}
        assert ids == {record.external_id for record in held}


def test_the_kinds_that_are_asked_for_are_people_or_groups():
    with World(directory(ADA, DATA)) as world:
        world.sync()
        kinds = {link.kind for link in world.store.links("account").by_external.values()}
        assert kinds == {Kind.USER, Kind.GROUP}
        assert world.runner().sync(group="Data").status is Status.SUCCEEDED


@pytest.fixture
def followed() -> Iterator[Following]:
    with Following(directory(ADA, BOB, CY, DATA, group("Ops", [CY]))) as world:
        world.sync()
        yield world


def test_only_what_concerns_them_is_read_where_a_mirror_is_there(followed):
    followed.source.snapshot = directory(ADA, BOB, CY, group("Data", [BOB]), group("Ops", [ADA]))
    followed.target.read_by_itself.clear()
    report = followed.runner().sync(user="u-ada")
    assert report.applied == {"add_members": 1, "remove_members": 1}
    assert set(followed.target.read_by_itself) == {
        followed.links_of(key) for key in ("g-data", "g-ops", "u-ada")
    }
    assert followed.target.members_of("Ops") == {"cy@contoso.com", "ada@contoso.com"}


def test_who_is_called_otherwise_by_now_is_found_by_id(followed):
    married = user("ada", user_principal_name="lovelace@contoso.com")
    followed.source.snapshot = directory(married, BOB, CY, DATA, group("Ops", [CY]))
    plan = followed.planner().plan(user="ada@contoso.com").plan
    assert [held.external_id for held in plan.targets[0].quarantined] == ["u-ada"]


def in_all(world: Following, *, changes: bool = True) -> bool:
    """Return whether everything is read for a person, of whom there are ``changes`` to plan."""
    reads = world.target.requests
    world.target.read_by_itself.clear()
    assert bool(world.planner().plan(user="u-ada").plan.targets[0].changes) is changes
    assert world.target.requests > reads
    return not world.target.read_by_itself


def test_what_a_part_does_not_tell_is_planned_from_all(followed):
    elsewhere = directory(BOB, CY, group("Data", [BOB]), group("Ops", [CY]))
    followed.source.snapshot = elsewhere
    known = DirectoryMatch("u-ada", "ada@contoso.com", "Ada", enabled=True, groups=None)
    followed.source.elsewhere = (known,)
    assert in_all(followed)  # as not all of her groups could be read
    followed.source.elsewhere = ()
    assert not in_all(followed)
    followed.source.snapshot = replace(elsewhere, unread=("a selector",))
    unread = followed.planner().plan(user="u-ada").plan
    assert not unread.complete


@pytest.mark.parametrize("more", ["late", "much", "refused"])
def test_a_target_that_shows_ever_more_is_read_in_all(followed, monkeypatch, more):
    followed.source.snapshot = directory(
        BOB, CY, ADA, group("Data", [BOB]), group("Ops", [CY, ADA])
    )
    match more:
        case "late":
            monkeypatch.setattr("aadsync_lib.engine.part.ROUNDS", 0)
        case "much":
            monkeypatch.setattr("aadsync_lib.engine.mirrored_target.MOST", -1)
        case "refused":
            followed.configure(limits={"members_removed": {"count": 0, "share": None}})
            followed.runner().sync(approve=followed.plan().digest)
            followed.source.snapshot = directory(BOB, CY, ADA, DATA, group("Ops", [CY]))
            assert not followed.planner().plan(user="u-ada").verdict.allowed
            return
    plan = followed.planner().plan(user="u-ada").plan
    assert {change.name for change in plan.targets[0].changes} == {"Data", "Ops"}


def test_who_became_an_admin_since_the_mirror_was_kept_loses_nothing(followed):
    followed.target.admins = frozenset({followed.links_of("u-ada")})
    followed.source.snapshot = directory(
        ADA, BOB, CY, group("Data", [BOB]), group("Ops", [CY, ADA])
    )
    followed.runner().sync(user="u-ada")
    assert not in_all(followed, changes=False)
    assert followed.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}


def test_who_was_disabled_since_the_mirror_was_kept_is_deactivated_though_leavers_are_kept(
    followed,
):
    followed.configure(leavers="keep")
    followed.source.snapshot = directory(BOB, CY, group("Data", [BOB]), group("Ops", [CY]))
    for _ in range(2):
        followed.sync()
    followed.source.places = {"u-ada": Presence.DISABLED}
    assert not in_all(followed)
    followed.runner().sync(user="u-ada")
    assert not followed.target.named("ada@contoso.com").active


def test_what_is_on_record_of_groups_that_were_not_read_stays(followed):
    eve = user("eve")
    ops = group("Ops", [CY, BOB])
    followed.source.snapshot = directory(ADA, BOB, CY, eve, DATA, ops, assigned=[eve])
    followed.target.faults = {len(followed.target.log): Fault.REFUSED}
    assert not followed.runner().sync(full=True).clean
    before = followed.store.memberships("account", ("g-ops",))
    followed.source.snapshot = directory(ADA, BOB, CY, eve, group("Data", [BOB]), ops)
    assert not in_all(followed)
    followed.runner().sync(user="u-ada")
    assert followed.store.memberships("account", ("g-ops",)) == before
