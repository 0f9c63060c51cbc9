"""Runs that are about one person or one group alone."""

from __future__ import annotations

import pytest

from aadsync_lib.engine.on_demand import NobodyError
from aadsync_lib.errors import UsageError
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, user
from tests.unit.fakes import Fault
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
