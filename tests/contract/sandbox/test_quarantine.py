"""Quarantine of jobs over real HTTP: every reason, how it is tried again, and what ends it."""

from datetime import datetime

import pytest

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.entra.provisioning.cycles.quarantine import REASONS
from tests.contract.sandbox.contoso import ADA, DATA, EVE, small_world

DAY = 86_400
MINUTES = 60
ENDINGS = (
    ("start", {}),
    ("restart", {}),
    ("restart", {"criteria": {"resetScope": ""}}),
    ("restart", {"criteria": {"resetScope": "QuarantineState"}}),
)


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture
def impose(admin, running):
    def post(reason, **more):
        body = {"job": running.job, "quarantine": reason, **more}
        return admin.post("/provisioning", json=body)

    return post


@pytest.mark.parametrize("reason", sorted(REASONS))
class TestEveryReason:
    def test_a_job_in_quarantine_runs_by_its_schedule_still(self, running, impose, reason):
        assert impose(reason).is_success
        job = running.read()
        assert (job["schedule"]["state"], job["status"]["code"]) == ("Active", "Quarantine")
        quarantine = job["status"]["quarantine"]
        assert quarantine["reason"] == reason
        assert {"currentBegan", "nextAttempt", "seriesBegan", "seriesCount"} <= quarantine.keys()

    def test_start_and_restart_end_it(self, running, impose, reason):
        for action, body in ENDINGS:
            impose(reason)
            running.post(action, **body).raise_for_status()
            assert running.status()["quarantine"] is None
            assert running.cycle()["code"] == "Active"


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("scope", ["Watermark", "Escrows", "ForceDeletes", "Watermark, Escrows"])
def test_other_scopes_do_not_end_it(running, impose, scope):
    impose("Unknown")
    running.post("restart", criteria={"resetScope": scope}).raise_for_status()
    assert running.status()["quarantine"]["reason"] == "Unknown"


def test_only_a_person_ends_a_quarantine_by_hand(running, impose):
    impose("QuarantinedOnDemand")
    running.assign(EVE)
    status = running.cycle()
    assert status["quarantine"]["reason"] == "QuarantinedOnDemand"
    assert status["lastExecution"] is None


def test_others_pass_with_a_good_cycle(running, impose):
    impose("IngestionInterrupted", error={"code": "x", "message": "y", "tenantActionable": False})
    assert running.status()["quarantine"]["error"]["message"] == "y"
    assert running.cycle()["quarantine"] is None


def test_a_reason_that_is_none_is_refused(running, impose):
    assert impose("Bored").status_code == 400


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"SecretToken": "expired"}, "CredentialValidationFailure"),
        ({"BaseAddress": "not a url"}, "InvalidCredentials"),
        ({"BaseAddress": "https://nowhere.example.com/scim/v2"}, "InvalidCredentials"),
    ],
)
def test_bad_credentials_bring_a_job_into_quarantine(box, running, changed, code):
    running.save(**changed)
    running.assign(EVE)
    status = running.cycle()
    assert status["quarantine"]["reason"] == "EncounteredQuarantineException"
    error = status["quarantine"]["error"]
    assert error["code"] == f"SystemForCrossDomainIdentityManagement{code}"
    assert status["lastExecution"]["state"] == "Failed"
    assert status["lastExecution"]["error"] == error
    assert status["countSuccessiveCompleteFailures"] == 1
    running.save()
    status = running.cycle()
    assert (status["code"], status["countSuccessiveCompleteFailures"]) == ("Active", 0)


def test_a_token_that_ends_in_the_middle_does_too_and_nothing_is_skipped(admin, box, running):
    fault = {"kind": "401", "side": "databricks", "method": "POST", "path": "/Users", "skip": 1}
    admin.post("/faults", json=fault)
    running.assign(DATA, EVE)
    assert running.cycle()["quarantine"]["reason"] == "EncounteredQuarantineException"
    assert running.cycle()["code"] == "Active"
    assert len(box.world.databricks.users) == 2


