"""The real command, the real engine, real HTTP, and a sandbox on the other end."""

import json
import os
import re
import signal
import tempfile
import threading

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.demo import Tour
from aadsync_lib.sandbox import Fault, Sandbox, company
from aadsync_lib.sandbox.command import config, describe
from tests.command_line import start as start_process

PEOPLE = 40


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(PEOPLE, 3)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def environment(box):
    return {**os.environ, **describe(box)["environment"]}


@pytest.fixture
def folder(box, tmp_path):
    """A fresh company, and a directory with the settings to sync it."""
    box.reset(company(PEOPLE, 3))
    (tmp_path / "aadsync.yml").write_text(config(box), encoding="utf-8")
    return tmp_path


@pytest.fixture
def sync(box, folder, monkeypatch):
    """Run a command line in this process."""
    monkeypatch.chdir(folder)
    for name, value in describe(box)["environment"].items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def start(folder, environment):
    """Start a command line as a process of its own."""
    return lambda *words: start_process(words, cwd=folder, env=environment)


@pytest.fixture
def finish(start):
    """Run a command line as a process of its own: its exit code, stdout and stderr."""

    def run(*words):
        with start(*words) as process:
            stdout, stderr = process.communicate(timeout=120)
        return process.returncode, stdout, stderr

    return run


def writes(box):
    return len(box.log.writes("databricks"))


def dismiss_everybody(box):
    entra = box.world.entra
    for group in entra.ids("group"):
        for member in tuple(entra.members[group]):
            entra.remove_member(group, member)


def test_plan_has_no_side_effect_and_its_exit_code_tells_of_changes(finish, box, folder):
    code, stdout, stderr = finish("plan", "--detailed-exitcode", "--format", "json")
    assert (code, stderr) == (2, "")
    assert json.loads(stdout)["kind"] == "plan"
    assert writes(box) == 0
    assert [path.name for path in folder.iterdir()] == ["aadsync.yml"]


def test_results_go_to_stdout_and_messages_to_stderr(finish, box):
    code, stdout, _ = finish("sync", "--quiet")
    assert (code, stdout.splitlines()[0]) == (0, "Run of sandbox: done")
    dismiss_everybody(box)
    code, stdout, stderr = finish("sync", "--format", "json")
    assert (code, json.loads(stdout)["status"]) == (4, "refused")
    assert stderr.startswith("aadsync: ")


def test_second_sync_writes_nothing(sync, box):
    first = sync("sync")
    assert first.exit_code == 0, first.stderr
    assert first.stdout.startswith("Run of sandbox: done\n")
    before = writes(box)
    assert before > PEOPLE
    second = sync("sync", "--format", "json")
    assert second.exit_code == 0
    assert json.loads(second.stdout)["targets"][0]["applied"] == {}
    assert writes(box) == before
    assert sync("plan", "--detailed-exitcode").exit_code == 0


def test_refused_sync_ends_with_4_and_its_digest_approves_it(sync, box):
    sync("sync")
    dismiss_everybody(box)
    before = writes(box)
    refused = sync("sync", "--format", "json")
    document = json.loads(refused.stdout)
    assert (refused.exit_code, document["status"]) == (4, "refused")
    for part in ("users_deprovisioned is ", "allowed 20", f"--approve {document['digest']}"):
        assert part in refused.stderr
    assert writes(box) == before
    approved = sync("sync", "--approve", document["digest"])
    assert approved.exit_code == 0, approved.stderr
    assert writes(box) > before


def test_saved_plan_is_applied_once_and_then_refused_as_done_already(sync, box):
    assert sync("plan", "--save", "plan.json").exit_code == 0
    done = json.loads(sync("apply", "plan.json", "--format", "json").stdout)
    before = writes(box)
    again = sync("apply", "plan.json")
    assert again.exit_code == 1
    assert f"applied already: run {done['run_id']} did it. Nothing of it is left" in again.stderr
    assert writes(box) == before


def test_saved_plan_is_refused_once_entra_has_moved_in_the_words_of_the_plan(sync, box):
    assert sync("plan", "--save", "plan.json").exit_code == 0
    dismiss_everybody(box)
    before = writes(box)
    again = sync("apply", "plan.json")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "no longer fits. Nothing was changed." in again.stderr
    assert "no longer planned: create user " in again.stderr
    assert not re.search(r"[a-z]_(user|group|members|service)", again.stderr)
    assert writes(box) == before


