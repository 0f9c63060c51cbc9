"""How many requests a sync takes: the first one, one with nothing to do, and one after a day."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from math import ceil

import pytest

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.model.change import Action, Change
from aadsync_lib.sandbox import Sandbox, company, day
from tests.acceptance.stage import Stage
from tests.command_line import aadsync

PAGE = 100


@pytest.mark.parametrize(
    "users", [300, *(pytest.param(size, marks=pytest.mark.soak) for size in (2_000, 10_000))]
)
def test_a_first_sync_sends_one_request_an_object_and_the_second_writes_nothing(
    stage: Stage, users: int
) -> None:
    stage.show(company(users))
    pages = _pages(stage.box)

    first = stage.sync()

    assert exit_code(first) == 0
    made = Counter(first.targets[0].applied)
    people, groups = made["create_user"] + made["create_service_principal"], made["create_group"]
    assert people > users * 0.9
    assert groups > users / 10
    sent = stage.counts()
    assert sent == {
        "graph": first.requests.graph,
        "list": pages,
        "other": 1,  # Me
        "write": people + groups,
        "patch": made["adopt_user"],
        "get": groups,  # the check after the writes
    }

    mark = stage.box.log.mark()
    second = stage.sync()

    assert exit_code(second) == 0
    assert stage.box.log.writes("databricks", after=mark) == ()
    assert stage.counts(after=mark) == {
        "graph": sent["graph"],
        "list": _pages(stage.box),
        "other": 1,
        "get": groups,
    }


def test_a_day_costs_one_patch_for_each_group_or_person_that_changed(stage: Stage) -> None:
    stage.show(company(300))
    stage.sync()
    for seed in range(3):
        day(stage.box.world, seed)
        changes = stage.plan().targets[0].changes
        assert {one.action for one in changes} >= {Action.ADD_MEMBERS, Action.REMOVE_MEMBERS}
        mark = stage.box.log.mark()

        assert exit_code(stage.sync()) == 0

        sent = stage.counts(after=mark)
        assert sent["patch"] == _objects(one for one in changes if one.action.verb != "create")
        assert sent["write"] == _objects(one for one in changes if one.action.verb == "create")


def test_the_estimate_of_a_plan_is_the_number_of_writes_it_takes(stage: Stage) -> None:
    stage.show(company(300))
    for seed in range(3):
        plan, mark = stage.plan(), stage.box.log.mark()

        stage.sync()

        estimate = plan.targets[0].estimate
        assert estimate is not None
        assert len(stage.box.log.writes("databricks", after=mark)) == estimate.requests
        day(stage.box.world, seed)


def test_a_mass_removal_is_refused_on_the_command_line_with_nothing_written(
    box: Sandbox, stage: Stage
) -> None:
    stage.show(company(300))
    stage.limit({})
    stage.sync()
    entra = box.world.entra
    for user in entra.ids("user")[::3]:
        entra.delete_user(user)
    before, mark = stage.picture(), box.log.mark()

    done = aadsync(
        ["sync", "-c", str(stage.settings_file)], env={**os.environ, **Stage.environment_of(box)}
    )

    assert done.returncode == 4, done.stderr
    assert "users_deprovisioned" in done.stderr
    assert "--approve sha256:" in done.stderr
    assert box.log.count("databricks", "GET", after=mark) > 0
    assert box.log.writes("databricks", after=mark) == ()
    assert stage.picture() == before


def _pages(box: Sandbox) -> int:
    """Return how many pages of a hundred the listings of an account take."""
    account = box.world.databricks
    tables = (account.users, account.service_principals, account.groups)
    return sum(max(1, ceil(len(table) / PAGE)) for table in tables)


def _objects(changes: Iterable[Change]) -> int:
    """Count the changes, those of a group's members as one, whatever their number."""
    return len({(one.external_id, _request(one)) for one in changes})


def _request(change: Change) -> str:
    of_members = change.action in {Action.ADD_MEMBERS, Action.REMOVE_MEMBERS}
    return "members" if of_members else change.action.value