def test_it_is_tried_again_ever_more_seldom(running, turn, clock):
    turn(cycles="due")
    running.save(SecretToken="old")
    waits = []
    for _ in range(5):
        quarantine = running.status()["quarantine"]
        began, again = (moment(quarantine[name]) for name in ("currentBegan", "nextAttempt"))
        waits.append((again - began).total_seconds() / MINUTES)
        clock.advance((again - began).total_seconds() - 1)
        assert running.status()["quarantine"] == quarantine
        clock.advance(1)
    assert waits == [5, 6 * 60, 12 * 60, 24 * 60, 24 * 60]


def test_after_four_weeks_the_job_is_disabled(running, clock):
    running.save(SecretToken="old")
    running.cycle()
    clock.advance(27 * DAY)
    running.cycle()
    assert running.read()["schedule"]["state"] == "Active"
    clock.advance(DAY)
    running.cycle()
    job = running.read()
    assert (job["schedule"]["state"], job["status"]["code"]) == ("Disabled", "Quarantine")
    assert job["status"]["quarantine"]["seriesCount"] == 3


class TestFailures:
    @pytest.fixture
    def failing(self, admin, running):
        fault = {"kind": "409", "method": "POST", "path": "/Users", "count": None}
        self.fault = admin.post("/faults", json=fault).json()["id"]
        running.assign(DATA, EVE)
        return running

    @pytest.mark.parametrize(
        ("switches", "reason"),
        [
            ({"base_escrows": 2}, "EncounteredBaseEscrowThreshold"),
            ({"base_escrows": 3}, None),
            ({"total_escrows": 3}, "EncounteredTotalEscrowThreshold"),
            ({"total_escrows": 4}, None),
            ({"escrow_share_from": 3}, "EncounteredEscrowProportionThreshold"),
            ({"escrow_share_from": 4}, None),
            ({"escrow_share_from": 3, "escrow_share": 0.7}, None),
            ({}, None),
        ],
    )
    def test_many_bring_a_job_into_quarantine(self, failing, turn, switches, reason):
        turn(**switches)
        status = failing.cycle()
        assert (status["quarantine"] or {}).get("reason") == reason
        assert status["lastExecution"]["countEscrowed"] == 2
        assert status["lastExecution"]["countEscrowedRaw"] == 3

    def test_it_ends_once_they_are_mended(self, admin, failing, turn):
        turn(base_escrows=2)
        assert failing.cycle()["code"] == "Quarantine"
        admin.delete(f"/faults/{self.fault}")
        assert failing.cycle()["code"] == "Active"

    def test_who_left_does_not_count(self, failing, turn):
        turn(base_escrows=2)
        failing.cycle()
        failing.withdraw(EVE)
        assert failing.cycle()["quarantine"] is None

    def test_after_a_bad_first_cycle_the_service_waits_for_a_person(self, failing, turn):
        turn(pruned_from=2)
        status = failing.cycle()
        assert (status["escrowsPruned"], status["code"]) == (True, "Paused")
        assert failing.read()["schedule"]["state"] == "Paused"
        failing.post("restart")
        assert failing.status()["escrowsPruned"] is False


class TestScopes:
    """What each scope of a restart forgets, of a job with links, an escrow and a quarantine."""

    @pytest.fixture
    def job(self, admin, box, running):
        admin.post("/faults", json={"kind": "409", "method": "POST", "path": "/Users"})
        running.assign(ADA, EVE)
        running.cycle()
        admin.post("/provisioning", json={"job": running.job, "quarantine": "Unknown"})
        self.setup = running
        return box.world.entra.provisioning.jobs[running.job]

    @pytest.mark.parametrize(
        ("scope", "kept"),
        [
            ("Watermark", {"links", "escrows", "quarantine"}),
            ("Escrows", {"links", "watermark", "quarantine"}),
            ("QuarantineState", {"links", "escrows", "watermark"}),
            ("ForceDeletes", {"links", "escrows", "watermark", "quarantine"}),
            ("", {"links"}),
            ("Watermark, Escrows", {"links", "quarantine"}),
            ("Full", set()),
        ],
    )
    def test_it_forgets_just_that(self, job, scope, kept):
        self.setup.post("restart", criteria={"resetScope": scope}).raise_for_status()
        left = {"links": job.links, "escrows": job.escrows, "quarantine": job.quarantine}
        left["watermark"] = not job.initial
        assert {name for name, value in left.items() if value} == kept
        assert job.force_deletes is ("ForceDeletes" in scope or scope == "Full")
