"""The state of a job, read from Graph's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.connector.status.job import job_of, seconds_of
from aadsync_lib.connector.status.model import Cycle, Units
from aadsync_lib.connector.status.quarantine import REASONS, explained

NEVER = "0001-01-01T00:00:00Z"


def job(code: str | None, schedule: str | None, **status: Any) -> dict[str, Any]:
    return {
        "id": "dataBricks.t.1",
        "status": {"code": code, **status},
        "schedule": {"state": schedule, "interval": "PT40M"},
    }


@pytest.mark.parametrize(
    ("code", "schedule", "state", "runs"),
    [
        ("NotConfigured", "Disabled", "not_configured", False),
        ("NotConfigured", "Active", "not_configured", True),
        ("NotRun", "Disabled", "not_run", False),
        ("NotRun", "Active", "not_run", True),
        ("Active", "Active", "active", True),
        ("Paused", "Active", "active", True),
        ("Active", "Paused", "paused", False),
        ("Active", "Disabled", "paused", False),
        ("Paused", "Disabled", "paused", False),
        ("Quarantine", "Active", "quarantine", True),
        ("Quarantine", "Paused", "quarantine", False),
        ("Active", None, "active", True),
        ("Paused", None, "paused", False),
        (None, "Active", "active", True),
        (None, None, "paused", False),
        ("Hibernating", "Active", "Hibernating", True),
        ("Active", "Sleeping", "Sleeping", False),
    ],
)
def test_whether_it_runs_is_the_schedules_word(
    code: str | None, schedule: str | None, state: str, *, runs: bool
) -> None:
    read = job_of(job(code, schedule))
    assert (read.state, read.runs) == (state, runs)
    assert read.lingers == (code == "Active" and not runs)


def test_a_stopped_job_that_still_shows_its_quarantine_is_in_it() -> None:
    read = job_of(job("Paused", "Paused", quarantine={"reason": "TooManyDeletes"}))
    assert read.state == "quarantine"
    assert job_of(job("Paused", "Paused", quarantine={})).quarantine is None
    empty = {"reason": None, "currentBegan": NEVER}
    assert job_of(job("Active", "Active", quarantine=empty)).quarantine is None


def test_a_new_job_has_nothing_to_show() -> None:
    row = job(
        "Paused", "Disabled", lastExecution=None, lastSuccessfulExecution=None, progress=[],
        synchronizedEntryCountByType=[], escrowsPruned=False,
    )  # fmt: skip
    row["schedule"]["interval"] = "P10675199DT2H48M5.4775807S"
    read = job_of(row)
    assert (read.last, read.last_success, read.units, read.interval) == (None, None, None, None)
    assert not read.counts


def test_cycles_counts_and_progress_are_read() -> None:
    error = {"code": "Broken", "message": "It broke.", "tenantActionable": True}
    read = job_of(
        job(
            "Active",
            "Active",
            lastExecution={
                "state": "EntryLevelErrors", "timeBegan": "2026-11-30T10:00:00Z",
                "timeEnded": "2026-11-30T10:02:00Z", "error": error,
            },
            lastSuccessfulExecution={"state": "Succeeded", "timeEnded": "2026-11-30T09:22:00Z"},
            progress=[{"completedUnits": 3, "totalUnits": 8}, {"completedUnits": 1, "totalUnits": "2"}],
            synchronizedEntryCountByType=[{"key": "User", "value": 10}, {"key": "Group", "value": "2"}],
        )
    )  # fmt: skip
    assert read.last == Cycle(
        "EntryLevelErrors", "2026-11-30T10:00:00Z", "2026-11-30T10:02:00Z", "Broken: It broke."
    )
    assert read.last_success == "2026-11-30T09:22:00Z"
    assert read.units == Units(4, 10)
    assert read.units.share == 0.4
    assert dict(read.counts) == {"User": 10, "Group": 2}


def test_a_cycle_of_zero_dates_is_none() -> None:
    zero = {"timeBegan": NEVER, "timeEnded": NEVER, "state": None}
    assert job_of(job("NotRun", "Active", lastExecution=zero)).last is None


@pytest.mark.parametrize(
    "progress",
    [None, "x", [None], [{}], [{"completedUnits": 4, "totalUnits": 0}], [{"totalUnits": None}]],
)
def test_progress_that_counts_nothing_is_none(progress: Any) -> None:
    assert job_of(job("Active", "Active", progress=progress)).units is None


def test_more_than_all_is_all() -> None:
    assert Units(12, 10).share == 1.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT40M", 2400), ("PT1H30M", 5400), ("P1D", 86400), ("P1W", 604800), ("PT2.5S", 2.5),
        ("P10675199DT2H48M5.4775807S", None), ("PT0S", None), ("P", None), ("40", None), (None, None),
    ],
)  # fmt: skip
def test_an_interval_is_seconds_and_never_is_none(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "row", [{}, {"status": None, "schedule": None}, {"status": [], "id": None}]
)
def test_a_job_of_which_nothing_is_told_is_paused(row: dict[str, Any]) -> None:
    assert (job_of(row).state, job_of(row).runs) == ("paused", False)


def test_a_pause_after_too_many_errors_waits_for_a_person() -> None:
    assert job_of(job("Paused", "Paused", escrowsPruned=True)).waits
    assert not job_of(job("Active", "Active", escrowsPruned=True)).waits


class TestQuarantine:
    """Reason, cause and remedy."""

    @pytest.mark.parametrize("reason", sorted(REASONS))
    def test_each_reason_has_a_cause_and_a_remedy_with_a_command(self, reason: str) -> None:
        cause, remedy = explained(reason, None)
        assert cause
        assert "aadsync connector restart --reset" in remedy

    def test_all_of_graphs_reasons_are_known(self) -> None:
        known = (
            "EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold",
            "EncounteredEscrowProportionThreshold", "EncounteredQuarantineException", "Unknown",
            "QuarantinedOnDemand", "TooManyDeletes", "IngestionInterrupted",
        )  # fmt: skip
        assert {reason.lower() for reason in known} <= REASONS.keys()
        causes = {explained(reason, None)[0] for reason in known}
        assert len(causes) == len(known)

    def test_the_error_is_nearer_to_the_cause_than_a_reason_that_says_little(self) -> None:
        code = "SystemForCrossDomainIdentityManagementInvalidCredentials"
        assert "refuses the credentials" in explained("EncounteredQuarantineException", code)[0]
        assert "no SCIM service" in explained("Unknown", "HTTP/404 Not Found")[0]
        assert "refuses the credentials" in explained(None, "Status Code: Unauthorized")[0]
        assert explained("TooManyDeletes", code) == explained("TooManyDeletes", None)

    def test_a_reason_that_is_not_known_is_shown_as_it_came(self) -> None:
        cause, remedy = explained("MoonPhase", None)
        assert "MoonPhase" in cause
        assert "--reset quarantine" in remedy

    def test_when_and_why_are_read(self) -> None:
        row = {
            "reason": "EncounteredQuarantineException", "currentBegan": "2026-11-29T10:00:00Z",
            "nextAttempt": "2026-11-30T10:00:00Z", "seriesCount": 3,
            "error": {"code": "X", "message": "no"},
        }  # fmt: skip
        held = job_of(job("Quarantine", "Active", quarantine=row)).quarantine
        assert held
        assert (held.since, held.next_attempt, held.error) == (
            "2026-11-29T10:00:00Z", "2026-11-30T10:00:00Z", "X: no",
        )  # fmt: skip

    def test_a_quarantine_without_words_is_one(self) -> None:
        held = job_of(job("Quarantine", "Active")).quarantine
        assert held
        assert (held.reason, held.since, held.cause) == (None, None, "Entra does not say why")
