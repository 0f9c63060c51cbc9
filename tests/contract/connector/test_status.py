"""``aadsync connector status`` against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aadsync_lib.connector.status import log_pages
from aadsync_lib.connector.status.watch import PATIENCE
from aadsync_lib.sandbox.entra.provisioning.cycles.quarantine import REASONS, impose
from tests.acceptance.worlds import ADA, ETL, ROOT
from tests.clock import FakeClock
from tests.contract.connector.gallery import NAME, TAG, Gallery
from tests.contract.sandbox.connecting import Setup


def shown(gallery: Gallery, *words: str, code: int) -> dict[str, Any]:
    done = gallery("status", "--format", "json", *words)
    assert done.exit_code == code, done.output
    (target,) = json.loads(done.stdout)["targets"]
    return dict(target)


class TestAbsent:
    """Nobody has set the connector up yet."""

    def test_it_is_absent_and_nothing_is_written(self, gallery: Gallery) -> None:
        before = gallery.stage.box.world.to_json()
        target = shown(gallery, code=3)
        assert target["state"] == "absent"
        assert {key for key, value in target.items() if value is not None} == {
            "target",
            "host",
            "account_id",
            "state",
        }
        assert gallery.stage.box.world.to_json() == before
        assert not gallery.stage.store_file.exists()

    def test_an_application_without_a_job_is_not_configured(self, gallery: Gallery) -> None:
        setup = gallery.instantiated()
        target = shown(gallery, code=3)
        assert (target["state"], target["job"]) == ("not_configured", None)
        assert target["application"]["service_principal_id"] == setup.principal
        assert target["application"]["name"] == NAME
        assert target["assigned"] == {"users": 0, "groups": 0}

    def test_a_name_alone_is_a_strangers(self, gallery: Gallery) -> None:
        gallery.instantiated(notes="ours since 2024")
        done = gallery("status")
        assert done.exit_code == 1
        assert NAME in done.stderr
        assert TAG in done.stderr

    def test_two_with_the_tag_are_an_error(self, gallery: Gallery) -> None:
        gallery.instantiated()
        gallery.instantiated()
        done = gallery("status")
        assert done.exit_code == 1
        assert done.stderr.count("object id") == 2

    def test_the_tag_is_a_line_of_its_own(self, gallery: Gallery) -> None:
        setup = gallery.instantiated(notes=f"asked for by IT\n{TAG}\nsee wiki")
        gallery.instantiated(notes=f"{TAG}-two")
        target = shown(gallery, code=3)
        assert target["application"]["service_principal_id"] == setup.principal

    def test_one_that_was_renamed_is_found_by_its_tag(self, gallery: Gallery) -> None:
        setup = gallery.instantiated(name="Renamed by somebody")
        target = shown(gallery, code=3)
        assert target["application"]["service_principal_id"] == setup.principal
        assert target["application"]["name"] == "Renamed by somebody"


class TestJob:
    """The state of the job, as its schedule and its status have it."""

    def test_a_started_one_is_well(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        setup.assign(ADA, ETL, ROOT)
        target = shown(gallery, code=0)
        assert (target["state"], target["job"]) == ("not_run", setup.job)
        assert target["assigned"] == {"users": 1, "groups": 2}
        assert target["interval_seconds"] == 2400
        assert target["quarantine"] is None
        assert target["failures"] == []

    def test_a_stopped_one_should_run(self, gallery: Gallery) -> None:
        gallery.ready(started=False)
        assert shown(gallery, code=3)["state"] == "paused"

    def test_a_stopped_one_is_well_where_it_is_to_be(self, gallery: Gallery) -> None:
        gallery.configure(enabled=False)
        gallery.ready(started=False)
        assert shown(gallery, code=0)["state"] == "paused"

    def test_a_new_one_without_schedule_is_not_configured(self, gallery: Gallery) -> None:
        gallery.turn(new_job="NotConfigured", new_interval="P10675199DT2H48M5.4775807S")
        gallery.ready(started=False)
        target = shown(gallery, code=3)
        assert (target["state"], target["interval_seconds"]) == ("not_configured", None)

    @pytest.mark.parametrize("started", [True, False])
    def test_quarantine_is_shown_with_its_remedy(self, gallery: Gallery, started: bool) -> None:
        setup = gallery.ready(started=started)
        held = {
            "currentBegan": "2025-06-15T10:00:00Z", "nextAttempt": "2025-06-15T22:00:00Z",
            "seriesBegan": "2025-06-15T10:00:00Z", "seriesCount": 1,
            "reason": "EncounteredQuarantineException",
            "error": {"code": "SystemForCrossDomainIdentityManagementInvalidCredentials",
                      "message": "Unauthorized", "tenantActionable": True},
        }  # fmt: skip
        quarantined(setup, held)
        target = shown(gallery, code=3)
        assert target["state"] == "quarantine"
        assert target["quarantine"]["reason"] == "EncounteredQuarantineException"
        assert target["quarantine"]["since"] == "2025-06-15T10:00:00Z"
        assert target["quarantine"]["next_attempt"] == "2025-06-15T22:00:00Z"
        assert "connector.token" in target["quarantine"]["remedy"]

    def test_every_reason_of_entras_has_a_remedy(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        remedies = set()
        for reason in REASONS:
            impose(gallery.entra.provisioning.jobs[setup.job], reason, "2025-06-15T10:00:00Z")
            target = shown(gallery, code=3)
            assert target["quarantine"]["reason"] == reason
            remedies.add(target["quarantine"]["remedy"])
        assert len(remedies) >= 6


def quarantined(setup: Setup, held: dict[str, Any]) -> None:
    job = setup.box.world.entra.provisioning.jobs[setup.job]
    job.quarantine, job.code = held, "Quarantine"


class TestLog:
    """What the provisioning log says of whom it concerns."""

    def test_failures_are_the_newest_entries(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        log = gallery.entra.provisioning.log
        log.append(entry(setup, "ada", ADA, "failure", 1))
        log.append(entry(setup, "etl", ETL, "failure", 2))
        log.append(entry(setup, "etl", ETL, "success", 3))
        log.append(entry(setup, "ada", ADA, "failure", 4) | {"jobId": "another"})
        (failure,) = shown(gallery, code=3)["failures"]
        assert (failure["name"], failure["code"]) == ("ada", "EntryConflict")
        assert failure["recommended"]

    def test_a_log_that_may_not_be_read_names_the_permission(self, gallery: Gallery) -> None:
        gallery.ready()
        gallery.entra.permissions -= {"ProvisioningLog.Read.All", "AuditLog.Read.All"}
        done = gallery("status")
        assert done.exit_code == 3
        assert "ProvisioningLog.Read.All" in done.stdout


class TestLongLog:
    """A log of more entries than are read: four pages of three."""

    @pytest.fixture
    def setup(self, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> Setup:
        """Ada failed in the oldest entry, Etl in the newest; of everybody else all went well."""
        monkeypatch.setattr(log_pages, "ROWS", 3)
        monkeypatch.setattr(log_pages, "MOST_PAGES", 2)
        setup = gallery.ready()
        log = gallery.entra.provisioning.log
        log.append(entry(setup, "ada", ADA, "failure", 1))
        log += [entry(setup, f"user{n}", f"id-{n}", "success", n) for n in range(2, 12)]
        log.append(entry(setup, "etl", ETL, "failure", 12))
        gallery.stage.box.log.clear()
        return setup

    def pages(self, gallery: Gallery) -> int:
        return len(gallery.stage.box.log.select("graph", path="/auditLogs/provisioning"))

    def test_its_newest_part_counts_and_how_far_back_it_goes_is_said(
        self, gallery: Gallery, setup: Setup
    ) -> None:
        text = " ".join(gallery("status").stdout.split())
        assert self.pages(gallery) == 2
        assert "Provisioning log: read back to 2025-06-15 14:07 UTC" in text
        assert "1 object fails" in text

    def test_json_has_no_key_for_it_so_that_stderr_says_it(
        self, gallery: Gallery, setup: Setup
    ) -> None:
        done = gallery("status", "--format", "json")
        (target,) = json.loads(done.stdout)["targets"]
        assert [failure["name"] for failure in target["failures"]] == ["etl"]
        assert not [key for key in target if "log" in key]
        assert "account: Provisioning log: read back to 2025-06-15 14:07 UTC" in done.stderr

    @pytest.mark.parametrize("rows", [6, 12])
    def test_one_that_fits_is_read_whole_and_nothing_is_said(
        self, gallery: Gallery, setup: Setup, monkeypatch: pytest.MonkeyPatch, rows: int
    ) -> None:
        monkeypatch.setattr(log_pages, "ROWS", rows)
        done = gallery("status")
        assert "2 objects fail" in done.stdout
        assert "read back to" not in done.stdout

    def test_one_that_does_not_come_newest_first_is_read_on(
        self, gallery: Gallery, setup: Setup
    ) -> None:
        gallery.turn(log_order="oldest")
        assert "2 objects fail" in gallery("status").stdout
        assert self.pages(gallery) == 4

    def test_and_not_for_ever(
        self, gallery: Gallery, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_pages, "MOST_UNSORTED", 3)
        gallery.turn(log_order="oldest")
        done = gallery("status", "--format", "json")
        assert (done.exit_code, self.pages(gallery)) == (3, 3)
        (target,) = json.loads(done.stdout)["targets"]
        assert target["failures"] is None
        assert "its 9 first entries are not the newest" in " ".join(
            gallery("status").stdout.split()
        )


def entry(setup: Setup, name: str, object_id: str, status: str, minute: int) -> dict[str, Any]:
    error = {
        "errorCode": "EntryConflict", "reason": "taken", "additionalDetails": None,
        "errorCategory": "nonServiceFailure", "recommendedAction": None,
    }  # fmt: skip
    return {
        "id": f"{name}-{minute}",
        "activityDateTime": f"2025-06-15T14:{minute:02}:00.1234567Z",
        "jobId": setup.job,
        "cycleId": "c",
        "changeId": f"{name}-{minute}",
        "provisioningAction": "create",
        "sourceIdentity": {"id": object_id, "displayName": name, "identityType": "User"},
        "targetIdentity": {"id": "", "displayName": name, "identityType": "User"},
        "provisioningStatusInfo": {
            "status": status,
            "errorInformation": error if status == "failure" else None,
        },
    }


class TestFormats:
    """The same in every format."""

    @pytest.mark.parametrize("form", ["text", "markdown", "html"])
    def test_it_is_written_in_each(self, gallery: Gallery, form: str) -> None:
        setup = gallery.ready(started=False)
        out = gallery.stage.folder / "status"
        done = gallery("status", "--format", form, "--out", str(out))
        assert done.exit_code == 3
        assert setup.job in done.stdout
        assert setup.job in out.read_text(encoding="utf-8")

    def test_a_missing_connector_in_the_settings_is_an_error(self, gallery: Gallery) -> None:
        gallery.stage.configure(targets={"connector": None})
        done = gallery("status")
        assert done.exit_code == 1
        assert "targets[].connector" in done.stderr

    def test_a_cloud_without_the_connector_is_a_clear_no(self, gallery: Gallery) -> None:
        gallery.stage.configure(source={"cloud": "china"})
        mark = gallery.stage.box.log.mark()
        done = gallery("status")
        assert done.exit_code == 1
        assert "aadsync sync" in done.stderr
        assert gallery.stage.box.log.mark() == mark


class TestWatch:
    """The wait for a cycle under way."""

    def test_it_asks_until_the_cycle_is_over_and_shows_how_far_it_is(
        self, gallery: Gallery, clock: FakeClock
    ) -> None:
        setup = gallery.ready(started=False)
        setup.assign(ADA, ETL, ROOT)
        gallery.turn(cycles="due", objects_per_read=1)
        setup.post("start").raise_for_status()
        target = shown(gallery, "--watch", code=0)
        assert target["state"] == "active"
        assert target["last"]["state"] == "Succeeded"
        assert target["counts"]["User"] > 0
        assert len(clock.sleeps) > 2

    @pytest.fixture
    def stopped_midway(self, gallery: Gallery) -> Callable[..., None]:
        """A connector that was stopped while its first cycle was under way."""

        def stop(**switches: str) -> None:
            gallery.turn(cycles="due", objects_per_read=1, **switches)
            setup = gallery.ready(started=False)
            setup.assign(ADA, ETL, ROOT)
            setup.post("start").raise_for_status()
            shown(gallery, code=0)
            assert gallery("stop").exit_code == 0
            assert gallery.entra.provisioning.jobs[setup.job].cycle is not None

        return stop

    @pytest.mark.parametrize("code", ["Paused", "Active"])
    def test_after_a_stop_it_waits_for_the_cycle_that_still_runs(
        self, gallery: Gallery, clock: FakeClock, stopped_midway: Any, code: str
    ) -> None:
        stopped_midway(pausing_code=code)
        target = shown(gallery, "--watch", code=3)
        assert (target["state"], target["last"]["state"]) == ("paused", "Succeeded")
        assert target["counts"]["User"] > 0
        assert clock.sleeps

    @pytest.mark.parametrize("code", ["Paused", "Active"])
    def test_and_not_for_ever_where_that_stays_as_it_is(
        self, gallery: Gallery, clock: FakeClock, stopped_midway: Any, code: str
    ) -> None:
        stopped_midway(after_pause="stays", pausing_code=code)
        before = len(clock.sleeps)
        done = gallery("status", "--watch")
        assert done.exit_code == 3
        assert sum(clock.sleeps[before:]) == PATIENCE
        assert "not changed for 10 minutes" in done.stderr
        text = " ".join(done.stdout.split())
        assert "stopped; its last cycle may not be over yet" in text

    def test_without_a_cycle_it_ends_at_once(self, gallery: Gallery, clock: FakeClock) -> None:
        gallery.configure(enabled=False)
        gallery.ready(started=False)
        assert shown(gallery, "--watch", code=0)["state"] == "paused"
        assert not clock.sleeps

    def test_a_quarantine_ends_it(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        setup.save(SecretToken="of-nobody")
        gallery.turn(cycles="due")
        target = shown(gallery, "--watch", code=3)
        assert target["state"] == "quarantine"
        assert "connector.token" in target["quarantine"]["remedy"]
