"""Undo over real HTTP: what a run did is taken back, and what changed since is left alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.sandbox import Fault
from tests.acceptance.stage import Picture, Stage, text
from tests.acceptance.worlds import BOB, DATA, ETL, ROOT, first_day, second_day

FAULTS = {
    "429": functools.partial(Fault, "429"),
    "500": functools.partial(Fault, "500"),
    "reset": functools.partial(Fault, "reset"),
    "lost": functools.partial(Fault, "lost"),
    "403": functools.partial(Fault, "403"),
}
LAST = 100  # more requests than any run here sends
TURNS = 3  # the first fault at requests 0, 3, 6, the second at 1, 4, 7, and so on; `make soak`: all at all
CASES = [
    *(pytest.param(name, 0, 1, id=name, marks=pytest.mark.soak) for name in FAULTS),
    *(
        pytest.param(name, turn % TURNS, TURNS, id=f"{name}, in turns")
        for turn, name in enumerate(FAULTS)
    ),
]
AGAIN = "still ask for it"


def undo(stage: Stage, report: RunReport, **more: Any) -> RunReport:
    stage.clock.advance(60.0)
    with stage.runner() as runner:
        return runner.undo(report.run_id, **more)


def sync(stage: Stage) -> RunReport:
    stage.clock.advance(60.0)
    return stage.sync()


def left(report: RunReport) -> list[str]:
    return [f"{one.name}: {one.reason}" for one in report.targets[0].on_hold]


@dataclass
class Days:
    before: Picture
    run: RunReport
    after: Picture


def two_days(stage: Stage) -> Days:
    """The second day has every kind of change: hires, leavers, renames, moves, re-nesting."""
    stage.show(first_day())
    sync(stage)
    before = stage.picture()
    second_day(stage.box.world)
    return Days(before, sync(stage), stage.picture())


def test_undo_of_a_day_restores_the_account_and_undoing_that_the_day(stage: Stage) -> None:
    days = two_days(stage)
    assert days.after != days.before

    taken_back = undo(stage, days.run)
    assert stage.picture() == days.before
    assert taken_back.status is Status.SUCCEEDED
    assert taken_back.undoes == days.run.run_id

    undo(stage, taken_back)
    assert stage.picture() == days.after
    assert sync(stage).targets[0].outcomes == ()


def test_undo_reads_nothing_of_entra_and_says_what_the_next_sync_will_do(stage: Stage) -> None:
    days = two_days(stage)
    mark = stage.box.log.mark()
    report = undo(stage, days.run)
    assert stage.counts(after=mark)["graph"] == 0
    assert AGAIN in report.targets[0].warnings[0].message
    sync(stage)
    assert stage.picture() == days.after


def test_undo_of_a_first_sync_leaves_nothing_behind(stage: Stage) -> None:
    stage.show(first_day())
    empty = stage.picture()
    first = sync(stage)
    undo(stage, first)
    assert stage.picture() == empty
    assert stage.links_and_pending() == ({}, ())


@pytest.mark.parametrize("leavers", ["deactivate", "delete"])
def test_who_left_comes_back_with_every_membership(stage: Stage, leavers: str) -> None:
    stage.show(first_day())
    stage.configure(policy={"leavers": leavers, "retired_groups": "delete"})
    sync(stage)
    before = stage.picture()
    stage.box.world.entra.delete_user(BOB)
    stage.box.world.entra.delete_group(ETL)
    run = sync(stage)
    assert stage.picture() != before
    report = undo(stage, run)
    assert left(report) == []
    assert stage.picture() == before


def test_adoption_is_given_up_and_the_external_id_with_it_where_databricks_can(
    stage: Stage,
) -> None:
    world = first_day()
    world.databricks.add_user("bob@contoso.com", display_name="Bob")
    world.databricks.add_group("Data")
    stage.show(world)
    before = stage.picture()
    report = undo(stage, sync(stage))
    after = stage.picture()
    assert after["groups"] == before["groups"]
    assert after["users"]["bob@contoso.com"]["externalId"] == BOB
    assert stage.links_and_pending() == ({}, ())
    said = [one.message for one in report.targets[0].warnings if one.code == "external_id"]
    assert [one.split()[0] for one in said] == ["bob@contoso.com"]


def test_what_has_changed_since_is_left_alone_and_listed(stage: Stage) -> None:
    days = two_days(stage)
    account = stage.box.world.databricks
    ids = {group.display_name: group.id for group in account.groups.values()}
    users = {user.user_name: user.id for user in account.users.values()}
    with account.lock:
        account.groups[ids["Operations"]].display_name = "Ops by hand"
        account.users[users["cyd@contoso.com"]].display_name = "Cyd by hand"
        account.add_group("By hand", members=[users["gus@contoso.com"]])
    report = undo(stage, days.run)
    assert left(report) == [
        "Operations: its display name stays: it has been changed since, by somebody else",
        "cyd@contoso.com: its display name stays: it has been changed since, by somebody else",
        "gus@contoso.com: not deleted: it has been put into By hand since",
    ]
    assert report.status is Status.PARTIAL
    after = stage.picture()
    assert "Ops by hand" in after["groups"]
    assert after["groups"]["By hand"]["members"] == ["gus@contoso.com"]
    assert after["groups"]["ETL"] == days.before["groups"]["ETL"]


def test_later_run_keeps_what_it_made_of_it(stage: Stage) -> None:
    days = two_days(stage)
    stage.box.world.entra.remove_member(ROOT, DATA)
    stage.box.world.entra.add_member(ROOT, BOB)
    later = sync(stage)
    between = stage.picture()
    report = undo(stage, days.run)
    assert stage.picture() != between
    assert all(later.run_id in one for one in left(report))


def test_guard_stops_an_undo_and_its_approval_is_of_that_plan_only(stage: Stage) -> None:
    days = two_days(stage)
    stage.limit({"users_deprovisioned": {"count": 0}})
    with pytest.raises(RefusedError) as refused:
        undo(stage, days.run)
    assert stage.picture() == days.after
    with pytest.raises(RefusedError, match="is another plan's"):
        undo(stage, days.run, approve="sha256:0")
    digest = refused.value.plan.digest
    undo(stage, days.run, approve=digest)
    assert stage.picture() == days.before


@pytest.mark.parametrize(("name", "begin", "step"), CASES)
def test_fault_at_any_request_of_an_undo_is_mended_by_undoing_again(
    stage: Stage, name: str, begin: int, step: int, swept: Callable[[str, int], None]
) -> None:
    days = two_days(stage)
    scene, wrong = stage.save(), []
    for index in range(begin, LAST, step):
        stage.restore(scene)
        fault = stage.box.faults.add(FAULTS[name](side="databricks", path="/scim/v2/", skip=index))
        said = _tried(stage, days)
        fired = stage.box.faults.fired_by(fault)
        stage.box.faults.clear()
        if not fired:
            break
        again = undo(stage, days.run)
        if stage.picture() != days.before or stage.duplicates() or left(again):
            wrong.append(f"request {index}: {said}; then {left(again)}")
    swept("fault sweep of an undo", len(range(begin, index, step)))
    assert index > 20
    assert not wrong, text(wrong)


def _tried(stage: Stage, days: Days) -> str:
    try:
        return str(undo(stage, days.run).status)
    except Exception as error:  # noqa: BLE001 - whatever it says, the next undo has to mend it
        return f"{type(error).__name__}: {error}"
