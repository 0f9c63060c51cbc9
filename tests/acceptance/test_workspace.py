"""A workspace without identity federation as a target, and the account through a workspace."""

from __future__ import annotations

import pytest

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.errors import TargetError
from aadsync_lib.model.change import Action
from aadsync_lib.model.run import Result
from aadsync_lib.sandbox import Fault, World
from tests.acceptance.small import company
from tests.acceptance.stage import SALES, TARGET, WorkspaceStage, with_workspace
from tests.acceptance.worlds import BOB, DATA, ETL, FAY, OPS, first_day, second_day


def test_a_first_sync_makes_everybody_once_and_a_second_one_writes_nothing(
    workspace: WorkspaceStage,
) -> None:
    workspace.show(first_day())
    plan = workspace.plan().targets[0]

    report = workspace.sync()

    assert exit_code(report) == 0
    sent = workspace.counts()
    made = 6 + 1 + 4  # people, a service principal, groups
    assert sent["workspace_write"] == made == plan.estimate.requests
    assert plan.estimate.seconds == pytest.approx(made / 35 * 60 / workspace.pace, abs=0.1)
    assert sent["workspace_patch"] == 0
    assert sent.keys() <= {"graph", "workspace_get", "workspace_write", "assignment", "other"}
    groups = workspace.picture()["groups"]
    assert sorted(groups["dbx-all"]["members"]) == ["Data", "Ops", "ada@contoso.com"]
    assert "33333333-0000-4000-8000-00000000aaaa" in groups["Data"]["members"]
    assert workspace.box.world.databricks.snapshot()["users"] == {}

    mark = workspace.box.log.mark()
    assert exit_code(workspace.sync()) == 0
    assert workspace.box.log.writes("databricks", after=mark) == ()


def test_a_day_in_a_workspace_costs_one_patch_for_each_group_or_person(
    workspace: WorkspaceStage,
) -> None:
    workspace.show(first_day())
    workspace.sync()
    before = workspace.picture()
    second_day(workspace.box.world)
    plan, mark = workspace.plan().targets[0], workspace.box.log.mark()

    report = workspace.sync()

    assert exit_code(report) == 0
    writes = workspace.box.log.writes("databricks", after=mark)
    assert len(writes) == plan.estimate.requests
    patched = [entry.path for entry in writes if entry.method == "PATCH"]
    operations = workspace.directory.group("Operations")
    assert sum(path.endswith(operations.id) for path in patched) == 1
    assert before["groups"]["Ops"]["externalId"] == OPS == operations.external_id
    assert workspace.picture()["users"]["fay@contoso.com"]["active"] is False
    assert workspace.sync().targets[0].outcomes == ()

    workspace.clock.advance(60.0)
    with workspace.runner() as runner:
        undone = runner.undo(report.run_id)
    assert exit_code(undone) in {0, 3}
    assert workspace.picture()["groups"] == before["groups"]
    assert workspace.picture()["users"]["fay@contoso.com"]["active"] is True


def test_the_groups_of_a_workspace_and_its_admins_stay_as_they_are(
    workspace: WorkspaceStage,
) -> None:
    workspace.show(first_day())
    workspace.sync()
    sales, entra = workspace.directory, workspace.box.world.entra
    sales.add_group("Boss", members=["bob@contoso.com"])
    sales.add_members(sales.system("admins").id, "Boss", "fay@contoso.com")
    everybody = sales.members("users")
    entra.delete_user(FAY)
    entra.remove_member(DATA, BOB)
    entra.rename_group(ETL, "users")

    report = workspace.sync()

    picture = workspace.picture()
    assert picture["users"]["fay@contoso.com"]["active"] is True
    assert "fay@contoso.com" in picture["groups"]["Ops"]["members"]
    assert "bob@contoso.com" in picture["groups"]["Data"]["members"]
    assert sales.members("users") == everybody
    assert sales.members("admins") >= {"Boss", "fay@contoso.com"}
    assert [one.name for one in report.targets[0].in_quarantine] == ["users"]


def test_admins_that_no_listing_shows_are_admins_all_the_same(workspace: WorkspaceStage) -> None:
    workspace.show(first_day())
    workspace.sync()
    sales = workspace.directory
    sales.add_members(sales.system("admins").id, "fay@contoso.com")
    sales.switches.unlisted = ["admins"]
    workspace.box.world.entra.delete_user(FAY)

    workspace.sync()

    assert workspace.picture()["users"]["fay@contoso.com"]["active"] is True


def test_a_federated_workspace_is_refused_before_anything_is_written(
    workspace: WorkspaceStage,
) -> None:
    world = with_workspace(first_day(), federated=True)
    workspace.show(world)

    for act in (workspace.plan, workspace.sync):
        with pytest.raises(TargetError) as refused:
            act()
        text = str(refused.value)
        assert text.startswith(f"{TARGET}: the workspace takes its identities from its account")
        assert "GET /api/2.0/preview/permissionassignments" in text
        assert "Nothing was changed. Use a target of level account" in text
    assert workspace.box.log.writes("databricks") == ()


@pytest.mark.parametrize("kind", ["403", "404", "500"])
def test_where_federation_cannot_be_told_a_plan_warns_and_goes_on(
    workspace: WorkspaceStage, kind: str
) -> None:
    workspace.show(first_day())
    fault = Fault(kind, "databricks", "GET", "permissionassignments", place=SALES, count=None)
    workspace.box.faults.add(fault)

    report = workspace.sync()

    workspace.box.faults.clear()
    assert exit_code(report) == 0
    (warning,) = report.targets[0].warnings
    assert warning.code == "federation_unknown"
    assert kind in warning.message
    assert "level account" in warning.message


def test_without_federation_nothing_is_warned_of(workspace: WorkspaceStage) -> None:
    workspace.show(company())
    assert workspace.plan().targets[0].warnings == ()


def test_a_login_that_may_not_read_is_told_what_it_needs(workspace: WorkspaceStage) -> None:
    workspace.show(company())
    workspace.box.faults.add(Fault("403", "databricks", "GET", "/scim/v2/", count=None))
    with pytest.raises(TargetError, match=r"the workspace could not be read: .* admin of this"):
        workspace.plan()
    workspace.box.faults.clear()


def test_the_address_of_an_account_is_no_workspace(workspace: WorkspaceStage) -> None:
    workspace.show(World())
    workspace.configure(targets={"host": workspace.box.databricks_url})
    with pytest.raises(TargetError, match="level workspace takes the address of a workspace"):
        workspace.plan()


def test_what_the_login_may_not_write_is_one_failure_each(workspace: WorkspaceStage) -> None:
    workspace.show(first_day())
    workspace.sync()
    second_day(workspace.box.world)
    ops = workspace.directory.group("Ops").id
    workspace.box.faults.add(Fault("403", "databricks", "PATCH", f"Groups/{ops}", count=None))

    report = workspace.sync()

    workspace.box.faults.clear()
    assert exit_code(report) == 3
    refused = [o.change for o in report.failed if o.result is Result.FAILED]
    assert {change.target_id for change in refused} == {ops}
    assert {change.action for change in refused} == {
        Action.RENAME_GROUP,
        Action.ADD_MEMBERS,
        Action.REMOVE_MEMBERS,
    }
    assert workspace.picture()["users"]["cyd@contoso.com"]["displayName"] == "Cyd Rivers"
    assert exit_code(workspace.sync()) == 0
    assert "Operations" in workspace.picture()["groups"]
