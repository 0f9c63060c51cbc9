"""Rotation with overlap, and credentials that nobody has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from aadsync_lib.cli.app import main
from aadsync_lib.config.load import load_settings
from aadsync_lib.connector.registration.record import JOURNAL
from aadsync_lib.sandbox import Fault
from aadsync_lib.wiring import open_store
from tests.contract.connector.seen import recorded_writes
from tests.contract.registration.stage import DAY, MAKER, STORE, URL, Stage

ADD = "addPassword"


def passwords(stage: Stage) -> list[str]:
    return [entry["keyId"] for entry in stage.application["passwordCredentials"]]


class TestOverlap:
    def test_the_one_before_works_until_the_next_rotation(self, stage):
        kept = []
        for _ in range(3):
            stage.done("--store-in", STORE, "--rotate")
            kept.append(stage.stored)
            assert stage.logs_in()
        assert [stage.logs_in(value) for value in kept] == [False, True, True]
        assert len(passwords(stage)) == 2

    def test_a_plan_names_what_comes_and_what_goes(self, stage):
        for _ in range(2):
            stage.done("--store-in", STORE, "--rotate")
        first, _ = passwords(stage)
        mark = stage.box.log.mark()
        new, gone = stage.done("--store-in", STORE, "--rotate", "--plan")["changes"]
        assert (new["action"], new["name"]) == ("set_credentials", STORE)
        assert new["after"]["kind"] == "client_secret"
        assert (gone["name"], gone["after"]) == (first, None)
        assert stage.writes(mark) == []
        text = stage.command("--store-in", STORE, "--rotate", "--plan").stdout
        assert "remove credential" in text

    def test_without_rotate_nothing_goes_before_its_successor_is_due(self, stage):
        for _ in range(2):
            stage.done("--store-in", STORE, "--rotate")
        stage.clock.advance(100 * DAY)
        assert stage.done("--store-in", STORE)["changes"] == []
        assert len(passwords(stage)) == 2

    def test_in_a_key_vault_the_newest_version_is_the_new_one(self, stage):
        (vault,) = stage.box.world.vaults
        kept = []
        for _ in range(2):
            stage.done("--store-in", f"key_vault: {URL}", "--rotate")
            kept.append(vault.find("entra", None).value)
        assert len(set(kept)) == 2
        assert all(stage.logs_in(value) for value in kept)


class TestUnknown:
    """A credential whose answer was lost."""

    def test_the_run_says_so_and_the_next_one_removes_it(self, stage):
        stage.box.faults.add(Fault("lost", path=ADD))
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 3
        assert "the next run removes it" in result.stderr
        assert "create application aadsync-contoso" in result.stderr
        assert stage.stored is None
        (lost,) = passwords(stage)
        document = stage.done("--store-in", STORE)
        removed = [change["name"] for change in document["changes"] if change["after"] is None]
        assert removed == [lost]
        assert lost not in passwords(stage)
        assert len(passwords(stage)) == 1
        assert stage.logs_in()

    def test_while_another_one_holds_nothing_else_is_made(self, stage):
        stage.done("--store-in", STORE)
        stored = stage.stored
        stage.box.faults.add(Fault("lost", path=ADD))
        assert stage.command("--store-in", STORE, "--rotate").exit_code == 3
        (change,) = stage.done("--store-in", STORE)["changes"]
        assert "nobody has it" in change["reason"]
        assert (stage.stored, len(passwords(stage))) == (stored, 1)
        assert stage.logs_in()

    def test_an_answer_without_its_secret_counts_as_lost(self, stage):
        stage.box.faults.add(Fault("truncated", path=ADD))
        assert stage.command("--store-in", STORE).exit_code == 3
        stage.done("--store-in", STORE)
        assert len(passwords(stage)) == 1


class TestStoring:
    """A place that fails after it had been proved to be writable."""

    PUT = r"secrets/put"

    def test_what_cannot_be_stored_is_removed_again(self, stage):
        stage.done()
        stage.box.faults.add(Fault("403", path=self.PUT, skip=1, count=None))
        message = stage.failed("--store-in", STORE)
        assert "was removed again" in message
        assert "Nothing was changed" in message
        assert passwords(stage) == []

    def test_an_old_one_goes_on_working(self, stage):
        stage.done("--store-in", STORE)
        stage.box.faults.add(Fault("403", path=self.PUT, skip=1, count=None))
        stage.failed("--store-in", STORE, "--rotate")
        stage.box.faults.clear()
        assert stage.logs_in()
        assert stage.done("--store-in", STORE)["changes"] == []

    def test_one_whose_answers_are_lost_is_read_back(self, stage):
        stage.box.faults.add(Fault("lost", path=self.PUT, skip=1, count=None))
        stage.done("--store-in", STORE)
        assert stage.logs_in()

    def test_where_it_cannot_be_read_back_nothing_is_removed(self, stage):
        stage.done()
        stage.box.faults.add(Fault("lost", path=self.PUT, skip=1, count=None))
        stage.box.faults.add(Fault("503", path="secrets/get", skip=2, count=None))
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 3
        assert "not known" in result.stderr
        stage.box.faults.clear()
        stage.done("--store-in", STORE)
        assert stage.logs_in()
        assert len(passwords(stage)) == 1

    def test_one_that_cannot_be_taken_back_goes_with_the_next_run(self, stage):
        stage.done()
        stage.box.faults.add(Fault("403", path=self.PUT, skip=1, count=None))
        stage.box.faults.add(Fault("403", path="removePassword"))
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 3
        assert "still there" in result.stderr
        stage.box.faults.clear()
        stage.done("--store-in", STORE)
        assert len(passwords(stage)) == 1

    def test_one_that_is_gone_already_counts_as_removed(self, stage):
        for _ in range(2):
            stage.done("--store-in", STORE, "--rotate")
        stage.box.faults.add(Fault("lost", path="removePassword"))
        stage.done("--store-in", STORE, "--rotate")
        assert len(passwords(stage)) == 2


class TestSlowGraph:
    """Replicas that do not have everything yet."""

    @pytest.mark.parametrize(
        "switches",
        [
            pytest.param({"not_found": 3}, marks=pytest.mark.soak),
            {"not_found": 3, "flapping": True},
            pytest.param({"no_backing_application": 2}, marks=pytest.mark.soak),
            {"unlisted": 1, "assignments_unlisted": 3},
        ],
        ids=str,
    )
    def test_it_waits_for_what_it_made(self, stage, switches):
        for name, value in switches.items():
            setattr(stage.box.world.entra.applications.switches, name, value)
        stage.done("--store-in", STORE)
        assert stage.logs_in()
        assert len(stage.applications) == 1

    @pytest.mark.parametrize("answer", ["400", pytest.param("409", marks=pytest.mark.soak)])
    def test_a_grant_that_is_there_already_counts_as_made(self, stage, answer):
        switches = stage.box.world.entra.applications.switches
        switches.duplicate_assignment = answer
        stage.box.faults.add(Fault("lost", path="appRoleAssignments", method="POST"))
        stage.done("--store-in", STORE)
        assert stage.logs_in()

    @pytest.mark.parametrize("path", ["/applications$", "/servicePrincipals$"])
    def test_of_a_lost_answer_what_was_made_is_found(self, stage, path):
        stage.box.world.entra.applications.switches.unlisted = 2
        stage.box.faults.add(Fault("lost", path=path, method="POST"))
        stage.done("--store-in", STORE)
        assert stage.logs_in()
        assert len(stage.applications) == 1

    def test_one_that_was_not_made_is_an_error_and_made_by_the_next_run(self, stage):
        stage.box.faults.add(Fault("503", path="/applications$", method="POST", count=None))
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 3
        stage.box.faults.clear()
        stage.done("--store-in", STORE)
        assert len(stage.applications) == 1


class TestHistory:
    """What the store remembers of registrations."""

    def history(self, stage, *words: str) -> Any:
        command = ("history", *words, "-c", str(stage.file), "--format", "json")
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, (result.stdout, result.stderr)
        assert not any(secret in result.stdout for secret in stage.secrets)
        return json.loads(result.stdout)

    def test_it_shows_each_write(self, stage):
        stage.done("--store-in", STORE)
        stage.done("--store-in", STORE)
        (run,) = self.history(stage)["runs"]
        assert run["status"] == "succeeded"
        outcomes = self.history(stage, run["run_id"])["outcomes"]
        assert [(o["action"], o["result"]) for o in outcomes] == [
            ("create_application", "done"), ("create_service_principal", "done"),
            ("assign", "done"), ("assign", "done"), ("assign", "done"), ("set_credentials", "done"),
        ]  # fmt: skip

    def test_whatever_is_sent_is_in_the_journal_before(self, stage, monkeypatch):
        seen = recorded_writes(monkeypatch, stage.folder / "aadsync.db")
        stage.done("--store-in", STORE)
        first = len(seen)
        stage.done("--store-in", STORE, "--rotate")
        assert 0 < first < len(seen)
        assert all(count for _, count in seen), seen

    def test_what_failed_and_what_nobody_knows_is_told_apart(self, stage):
        stage.done()
        stage.box.faults.add(Fault("lost", path=ADD))
        stage.command("--store-in", STORE)
        newest, _ = self.history(stage)["runs"]
        (outcome,) = self.history(stage, newest["run_id"])["outcomes"]
        assert (newest["status"], outcome["result"]) == ("failed", "unknown")
        stage.box.world.entra.permissions -= MAKER
        stage.command("--store-in", STORE, "--rotate")
        newest = self.history(stage)["runs"][0]
        (outcome,) = self.history(stage, newest["run_id"])["outcomes"]
        assert outcome["result"] == "failed"

    def test_it_is_no_sync_that_could_be_undone(self, stage):
        stage.done()
        result = CliRunner().invoke(main, ["undo", "last", "-c", str(stage.file)])
        assert result.exit_code != 0

    def test_without_spark_for_a_store_in_tables_nobody_signs_in_and_nothing_is_changed(
        self, stage
    ):
        stage.write({**stage.settings(), "store": {"delta": "main.aadsync"}})
        mark = stage.box.log.mark()
        message = stage.failed("--store-in", STORE)
        assert "store.delta needs Spark" in message
        assert "in a notebook or a job on Databricks" in message
        assert "Nothing was changed" in message
        assert not stage.box.log.since(mark)
        assert len(stage.done("--store-in", STORE, "--plan")["changes"]) == 6
        assert stage.applications == []

    def test_only_one_runs_at_a_time(self, stage):
        stage.done()
        settings = load_settings(stage.file)
        with open_store(settings, stage.clock) as store, store.lease(JOURNAL, "theirs"):
            assert "has held the lease" in stage.failed("--store-in", STORE)
            assert stage.done()["changes"] == []
        assert passwords(stage) == []
