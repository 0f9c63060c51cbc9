"""What the store tells of runs against the sandbox: on the command line, and as frames."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.errors import UsageError
from aadsync_lib.history import History
from aadsync_lib.model.run import RunReport
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import ADA, BOB, DATA, ETL, FAY, OPS, ROOT, first_day, second_day

DAY = 86_400.0


def sync(stage: Stage) -> RunReport:
    stage.clock.advance(DAY)
    return stage.sync()


def two_days(stage: Stage) -> list[RunReport]:
    stage.show(first_day())
    runs = [sync(stage)]
    second_day(stage.box.world)
    return [*runs, sync(stage)]


def asked(stage: Stage, *words: str) -> Any:
    found = CliRunner().invoke(
        main, ["history", *words, "-c", str(stage.settings_file), "--format", "json"]
    )
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def past(stage: Stage) -> History:
    return History(stage.store(), stage.clock)


def test_history_needs_no_login(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two_days(stage)
    for name in Stage.environment_of(stage.box):
        monkeypatch.delenv(name)
    mark = stage.box.log.mark()
    assert [one["run_id"] for one in asked(stage)["runs"]] == [second.run_id, first.run_id]
    assert stage.counts(after=mark).total() == 0


def test_when_and_by_which_run_somebody_got_in_and_out(stage: Stage) -> None:
    first, second = two_days(stage)
    found = asked(stage, "--user", "ada@contoso.com")["memberships"]
    assert [(one["group"]["external_id"], one["run_id"], one["ended_by"]) for one in found] == [
        (ROOT, first.run_id, second.run_id)
    ]
    since, until = (datetime.fromisoformat(found[0][key]) for key in ("since", "until"))
    assert timedelta(days=1) <= until - since < timedelta(days=1, hours=1)


def test_who_was_in_a_group_on_a_date_at_any_depth(stage: Stage) -> None:
    two_days(stage)
    today = datetime.fromtimestamp(stage.clock.now(), UTC).date()

    def on(day: date) -> set[str]:
        found = asked(stage, "--group", "dbx-all", "--on", day.isoformat())["memberships"]
        return {one["member"]["external_id"] for one in found}

    before, after = on(today - timedelta(days=1)), on(today)
    assert {ADA, BOB, DATA, OPS, ETL, FAY} <= before
    assert ADA not in after
    assert FAY not in after
    assert BOB in after
    assert on(today - timedelta(days=2)) == set()


def test_frame_of_runs_has_its_columns_in_their_dtypes(stage: Stage) -> None:
    first, second = two_days(stage)
    frame = past(stage).runs()
    assert list(frame["run_id"]) == [second.run_id, first.run_id]
    assert list(frame["status"]) == ["succeeded", "succeeded"]
    assert frame["changes"].tolist() == [
        sum(one.targets[0].applied.values()) for one in (second, first)
    ]
    assert str(frame.dtypes["started_at"]) == "datetime64[ns, UTC]"
    assert str(frame.dtypes["changes"]) == "Int64"
    assert str(frame.dtypes["user"]) == "string"
    assert (frame["ended_at"] >= frame["started_at"]).all()


def test_frame_of_outcomes_is_that_of_the_runs_together_and_narrows(stage: Stage) -> None:
    first, second = two_days(stage)
    history = past(stage)
    every = history.outcomes()
    assert set(every["run_id"]) == {first.run_id, second.run_id}
    one = history.outcomes(second.run_id)
    assert len(one) == len(second.to_frame())
    assert set(one["run_id"]) == {second.run_id}
    assert history.outcomes(second.run_id)["target_id"].notna().all()
    renamed = history.outcomes("last", action="rename_group")
    assert json.loads(renamed["before"].item()) == {"displayName": "Ops"}
    assert json.loads(renamed["after"].item()) == {"displayName": "Operations"}
    bob = history.outcomes(user="bob@contoso.com", group="Lab")
    assert list(bob["action"]) == ["add_members"]
    assert list(bob["member"]) == ["bob@contoso.com"]
    with pytest.raises(UsageError, match="no action"):
        history.outcomes(action="explode")


def test_frame_of_memberships_of_a_date_joins_with_that_of_the_runs(stage: Stage) -> None:
    first, _ = two_days(stage)
    history = past(stage)
    today = datetime.fromtimestamp(stage.clock.now(), UTC)
    before, now = history.memberships(on=today.date() - timedelta(days=1)), history.memberships()
    assert len(before) == 10
    assert set(before["run_id"]) == {first.run_id}
    assert set(before["how"]) == {"added"}
    assert before["until"].notna().any()
    assert now["until"].isna().all()
    assert list(history.memberships(on=today).columns) == list(now.columns)
    joined = pd.merge(before, history.runs(), on="run_id")
    assert len(joined) == 10


def test_frame_of_quarantine_counts_the_runs(stage: Stage) -> None:
    stage.show(first_day())
    stage.box.world.entra.rename_group(OPS, "data")
    sync(stage)
    sync(stage)
    frame = past(stage).quarantine()
    assert set(frame["external_id"]) == {DATA, OPS}
    assert list(frame["times"]) == [2, 2]
    assert (frame["last_seen"] - frame["first_seen"] >= pd.Timedelta(days=1)).all()


@pytest.mark.parametrize(("policy", "result"), [("repair", "done"), ("report", "left")])
def test_frame_of_drift_has_what_was_mended_and_what_was_left(
    stage: Stage, policy: str, result: str
) -> None:
    stage.show(first_day())
    stage.configure(policy={"drift": policy})
    sync(stage)
    account = stage.box.world.databricks
    with account.lock:
        group = next(one for one in account.groups.values() if one.display_name == "Ops")
        account.add_user("mallory@contoso.com")
        mallory = next(one for one in account.users.values() if "mallory" in one.user_name)
        account.add_members(group.id, mallory.id)
    run = sync(stage)
    frame = past(stage).drift()
    assert list(frame["result"]) == [result]
    assert list(frame["action"]) == ["remove_members"]
    assert list(frame["member"]) == ["mallory@contoso.com"]
    assert list(frame["run_id"]) == [run.run_id]


def test_frames_of_a_store_that_is_not_there_have_the_same_dtypes(stage: Stage) -> None:
    history = History.open(stage.settings)
    empty = {name: getattr(history, name)() for name in FRAMES}
    assert all(len(frame) == 0 for frame in empty.values())
    assert not stage.store_file.exists()
    two_days(stage)
    full = {name: getattr(History.open(stage.settings_file), name)() for name in FRAMES}
    for name in FRAMES:
        assert empty[name].dtypes.to_dict() == full[name].dtypes.to_dict(), name


FRAMES = ("runs", "outcomes", "memberships", "quarantine", "drift")