def test_change_that_fails_ends_with_3_and_is_named(sync, box):
    box.faults.add(Fault(kind="403", side="databricks", method="POST", path="/Users$", count=1))
    done = sync("sync", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["status"]) == (3, "partial")
    assert document["targets"][0]["failed"][0]["action"] == "create_user"
    assert sync("sync").exit_code == 0


def test_unreadable_source_ends_with_1_and_an_empty_stdout(sync, box):
    box.faults.add(Fault(kind="403", side="graph", path="/groups", count=None))
    done = sync("sync", "--format", "json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("aadsync: ")
    assert "Traceback" not in done.stderr
    assert writes(box) == 0


def test_missing_secret_ends_with_1_and_names_its_reference(sync, box, folder):
    text = config(box).replace("SANDBOX_GRAPH_TOKEN", "NO_SUCH_VARIABLE")
    (folder / "aadsync.yml").write_text(text, encoding="utf-8")
    done = sync("plan")
    assert done.exit_code == 1
    assert "NO_SUCH_VARIABLE" in done.stderr
    assert box.graph_token not in done.stderr


def test_doctor_finds_nothing_wrong_with_the_sandbox(sync):
    done = sync("doctor", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    assert [one for one in findings if one["status"] == "failed"] == []
    assert done.exit_code == 0
    assert done.stderr == ""


def probes(box):
    """Names of the objects of probes that are in the account."""
    account = box.world.databricks
    rows = [*account.groups.values(), *account.service_principals.values()]
    return [row.display_name for row in rows if row.display_name.startswith("aadsync-probe-")]


def test_probe_shows_no_difference_in_the_sandbox_and_leaves_nothing(sync, box):
    done = sync("doctor", "--probe", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["status"]) == (0, "as_assumed")
    assert {row["status"] for row in document["targets"][0]["rows"]} == {"assumed"}
    assert probes(box) == []
    assert box.databricks_token not in done.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_probe_removes_what_it_made(start, box, number):
    box.faults.add(Fault(kind="slow", side="databricks", method="PATCH", seconds=2.0))
    with start("doctor", "--probe") as running:
        while not any(name.endswith("-a") for name in probes(box)):
            threading.Event().wait(0.02)
        running.send_signal(number)
        stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 1, stderr
    assert "removing what the probe made" in stderr
    assert "it was stopped before its end" in stdout
    assert probes(box) == []


def test_interrupted_sync_records_what_it_did_and_the_next_one_goes_on(sync, start, box):
    running = start("sync", "--set", "targets.account.pace=2")
    with running:
        while not writes(box):
            threading.Event().wait(0.02)
        running.send_signal(signal.SIGTERM)
        stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 3, stderr
    assert "finishing and recording what is in flight" in stderr
    assert stdout.startswith("Run of sandbox: done in part")
    assert sync("sync").exit_code == 0
    assert sync("plan", "--detailed-exitcode").exit_code == 0


def test_second_sync_at_the_same_time_is_told_who_holds_the_lease(sync, start, box):
    running = start("sync", "--set", "targets.account.pace=2")
    with running:
        while not writes(box):
            threading.Event().wait(0.02)
        other = sync("sync")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert other.exit_code == 1
    assert "has held the lease since" in other.stderr


def test_demo_tells_the_whole_story_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 0, done.stderr
    steps = ("1. The plan", "2. Apply it", "3. Again", "4. A day", "5. Another day", "6. An acc")
    more = ("7. A question", "In Entra: yes", "8. An undo", "undoing run", "What to try next")
    places = [done.stdout.index(step) for step in (*steps, *more)]
    assert places == sorted(places)
    assert done.stdout.startswith("Starting a made-up Entra and Databricks")
    assert "account: nothing changed. 0 writes to Databricks" in done.stdout
    assert "Refused, with 0 writes to Databricks" in done.stdout
    assert str(tmp_path) not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "sandbox-graph-token" not in done.output
    assert done.stderr == ""


def test_demo_that_the_guard_does_not_stop_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Tour, "_empty_everything", lambda _tour: [])
    done = CliRunner().invoke(main, ["demo", "--quiet"])
    assert done.exit_code == 1
    assert "the guard let the accident pass" in done.stderr
