"""Runs that ask Entra what has changed and read nothing where that is nothing of theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import Fault, company
from aadsync_lib.sandbox.entra.state import EntraState
from tests.acceptance.small import ADA, CYD, DATA, OPS, A
from tests.acceptance.small import company as small_company
from tests.acceptance.stage import TARGET, Stage

DAY = 86_400.0


@pytest.fixture
def following(stage: Stage) -> Stage:
    """A small company that was synced, and whose next run may be a quiet one."""
    return _followed(stage)


def _followed(stage: Stage, **settings: object) -> Stage:
    stage.full_every = "24h"
    stage.configure(**settings)
    stage.show(small_company())
    assert stage.sync().full
    return stage


def entra(stage: Stage) -> EntraState:
    return stage.box.world.entra


def quiet(stage: Stage) -> bool:
    """Sync; whether that asked Databricks nothing. What is left to do is nothing, in any case."""
    mark = stage.box.log.mark()
    report = stage.sync()
    asked = [e for e in stage.box.log.select(after=mark) if e.side == "databricks"]
    assert asked or not report.full
    assert report.status is Status.SUCCEEDED
    return not asked


@pytest.mark.parametrize(
    "users", [60, *(pytest.param(size, marks=pytest.mark.soak) for size in (1_000, 10_000))]
)
def test_a_quiet_run_asks_entra_three_questions_at_the_most_and_databricks_none(
    stage: Stage, users: int
) -> None:
    stage.full_every = "24h"
    stage.show(company(users))
    first = stage.sync()
    before, mark = stage.picture(), stage.box.log.mark()

    report = stage.sync()

    assert (first.full, report.full, report.status) == (True, False, Status.SUCCEEDED)
    sent = stage.box.log.select(after=mark)
    assert [entry.side for entry in sent] == ["graph"]  # the three in one batch, and no login
    assert (report.requests.graph, report.requests.databricks) == (1, 0)
    assert stage.picture() == before


def test_the_report_says_since_when_nothing_was_read_in_full(following: Stage) -> None:
    following.clock.advance(600)
    (target,) = following.sync().targets
    assert [notice.code for notice in target.warnings] == ["incremental"]
    assert "for this sync since 2025-06-15 15:06:40 UTC" in target.warnings[0].message
    assert "last read in full at 2025-06-15 15:06:40 UTC" in target.warnings[0].message
    with following.store() as store:
        newest = store.runs()[0]
    assert (newest.full, newest.status) == (False, "succeeded")


def test_quiet_runs_go_on_until_the_last_full_one_is_too_old(following: Stage) -> None:
    for _ in range(3):
        following.clock.advance(DAY / 4 - 10)
        assert quiet(following)
    following.clock.advance(DAY / 4 + 31)
    assert not quiet(following)
    assert quiet(following)


def test_with_nothing_for_full_every_every_run_is_full_and_asks_for_no_changes(
    following: Stage,
) -> None:
    following.full_every = "0"
    following.configure()
    mark = following.box.log.mark()
    assert not quiet(following)
    assert not quiet(following)
    asked = [e for e in following.box.log.select(after=mark) if "delta" in e.path]
    assert asked == []


CONCERNS: dict[str, Callable[[EntraState], object]] = {
    "joins": lambda e: e.add_member(DATA, CYD),
    "leaves": lambda e: e.remove_member(DATA, ADA),
    "disabled": lambda e: e.update_user(ADA, accountEnabled=False),
    "deleted": lambda e: e.delete(ADA, soft=True),
    "renamed person": lambda e: e.update_user(ADA, displayName="Ada L"),
    "renamed group": lambda e: e.rename_group(DATA, "dbx-data-2"),
    "out of the prefix": lambda e: e.rename_group(OPS, "ops"),
    "new group": lambda e: e.add_group("DBX-new", members=[ADA]),
    "hired and nested": lambda e: e.add_member(
        DATA, e.add_group("inner", members=[e.add_user("dee@contoso.com")])
    ),
    "group deleted": lambda e: e.delete_group(OPS),
}


SAMPLE = ("leaves", "out of the prefix", "new group", "hired and nested")


@pytest.mark.parametrize(
    "what",
    [w if w in SAMPLE else pytest.param(w, marks=pytest.mark.soak) for w in CONCERNS],
)
def test_what_concerns_the_sync_is_done_and_then_it_is_quiet_again(
    following: Stage, what: str
) -> None:
    assert quiet(following)
    CONCERNS[what](entra(following))
    assert not quiet(following)
    after = following.picture()
    quiet(following)  # looks whether what changed was done, unless that shows anyway
    assert quiet(following)
    following.full_every = "0"
    following.configure()
    assert following.plan().empty
    assert following.picture() == after


def test_what_happens_elsewhere_in_the_tenant_keeps_a_run_quiet(following: Stage) -> None:
    tenant = entra(following)
    other = tenant.add_group("other", members=[ADA])
    dee = tenant.add_user("dee@contoso.com")
    assert quiet(following)
    tenant.add_member(other, dee)
    tenant.update_user(dee, displayName="Dee")
    tenant.rename_group(other, "others")
    tenant.add_service_principal("Robot", "app-1")
    tenant.update_user(ADA, jobTitle="CTO")
    assert quiet(following)
    tenant.delete_group(other)
    assert quiet(following)
    tenant.add_member(DATA, dee)
    assert not quiet(following)
    assert "dee@contoso.com" in following.picture()["groups"]["dbx-data"]["members"]


def test_a_group_known_for_long_is_nested_into_a_root(following: Stage) -> None:
    tenant = entra(following)
    inner = tenant.add_group("inner", members=[tenant.add_user("dee@contoso.com")])
    assert quiet(following)
    tenant.add_member(DATA, inner)
    assert not quiet(following)
    assert "inner" in following.picture()["groups"]["dbx-data"]["members"]
    tenant.add_member(inner, ADA)
    assert not quiet(following)
    assert A in following.picture()["groups"]["inner"]["members"]


def test_a_group_of_another_kind_that_becomes_a_security_group_comes_into_scope(
    following: Stage,
) -> None:
    tenant = entra(following)
    mail = tenant.add_group("mail", members=[CYD], securityEnabled=False, groupTypes=["Unified"])
    tenant.add_member(DATA, mail)
    quiet(following)
    assert quiet(following)
    tenant.update(mail, securityEnabled=True)
    assert not quiet(following)
    assert "mail" in following.picture()["groups"]["dbx-data"]["members"]


def test_an_attribute_of_the_scope_that_changes_brings_somebody_in(stage: Stage) -> None:
    people = [[{"attribute": "department", "value": "Data"}]]
    following = _followed(stage, scope={"users": people})
    assert quiet(following)
    mark = following.box.log.mark()
    entra(following).update_user(ADA, department="Data")
    assert not following.sync().full
    assert list(following.picture()["users"]) == [A]
    entra(following).update_user(ADA, department=None)
    assert not following.sync().full
    assert following.picture()["groups"]["dbx-data"]["members"] == []
    assert not following.picture()["users"][A]["active"]
    assert len(following.box.log.select(after=mark)) <= 16
    assert not quiet(following)
    assert quiet(following)
    assert following.plan().empty


def test_assignments_to_an_application_are_compared_in_one_request_more(stage: Stage) -> None:
    stage.full_every = "24h"
    world = small_company()
    portal = world.entra.add_service_principal("Portal", "app-1")
    world.entra.assign(portal, DATA)
    stage.configure(scope={"groups": [{"application": portal}]})
    stage.show(world)
    stage.sync()
    assert quiet(stage)
    entra(stage).assign(portal, CYD)
    assert not quiet(stage)
    assert "cyd@contoso.com" in stage.picture()["users"]


def test_what_a_filter_finds_is_compared_in_one_question_more(stage: Stage) -> None:
    following = _followed(
        stage,
        scope={"groups": [{"filter": "startswith(displayName,'dbx-') and mailEnabled eq false"}]},
    )
    tenant, mark = entra(following), following.box.log.mark()
    assert quiet(following)
    assert len(following.box.log.select(after=mark)) == 1  # one batch
    tenant.add_member(DATA, CYD)
    tenant.add_group("other", members=[ADA])
    assert not following.sync().full
    assert "cyd@contoso.com" in following.picture()["groups"]["dbx-data"]["members"]
    tenant.add_group("dbx-new", members=[ADA])
    assert following.sync().full
    assert "dbx-new" in following.picture()["groups"]
    tenant.update(OPS, mailEnabled=True)
    assert following.sync().full
    assert following.picture()["groups"]["dbx-ops"]["members"] == []
    for _ in range(3):
        following.sync()
    assert quiet(following)
    assert following.plan().empty


@pytest.mark.parametrize("answer", ["gone", "syncStateNotFound"])
def test_a_dead_link_makes_the_run_full_and_the_next_one_quiet(
    following: Stage, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    entra(following).expire_delta_tokens(answer)
    assert not quiet(following)
    assert "no longer tells what has changed since the last run" in caplog.text
    assert quiet(following)


def test_links_of_a_week_ago_are_not_used(stage: Stage) -> None:
    following = _followed(stage, policy={"full_every": "30d"})
    following.clock.advance(6 * DAY)
    assert quiet(following)
    following.clock.advance(7 * DAY)
    assert not quiet(following)
    assert quiet(following)


def test_a_clock_that_was_put_back_makes_the_run_full(following: Stage) -> None:
    following.clock.set_wall(following.clock.now() - DAY)  # type: ignore[attr-defined]
    assert not quiet(following)


@pytest.mark.parametrize("full", [True, False])
def test_a_run_that_is_asked_to_is_full(following: Stage, full: bool) -> None:
    with following.runner() as runner:
        report = runner.sync(full=full)
    assert report.full is full


def test_an_approval_is_of_a_plan_and_so_the_run_is_full(following: Stage) -> None:
    digest = following.plan().digest
    with following.runner() as runner:
        assert runner.sync(approve=digest).full


def test_what_was_changed_on_databricks_is_found_by_the_next_full_run(following: Stage) -> None:
    before = following.picture()
    account = following.directory
    (group,) = (g for g in account.groups.values() if g.display_name == "dbx-data")
    account.remove_members(group.id, next(iter(group.members)))
    assert quiet(following)
    assert following.picture() != before
    with following.runner() as runner:
        runner.sync(full=True)
    assert following.picture() == before


def test_settings_that_change_make_the_run_full(following: Stage) -> None:
    following.configure(mapping={"display_name": "{displayName} (Contoso)"})
    assert not quiet(following)
    quiet(following)
    following.configure(policy={"drift": "report"})
    assert not quiet(following)


def test_a_run_that_is_undone_makes_the_next_one_full(following: Stage) -> None:
    with following.runner() as runner:
        runner.undo(runner.history()[0].run_id)
    assert following.sync().full


def test_what_failed_is_tried_again_though_nothing_announces_it(following: Stage) -> None:
    entra(following).add_member(DATA, CYD)
    box = following.box
    fault = box.faults.add(Fault("400", side="databricks", method="PATCH", count=None))
    report = following.sync()
    assert report.status is Status.PARTIAL
    assert box.faults.fired_by(fault)
    box.faults.clear()
    assert following.sync().full
    assert "cyd@contoso.com" in following.picture()["groups"]["dbx-data"]["members"]


def test_grace_days_end_though_nothing_announces_it(stage: Stage) -> None:
    following = _followed(stage, policy={"grace_days": 2, "full_every": "30d"})
    entra(following).remove_member(DATA, ADA)
    following.sync()
    for _ in range(3):
        following.clock.advance(DAY)
        assert following.sync().full
    assert not following.picture()["users"][A]["active"]
    quiet(following)
    assert quiet(following)


def test_what_a_listing_does_not_show_yet_is_looked_for_by_the_next_run(following: Stage) -> None:
    tenant = entra(following)
    new = tenant.add_group("dbx-new", members=[CYD])
    tenant.unlisted = [new]
    assert not quiet(following)
    assert "dbx-new" not in following.picture()["groups"]
    tenant.unlisted = []
    assert not quiet(following)
    assert "dbx-new" in following.picture()["groups"]


def test_what_no_listing_shows_for_several_runs_is_not_forgotten(following: Stage) -> None:
    tenant = entra(following)
    new = tenant.add_group("dbx-new", members=[CYD])
    tenant.unlisted = [new]
    for _ in range(3):
        assert not quiet(following)
    tenant.unlisted = []
    assert not quiet(following)
    assert "dbx-new" in following.picture()["groups"]
    assert quiet(following)


def test_a_root_by_id_that_comes_back_is_looked_for_until_it_is_read(stage: Stage) -> None:
    following = _followed(stage, scope={"groups": [{"prefix": "dbx-"}, {"id": OPS}]})
    tenant = entra(following)
    tenant.update(OPS, groupTypes=["Unified"])
    tenant.delete(OPS, soft=True)
    for _ in range(3):
        following.sync()
    tenant.restore(OPS)
    fault = Fault("404", side="graph", path=f"groups/{OPS}", count=None)
    following.box.faults.add(fault)
    tenant.unlisted = [OPS]
    following.sync()
    following.box.faults.clear()
    tenant.unlisted = []
    assert not quiet(following)
    assert A not in following.picture()["groups"]["dbx-ops"]["members"]
    assert set(following.picture()["groups"]["dbx-ops"]["members"]) == {
        "bob@contoso.com",
        "cyd@contoso.com",
    }


def test_what_nothing_announces_is_found_by_the_next_full_run(following: Stage) -> None:
    tenant = entra(following)
    announced = len(tenant.log)
    tenant.add_member(OPS, ADA)
    del tenant.log[announced:]  # as recoveries of a backup are
    assert quiet(following)
    following.clock.advance(DAY)
    assert not quiet(following)
    assert A in following.picture()["groups"]["dbx-ops"]["members"]


def test_replays_and_late_entries_lose_nothing(following: Stage) -> None:
    tenant = entra(following)
    tenant.delta_replays, tenant.delta_lag = 2, 1
    tenant.remove_member(DATA, ADA)
    tenant.add_member(DATA, CYD)
    following.sync()
    tenant.delta_lag = 0
    following.sync()
    members = following.picture()["groups"]["dbx-data"]["members"]
    assert set(members) == {"bob@contoso.com", "cyd@contoso.com"}


def test_a_plan_reads_both_sides_and_moves_nothing(following: Stage) -> None:
    entra(following).add_member(DATA, CYD)
    with following.store() as store:
        before = store.checkpoint()
    assert not following.plan().empty
    with following.store() as store:
        assert store.checkpoint() == before
    assert not quiet(following)


def test_a_run_that_dies_leaves_nothing_to_go_on_from(following: Stage) -> None:
    with following.store() as store, store.lease(TARGET, "r-dead"):
        store.begin_run("r-dead", "sha256:0", "sha256:0", full=True)
    assert not quiet(following)
    assert quiet(following)


def test_another_version_reads_everything(
    following: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aadsync_lib.engine.kept.__version__", "9.9.9")
    assert not quiet(following)


def test_half_a_read_leaves_nothing_to_go_on_from(following: Stage) -> None:
    tenant = entra(following)
    tenant.add_member(DATA, CYD)
    path = f"groups/{DATA}/members"
    following.box.faults.add(Fault("403", side="graph", path=path, count=None))
    assert following.sync().status is Status.PARTIAL
    following.box.faults.clear()
    assert not quiet(following)
