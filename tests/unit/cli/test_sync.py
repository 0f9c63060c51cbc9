"""``aadsync sync`` and ``aadsync apply``."""

import json
from pathlib import Path

import pytest

from aadsync_lib.errors import AadsyncError
from aadsync_lib.report.as_json import plan_to_json, run_to_json
from tests.unit.report import samples

DIGEST = "sha256:" + "0a" * 32


def save(plan, path="plan.json"):
    Path(path).write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")
    return plan


@pytest.mark.parametrize(("report", "code"), [(samples.done(), 0), (samples.partial(), 3)])
@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_exit_code_tells_how_a_run_ended_in_every_format(run, engine, report, code, form):
    engine.ran = report
    result = run("sync", "--format", form)
    assert result.exit_code == code
    assert result.stdout
    assert result.stderr == ""


def test_sync_opens_everything_for_writing_and_passes_the_approval(run, engine):
    run("sync", "--approve", DIGEST)
    assert engine.opened["read_only"] is False
    assert engine.asked == [("sync", DIGEST)]


@pytest.mark.parametrize("command", [("sync",), ("apply", "plan.json"), ("undo", "last")])
@pytest.mark.parametrize(
    "text", ["", " ", "yes", "sha256:", "sha256:ab", DIGEST[7:], f"{DIGEST}0", f"{DIGEST} x",
             DIGEST.replace("a", "g"), "md5:" + "a" * 64],
)  # fmt: skip
def test_what_is_no_digest_is_a_usage_error_before_anything_is_read(run, engine, command, text):
    save(samples.full_plan())
    result = run(*command, "--approve", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "expected sha256: and 64 hexadecimal digits" in result.stderr
    assert engine.opened == {}


def test_digest_is_read_without_regard_to_case_and_to_spaces_around_it(run, engine):
    run("sync", "--approve", f" {DIGEST.upper()}\n")
    assert engine.asked == [("sync", DIGEST)]


def test_refused_run_is_a_document_on_stdout_and_the_message_on_stderr(run, engine):
    engine.ran = samples.refusal()
    result = run("sync", "--format", "json")
    assert result.exit_code == 4
    assert json.loads(result.stdout) == run_to_json(samples.refused())
    approving = f"  aadsync sync --approve {engine.ran.verdict.digest}"
    assert result.stderr.splitlines() == [*f"aadsync: {engine.ran}".splitlines()[:-1], approving]


def test_refused_run_says_how_to_approve_it(run, engine):
    engine.ran = samples.refusal()
    last = run("sync").stdout.splitlines()[-1]
    assert last.endswith("aadsync sync --approve sha256:d1")


def test_refusal_for_something_protected_offers_no_approval(run, engine):
    change = samples.changes()[2]
    plan = samples.plan(samples.target_plan(change, protected=frozenset({change.target_id})))
    engine.ran = samples.refusal(plan)
    assert "--approve" not in run("sync").stdout


def test_run_is_written_to_a_file_as_well(run, engine):
    result = run("sync", "--format", "json", "--out", "run.json")
    assert Path("run.json").read_text(encoding="utf-8") == result.stdout


@pytest.mark.parametrize("error", [BrokenPipeError(), AadsyncError("x"), MemoryError()])
@pytest.mark.parametrize(
    ("report", "code"), [(samples.done(), 0), (samples.partial(), 3), (samples.refusal(), 4)]
)
def test_run_ends_as_it_ended_whether_its_report_can_be_written_or_not(
    run, engine, monkeypatch, error, report, code
):
    def fail(*_):
        raise error

    monkeypatch.setattr("aadsync_lib.cli.output.Output.result", fail)
    engine.ran = report
    result = run("sync", "--out", "run.txt")
    assert result.exit_code == code
    assert "the report of the run was not written" in result.stderr
    assert "aadsync history " in result.stderr
    assert Path("run.txt").read_text(encoding="utf-8").startswith("Run of")


def test_saved_plan_is_applied(run, engine):
    plan = save(samples.full_plan(), "plan.json")
    assert run("apply", "plan.json").exit_code == 0
    assert engine.asked == [("apply", plan, None)]


def test_one_target_of_a_saved_plan_is_applied_alone(run, engine):
    plan = save(samples.full_plan())
    run("apply", "plan.json", "--target", "account")
    assert [target.target for target in engine.asked[0][1].targets] == ["account"]
    assert engine.opened["only"] == "account"
    assert plan.digest


def test_approval_of_a_whole_plan_approves_its_part(run, engine):
    plan = save(samples.full_plan())
    run("apply", "plan.json", "--target", "account", "--approve", plan.digest)
    _, part, approval = engine.asked[0]
    assert approval == part.digest != plan.digest


def test_approval_of_another_plan_is_passed_on_as_it_is(run, engine):
    save(samples.full_plan())
    run("apply", "plan.json", "--target", "account", "--approve", DIGEST)
    assert engine.asked[0][2] == DIGEST


def test_target_that_a_saved_plan_lacks_is_a_usage_error(run, engine):
    save(samples.full_plan())
    result = run("apply", "plan.json", "--target", "third")
    assert result.exit_code == 2
    assert "no target third; it has: account, second" in result.stderr


@pytest.mark.parametrize("text", ["", "plan", "[" * 100_000, "{}", "\x00"])
def test_file_that_is_no_saved_plan_is_a_usage_error(run, engine, text):
    Path("plan.json").write_text(text, encoding="utf-8")
    result = run("apply", "plan.json")
    assert result.exit_code == 2
    assert "not a saved plan" in result.stderr
    assert engine.asked == []


def test_plan_that_is_not_there_is_a_usage_error(run, engine):
    result = run("apply", "plan.json")
    assert result.exit_code == 2
    assert "plan.json cannot be read: No such file" in result.stderr


def test_edited_plan_is_refused_with_nothing_on_stdout(run, engine):
    document = plan_to_json(samples.full_plan())
    document["targets"][0]["changes"].pop()
    Path("plan.json").write_text(json.dumps(document), encoding="utf-8")
    result = run("apply", "plan.json", "--format", "json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "edited after it was saved" in result.stderr
