"""``aadsync undo``, and ``aadsync apply`` of what it saved."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from aadsync_lib.report.as_json import plan_to_json
from tests.unit.build import directory, group, user
from tests.unit.report import samples
from tests.unit.world import World

DIGEST = "sha256:" + "0a" * 32
UNDONE = "20260101T000000Z-abcdef"


@pytest.fixture
def past(tmp_path):
    """Two runs in the store that the command line reads."""
    with World(directory(user("ada"), group("data", [user("ada")]))) as world:
        runs = [world.sync().run_id, world.sync().run_id]
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    return runs


def undoing(plan, run_id=UNDONE):
    return samples.replace(plan, undoes=run_id)


def test_undo_names_the_run_in_full_and_passes_the_approval(run, engine, past):
    assert run("undo", "last", "--approve", DIGEST).exit_code == 0
    assert engine.asked == [("undo", past[0], DIGEST)]
    assert engine.opened["read_only"] is False


def test_last_is_the_last_run_that_changed_anything(run, engine, past):
    run("undo", "last")
    run("undo", past[1])
    assert engine.asked == [("undo", past[0], None), ("undo", past[1], None)]


def test_where_no_run_changed_anything_there_is_nothing_to_undo(run, engine, tmp_path):
    with World(directory()) as world:
        world.sync()
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    result = run("undo", "last")
    assert (result.exit_code, engine.asked) == (2, [])
    assert "No run has changed anything" in result.stderr


def test_beginning_of_a_run_is_enough_while_it_is_the_only_one(run, engine, past):
    assert run("undo", past[0][:-1]).exit_code == 0
    assert engine.asked == [("undo", past[0], None)]


def test_run_that_is_not_in_the_store_is_an_error_before_anything_is_read(run, engine, past):
    result = run("undo", "1999")
    assert result.exit_code == 2
    assert "There is no run 1999 in the store, which has 2." in result.stderr
    assert engine.asked == []


def test_saved_undo_writes_the_plan_for_its_owner_only_and_changes_nothing(run, engine, past):
    engine.found = undoing(samples.full_plan(), past[0])
    result = run("undo", "last", "--save", "undo.json")
    assert result.exit_code == 0
    assert engine.asked == [("plan_undo", past[0])]
    assert engine.opened["read_only"] is True
    assert stat.S_IMODE(Path("undo.json").stat().st_mode) == 0o600
    assert json.loads(Path("undo.json").read_text())["undoes"] == past[0]
    assert "aadsync apply undo.json" in result.stdout.splitlines()[-1]


def test_saved_undo_takes_no_approval(run, engine, past):
    result = run("undo", "last", "--save", "undo.json", "--approve", DIGEST)
    assert result.exit_code == 2
    assert "--approve goes with apply" in result.stderr
    assert engine.asked == []


def test_saved_undo_is_applied_as_it_is(run, engine):
    plan = undoing(samples.full_plan())
    Path("undo.json").write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")
    run("apply", "undo.json")
    assert engine.asked == [("apply", plan, None)]
    assert engine.asked[0][1].undoes == UNDONE


def test_refused_undo_says_how_to_approve_it_by_the_id_of_its_run(run, engine, past):
    engine.ran = samples.refusal(undoing(samples.full_plan()))
    result = run("undo", "last")
    assert result.exit_code == 4
    last = result.stdout.splitlines()[-1]
    assert last.endswith(f"aadsync undo {past[0]} --approve sha256:d1")


def test_report_of_an_undo_says_that_the_next_sync_does_it_again(run, engine, past):
    engine.ran = samples.replace(samples.done(), undoes=past[-1])
    last = run("undo", "last").stdout.splitlines()[-1]
    assert last == (
        "Next: nothing to do; where Entra and the settings still ask for it, the next sync does "
        "it again."
    )


def test_undo_that_left_something_alone_ends_with_3(run, engine, past):
    engine.ran = samples.replace(samples.partial(), undoes=past[-1])
    assert run("undo", "last").exit_code == 3
