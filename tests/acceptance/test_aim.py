"""Automatic identity management: groups that it has are left alone, and the way to it is prepared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from aadsync_lib.cli.app import main
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.databricks.state import DatabricksState
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import ADA, BOB, CYD, DATA, ETL, OPS, ROBOT, ROBOT_APP, first_day


@pytest.fixture
def day(stage: Stage) -> Stage:
    stage.show(first_day())
    return stage


@pytest.fixture
def account(day: Stage) -> DatabricksState:
    return day.box.world.databricks


def command(stage: Stage, *words: str) -> Any:
    return CliRunner().invoke(main, [*words, "-c", str(stage.settings_file)])


def report(stage: Stage) -> dict[str, Any]:
    (target,) = json.loads(command(stage, "aim", "report", "--format", "json").stdout)["targets"]
    return target


def named(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


class TestManagedGroup:
    """A group that Databricks fills from Entra by itself."""

    @pytest.fixture
    def filled(self, account: DatabricksState) -> str:
        account.add_user("bob@contoso.com", external_id=BOB)
        return account.add_group("Data", DATA, ["bob@contoso.com"], aim_managed=True).id

    def test_it_is_never_written_and_listed_with_the_reason(self, day: Stage, filled: str) -> None:
        mark = day.box.log.mark()
        outcome = day.sync()
        (target,) = outcome.targets
        reasons = {held.name: held.reason for held in target.quarantined}
        assert "automatic identity management has this group" in reasons["Data"]
        writes = [entry.path for entry in day.box.log.writes("databricks") if entry.seq > mark]
        assert not any(filled in path for path in writes)
        assert target.status is Status.PARTIAL
        assert not target.failed

    def test_it_may_be_a_member_of_a_group_that_is_ours(self, day: Stage, filled: str) -> None:
        day.sync()
        assert "Data" in day.picture()["groups"]["dbx-all"]["members"]

    def test_one_of_ours_that_it_took_over_since_is_left_alone(
        self, day: Stage, account: DatabricksState
    ) -> None:
        day.sync()
        taken = account.group("Data")
        taken.aim_managed = True
        day.box.world.entra.rename_group(DATA, "Records")
        (target,) = day.sync().targets
        assert named([vars_of(held) for held in target.quarantined]) == ["Records"]
        assert account.group("Data") is taken

    def test_an_account_without_that_api_is_written_as_scim_shows_it(
        self, day: Stage, account: DatabricksState
    ) -> None:
        account.add_group("Data", external_id=DATA)
        account.switches.iam_v2 = False
        assert day.sync().status is Status.SUCCEEDED
        assert "bob@contoso.com" in day.picture()["groups"]["Data"]["members"]

    def test_a_local_group_costs_one_request_to_tell(
        self, day: Stage, account: DatabricksState
    ) -> None:
        account.add_group("Data", external_id=DATA)
        assert day.sync().status is Status.SUCCEEDED
        asked = [e for e in day.box.log.entries if "direct-members" in e.path]
        assert len(asked) == 1
        day.box.log.clear()
        assert day.plan().empty
        assert not [e for e in day.box.log.entries if "direct-members" in e.path]


def vars_of(held: Any) -> dict[str, Any]:
    return {"name": held.name}


class TestReport:
    """What would be doubled, blocked or split."""

    def test_each_kind_of_trouble_is_listed(self, day: Stage, account: DatabricksState) -> None:
        account.add_user("ada@contoso.com")
        account.add_user("bob@contoso.com", external_id="an-okta-id")
        account.add_user("cyd@contoso.com", external_id=CYD)
        account.add_service_principal(application_id=ROBOT_APP, display_name="Robot")
        account.add_group("ETL")
        account.add_user("dan@contoso.com")
        account.add_group("Ops", OPS, ["dan@contoso.com"])
        shown = report(day)
        assert named(shown["missing_external_id"]) == [
            "ETL", ROBOT_APP, "ada@contoso.com", "dan@contoso.com",
        ]  # fmt: skip
        (wrong,) = shown["wrong_external_id"]
        assert (wrong["name"], wrong["target_external_id"], wrong["external_id"]) == (
            "bob@contoso.com", "an-okta-id", BOB,
        )  # fmt: skip
        assert named(shown["blocked"]) == ["ETL"]
        assert named(shown["doubled"]) == [
            ROBOT_APP, "ada@contoso.com", "bob@contoso.com", "dan@contoso.com",
        ]  # fmt: skip
        (gap,) = [gap for gap in shown["memberships"] if gap["group"] == "Ops"]
        assert gap["leaving"] == ["dan@contoso.com"]
        assert gap["joining"] == ["eve@contoso.com", "fay@contoso.com"]

    def test_after_a_sync_nothing_stands_in_the_way(self, day: Stage) -> None:
        day.sync()
        shown = report(day)
        places = {"target", "host", "account_id"}
        assert all(not rows for key, rows in shown.items() if key not in places)
        assert "Nothing of this scope stands in the way" in command(day, "aim", "report").stdout

    def test_a_group_that_the_mapping_calls_otherwise_is_blocked_by_its_name_in_entra(
        self, day: Stage, account: DatabricksState
    ) -> None:
        day.configure(mapping={"group_name": "entra-{displayName}"})
        day.sync()
        account.add_group("Ops")
        assert named(report(day)["blocked"]) == ["Ops"]

    def test_it_writes_nothing(self, day: Stage, account: DatabricksState) -> None:
        account.add_user("ada@contoso.com")
        report(day)
        assert not day.box.log.writes("databricks")
        assert not day.store_file.exists()


class TestAlign:
    """The externalIds alone."""

    @pytest.fixture
    def old(self, account: DatabricksState) -> DatabricksState:
        account.add_user("ada@contoso.com", display_name="Ada by hand")
        account.add_user("bob@contoso.com", external_id="an-okta-id")
        account.add_service_principal(application_id=ROBOT_APP, display_name="Robot")
        account.add_group("ETL")
        return account

    def test_missing_ones_are_filled_in_and_nothing_else_is_touched(
        self, day: Stage, old: DatabricksState
    ) -> None:
        before = day.picture()
        done = command(day, "aim", "align")
        assert done.exit_code == 0, done.output
        after = day.picture()
        assert (old.user("ada@contoso.com").external_id, old.group("ETL").external_id) == (ADA, ETL)
        assert after["service_principals"][ROBOT_APP]["externalId"] == ROBOT
        assert old.user("bob@contoso.com").external_id == "an-okta-id"
        assert _without_ids(after) == _without_ids(before)
        assert command(day, "aim", "align").exit_code == 0
        assert len(day.box.log.writes("databricks")) == 3

    @pytest.mark.parametrize(
        "policy",
        [{"adopt": "same_name"}, {"adopt_names": ["bob@contoso.com"]}, {"adopt_names": [BOB]}],
    )
    def test_a_wrong_one_is_replaced_where_the_policy_says_so(
        self, day: Stage, old: DatabricksState, policy: dict[str, Any]
    ) -> None:
        day.configure(policy=policy)
        assert command(day, "aim", "align").exit_code == 0
        assert old.user("bob@contoso.com").external_id == BOB

    def test_adopt_never_takes_nothing_by_its_name(self, day: Stage, old: DatabricksState) -> None:
        day.configure(policy={"adopt": "never"})
        assert command(day, "aim", "align").exit_code == 0
        assert old.user("ada@contoso.com").external_id is None

    def test_protected_stays(self, day: Stage, old: DatabricksState) -> None:
        day.configure(policy={"protected": {"users": ["ada@contoso.com"]}})
        assert command(day, "aim", "align").exit_code == 0
        assert old.user("ada@contoso.com").external_id is None

    def test_the_plan_is_shown_and_nothing_written(self, day: Stage, old: DatabricksState) -> None:
        shown = json.loads(command(day, "aim", "align", "--plan", "--format", "json").stdout)
        (target,) = shown["targets"]
        assert target["counts"] == {
            "adopt_user": 1, "adopt_service_principal": 1, "adopt_group": 1,
        }  # fmt: skip
        assert not day.box.log.writes("databricks")

    def test_undo_takes_it_back(self, day: Stage, old: DatabricksState) -> None:
        before = day.picture()
        with day.runner() as runner:
            run_id = runner.align().run_id
        with day.runner() as runner:
            assert runner.undo(run_id).status is Status.SUCCEEDED
        after = day.picture()
        assert after["groups"] == before["groups"]

    def test_both_end_with_3_where_a_part_of_the_scope_could_not_be_read(self, day: Stage) -> None:
        fault = Fault("403", side="graph", path=f"groups/{OPS}/members", count=None)
        day.box.faults.add(fault)
        codes = [command(day, "aim", each).exit_code for each in ("report", "align")]
        day.box.faults.clear()
        assert codes == [3, 3]

    def test_what_a_sync_has_to_wait_for_still_waits(
        self, day: Stage, old: DatabricksState
    ) -> None:
        day.sync()
        with day.store() as store:
            before = store.quarantine("account")
        assert before
        command(day, "aim", "align")
        with day.store() as store:
            assert store.quarantine("account") == before


def _without_ids(picture: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: {
            name: {key: value for key, value in row.items() if key != "externalId"}
            for name, row in rows.items()
        }
        for kind, rows in picture.items()
    }
