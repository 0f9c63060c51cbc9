"""One person or one group, at once: only what concerns them, and everything else is left for the next run."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from aadsync_lib.cli import main
from aadsync_lib.engine.on_demand import NobodyError
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.sandbox import Fault
from tests.acceptance.small import ADA, BOB, CYD, DATA, OPS, A, B, C, applied, company
from tests.acceptance.stage import Stage


@pytest.fixture(params=["0", "24h"])
def synced(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    """A small company that was synced; with a mirror of both sides to go by, or without one."""
    stage.full_every = request.param
    stage.configure()
    stage.show(company())
    stage.sync()
    return stage


def sync(stage: Stage, **name: str) -> RunReport:
    with stage.runner() as runner:
        return runner.sync(**name)  # type: ignore[arg-type]


def members(stage: Stage, group: str) -> set[str]:
    return set(stage.picture()["groups"][group]["members"])


def test_a_person_alone_is_made_put_into_groups_and_taken_out_of_them(synced: Stage) -> None:
    entra = synced.box.world.entra
    dee, eve = (entra.add_user(f"{name}@contoso.com") for name in ("dee", "eve"))
    for who in (dee, eve):
        entra.add_member(DATA, who)
    entra.remove_member(DATA, ADA)
    report = sync(synced, user="DEE@contoso.com")
    assert applied(report) == {"create_user": 1, "add_members": 1}
    assert (report.full, report.status) == (False, Status.SUCCEEDED)
    assert members(synced, "dbx-data") == {A, B, "dee@contoso.com"}
    assert "eve@contoso.com" not in synced.picture()["users"]
    assert applied(sync(synced, user=ADA)) == {"remove_members": 1, "deactivate_user": 1}
    synced.sync()
    assert members(synced, "dbx-data") == {B, "dee@contoso.com", "eve@contoso.com"}
    assert synced.plan().empty


def test_a_group_alone_is_followed_with_whoever_it_needs(synced: Stage) -> None:
    entra = synced.box.world.entra
    dee = entra.add_user("dee@contoso.com")
    for group in (DATA, OPS):
        entra.add_member(group, dee)
    entra.remove_member(OPS, BOB)
    entra.update_user(CYD, displayName="Cyd C")
    report = sync(synced, group="DBX-Data")
    assert applied(report) == {"create_user": 1, "add_members": 1}
    assert members(synced, "dbx-ops") == {B, C}
    assert not synced.plan().empty
    synced.sync()
    assert members(synced, "dbx-ops") == {C, "dee@contoso.com"}


def test_a_group_that_is_new_is_made_for_the_one_who_is_asked_for(synced: Stage) -> None:
    synced.box.world.entra.add_group("dbx-new", members=[ADA, CYD])
    assert applied(sync(synced, user="ada@contoso.com")) == {"create_group": 1, "add_members": 1}
    assert members(synced, "dbx-new") == {A}
    synced.sync()
    assert members(synced, "dbx-new") == {A, C}


def test_somebody_who_is_gone_from_entra_is_found_among_those_of_the_sync(synced: Stage) -> None:
    synced.box.world.entra.delete(CYD, soft=False)
    report = sync(synced, user=C)
    assert report.applied["deactivate_user"] == 1
    assert not synced.picture()["users"][C]["active"]


@pytest.mark.parametrize(
    "name", [{"user": "nobody"}, {"group": "nobody"}, {"user": " "}, {"group": A}]
)
def test_a_name_that_nobody_has_is_an_error_and_changes_nothing(
    synced: Stage, name: dict[str, str]
) -> None:
    before = synced.picture()
    with pytest.raises(NobodyError, match="Nothing was changed"):
        sync(synced, **name)
    assert synced.picture() == before


def test_a_name_that_several_have_is_an_error_that_lists_them(synced: Stage) -> None:
    entra = synced.box.world.entra
    ids = [entra.add_user(f"dee{n}@contoso.com", displayName="Dee") for n in range(2)]
    with pytest.raises(NobodyError) as caught:
        sync(synced, user="Dee")
    assert all(key in str(caught.value) for key in ids)


def test_what_waits_of_others_goes_on_waiting(synced: Stage) -> None:
    entra = synced.box.world.entra
    entra.add_member(DATA, CYD)
    synced.box.faults.add(Fault("400", side="databricks", method="PATCH", count=None))
    assert synced.sync().status is Status.PARTIAL
    synced.box.faults.clear()
    with synced.store() as store:
        waiting = store.retries("account")
    assert waiting
    assert applied(sync(synced, user=ADA)) == {}
    with synced.store() as store:
        assert store.retries("account") == waiting


def test_the_guard_judges_what_is_done(synced: Stage) -> None:
    synced.configure(policy={"limits": {"groups_emptied": {"count": 0}}})
    entra = synced.box.world.entra
    for who in (ADA, BOB):
        entra.remove_member(DATA, who)
    with pytest.raises(RefusedError):
        sync(synced, group="dbx-data")
    assert applied(sync(synced, user=ADA))["remove_members"] == 1


def test_the_next_run_of_all_reads_everything(synced: Stage) -> None:
    synced.full_every = "24h"
    synced.configure()
    synced.sync()
    assert not synced.sync().full
    sync(synced, user=ADA)
    assert synced.sync().full


def _cli(stage: Stage, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "-c", str(stage.settings_file)])


def test_the_command_line_plans_and_syncs_one_of_them(synced: Stage) -> None:
    entra = synced.box.world.entra
    entra.add_member(DATA, CYD)
    entra.remove_member(OPS, BOB)
    shown = json.loads(_cli(synced, "plan", "--user", C, "--format", "json").stdout)
    (target,) = shown["targets"]
    assert [each["action"] for each in target["changes"]] == ["add_members"]
    assert target["warnings"][-1]["code"] == "on_demand"
    assert _cli(synced, "sync", "--group", "dbx-data").exit_code == 0
    assert members(synced, "dbx-data") == {A, B, C}
    assert members(synced, "dbx-ops") == {B, C}


def test_wrong_uses_of_the_command_line_say_so(synced: Stage) -> None:
    assert _cli(synced, "sync", "--user", "nobody").exit_code == 1
    assert _cli(synced, "plan", "--group", "nobody").exit_code == 1
    assert _cli(synced, "sync", "--user", A, "--group", "dbx-data").exit_code == 2
    assert _cli(synced, "plan", "--user", A, "--save", str(synced.folder / "p.json")).exit_code == 2
