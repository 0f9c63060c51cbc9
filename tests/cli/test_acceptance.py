"""The real command against the sandbox, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from aadsync_lib.sandbox import Fault, Sandbox, company
from aadsync_lib.sandbox.command import config, describe

PEOPLE = 40


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(PEOPLE, 3)) as sandbox:
        yield sandbox


@pytest.fixture
def sync(box, tmp_path):
    """Run a command line against a fresh company; answers with exit code, stdout and stderr."""
    box.reset(company(PEOPLE, 3))
    (tmp_path / "aadsync.yml").write_text(config(box), encoding="utf-8")
    return lambda *words: process(box, tmp_path, *words).run()


class process:  # noqa: N801 - reads as a verb where it is used
    def __init__(self, box, folder, *words):
        self.given = {
            "args": [sys.executable, "-m", "aadsync_lib", *words],
            "cwd": folder,
            "env": {**os.environ, **describe(box)["environment"]},
            "text": True,
        }

    def run(self):
        return subprocess.run(capture_output=True, timeout=120, check=False, **self.given)

    def start(self):
        pipe = subprocess.PIPE
        return subprocess.Popen(stdout=pipe, stderr=pipe, **self.given)


def writes(box):
    return len(box.log.writes("databricks"))


def dismiss_everybody(box):
    entra = box.world.entra
    for group in entra.ids("group"):
        for member in tuple(entra.members[group]):
            entra.remove_member(group, member)


def test_plan_has_no_side_effect_and_its_exit_code_tells_of_changes(sync, box, tmp_path):
    assert sync("plan").returncode == 0
    done = sync("plan", "--detailed-exitcode", "--format", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["kind"] == "plan"
    assert done.stderr == ""
    assert writes(box) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["aadsync.yml"]


def test_second_sync_writes_nothing(sync, box):
    first = sync("sync")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Run of sandbox: done\n")
    before = writes(box)
    assert before > PEOPLE
    second = sync("sync", "--format", "json")
    assert second.returncode == 0
    assert json.loads(second.stdout)["targets"][0]["applied"] == {}
    assert writes(box) == before
    assert sync("plan", "--detailed-exitcode").returncode == 0


def test_refused_sync_ends_with_4_and_its_digest_approves_it(sync, box):
    sync("sync")
    dismiss_everybody(box)
    before = writes(box)
    refused = sync("sync", "--format", "json")
    document = json.loads(refused.stdout)
    assert (refused.returncode, document["status"]) == (4, "refused")
    for part in ("users_deprovisioned is ", "allowed 20", f"--approve {document['digest']}"):
        assert part in refused.stderr
    assert writes(box) == before
    approved = sync("sync", "--approve", document["digest"])
    assert approved.returncode == 0, approved.stderr
    assert writes(box) > before


def test_saved_plan_is_applied_once_and_then_refused_as_moved(sync, box):
    assert sync("plan", "--save", "plan.json").returncode == 0
    assert sync("apply", "plan.json").returncode == 0
    before = writes(box)
    again = sync("apply", "plan.json")
    assert (again.returncode, again.stdout) == (1, "")
    assert "no longer fits. Nothing was changed." in again.stderr
    assert writes(box) == before


def test_change_that_fails_ends_with_3_and_is_named(sync, box):
    box.faults.add(Fault(kind="403", side="databricks", method="POST", path="/Users$", count=1))
    done = sync("sync", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["status"]) == (3, "partial")
    assert document["targets"][0]["failed"][0]["action"] == "create_user"
    assert sync("sync").returncode == 0


def test_unreadable_source_ends_with_1_and_an_empty_stdout(sync, box):
    box.faults.add(Fault(kind="403", side="graph", path="/groups"))
    done = sync("sync", "--format", "json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("aadsync: ")
    assert "Traceback" not in done.stderr
    assert writes(box) == 0


def test_missing_secret_ends_with_1_and_names_its_reference(sync, box, tmp_path):
    text = config(box).replace("SANDBOX_GRAPH_TOKEN", "NO_SUCH_VARIABLE")
    (tmp_path / "aadsync.yml").write_text(text, encoding="utf-8")
    done = sync("plan")
    assert done.returncode == 1
    assert "NO_SUCH_VARIABLE" in done.stderr
    assert box.graph_token not in done.stderr


def test_doctor_finds_nothing_wrong_with_the_sandbox(sync):
    done = sync("doctor", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    assert [one for one in findings if one["status"] == "failed"] == []
    assert done.returncode == 0
    assert done.stderr == ""


def test_interrupted_sync_records_what_it_did_and_the_next_one_goes_on(sync, box, tmp_path):
    running = process(box, tmp_path, "sync", "--set", "targets.account.pace=2").start()
    with running:
        while not writes(box):
            threading.Event().wait(0.02)
        running.send_signal(signal.SIGTERM)
        stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 3, stderr
    assert "finishing and recording what is in flight" in stderr
    assert stdout.startswith("Run of sandbox: done in part")
    assert sync("sync").returncode == 0
    assert sync("plan", "--detailed-exitcode").returncode == 0


def test_second_sync_at_the_same_time_is_told_who_holds_the_lease(sync, box, tmp_path):
    running = process(box, tmp_path, "sync", "--set", "targets.account.pace=2").start()
    with running:
        while not writes(box):
            threading.Event().wait(0.02)
        other = sync("sync")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert other.returncode == 1
    assert "has held the lease since" in other.stderr


def test_demo_tells_the_whole_story_and_leaves_nothing_behind(tmp_path):
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "aadsync_lib", "demo"],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 60
    steps = ("1. The plan", "2. Apply it", "3. Again", "4. A day", "5. Another day", "6. An acc")
    places = [done.stdout.index(step) for step in (*steps, "What to try next")]
    assert places == sorted(places)
    assert "account: nothing changed. 0 writes to Databricks" in done.stdout
    assert "Exit code 4, and 0 writes to Databricks" in done.stdout
    assert str(tmp_path) not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "sandbox-graph-token" not in done.stdout + done.stderr
