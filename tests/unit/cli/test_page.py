"""``--format html``: one page of a plan or a run."""

import shutil
from pathlib import Path

import pytest

from aadsync_lib.config.policy import Limits
from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import JournalEntry
from aadsync_lib.model.run import Status
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.report.history.as_json import report_of, with_outcomes
from aadsync_lib.report.html import plan_page, run_page
from aadsync_lib.report.next_steps import Call
from tests.unit.build import directory, group, user
from tests.unit.report import pages, samples
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")


@pytest.fixture(autouse=True)
def lived(engine):
    engine.planned, engine.runs = pages.nested_plan(), pages.history()


def test_plan_is_a_page_with_what_the_guard_has_against_it_and_the_runs_before(run, engine):
    result = run("plan", "--format", "html")
    verdict = judge(engine.found, Limits())
    assert not verdict.allowed
    assert result.stdout == plan_page(engine.found, verdict, Call(), engine.runs)


def test_out_writes_the_same_page_to_a_file(run, engine):
    result = run("plan", "--format", "html", "--out", "plan.html")
    assert Path("plan.html").read_text(encoding="utf-8") == result.stdout


def test_run_is_a_page_with_the_nesting_of_its_plan(run, engine):
    engine.ran = samples.partial()
    result = run("sync", "--format", "html")
    page = run_page(engine.ran, engine.planned, advice=Call(), history=engine.runs)
    assert (result.exit_code, result.stdout) == (3, page)


def test_refused_run_is_a_page_with_the_command_that_approves_it(run, engine):
    engine.ran = samples.refusal()
    result = run("sync", "--format", "html")
    assert result.exit_code == 4
    assert "aadsync sync --approve sha256:d1" in result.stdout
    assert "groups_emptied is 1, allowed 0: &lt;b&gt;Ops&lt;/b&gt;" in result.stdout


def test_a_run_is_no_worse_for_a_history_that_cannot_be_read(run, engine, monkeypatch):
    def broken():
        raise StoreError("the store is gone")

    monkeypatch.setattr(engine, "history", broken)
    result = run("sync", "--format", "html")
    assert result.exit_code == 0
    assert "Run history" not in result.stdout
    assert "the page is without the run history: the store is gone" in result.stderr


def test_other_formats_do_not_ask_for_the_history(run, engine, monkeypatch):
    monkeypatch.setattr(engine, "history", None)
    assert run("plan").exit_code == 0


def test_a_command_without_a_page_offers_none(run):
    assert run("doctor", "--format", "html").exit_code == 2


# A run of the history.


def test_a_past_run_is_a_page_with_what_came_of_each_change(run, tmp_path):
    with World() as world:
        world.sync(directory(ADA, group("data", [ADA], id="g1")))
        world.target.refuses = lambda what: "no bob today" if "create user bob" in what else None
        last = world.sync(directory(ADA, BOB, group("data", [ADA, BOB], id="g1")))
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    result = run("history", "last", "--format", "html")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("<!doctype html>")
    for words in ("Run of contoso: done in part", "no bob today", "Run history", last.run_id):
        assert words in result.stdout
    assert "Next:" not in result.stdout


def test_the_history_itself_has_a_page_too(run):
    result = run("history", "--format", "html")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("<!doctype html>")
    assert "History of contoso" in result.stdout


def test_a_run_that_was_killed_shows_what_it_got_to_record():
    [record] = [one for one in pages.history() if one.run_id == "r-1"]
    entry = JournalEntry(1, "r-1", "account", samples.outcomes()[0], 1.0, 2.0)
    report = with_outcomes(report_of(record, "contoso"), (entry,))
    assert (report.status, report.targets[0].applied) == (Status.FAILED, {"create_user": 1})
    assert with_outcomes(report_of(record), ()).status is Status.FAILED
