"""``aadsync connector start``, ``stop`` and ``restart`` against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.run import Result
from aadsync_lib.sandbox import Fault
from tests.acceptance.worlds import ADA
from tests.contract.connector.gallery import NAME, TOKEN, Gallery
from tests.contract.sandbox.connecting import Setup

JOURNAL = "account/connector"


def result(gallery: Gallery, *words: str, code: int = 0) -> dict[str, Any]:
    done = gallery(*words, "--format", "json")
    assert done.exit_code == code, done.output
    document = json.loads(done.stdout)
    assert (document["kind"], document["action"]) == ("connector_result", words[0])
    (target,) = document["targets"]
    return dict(target)


def schedule(setup: Setup) -> str:
    return str(setup.read()["schedule"]["state"])


def posts(gallery: Gallery, since: int) -> list[str]:
    rows = gallery.stage.box.log.select(after=since)
    return [row.path.rsplit("/", 1)[-1] for row in rows if row.method == "POST"]


@pytest.mark.parametrize(
    ("words", "started", "after"), [("start", False, "Active"), ("stop", True, "Paused")]
)
class TestOnce:
    """Start and stop: done once, and recorded."""

    def test_the_schedule_follows(
        self, gallery: Gallery, words: str, started: bool, after: str
    ) -> None:
        setup = gallery.ready(started=started)
        target = result(gallery, words)
        assert target["status"] == "done"
        assert {"name", "status", "detail"} == set(target["steps"][0])
        assert schedule(setup) == after

    def test_a_second_one_sends_nothing(
        self, gallery: Gallery, words: str, started: bool, after: str
    ) -> None:
        setup = gallery.ready(started=started)
        result(gallery, words)
        mark = gallery.stage.box.log.mark()
        assert result(gallery, words)["status"] == "unchanged"
        assert posts(gallery, mark) == []
        assert schedule(setup) == after

    def test_history_shows_it(
        self, gallery: Gallery, words: str, started: bool, after: str
    ) -> None:
        setup = gallery.ready(started=started)
        result(gallery, words)
        (entry,) = outcomes(gallery)
        assert (entry["action"], entry["result"]) == (words, "done")
        assert entry["target_id"] == setup.job
        assert schedule(setup) == after

    def test_a_refusal_is_a_failure_that_is_recorded(
        self, gallery: Gallery, words: str, started: bool, after: str
    ) -> None:
        setup = gallery.ready(started=started)
        gallery.stage.box.faults.add(Fault(kind="403", method="POST", path="/(start|pause)$"))
        target = result(gallery, words, code=3)
        assert target["status"] == "failed"
        assert "Application.ReadWrite.OwnedBy" in target["steps"][0]["detail"]
        assert outcomes(gallery)[0]["result"] == "failed"
        assert schedule(setup) != after

    def test_a_lost_answer_is_asked_for_again(
        self, gallery: Gallery, words: str, started: bool, after: str
    ) -> None:
        setup = gallery.ready(started=started)
        gallery.stage.box.faults.add(Fault(kind="lost", method="POST", path="/(start|pause)$"))
        assert result(gallery, words)["status"] == "done"
        assert schedule(setup) == after


def outcomes(gallery: Gallery) -> list[dict[str, Any]]:
    with gallery.stage.store() as store:
        return [
            {
                "action": entry.outcome.change.action.value,
                "result": entry.outcome.result.value,
                "target_id": entry.outcome.change.target_id,
            }
            for entry in store.entries()
        ]


class TestQuarantine:
    """A started job in quarantine is no running one."""

    def test_start_ends_it(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        job = gallery.entra.provisioning.jobs[setup.job]
        job.quarantine, job.code = {"reason": "TooManyDeletes"}, "Quarantine"
        target = result(gallery, "start")
        assert "quarantine" in target["steps"][0]["detail"]
        assert setup.status()["quarantine"] is None


class TestRestart:
    """What is forgotten is what was named, and all of it."""

    @pytest.mark.parametrize(
        ("resets", "forgotten"),
        [
            ((), {"quarantine", "watermark", "escrows"}),
            (("watermark", "escrows"), {"watermark", "escrows"}),
            (("full",), {"quarantine", "watermark", "escrows", "links", "allow_deletes"}),
            (("allow_deletes", "quarantine", "quarantine"), {"quarantine", "allow_deletes"}),
        ],
    )
    def test_every_scope_arrives(
        self, gallery: Gallery, resets: tuple[str, ...], forgotten: set[str]
    ) -> None:
        setup = gallery.ready()
        job = gallery.entra.provisioning.jobs[setup.job]
        job.quarantine, job.initial = {"reason": "TooManyDeletes"}, False
        job.escrows, job.links = {ADA: {}}, {ADA: "1"}
        words = [word for reset in resets for word in ("--reset", reset)]
        assert result(gallery, "restart", *words)["status"] == "done"
        now = {
            "quarantine": job.quarantine is None,
            "watermark": job.initial,
            "escrows": job.escrows == {},
            "links": job.links == {},
            "allow_deletes": job.force_deletes,
        }
        assert {name for name, gone in now.items() if gone} == forgotten

    def test_a_stopped_one_is_started_and_the_settings_named(self, gallery: Gallery) -> None:
        gallery.configure(enabled=False)
        setup = gallery.ready(started=False)
        target = result(gallery, "restart")
        assert "connector.enabled" in target["steps"][0]["detail"]
        assert schedule(setup) == "Active"

    def test_a_reset_that_there_is_not_is_a_usage_error(self, gallery: Gallery) -> None:
        gallery.ready()
        assert gallery("restart", "--reset", "everything").exit_code == 2


class TestImpossible:
    """There is nothing to act on."""

    @pytest.mark.parametrize("action", ["start", "stop", "restart"])
    def test_without_an_application(self, gallery: Gallery, action: str) -> None:
        target = result(gallery, action, code=1)
        assert target["status"] == "failed"
        assert "aadsync connector setup" in target["steps"][0]["detail"]
        assert outcomes(gallery) == []

    def test_without_a_job(self, gallery: Gallery) -> None:
        gallery.instantiated()
        target = result(gallery, "start", code=1)
        assert target["steps"][0]["name"] == "Job"


class TestRecord:
    """One command at a time, and nothing stays open."""

    def test_what_a_command_announced_that_died_is_closed(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        died = Change(Action.RESTART, "a", setup.job, NAME, "aadsync connector restart")
        with gallery.stage.store() as store:
            store.begin_run("20250615T000000Z-000000", "connector", "s", full=True)
            with store.lease(JOURNAL, "20250615T000000Z-000000"):
                store.announce("20250615T000000Z-000000", JOURNAL, (died,))
        result(gallery, "stop")
        with gallery.stage.store() as store:
            assert store.pending(JOURNAL) == ()
            (closed,) = (e.outcome for e in store.entries() if e.outcome.change == died)
        assert closed.result is Result.FAILED

    def test_while_another_command_holds_it_nothing_is_sent(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        with gallery.stage.store() as store, store.lease(JOURNAL, "another"):
            done = gallery("stop")
        assert done.exit_code == 1
        assert "lease" in done.stderr
        assert schedule(setup) == "Active"


class TestSeveral:
    """A sync with two connectors."""

    def test_each_is_acted_on_or_the_one_that_is_named(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        box = gallery.stage.box
        other = {
            "name": "second", "host": box.databricks_url, "account_id": f"{box.account_id[:-1]}0",
            "auth": {"method": "pat", "token": {"env": TOKEN}},
            "connector": {"name": "second", "token": {"env": TOKEN}},
        }  # fmt: skip
        own = gallery.stage.settings.targets[0].model_dump(mode="json", exclude_unset=True)
        gallery.stage.configure(targets=[own, other])
        done = gallery("stop", "--format", "json")
        assert done.exit_code == 3, done.output
        first, second = json.loads(done.stdout)["targets"]
        assert (first["status"], second["status"]) == ("done", "failed")
        assert schedule(setup) == "Paused"
        assert gallery("start", "--target", "account").exit_code == 0
        assert gallery("start", "--target", "second").exit_code == 1
        assert gallery("start", "--target", "third").exit_code == 2
