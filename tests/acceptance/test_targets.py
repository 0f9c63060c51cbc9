"""Several targets in one file, each with a scope, a mapping and a policy of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.stale import SOURCE
from aadsync_lib.errors import TargetError
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import Fault, Sandbox, World
from aadsync_lib.wiring import open_planner, open_runner
from tests.acceptance.stage import TARGET, Stage
from tests.acceptance.worlds import BOB, DATA, FAY, OPS, ROBOT_APP, first_day

TOKEN = "SALES_DATABRICKS_TOKEN"  # a name, not a value


@pytest.fixture(scope="module")
def sales() -> Iterator[Sandbox]:
    """Another account."""
    with Sandbox(World()) as started, pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN, started.databricks_token)
        yield started


@pytest.fixture
def both(stage: Stage, sales: Sandbox) -> Stage:
    """A sync of two accounts: one mirrors dbx- groups, the other gets one group, flat, and loses nobody."""
    stage.show(first_day())
    sales.reset(World())
    add(stage, sales, scope={"groups": [{"name": "Data"}], "nested": "flatten"},
        mapping={"group_name": "sales-{displayName}"}, policy={"mode": "additive"})  # fmt: skip
    return stage


def add(stage: Stage, sales: Sandbox, **own: Any) -> None:
    account = stage._settings()["targets"][0]
    other = account | {
        "name": "sales",
        "host": sales.databricks_url,
        "account_id": sales.account_id,
        "auth": {"method": "pat", "token": {"env": TOKEN}},
        **own,
    }
    stage.configure(targets=[account, other])


def groups_of(box: Sandbox) -> dict[str, Any]:
    return box.world.databricks.snapshot()["groups"]


def writes(box: Sandbox) -> int:
    return len(
        [e for e in box.log.select(auth=False) if e.side == "databricks" and e.method != "GET"]
    )


def test_each_target_gets_its_own_view_of_one_read(both: Stage, sales: Sandbox) -> None:
    mark = both.box.log.mark()
    report = both.sync()
    assert report.status is Status.SUCCEEDED
    graph = both.counts(after=mark)["graph"]
    assert list(groups_of(both.box)) == ["Data", "ETL", "Ops", "dbx-all"]
    assert groups_of(sales) == {
        "sales-Data": {
            "externalId": DATA,
            "members": [ROBOT_APP, "bob@contoso.com", "cyd@contoso.com", "dan@contoso.com"],
        }
    }
    assert list(sales.world.databricks.snapshot()["users"]) == [
        "bob@contoso.com", "cyd@contoso.com", "dan@contoso.com",
    ]  # fmt: skip
    again = both.box.log.mark()
    sent = writes(sales)
    assert both.plan().empty
    assert both.sync().status is Status.SUCCEEDED
    assert writes(sales) == sent
    assert graph <= both.counts(after=again)["graph"] / 2 + 1


def test_the_policy_of_a_target_is_its_own(both: Stage, sales: Sandbox) -> None:
    both.sync()
    both.box.world.entra.remove_member(DATA, BOB)
    both.box.world.entra.delete_user(FAY)
    both.sync()
    assert "bob@contoso.com" in groups_of(sales)["sales-Data"]["members"]
    assert "bob@contoso.com" not in groups_of(both.box)["Data"]["members"]
    assert not both.picture()["users"]["fay@contoso.com"]["active"]


def test_a_target_that_cannot_be_read_stops_the_first_write_of_all(
    both: Stage, sales: Sandbox
) -> None:
    sales.faults.add(Fault("403", side="databricks", path="/Groups", count=None))
    with pytest.raises(TargetError, match="sales"):
        both.sync()
    sales.faults.clear()
    assert groups_of(both.box) == {}
    assert writes(sales) == 0


def test_a_target_that_the_guard_refuses_stops_the_first_write_of_all(
    both: Stage, sales: Sandbox
) -> None:
    both.sync()
    add(both, sales, scope={"groups": [{"name": "Data"}], "nested": "direct"},
        policy={"limits": {"members_removed": {"count": 0}}})  # fmt: skip
    both.box.world.entra.add_member(OPS, BOB)
    with pytest.raises(RefusedError, match="sales: members_removed is 2, allowed 0"):
        both.sync()
    assert "bob@contoso.com" not in groups_of(both.box)["Ops"]["members"]


def test_one_target_alone_reads_and_remembers_its_own_scope(both: Stage, sales: Sandbox) -> None:
    both.sync()
    with both.store() as store:
        known = {root.selector for root in store.roots()}
    assert known == {"prefix:dbx-", "name:Data"}
    mark = both.box.log.mark()
    both.box.world.entra.rename_group(DATA, "Records")
    with open_runner(both.settings, only="sales", clock=both.clock) as runner:
        report = runner.sync()
    assert [target.target for target in report.targets] == ["sales"]
    assert list(groups_of(sales)) == ["sales-Records"]
    assert list(groups_of(both.box)) == ["Data", "ETL", "Ops", "dbx-all"]
    assert not any(OPS in entry.path for entry in both.box.log.select(after=mark))
    with both.store() as store:
        assert {root.selector for root in store.roots()} == known


def test_what_a_target_does_not_see_holds_nothing_of_it_back(both: Stage, sales: Sandbox) -> None:
    both.sync()
    add(both, sales, scope={"groups": [{"name": "Data"}], "nested": "flatten"})
    both.box.faults.add(Fault("403", side="graph", path=f"groups/{OPS}/members", count=None))
    both.box.world.entra.remove_member(DATA, BOB)
    report = both.sync()
    both.box.faults.clear()
    status = {target.target: target.status for target in report.targets}
    assert status == {TARGET: Status.PARTIAL, "sales": Status.SUCCEEDED}
    members = sales.world.databricks.snapshot()["groups"]["Data"]["members"]
    assert "bob@contoso.com" not in members


def test_explain_tells_each_target_by_its_own_scope(both: Stage) -> None:
    both.sync()
    planner = open_planner(both.settings, clock=both.clock)
    cyd = planner.explain("cyd@contoso.com").people
    assert [[there.target for there in person.targets] for person in cyd] == [[TARGET], ["sales"]]
    assert [len(person.paths.listed[0].steps) for person in cyd] == [3, 2]
    (nobody,) = planner.explain("nobody@contoso.com").unknown
    assert nobody == "nobody@contoso.com"
    eve = planner.explain("eve@contoso.com").people
    assert [person.identity.place.value for person in eve] == ["in_scope", "out_of_scope"]


def test_undo_goes_by_the_policy_of_the_target(both: Stage, sales: Sandbox) -> None:
    run = both.sync().run_id
    with both.runner() as runner:
        runner.undo(run)
    assert groups_of(both.box) == {}
    assert list(groups_of(sales)) == ["sales-Data"]


def test_a_display_name_is_made_of_what_entra_has_for_one_target_alone(
    both: Stage, sales: Sandbox
) -> None:
    both.box.world.entra.update_user(BOB, givenName="Bob", surname="King", department="Data")
    add(both, sales, scope={"groups": [{"name": "Data"}]},
        mapping={"display_name": "{surname}, {givenName} ({department})"})  # fmt: skip
    assert both.sync().status is Status.SUCCEEDED
    shown = [box.world.databricks.snapshot()["users"] for box in (both.box, sales)]
    assert [users["bob@contoso.com"]["displayName"] for users in shown] == [
        "Bob",
        "King, Bob (Data)",
    ]
    assert shown[1]["cyd@contoso.com"]["displayName"] == "cyd@contoso.com"
    assert both.plan().empty


def command(both: Stage, *words: str) -> str:
    """Run a command and return what it wrote to both streams."""
    ran = CliRunner().invoke(main, (*words, "-c", str(both.settings_file)))
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_a_saved_plan_of_one_target_is_applied_as_it_is(
    both: Stage, sales: Sandbox, tmp_path: Path
) -> None:
    plan, sent = str(tmp_path / "plan.json"), writes(sales)
    command(both, "plan", "--target", TARGET, "--save", plan)
    command(both, "apply", plan)
    assert "Data" in groups_of(both.box)
    command(both, "undo", "last", "--target", TARGET, "--save", plan)
    command(both, "apply", plan, "--approve", json.loads(Path(plan).read_text())["digest"])
    assert groups_of(both.box) == {}
    assert writes(sales) == sent


@pytest.mark.parametrize("then", [(), ("--target", "sales")])
@pytest.mark.parametrize("now", [(), ("--target", "sales")])
def test_entra_has_changed_since_a_plan_of_other_targets_only_if_it_has(
    both: Stage, tmp_path: Path, then: tuple[str, ...], now: tuple[str, ...]
) -> None:
    plan = str(tmp_path / "plan.json")
    command(both, "plan", *then, "--save", plan)
    words = ("plan", *now, "--against", plan)
    assert SOURCE not in command(both, *words)
    both.box.world.entra.remove_member(DATA, BOB)
    assert (SOURCE in command(both, *words)) == (then == now)
    assert "no longer planned: create user bob@contoso.com" in command(both, *words)
