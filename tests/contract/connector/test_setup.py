"""``aadsync connector plan`` and ``setup`` over real HTTP: what they make, and that a second one makes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.connector.setup import plan_connectors, set_up
from aadsync_lib.errors import StalePlanError
from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.entra.applications.gallery import ACCESS_ROLE
from aadsync_lib.wiring import open_connector
from tests.contract.connector.gallery import NAME, TAG, TOKEN, Gallery
from tests.contract.connector.seen import (
    actions,
    applications,
    job,
    ours,
    part,
    principal,
    run,
    stored,
    writes,
)
from tests.contract.sandbox.connecting import SCIM_TOKEN

FULL: dict[str, Any] = {
    "assign": {"groups": [{"prefix": "dbx-"}], "users": ["ada@contoso.com"]},
    "mappings": {"users": {"displayName": "mail"}},
    "filters": {"users": [[{"attribute": "department", "value": "Data"}]]},
    "notify": "it@contoso.com",
    "delete_threshold": 500,
}
SECRET = "of-nobody-who-has-an-account"


class TestFirst:
    """From nothing to a connector that runs."""

    def test_a_plan_lists_every_change_and_writes_nothing(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        planned = run(gallery, "plan")
        assert (planned["kind"], planned["version"]) == ("connector_plan", 1)
        assert actions(planned) == [
            "create_application", "update_application", "create_job", "set_credentials", "set_settings",
            "set_mapping", "set_filter", "assign", "assign", "start",
        ]  # fmt: skip
        for change in part(planned)["changes"]:
            assert set(change) == {"action", "name", "before", "after", "reason"}
        assert writes(gallery) == []
        assert not gallery.stage.store_file.exists()

    def test_a_setup_makes_what_the_plan_lists(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        planned = actions(run(gallery, "plan"))
        made = run(gallery, "setup")
        assert (made["kind"], made["status"]) == ("connector_run", "succeeded")
        assert part(made)["applied"] == {action: planned.count(action) for action in planned}
        assert ours(gallery)["displayName"] == NAME
        assert TAG in ours(gallery)["notes"].splitlines()
        assert job(gallery).running
        secrets = stored(gallery)
        assert secrets["SecretToken"] == SCIM_TOKEN
        assert secrets["BaseAddress"].endswith("/scim/v2/")
        assert secrets["SyncAll"] == "false"
        assert json.loads(secrets["SyncNotificationSettings"]) == {
            "Enabled": True, "Recipients": "it@contoso.com",
            "DeleteThresholdEnabled": True, "DeleteThresholdValue": 500,
        }  # fmt: skip
        assert {
            e["principalId"]
            for e in gallery.entra.assignments.values()
            if e["resourceId"] == principal(gallery)
        }

    def test_the_second_one_writes_nothing(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        run(gallery, "setup")
        mark = gallery.stage.box.log.mark()
        again = run(gallery, "setup")
        assert writes(gallery, mark) == []
        assert (again["status"], part(again)["applied"]) == ("succeeded", {})
        assert actions(run(gallery, "plan")) == []

    def test_credentials_are_tried_before_they_are_stored_and_before_anything_runs(
        self, gallery: Gallery
    ) -> None:
        run(gallery, "setup")
        order = [line.rpartition("/")[2] for line in writes(gallery)]
        assert order.index("validateCredentials") < order.index("secrets") < order.index("start")

    def test_only_what_is_named_changes_in_the_schema(self, gallery: Gallery) -> None:
        gallery.configure(enabled=False)
        run(gallery, "setup")
        path = (
            f"/servicePrincipals/{principal(gallery)}/synchronization/jobs/{job(gallery).id}/schema"
        )
        before = gallery.graph.get(f"{path}?$expand=directories").json()
        before["synchronizationRules"][0]["unknownMember"] = {"a": [1]}
        gallery.graph.put(path, json=before).raise_for_status()
        gallery.configure(**FULL, enabled=False)
        assert set(actions(run(gallery, "plan"))) >= {"set_mapping", "set_filter"}
        run(gallery, "setup")
        after = gallery.graph.get(f"{path}?$expand=directories").json()
        (rule,) = after["synchronizationRules"]
        assert rule["unknownMember"] == {"a": [1]}
        people = next(m for m in rule["objectMappings"] if m["sourceObjectName"] == "User")
        clauses = people["scope"]["groups"][0]["clauses"]
        assert [c["targetOperand"]["values"] for c in clauses] == [["Data"]]
        mapped = next(
            m for m in people["attributeMappings"] if m["targetAttributeName"] == "displayName"
        )
        assert mapped["source"]["name"] == "mail"
        people["scope"], mapped["source"] = None, _source(before, "displayName")
        assert {**after, "version": ""} == {**before, "version": ""}

    def test_a_run_is_in_the_history(self, gallery: Gallery) -> None:
        made = run(gallery, "setup")
        with gallery.stage.store() as store:
            (record,) = store.runs()
            entries = store.entries(record.run_id)
        assert (record.run_id, record.status) == (made["run_id"], "succeeded")
        assert {e.target for e in entries} == {"account/connector"}
        assert {e.outcome.result.value for e in entries} == {"done"}

    def test_the_token_is_nowhere_but_in_entra(self, gallery: Gallery) -> None:
        for words in ("plan",), ("setup",), ("plan",), ("plan", "--format", "json"):
            assert SCIM_TOKEN not in gallery(*words).output
        assert SCIM_TOKEN.encode() not in gallery.stage.store_file.read_bytes()


def _source(schema: dict[str, Any], target: str) -> dict[str, Any]:
    mappings = schema["synchronizationRules"][0]["objectMappings"]
    people = next(m for m in mappings if m["sourceObjectName"] == "User")
    rows = people["attributeMappings"]
    return dict(next(r["source"] for r in rows if r["targetAttributeName"] == target))


class TestRefusals:
    """What ends a setup before anything runs."""

    def test_credentials_that_databricks_does_not_take(
        self, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gallery.configure(**FULL)
        monkeypatch.setenv(TOKEN, SECRET)
        answer = gallery("setup", "--format", "json")
        assert answer.exit_code == 1
        assert SECRET not in answer.output
        failed = part(json.loads(answer.stdout))["failed"]
        assert "does not accept the credentials" in failed[0]["error"]
        assert failed[0]["action"] == "set_credentials"
        assert not job(gallery).running
        assert not gallery.entra.provisioning.secrets
        monkeypatch.setenv(TOKEN, SCIM_TOKEN)
        run(gallery, "setup")
        assert len([a for a in applications(gallery) if a["displayName"] == NAME]) == 1
        assert job(gallery).running

    def test_an_application_by_name_alone_is_listed(self, gallery: Gallery) -> None:
        gallery.instantiated(notes=None)
        mark = gallery.stage.box.log.mark()
        answer = gallery("setup")
        assert answer.exit_code == 1
        assert ours(gallery)["id"] in answer.output
        assert writes(gallery, mark) == []

    def test_two_with_the_tag_are_listed(self, gallery: Gallery) -> None:
        gallery.instantiated()
        gallery.instantiated(name="another")
        answer = gallery("plan")
        assert answer.exit_code == 1
        assert TAG in answer.output

    def test_a_missing_permission_is_named(self, gallery: Gallery) -> None:
        gallery.entra.permissions -= {"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"}
        failed = part(run(gallery, "setup", code=1))["failed"]
        assert "Application.ReadWrite.OwnedBy" in failed[0]["error"]

    def test_an_attribute_that_nobody_knows_is_refused_before_any_write(
        self, gallery: Gallery
    ) -> None:
        run(gallery, "setup")
        gallery.configure(mappings={"users": {"shoeSize": "mail", "title": "noSuch"}})
        mark = gallery.stage.box.log.mark()
        answer = gallery("setup")
        assert answer.exit_code == 1
        assert "shoeSize" in answer.output
        assert writes(gallery, mark) == []


class TestChanges:
    """What another setup changes."""

    def test_a_rotated_token_is_stored_again(
        self, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(gallery, "setup")
        gallery.stage.box.world.databricks.add_token("rotated", scim_only=True)
        monkeypatch.setenv(TOKEN, "rotated")
        assert actions(run(gallery, "plan")) == ["set_credentials"]
        run(gallery, "setup")
        assert stored(gallery)["SecretToken"] == "rotated"
        assert actions(run(gallery, "plan")) == []

    @pytest.mark.parametrize(
        ("settings", "wanted"),
        [
            ({"enabled": False}, ["stop"]),
            ({"name": "renamed"}, ["update_application"]),
            ({"scope": "all"}, ["set_settings"]),
            ({"notify": None, "delete_threshold": None}, ["set_settings"]),
            ({"assign": {"groups": []}}, ["unassign"]),
            ({"filters": {"users": []}}, ["set_filter"]),
            ({"filters": {}}, []),
            ({"mappings": {"users": {"displayName": "displayName"}}}, ["set_mapping"]),
            ({"mappings": {}}, []),
        ],
    )
    def test_each_setting_is_one_change_and_then_none(
        self, gallery: Gallery, settings: dict[str, Any], wanted: list[str]
    ) -> None:
        gallery.configure(**FULL)
        run(gallery, "setup")
        gallery.configure(**FULL | settings)
        assert actions(run(gallery, "plan")) == wanted
        assert sum(part(run(gallery, "setup"))["applied"].values()) == len(wanted)
        assert actions(run(gallery, "plan")) == []

    def test_what_others_assigned_stays_and_is_listed(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        run(gallery, "setup")
        entra = gallery.entra
        grace = next(
            k
            for k in entra.ids("user")
            if entra.objects[k]["userPrincipalName"] != "ada@contoso.com"
        )
        key = entra.assign(principal(gallery), grace, ACCESS_ROLE)
        gallery.configure(assign={"groups": [], "users": []})
        planned = run(gallery, "plan")
        assert actions(planned) == ["unassign", "unassign"]
        assert [w["code"] for w in part(planned)["warnings"]] == ["assigned_by_others"]
        run(gallery, "setup")
        left = [k for k, e in entra.assignments.items() if e["resourceId"] == principal(gallery)]
        assert left == [key]

    def test_another_role_counts_and_is_told(self, gallery: Gallery) -> None:
        run(gallery, "setup")
        entra = gallery.entra
        ada = next(
            k
            for k in entra.ids("user")
            if entra.objects[k]["userPrincipalName"] == "ada@contoso.com"
        )
        entra.assign(principal(gallery), ada, ACCESS_ROLE)
        gallery.configure(assign={"users": ["ada@contoso.com"]})
        planned = run(gallery, "plan")
        assert actions(planned) == []
        assert [w["code"] for w in part(planned)["warnings"]] == ["other_role"]

    def test_one_assignment_that_fails_keeps_no_other_out_and_the_job_runs(
        self, gallery: Gallery
    ) -> None:
        gallery.configure(**FULL)
        gallery.stage.box.faults.add(
            Fault("400", side="graph", method="POST", path="appRoleAssignedTo")
        )
        made = part(run(gallery, "setup", code=3))
        assert (made["status"], made["applied"]["assign"]) == ("partial", 1)
        assert [failed["action"] for failed in made["failed"]] == ["assign"]
        assert job(gallery).running
        assert part(run(gallery, "setup"))["applied"] == {"assign": 1}

    def test_a_mapping_that_fails_starts_nothing(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        gallery.stage.box.faults.add(Fault("400", side="graph", method="PUT", path="/schema"))
        made = part(run(gallery, "setup", code=3))
        failed = [failed["action"] for failed in made["failed"]]
        assert failed == ["set_mapping", "set_filter", "assign", "assign", "start"]
        assert not job(gallery).running
        assert run(gallery, "setup")["status"] == "succeeded"


class TestConfirmed:
    """A setup that may carry out one plan alone."""

    def test_only_the_plan_that_was_confirmed_is_carried_out(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        settings = gallery.stage.settings
        with open_connector(settings) as connectors:
            digest = plan_connectors(connectors).digest
        gallery.ready(started=False)
        before = len(writes(gallery))
        with open_connector(settings, write=True) as connectors:
            with pytest.raises(
                StalePlanError, match=f"{digest} was confirmed. Nothing was changed"
            ):
                set_up(connectors, confirmed=digest)
            assert len(writes(gallery)) == before
            plan = plan_connectors(connectors)
            assert plan.digest != digest
            assert not plan.empty
            assert set_up(connectors, confirmed=plan.digest).exit_code == 0
            assert plan_connectors(connectors).empty
        assert job(gallery).running
