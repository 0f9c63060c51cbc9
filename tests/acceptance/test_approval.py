"""Approval: a saved plan is applied exactly, or refused with what moved and on which side."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import StalePlanError
from aadsync_lib.model.plan import Plan
from aadsync_lib.report.as_json import plan_to_json
from aadsync_lib.report.saved import plan_from_text
from tests.acceptance.stage import DATABRICKS_TOKEN, GRAPH_TOKEN, Stage
from tests.acceptance.worlds import BOB, CYD, ETL, GUS, first_day, second_day
from tests.command_line import aadsync

ENTRA = "Entra has changed since the plan was saved"
TARGET = "account: the target has changed since the plan was saved"
SETTINGS = "the settings have changed since the plan was saved"
MEMORY = "neither Entra nor the target has changed"


@pytest.fixture
def second(stage: Stage) -> Stage:
    """A stage on the morning of the second day."""
    stage.show(first_day())
    stage.sync()
    stage.clock.advance(60.0)
    second_day(stage.box.world)
    return stage


def saved(stage: Stage) -> Plan:
    plan = stage.planner().plan(fingerprint=True).plan
    return plan_from_text(json.dumps(plan_to_json(plan)), "plan.json")


def apply(stage: Stage, plan: Plan, **more: Any) -> None:
    stage.clock.advance(60.0)
    with stage.runner() as runner:
        runner.apply(plan, **more)


def refused(stage: Stage, plan: Plan) -> str:
    """Apply a plan that no longer fits; nothing may be written."""
    before, mark = stage.picture(), stage.box.log.mark()
    with pytest.raises(StalePlanError) as error:
        apply(stage, plan)
    assert stage.picture() == before
    assert stage.box.log.writes("databricks", after=mark) == ()
    return str(error.value)


def test_saved_plan_is_applied_exactly(second: Stage) -> None:
    plan = saved(second)
    apply(second, plan)
    assert second.plan().empty
    with second.store() as store:
        assert store.runs()[0].digest == plan.digest


def test_what_moved_in_entra_is_shown_with_its_side(second: Stage) -> None:
    plan = saved(second)
    second.box.world.entra.remove_member(ETL, GUS)
    said = refused(second, plan)
    assert ENTRA in said
    assert TARGET not in said
    assert "account: no longer planned: create user gus@contoso.com" in said


def test_what_moved_on_the_target_is_shown_with_its_side(second: Stage) -> None:
    plan = saved(second)
    account = second.box.world.databricks
    with account.lock:
        cyd = next(one for one in account.users.values() if one.user_name == "cyd@contoso.com")
        cyd.display_name = "Cyd Rivers"
    said = refused(second, plan)
    assert TARGET in said
    assert ENTRA not in said
    assert "account: no longer planned: update user cyd@contoso.com" in said


def test_both_sides_are_named_where_both_moved(second: Stage) -> None:
    plan = saved(second)
    second.box.world.entra.update_user(BOB, displayName="Robert")
    account = second.box.world.databricks
    with account.lock:
        group = next(one for one in account.groups.values() if one.display_name == "ETL")
        group.display_name = "by hand"
    said = refused(second, plan)
    assert ENTRA in said
    assert TARGET in said


def test_settings_that_moved_are_named(second: Stage) -> None:
    plan = saved(second)
    second.configure(policy={"mode": "additive"})
    said = refused(second, plan)
    assert SETTINGS in said
    assert ENTRA not in said


def test_what_only_the_sync_remembers_is_named_as_the_cause(second: Stage) -> None:
    plan = saved(second)
    with second.store() as store:
        links = store.links("account").by_external
        store.settle("account", {}, unlinked=[links[CYD].external_id])
    said = refused(second, plan)
    assert MEMORY in said


def test_change_that_concerns_no_line_of_the_plan_does_not_move_it(second: Stage) -> None:
    plan = saved(second)
    account = second.box.world.databricks
    with account.lock:
        account.add_user("somebody.else@contoso.com")
    apply(second, plan)
    assert second.plan().empty


def test_approval_is_of_one_plan_only(second: Stage) -> None:
    second.limit({"users_deprovisioned": {"count": 0}})
    plan = saved(second)
    with pytest.raises(RefusedError, match="is another plan's"):
        apply(second, plan, approve="sha256:0")
    second.box.world.entra.delete_user(BOB)
    with pytest.raises(StalePlanError):
        apply(second, plan, approve=plan.digest)
    fresh = saved(second)
    assert fresh.digest != plan.digest
    with second.runner() as runner, pytest.raises(RefusedError):
        runner.sync(approve=plan.digest)
    apply(second, fresh, approve=fresh.digest)
    assert second.plan().empty


def test_saved_plan_holds_no_secret_and_is_applied_on_another_machine(
    second: Stage, tmp_path: Path
) -> None:
    """Other folder, other names of the secrets' values, other user: the file and the settings go along."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    for folder in (here, there):
        shared = yaml.safe_load(second.settings_file.read_text(encoding="utf-8"))
        (folder / "aadsync.yml").write_text(yaml.safe_dump(shared), encoding="utf-8")
    done = command(second, here, "plan", "--save", "plan.json", "--format", "json")
    assert done.returncode == 0, done.stderr
    text = (here / "plan.json").read_text(encoding="utf-8")
    for name in (GRAPH_TOKEN, DATABRICKS_TOKEN):
        assert Stage.environment_of(second.box)[name] not in text
    for leftover in (str(here), os.uname().nodename):
        assert leftover not in text
    (there / "plan.json").write_text(text, encoding="utf-8")
    done = command(
        second, there, "apply", "plan.json", HOME=str(there), USER="somebody", TZ="Asia/Tokyo"
    )
    assert done.returncode == 0, done.stderr
    assert second.plan().empty


def test_saved_undo_is_applied_on_another_machine(second: Stage, tmp_path: Path) -> None:
    before = second.picture()
    assert command(second, tmp_path, "sync", "-c", str(second.settings_file)).returncode == 0
    config = ("-c", str(second.settings_file))
    done = command(second, tmp_path, "undo", "last", "--save", "undo.json", *config)
    assert done.returncode == 0, done.stderr
    assert second.picture() != before
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "undo.json").rename(there / "undo.json")
    done = command(second, there, "apply", "undo.json", *config)
    assert done.returncode == 0, done.stderr + done.stdout
    assert second.picture() == before


def test_undo_that_was_saved_is_refused_once_the_target_moved(second: Stage) -> None:
    report = second.sync()
    second.clock.advance(60.0)
    plan = second.planner().plan_undo(report.run_id).plan
    account = second.box.world.databricks
    with account.lock:
        fay = next(one for one in account.users.values() if one.user_name == "fay@contoso.com")
        fay.active = True
    said = refused(second, plan)
    assert TARGET in said
    assert "no longer planned: activate user fay@contoso.com" in said


def command(
    stage: Stage, folder: Path, *words: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own, in this folder."""
    environment = {**os.environ, **Stage.environment_of(stage.box), **more}
    return aadsync(words, cwd=folder, env=environment)
