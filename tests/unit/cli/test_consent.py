"""The question before the first write, on a terminal that only pretends."""

import json
from pathlib import Path

import pytest

from aadsync_lib.errors import DeclinedError
from aadsync_lib.report.as_json import plan_to_json, run_to_json
from tests.unit.report import samples

COMMANDS = (("sync",), ("apply", "plan.json"), ("aim", "align"))


@pytest.fixture
def terminal(monkeypatch):
    """A keyboard and a screen, which show results and messages alike."""
    monkeypatch.setattr("aadsync_lib.cli.consent.asks", lambda: True)
    monkeypatch.setattr("aadsync_lib.cli.sync.one_stream", lambda: True)


@pytest.fixture
def saved(run):
    Path("plan.json").write_text(json.dumps(plan_to_json(samples.full_plan())), encoding="utf-8")


@pytest.fixture
def asking(engine):
    """An engine that asks as the real one does, before it answers."""
    plan = samples.full_plan()

    def ask():
        consent = engine.opened["consent"]
        verdict = engine._planning(plan).verdict
        engine.wanted = consent is None or consent(plan, samples.replace(verdict, breaches=()))
        if not engine.wanted:
            raise DeclinedError

    engine.before = ask
    engine.align = lambda *, approve=None: engine._ran("align", approve)
    return engine


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_is_shown_the_plan_and_asked(run, asking, terminal, saved, command):
    result = run(*command, input="y\n")
    assert result.exit_code == 0
    assert result.stderr.startswith("Plan for contoso: 12 changes on 2 targets\n")
    assert "Apply 12 changes? [y/N]: " in result.stderr
    assert result.stdout.startswith("Run of contoso: done\n")


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "no\n"])
@pytest.mark.parametrize("command", COMMANDS)
def test_anything_but_yes_changes_nothing_and_ends_with_1(
    run, asking, terminal, saved, command, answer
):
    result = run(*command, input=answer)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.endswith("aadsync: Not applied: the answer was no. Nothing was changed.\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_yes_or_no_terminal_does_not_ask(run, asking, terminal, saved, command, monkeypatch):
    assert run(*command, "--yes").stderr == ""
    assert asking.opened["consent"] is None
    monkeypatch.setattr("aadsync_lib.cli.consent.asks", lambda: False)
    assert run(*command).stderr == ""
    assert asking.opened["consent"] is None


def test_report_is_the_only_thing_on_stdout(run, asking, terminal):
    result = run("sync", "--format", "json", input="y\n")
    assert json.loads(result.stdout) == run_to_json(asking.ran)


def test_a_refusal_is_printed_once_and_nobody_is_asked(run, engine, terminal):
    engine.ran = samples.refusal()
    why = "groups_emptied is 1, allowed 0"
    for words in ((), ("--yes",)):
        result = run("sync", "--out", "run.txt", *words, input="y\n")
        assert result.exit_code == 4
        assert "[y/N]" not in result.output
        assert result.output.count(why) == 1
        assert result.output.count("--approve sha256:") == 1
        assert why in Path("run.txt").read_text(encoding="utf-8")


def test_results_that_go_elsewhere_are_whole(run, engine, monkeypatch):
    engine.ran = samples.refusal()
    result = run("sync", "--yes")
    assert "groups_emptied is 1" in result.stdout
    assert "groups_emptied is 1" in result.stderr
