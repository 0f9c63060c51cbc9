"""Assignment to federated workspaces and entitlements there, over HTTP with the real SDK."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import Fault, Sandbox
from tests.acceptance.hubs import (
    HUB,
    LAB,
    RULES,
    SALES,
    SQL,
    Hubs,
    Rule,
    open_hubs,
    rule,
    with_hubs,
)
from tests.acceptance.stage import WorkspaceStage
from tests.acceptance.worlds import BOB, ETL, OPS, ROBOT, ROBOT_APP, first_day


@pytest.fixture
def hubs(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hubs:
    box.reset(with_hubs(first_day()))
    stage = open_hubs(box, tmp_path, monkeypatch)
    stage.assign(RULES)
    return stage


def ask(stage: Hubs, *words: str) -> tuple[int, str]:
    """Run a command, and return its exit code and what it says on stdout."""
    command = (words[0], "-c", str(stage.settings_file), *words[1:])
    result = CliRunner().invoke(main, command)
    return result.exit_code, result.stdout


def test_groups_get_into_the_workspaces_that_the_rules_say(hubs: Hubs) -> None:
    report = hubs.sync()
    assert report.status is Status.SUCCEEDED
    assert hubs.access(HUB) == {
        "Data": ("ADMIN", SQL),
        "ETL": ("USER", SQL),
        "Ops": ("USER", SQL),
        "dbx-all": ("USER", SQL),
    }
    assert hubs.access(LAB) == {"Ops": ("USER",), "dbx-all": ("USER",)}
    assert report.applied["assign_workspace"] == 6
    assert report.applied["grant_entitlements"] == 4


def test_a_second_sync_reads_one_list_and_one_page_and_writes_nothing(hubs: Hubs) -> None:
    hubs.sync()
    mark = hubs.box.log.mark()
    report = hubs.sync()
    assert report.status is Status.SUCCEEDED
    assert sorted(hubs.asked(after=mark)) == ["GET account", "GET account", f"GET {HUB}"]
    assert hubs.box.log.writes("databricks", after=mark) == ()


def test_the_plan_shows_who_gets_what_and_where(hubs: Hubs) -> None:
    place = hubs.box.workspaces[HUB].workspace_id
    code, out = ask(hubs, "plan", "--format", "json")
    assert code == 0
    (target,) = json.loads(out)["targets"]
    assert target["counts"]["assign_workspace"] == 6
    access = [c for c in target["changes"] if c["name"] == "Data" and c.get("type")]
    assert access == [
        {
            "type": "group",
            "action": "assign_workspace",
            "external_id": access[0]["external_id"],
            "target_id": None,
            "name": "Data",
            "before": None,
            "after": {"workspace_id": place, "permission": "admin"},
            "reason": "matches *, Data",
        },
        {
            "type": "group",
            "action": "grant_entitlements",
            "external_id": access[0]["external_id"],
            "target_id": None,
            "name": "Data",
            "before": None,
            "after": {"workspace_id": place, "entitlements": [SQL]},
            "reason": "matches *, Data",
        },
    ]
    _, text = ask(hubs, "plan", "--format", "markdown", "--all")
    assert f"assign workspace: {place} as admin" in text
    assert f"grant entitlements: {SQL} in {place}" in text.replace("\\", "")


def test_a_group_that_leaves_the_scope_leaves_the_workspaces(hubs: Hubs) -> None:
    hubs.sync()
    entra = hubs.box.world.entra
    entra.remove_member("11111111-0000-4000-8000-000000000001", OPS)
    report = hubs.sync()
    assert report.applied["unassign_workspace"] == 2
    assert report.applied["revoke_entitlements"] == 1
    assert "Ops" not in hubs.access(HUB)
    assert "Ops" not in hubs.access(LAB)
    assert hubs.plan().empty


def test_what_others_gave_stays_whatever_the_rules_say(hubs: Hubs) -> None:
    hubs.sync()
    state = hubs.box.workspaces[HUB].state
    state.assign("ETL", "ADMIN")
    state.entitle("ETL", SQL, "allow-cluster-create")
    hubs.assign({HUB: [rule("nobody")], LAB: []})
    hubs.sync()
    assert hubs.access(HUB) == {"ETL": ("ADMIN", "allow-cluster-create")}
    assert hubs.access(LAB) == {}
    assert hubs.plan().empty
    _, text = ask(hubs, "plan", "--format", "text")
    assert "ETL is assigned there" in text or "ETL is admin" in text


def test_a_workspace_without_federation_is_held_back_alone_with_the_remedy(hubs: Hubs) -> None:
    hubs.assign({SALES: [rule("*")], LAB: [rule("Ops")]})
    code, text = ask(hubs, "sync", "--format", "markdown")
    assert code == 3
    place = hubs.box.workspaces[SALES].workspace_id
    assert f"workspace {place}" in text
    assert "level workspace" in text
    assert hubs.access(LAB) == {"Ops": ("USER",)}


def test_a_success_that_carries_an_error_is_a_failure(hubs: Hubs) -> None:
    switches = hubs.box.workspaces[LAB].state.switches
    switches.assignment_errors = -1
    switches.assignment_error_objects = ["Ops"]
    report = hubs.sync()
    assert report.status is Status.PARTIAL
    (failed,) = report.failed
    assert failed.change.action == "assign_workspace"
    assert "200, but the answer says" in failed.reason
    assert hubs.access(LAB) == {"dbx-all": ("USER",)}
    switches.assignment_errors = 0
    hubs.sync()
    assert "Ops" in hubs.access(LAB)


def test_a_group_of_the_workspace_in_the_way_is_quarantined_with_the_remedy(hubs: Hubs) -> None:
    for name in (HUB, LAB):
        hubs.box.workspaces[name].state.add_group("OPS")
    mark = hubs.box.log.mark()
    report = hubs.sync()
    held = [entry for entry in report.in_quarantine if entry.name == "Ops"]
    assert len(held) == 2
    assert all("rename or delete" in entry.reason for entry in held)
    ops = hubs.box.world.databricks.group("Ops").id
    puts = [e.path for e in hubs.box.log.writes("databricks", after=mark) if e.method == "PUT"]
    assert not any(path.endswith(f"/{ops}") for path in puts)
    assert hubs.access(LAB) == {"dbx-all": ("USER",)}


def test_a_workspace_host_that_is_down_holds_back_entitlements_only(hubs: Hubs) -> None:
    hubs.box.faults.add(Fault("503", side="databricks", place=HUB, count=None))
    report = hubs.sync()
    hubs.box.faults.clear()
    assert report.status is Status.PARTIAL
    (held,) = report.on_hold
    assert held.name == f"workspace {hubs.box.workspaces[HUB].workspace_id}"
    assert {permission for permission, *_ in hubs.access(HUB).values()} == {"ADMIN", "USER"}
    assert hubs.sync().status is Status.SUCCEEDED
    assert hubs.access(HUB)["ETL"] == ("USER", SQL)


def test_six_are_refused_before_the_first_write(hubs: Hubs) -> None:
    hubs.sync()
    hubs.limit({})
    hubs.assign({HUB: [], LAB: []})
    mark = hubs.box.log.mark()
    with pytest.raises(RefusedError, match=r"access_removed is 6, allowed 5 and 10% of 10 managed"):
        hubs.sync()
    assert hubs.box.log.writes("databricks", after=mark) == ()


def test_undo_gives_back_what_a_run_took(hubs: Hubs) -> None:
    hubs.sync()
    before = hubs.picture()
    hubs.assign({HUB: [rule("Data")], LAB: []})
    run = hubs.sync()
    assert hubs.access(HUB) == {"Data": ("USER",)}
    with hubs.runner() as runner:
        assert runner.undo(run.run_id).status is Status.SUCCEEDED
    assert hubs.picture() == before


def test_undo_takes_back_what_a_run_gave(hubs: Hubs) -> None:
    hubs.assign({HUB: [], LAB: []})
    hubs.sync()
    before = hubs.picture()
    hubs.assign(RULES)
    run = hubs.sync()
    with hubs.runner() as runner:
        assert runner.undo(run.run_id).status is Status.SUCCEEDED
    assert hubs.picture() == before


def test_history_tells_of_it(hubs: Hubs) -> None:
    run = hubs.sync()
    _, text = ask(hubs, "history", run.run_id, "--format", "text")
    place = hubs.box.workspaces[HUB].workspace_id
    assert f"grant entitlements {SQL} in {place}" in " ".join(text.split())


def test_explain_says_which_workspaces_somebody_can_enter_and_by_which_group(hubs: Hubs) -> None:
    hubs.sync()
    code, out = ask(hubs, "explain", "--user", "cyd@contoso.com", "--format", "json")
    assert code == 0
    (person,) = json.loads(out)["people"]
    rows = {row["workspace_id"]: row for row in person["targets"][0]["workspaces"]}
    hub = rows[hubs.box.workspaces[HUB].workspace_id]
    assert (hub["permission"], hub["entitlements"], hub["unread"]) == ("admin", [SQL], None)
    assert [(way["group"], way["permission"]) for way in hub["through"]] == [
        ("Data", "admin"),
        ("ETL", "user"),
        ("dbx-all", "user"),
    ]
    _, text = ask(hubs, "explain", "--user", "eve@contoso.com", "--format", "text")
    place = hubs.box.workspaces[LAB].workspace_id
    assert f"workspace {place}" in text


def test_drift_is_mended_or_reported(hubs: Hubs) -> None:
    hubs.sync()
    hubs.box.workspaces[LAB].state.unassign("Ops")
    hubs.configure(policy={"drift": "report"})
    plan = hubs.plan()
    assert plan.empty
    assert [d.name for d in plan.targets[0].drift] == ["Ops"]
    hubs.configure(policy={"drift": "repair"})
    assert hubs.sync().applied["assign_workspace"] == 1
    assert "Ops" in hubs.access(LAB)


def test_additive_never_unassigns_or_revokes(hubs: Hubs) -> None:
    hubs.configure(policy={"mode": "additive"})
    hubs.sync()
    before = hubs.picture()
    hubs.assign({HUB: [], LAB: []})
    assert hubs.sync().status is Status.SUCCEEDED
    assert hubs.picture() == before


def test_a_renamed_group_keeps_its_access_where_the_pattern_still_matches(hubs: Hubs) -> None:
    hubs.sync()
    before = hubs.access(HUB)["ETL"]
    hubs.box.world.entra.rename_group(ETL, "Loads")
    mark = hubs.box.log.mark()
    hubs.sync()
    assert hubs.access(HUB)["Loads"] == before
    assert not [e for e in hubs.box.log.writes("databricks", after=mark) if e.place]


def test_each_workspace_has_a_pace_of_its_own(hubs: Hubs) -> None:
    estimate = hubs.plan().targets[0].estimate
    # 4 groups are entitled at ten a minute and a share of the rate of a million
    assert estimate.requests == 7 + 4 + 6 + 4


def test_people_and_services_that_an_application_assigns_get_in_by_their_own_names(
    hubs: Hubs,
) -> None:
    entra = hubs.box.world.entra
    portal = entra.add_service_principal("Portal", "44444444-0000-4000-8000-00000000aaaa")
    bob = entra.assign(portal, BOB)
    entra.assign(portal, ROBOT)
    entra.assign(portal, OPS)
    hubs.configure(scope={"groups": [{"application": portal}]})
    hubs.assign({HUB: [rule("bob@*", "Robot", "Ops", entitlements=(SQL,))]})
    assert hubs.sync().status is Status.SUCCEEDED
    assert hubs.access(HUB) == {
        "Ops": ("USER", SQL),
        ROBOT_APP: ("USER", SQL),
        "bob@contoso.com": ("USER", SQL),
    }
    assert hubs.plan().empty
    entra.unassign(bob)
    report = hubs.sync()
    assert report.applied["unassign_workspace"] == 1
    assert "bob@contoso.com" not in hubs.access(HUB)


class TestTargetThatIsAWorkspace:
    """Entitlements of the groups that a sync manages in a workspace without federation."""

    @pytest.fixture
    def entitled(self, workspace: WorkspaceStage) -> WorkspaceStage:
        workspace.show(first_day())
        self.grant(workspace, {"groups": ["*"], "entitlements": [SQL]})
        return workspace

    @staticmethod
    def grant(stage: WorkspaceStage, *rules: Rule) -> None:
        stage.configure(targets={"entitlements": list(rules)})

    @staticmethod
    def held(stage: WorkspaceStage) -> dict[str, list[str]]:
        rows = stage.picture()["entitlements"]
        return {name: names for name, names in rows.items() if name not in ("admins", "users")}

    def test_they_are_granted_once_and_revoked_where_no_rule_asks(
        self, entitled: WorkspaceStage
    ) -> None:
        report = entitled.sync()
        assert report.applied["grant_entitlements"] == 4
        assert self.held(entitled) == {key: [SQL] for key in ("Data", "ETL", "Ops", "dbx-all")}
        mark = entitled.box.log.mark()
        assert entitled.sync().status is Status.SUCCEEDED
        assert entitled.box.log.writes("databricks", after=mark) == ()
        self.grant(entitled, {"groups": ["Ops"], "entitlements": [SQL]})
        run = entitled.sync()
        assert run.applied == {"revoke_entitlements": 3}
        assert {name for name, names in self.held(entitled).items() if names} == {"Ops"}
        with entitled.runner() as runner:
            assert runner.undo(run.run_id).applied == {"grant_entitlements": 3}

    def test_what_they_cost_is_in_the_estimate(self, entitled: WorkspaceStage) -> None:
        entitled.sync()
        self.grant(entitled)
        estimate = entitled.plan().targets[0].estimate
        assert estimate.requests == 4 + 4  # a read for each, so that nothing else is revoked
        assert estimate.seconds == pytest.approx(4 * 6 / entitled.pace, abs=0.1)

    def test_without_the_key_they_are_as_they_are(self, entitled: WorkspaceStage) -> None:
        entitled.sync()
        before = self.held(entitled)
        entitled.given = {}
        entitled.configure()
        mark = entitled.box.log.mark()
        assert entitled.sync().status is Status.SUCCEEDED
        assert self.held(entitled) == before
        pages = entitled.box.log.select("databricks", after=mark, path="entitlements")
        assert not [e for e in pages if "attributes=id%2CdisplayName%2Centitlements" in e.query]


def test_what_was_taken_by_hand_and_is_given_again_by_hand_is_no_more_of_the_sync(
    hubs: Hubs,
) -> None:
    hubs.sync()
    state = hubs.box.workspaces[LAB].state
    state.unassign("Ops")
    hubs.assign({HUB: RULES[HUB], LAB: [rule("dbx-all")]})
    code, shown = ask(hubs, "plan")
    assert code == 0
    assert "gone already" in shown
    assert hubs.sync().status is Status.SUCCEEDED
    assert hubs.plan().empty
    state.assign("Ops", "USER")
    assert hubs.plan().empty
    hubs.sync()
    assert hubs.access(LAB) == {"Ops": ("USER",), "dbx-all": ("USER",)}
