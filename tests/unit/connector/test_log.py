"""Failures of the provisioning log."""

from __future__ import annotations

from typing import Any

from aadsync_lib.connector.status.log import causes, failures_of

JOB = "dataBricks.t.1"


def row(
    object_id: str | None, status: str, minute: int, code: str | None = None, **more: Any
) -> dict[str, Any]:
    error = {"errorCode": code, "reason": f"{code} happened", "recommendedAction": None}
    return {
        "id": f"{object_id}-{minute}",
        "activityDateTime": f"2026-11-30T10:{minute:02}:00.1234567Z",
        "provisioningAction": "create",
        "jobId": JOB,
        "sourceIdentity": {"id": object_id, "displayName": f"name of {object_id}"},
        "provisioningStatusInfo": {"status": status, "errorInformation": error if code else None},
    } | more


def test_the_newest_entry_of_an_object_counts_whatever_order_they_come_in() -> None:
    rows = [
        row("a", "success", 3),
        row("a", "failure", 1, "Conflict"),
        row("b", "failure", 2, "Conflict"),
        row("b", "success", 1),
        row("c", "skipped", 5),
        row("c", "failure", 4, "Timeout"),
    ]
    assert [failure.name for failure in failures_of(rows)] == ["name of b"]
    assert failures_of(rows) == failures_of(reversed(rows))


def test_the_same_failure_of_every_retry_is_one_and_the_newest_comes_first() -> None:
    rows = [row("a", "failure", minute, "Conflict") for minute in range(5)]
    rows.append(row("b", "failure", 9, "Conflict"))
    first, second = failures_of(rows)
    assert (first.name, second.name) == ("name of b", "name of a")
    assert second.when == "2026-11-30T10:04:00.1234567Z"


def test_rows_of_another_job_do_not_count() -> None:
    rows = [row("a", "failure", 1, "Conflict", jobId="other"), row("b", "failure", 1, "Conflict")]
    assert [failure.name for failure in failures_of(rows, JOB)] == ["name of b"]


def test_rows_of_beta_are_read_and_a_row_of_nothing_does_no_harm() -> None:
    old = {
        "activityDateTime": "2026-11-30T10:00:00Z",
        "action": "Update",
        "statusInfo": {"status": "failure", "errorCode": "X", "reason": "no", "recommendedAction": "do"},
        "sourceIdentity": {"displayName": "Ada"},
    }  # fmt: skip
    failures = failures_of([old, {}, {"provisioningStatusInfo": {"status": "failure"}}])
    assert [(each.name, each.action, each.code, each.recommended) for each in failures] == [
        ("Ada", "Update", "X", "do"), ("unknown object", None, None, None),
    ]  # fmt: skip


def test_members_that_are_typed_as_a_collection_are_read_like_an_object() -> None:
    listed = row("a", "failure", 1, "Conflict")
    listed["sourceIdentity"] = [listed["sourceIdentity"]]
    assert failures_of([listed])[0].name == "name of a"


def test_microsofts_own_recommendation_stands_before_ours() -> None:
    own = row("a", "failure", 1, "Conflict")
    own["provisioningStatusInfo"]["errorInformation"]["recommendedAction"] = "Call us."
    assert failures_of([own])[0].recommended == "Call us."
    assert "another object" in str(failures_of([row("a", "failure", 1, "Conflict")])[0].recommended)
    assert failures_of([row("a", "failure", 1, "NewCode")])[0].recommended is None


def test_failures_of_one_cause_stand_together_the_most_first() -> None:
    rows = [
        row("a", "failure", 1, "Timeout"),
        row("b", "failure", 2, "Conflict"),
        row("c", "failure", 3, "Conflict"),
        row("d", "failure", 4, None),
    ]
    assert [(cause.code, len(cause.failures)) for cause in causes(failures_of(rows))] == [
        ("Conflict", 2), ("Timeout", 1), ("no code", 1),
    ]  # fmt: skip
