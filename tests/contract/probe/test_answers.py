"""Every answer of Databricks, both ways: what is assumed, and what is seen when it differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aadsync_lib.doctor.probe.report import exit_code
from aadsync_lib.sandbox.faults import Fault
from tests.contract.probe.conftest import ADA, Lab, row

# Switches, the probe that shows them, what it then sees, and its status.
DIFFERENCES = [
    ({"unknown_application_id": "error"}, "service_principal.create", "refused; one of Databricks' own was made instead (400)", "safe"),
    ({"application_id_case": "upper"}, "service_principal.application_id", "in another case", "safe"),
    ({"external_id_case": "upper"}, "service_principal.external_id", "in another case", "safe"),
    ({"external_id_case": "upper"}, "group.external_id", "in another case", "safe"),
    ({"service_principal_external_id": "dropped"}, "service_principal.external_id", "not stored", "matters"),
    ({"group_external_id": "dropped"}, "group.external_id", "not stored", "matters"),
    ({"deaf": {"displayName": -1}}, "service_principal.rename", "deaf", "matters"),
    ({"deaf": {"active": -1}}, "service_principal.active", "deaf", "matters"),
    ({"deaf": {"externalId": -1}}, "service_principal.external_id_change", "deaf", "matters"),
    ({"deaf": {"group.displayName": -1}}, "group.rename", "deaf", "matters"),
    ({"deaf": {"group.externalId": -1}}, "group.external_id_change", "deaf", "matters"),
    ({"deaf": {"members.add": -1}}, "members.add", "deaf", "matters"),
    ({"deaf": {"members.remove": -1}}, "members.remove", "deaf", "matters"),
    ({"deaf": {"members.add": -1}}, "group.nested", "deaf", "matters"),
    ({"repeated_membership": "error"}, "members.add_again", "refused (400)", "safe"),
    ({"repeated_membership": "error"}, "members.remove_absent", "refused (400)", "safe"),
    ({"unknown_member": "error"}, "members.unknown", "refused (404)", "safe"),
    ({"cycles": "accepted"}, "group.circle", "taken", "safe"),
    ({"trim_names": True}, "group.trim", "the space is taken off", "safe"),
    ({"case_variant_groups": False}, "group.case", "taken for the same name, with 409", "safe"),
    ({"case_variant_groups": False, "name_folding": "fold"}, "group.folding", "taken for the same name, with 409", "safe"),
    ({"list_lag": {"Groups": 1}}, "group.listed", "not within 75 s", "matters"),
    ({"list_lag": {"ServicePrincipals": 1}}, "service_principal.listed", "not within 75 s", "matters"),
    ({"list_lag": {"Groups": 1}, "lag_filters": True}, "group.filtered", "not within 75 s", "matters"),
    ({"list_lag": {"Groups": 1}, "lagging_listings": {"Groups": 2}}, "group.listed", "later (after 3 s)", "safe"),
    ({"list_lag": {"ServicePrincipals": 1}, "lagging_listings": {"ServicePrincipals": 1}}, "service_principal.listed", "later (after 1 s)", "safe"),
]  # fmt: skip
DEAF = "answered as done; nothing had changed after 75 s"


def turn(lab: Lab, switches: dict) -> None:
    for name, value in switches.items():
        lab.switches.turn(name, value)


@contextmanager
def nothing_real_touched(lab: Lab) -> Iterator[None]:
    """Hold that what was there stays as it was, and that nobody in it becomes a member of anything."""
    before = lab.state.snapshot()
    yield
    assert lab.state.snapshot() == before
    ours = {
        e.path.rpartition("/")[2] for e in lab.box.log.entries if e.method in {"PATCH", "DELETE"}
    }
    assert not ours & {lab.state.user(ADA).id, lab.state.group("Data").id}


def test_an_account_as_it_is_assumed_shows_no_difference(lab):
    with nothing_real_touched(lab):
        result = lab.probe()
    assert {row.status for row in result.rows} == {"assumed"}
    assert {probe for _, probe, _, _ in DIFFERENCES} <= {row.probe for row in result.rows}
    assert all(row.seen.startswith(row.assumed) for row in result.rows)
    assert (exit_code([result]), result.left, result.error) == (0, (), None)


@pytest.mark.parametrize(("switches", "probe", "seen", "status"), DIFFERENCES)
def test_a_difference_is_seen_where_it_is_and_nowhere_else(lab, switches, probe, seen, status):
    turn(lab, switches)
    with nothing_real_touched(lab):
        result = lab.probe()
    found = row(result, probe)
    assert (found.seen, found.status) == (DEAF if seen == "deaf" else seen, status)
    assert found.meaning
    assert exit_code([result]) == (3 if status == "matters" else 0)
    assert lab.objects() == set()


def test_a_read_that_lags_is_later_and_no_failure(lab):
    lab.switches.stale_seconds, lab.switches.stale_share = 60.0, 1.0
    real, moved = lab.state.clock, [0.0]
    sleep = lab.clock.sleep

    def waits(seconds):
        moved[0] += seconds
        sleep(seconds)

    lab.clock.sleep = waits
    lab.state.clock = lambda: real() + moved[0]
    result = lab.probe()
    found = row(result, "group.read_back")
    assert found.status in {"safe", "assumed"}
    assert row(result, "members.add").seen.startswith("done (shown after ")
    assert {r.status for r in result.rows} <= {"assumed", "safe"}
    assert lab.objects() == set()


@pytest.mark.parametrize(
    ("retry_after", "seen"),
    [
        ("2", "2 answers of 429, with Retry-After of 2 to 2 s"),
        (None, "2 answers of 429, without Retry-After"),
    ],
)
def test_rate_limits_are_told_as_they_were_met(lab, retry_after, seen):
    lab.box.faults.add(
        Fault("429", side="databricks", method="PATCH", count=2, retry_after=retry_after)
    )
    found = lab.row("rate_limits")
    assert (found.seen, found.status) == (seen, "safe")


def test_a_target_that_makes_doubles_is_told_and_they_are_removed(lab, monkeypatch):
    monkeypatch.setattr("aadsync_lib.sandbox.databricks.writes._check_group_name", lambda *_: None)
    found = lab.row("group.duplicate")
    assert (found.seen, found.status) == ("made a second time", "matters")
    assert lab.objects() == set()


class TestUse:
    """What the settings make no use of is no difference that matters."""

    def test_nesting_under_flatten(self, lab):
        lab.switches.turn("deaf", {"members.add": -1})
        assert row(Lab(lab.box, nested="preserve").probe(), "group.nested").status == "matters"
        found = row(Lab(lab.box, nested="flatten").probe(), "group.nested")
        assert found.status == "safe"
        assert found.meaning.startswith("These settings make no use of it; a sync that does: ")

    def test_service_principals_that_are_left_out(self, lab):
        lab.switches.turn("deaf", {"displayName": -1})
        result = Lab(lab.box, service_principals=False).probe()
        assert row(result, "service_principal.rename").status == "safe"
        assert exit_code([result]) == 0


class TestRefused:
    """Requests that the login may not send, or that Databricks does not take."""

    def test_a_service_principal_that_cannot_be_made_leaves_the_rest_to_be_tried(self, lab):
        lab.box.faults.add(
            Fault("403", side="databricks", method="POST", path="ServicePrincipals", count=None)
        )
        result = lab.probe()
        found = row(result, "service_principal.create")
        assert (found.status, found.meaning) == (
            "matters",
            "The login may not do this: it must be an account admin's.",
        )
        assert row(result, "group.create").status == "untried"
        assert row(result, "members.add").seen == "not tried: no service principal could be made"
        assert row(result, "group.rename").status == "assumed"
        assert exit_code([result]) == 3

    def test_where_no_group_can_be_made_it_could_not_run(self, lab):
        lab.box.faults.add(
            Fault("403", side="databricks", method="POST", path="Groups", count=None)
        )
        result = lab.probe()
        assert result.error == "no group could be made, so there was nothing to try the rest on"
        assert exit_code([result]) == 1
        assert lab.objects() == set()

    def test_a_login_that_is_refused_could_not_run_and_nothing_was_made(self, lab, monkeypatch):
        monkeypatch.setenv("DATABRICKS_TOKEN", "wrong")
        result = lab.probe()
        assert exit_code([result]) == 1
        assert "Databricks does not accept this login" in result.error
        assert (result.rows, lab.objects()) == ((), set())

    def test_only_2_1_is_probed_where_2_0_is_closed(self, lab):
        lab.switches.scim_20 = False
        result = lab.probe()
        assert (result.api, exit_code([result])) == ("2.1", 0)
        assert lab.objects() == set()

    def test_texts_of_the_server_lose_what_looks_like_a_person(self, lab):
        body = {"error_code": "X", "message": f"asked by {ADA}, see <{ADA}>"}
        lab.box.faults.add(
            Fault("400", side="databricks", method="DELETE", path="ServicePrincipals", body=body)
        )
        found = lab.row("service_principal.delete")
        assert "asked by …@…, see <…@…>" in found.seen
        assert ADA not in repr(found)
