"""An account through one of its workspaces: for workspace admins and managers of groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.doctor.examine import doctor
from aadsync_lib.errors import TargetError
from aadsync_lib.sandbox import Fault, Sandbox
from tests.acceptance.small import ADA, BOB, CYD, DATA, OPS, A, B, C, company
from tests.acceptance.stage import MANAGER, SALES, Stage, ThroughWorkspace, with_workspace

PROXY = "/api/2.0/account/scim/v2/"


@pytest.fixture
def managed(box: Sandbox, tmp_path: Path) -> ThroughWorkspace:
    """An account as its admin left it, on a day on which two groups change; Ada manages one of them."""
    for name in ("admin", "manager"):
        (tmp_path / name).mkdir()
    box.reset(with_workspace(company(), federated=True))
    admin = Stage(box, tmp_path / "admin")
    admin.sync()
    account, entra = box.world.databricks, box.world.entra
    ada = account.user(A).id
    account.group("dbx-data").managers.append(ada)
    box.workspaces[SALES].state.assign(A)
    box.workspaces[SALES].state.add_token(MANAGER, A)
    entra.add_member(DATA, CYD)
    entra.remove_member(DATA, BOB)
    entra.remove_member(OPS, CYD)
    entra.add_member(OPS, ADA)
    box.log.clear()
    return ThroughWorkspace(box, tmp_path / "manager")


def test_a_group_manager_syncs_the_groups_that_are_theirs(managed: ThroughWorkspace) -> None:
    managed.clock.advance(60.0)
    report = managed.sync()

    assert exit_code(report) == 3
    assert managed.directory.members("dbx-data") == {A, C}
    assert managed.directory.members("dbx-ops") == {B, C}
    assert {o.change.name for o in report.failed} == {"dbx-ops"}
    assert all("403" in str(o.reason) for o in report.failed)
    paths = {e.path for e in managed.box.log.select("databricks", auth=False)}
    scim = {path for path in paths if "/scim/v2/" in path}
    assert {path for path in scim if "/accounts/" not in path} > {PROXY + "Users", PROXY + "Groups"}
    # The host's name does not tell what it is: the account's own paths are tried once.
    assert sum("/accounts/" in e.path for e in managed.box.log.select("databricks")) == 2


def test_a_workspace_admin_makes_people_and_groups(managed: ThroughWorkspace) -> None:
    managed.box.workspaces[SALES].state.assign(A, "ADMIN")
    entra = managed.box.world.entra
    new = entra.add_user("new@contoso.com")
    entra.add_group("dbx-new", members=[new])

    report = managed.sync()

    assert managed.directory.members("dbx-new") == {"new@contoso.com"}
    assert {o.change.name for o in report.failed} == {"dbx-ops"}


def test_who_may_not_read_is_told_which_rights_a_workspace_asks_for(
    managed: ThroughWorkspace,
) -> None:
    managed.directory.group("dbx-data").managers.clear()
    with pytest.raises(TargetError, match="an admin of it or a manager of the groups in scope"):
        managed.sync()


def test_where_a_workspace_hides_who_is_admin_everybody_stays(managed: ThroughWorkspace) -> None:
    account = managed.directory
    bosses = account.add_group("Bosses", members=[B], roles=["account_admin"])
    managed.box.faults.add(
        Fault("403", "databricks", "GET", f"Groups/{bosses.id}", count=None, place=SALES)
    )

    report = managed.sync()

    managed.box.faults.clear()
    assert "admins_hidden" in {w.code for w in report.targets[0].warnings}
    assert account.members("dbx-data") == {A, B, C}


def test_doctor_says_by_what_way_it_reads(managed: ThroughWorkspace) -> None:
    findings = doctor(managed.settings)
    (login,) = [f for f in findings if f.check == "target account"]
    assert login.status == "ok"
    assert "reads the account through a workspace; it lists 3 users" in login.detail
