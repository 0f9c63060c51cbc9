"""How the notebook about the connector ends, without a notebook."""

from __future__ import annotations

import pytest

from aadsync_lib.connector.changes import own_change
from aadsync_lib.errors import AadsyncError, PartialError, UsageError
from aadsync_lib.model.change import Action
from aadsync_lib.model.connector import ConnectorRun
from aadsync_lib.model.run import Outcome, Result, Status, TargetReport
from aadsync_lib.notebook.connector import SHOWN, ConnectorDesk, _short, _undone
from aadsync_lib.notebook.connector_frames import of_run
from aadsync_lib.notebook.results import check_watched

MADE = Outcome(own_change(Action.CREATE_JOB, "contoso", "there is none"), Result.DONE)
BROKEN = Outcome(
    own_change(Action.ASSIGN, "dbx\x1b[2J", "the settings name it"), Result.FAILED, "403"
)


def run(*outcomes: Outcome, not_accepted: tuple[str, ...] = ()) -> ConnectorRun:
    whole = all(outcome.result is Result.DONE for outcome in outcomes)
    status = Status.SUCCEEDED if whole else Status.PARTIAL
    return ConnectorRun("contoso", "r1", (TargetReport("account", status, outcomes),), not_accepted)


def test_a_setup_that_was_done_ends_well() -> None:
    assert _undone(run(MADE)) is None


def test_a_setup_of_which_a_part_failed_names_it_and_cannot_steer_a_terminal() -> None:
    error = _undone(run(MADE, BROKEN))
    assert isinstance(error, PartialError)
    assert "account: assign dbx" in str(error)
    assert "403" in str(error)
    assert "\x1b" not in str(error)
    ((_, frame),) = of_run(run(MADE, BROKEN))
    assert list(frame["result"]) == ["done", "failed"]


def test_credentials_that_databricks_does_not_take_are_an_error_with_the_remedy() -> None:
    error = _undone(run(MADE, BROKEN, not_accepted=("account",)))
    assert isinstance(error, AadsyncError)
    assert error.exit_code == 1
    assert "account: Databricks does not accept the credentials" in str(error)
    assert "connector.token" in str(error)


@pytest.mark.parametrize("word", ["status", "compare"])
def test_a_confirmation_of_nothing_is_an_error_before_anything_is_read(word: str) -> None:
    desk = ConnectorDesk(None, {}, lambda _: None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="says nothing without do = setup"):
        desk.answer({"do": word, "confirm": "sha256:0"})


def test_of_many_rows_the_result_has_the_first_and_the_number_of_the_others() -> None:
    rows = [{"name": str(number)} for number in range(SHOWN + 3)]
    document = {"kind": "k", "targets": [{"target": "a", "failures": rows, "only_sync": None}]}
    (target,) = _short(document)["targets"]
    assert target == {
        "target": "a", "failures": rows[:SHOWN], "more_failures": 3, "only_sync": None,
    }  # fmt: skip
    assert len(document["targets"][0]["failures"]) == SHOWN + 3


@pytest.mark.parametrize("result", [None, "", "success", "SUCCESS", "excluded"])
def test_a_connector_that_is_well_or_not_watched_leaves_the_report_alone(
    result: str | None,
) -> None:
    check_watched(result)


@pytest.mark.parametrize("result", ["failed", "timedout", "canceled", "upstream_failed"])
def test_a_watch_that_did_not_go_well_fails_the_report(result: str) -> None:
    with pytest.raises(PartialError, match=f"ended as {result}"):
        check_watched(result)
