"""Synchronization over real HTTP: jobs, secrets, credentials and schemas."""

import json

import pytest
from msgraph.generated.models.synchronization_job import SynchronizationJob

from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.entra.applications.gallery import CUSTOM
from tests.contract.sandbox.connecting import SCIM_TOKEN, instantiated, with_job
from tests.contract.sandbox.contoso import APPLICATION, error_of, small_world

DENIED = (403, "Authorization_RequestDenied")
GONE = (404, "Request_ResourceNotFound")
CONFLICT = (409, "Request_Conflict")
REFUSED = (400, "BadRequest")
WIDE = "Synchronization.ReadWrite.All"


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


class TestJobs:
    def test_a_template_leads_to_a_job(self, graph, bare):
        (template,) = graph.get(f"{bare.root}/templates").json()["value"]
        made = graph.post(f"{bare.root}/jobs", json={"templateId": template["id"]})
        assert made.status_code == 201
        tenant = bare.box.tenant_id.replace("-", "")
        assert made.json()["id"].startswith(f"dataBricks.{tenant}.")
        assert [j["id"] for j in graph.get(f"{bare.root}/jobs").json()["value"]] == [
            made.json()["id"]
        ]

    def test_a_new_job_has_the_documented_members(self, setup):
        job = setup.read()
        assert job["schedule"] == {"expiration": None, "interval": "PT40M", "state": "Disabled"}
        assert job["status"]["code"] == "Paused"
        assert job["status"]["steadyStateFirstAchievedTime"] == "0001-01-01T00:00:00Z"
        assert job["status"]["quarantine"] is job["status"]["lastExecution"] is None
        assert {"name", "value"} == set(job["synchronizationJobSettings"][0])

    def test_a_new_job_may_look_otherwise(self, bare, turn):
        turn(new_job="NotConfigured", new_interval="P10675199DT2H48M5.4775807S")
        job = with_job(bare).read()
        assert job["status"]["code"] == "NotConfigured"
        assert job["schedule"]["interval"] == "P10675199DT2H48M5.4775807S"

    def test_whether_a_job_runs_is_its_schedule(self, setup):
        assert setup.post("start").status_code == 204
        job = setup.read()
        assert (job["schedule"]["state"], job["status"]["code"]) == ("Active", "NotRun")
        assert setup.post("pause").status_code == 204
        job = setup.read()
        assert (job["schedule"]["state"], job["status"]["code"]) == ("Paused", "Paused")

    def test_a_second_job_is_made_or_refused(self, setup, turn):
        assert with_job(setup).job != setup.job
        turn(second_job="refused")
        again = setup.graph.post(f"{setup.root}/jobs", json={"templateId": "dataBricks"})
        assert error_of(again) == CONFLICT

    def test_only_applications_of_the_gallery_can_be_provisioned(self, box, graph, bare):
        box.world.entra.permissions.add(WIDE)
        root = f"/servicePrincipals/{APPLICATION}/synchronization"
        assert graph.get(f"{root}/templates").json()["value"] == []
        made = graph.post(f"{root}/jobs", json={"templateId": "dataBricks"})
        assert made.status_code == 400
        box.world.entra.update(APPLICATION, applicationTemplateId=CUSTOM)
        assert graph.get(f"{root}/templates").json()["value"] == []

    def test_a_new_job_is_not_found_for_a_while(self, bare, turn):
        turn(job_not_found=2)
        setup = with_job(bare)
        assert error_of(setup.graph.get(setup.path)) == GONE
        assert setup.graph.get(f"{setup.root}/jobs").json()["value"] == []
        assert setup.read()["id"] == setup.job

    def test_a_deleted_job_is_gone(self, graph, setup):
        assert graph.delete(setup.path).status_code == 204
        assert error_of(graph.get(setup.path)) == GONE

    def test_deleting_the_application_ends_its_jobs_and_secrets(self, box, graph, setup):
        setup.save()
        graph.delete(f"/servicePrincipals/{setup.principal}")
        assert box.world.entra.provisioning.jobs == {}
        assert box.world.entra.provisioning.secrets == {}

    def test_settings_take_the_wide_permission(self, box, graph, setup):
        pair = {"name": "QuarantineTooManyDeletesThreshold", "value": "500"}
        body = {"synchronizationJobSettings": [pair]}
        assert error_of(graph.patch(setup.path, json=body)) == DENIED
        box.world.entra.permissions.add(WIDE)
        assert graph.patch(setup.path, json=body).status_code == 204
        assert pair in setup.read()["synchronizationJobSettings"]
        assert error_of(graph.patch(setup.path, json={"id": "x"})) == REFUSED

    @pytest.mark.parametrize(
        "criteria",
        [
            {},
            {"resetScope": "Watermark, Escrows"},
            {"resetScope": "Full"},
            {"resetScope": "ForceDeletes,QuarantineState"},
        ],
    )
    def test_a_restart_runs_the_job(self, setup, criteria):
        assert setup.post("restart", criteria=criteria).status_code == 204
        assert setup.read()["schedule"]["state"] == "Active"

    @pytest.mark.parametrize("scope", ["None", "ConnectorDataStore", "watermark", "Full; Escrows"])
    def test_an_unusable_scope_is_refused(self, setup, scope):
        answer = setup.post("restart", criteria={"resetScope": scope})
        assert error_of(answer) == REFUSED
        assert setup.read()["schedule"]["state"] == "Disabled"

    def test_the_sdk_makes_and_starts_a_job(self, bare, msgraph):
        async def make(client):
            item = client.service_principals.by_service_principal_id(bare.principal)
            jobs = item.synchronization.jobs
            made = await jobs.post(SynchronizationJob(template_id="dataBricks"))
            await jobs.by_synchronization_job_id(made.id).start.post()
            return await jobs.by_synchronization_job_id(made.id).get()

        job = msgraph(make)
        assert (job.schedule.state.value, job.status.code.value) == ("Active", "NotRun")


class TestAccess:
    @pytest.mark.parametrize(("sort", "error"), [("forbidden", DENIED), ("conflicts", CONFLICT)])
    def test_a_new_application_is_not_ready_for_a_while(self, admin, box, graph, sort, error):
        admin.post("/switches", json={"applications": {sort: 2}})
        path = f"{instantiated(box, graph).root}/templates"
        assert error_of(graph.get(path)) == error_of(graph.get(path)) == error
        assert graph.get(path).is_success

    def test_the_owner_may_everything_and_others_need_a_permission(self, box, graph, setup):
        permissions, owned = box.world.entra.permissions, box.world.entra.applications.owned
        owned.clear()
        assert error_of(graph.get(setup.path)) == DENIED
        permissions.add("Synchronization.Read.All")
        assert graph.get(setup.path).is_success
        assert error_of(setup.post("start")) == DENIED
        permissions.add(WIDE)
        assert setup.post("start").is_success

    def test_owning_is_not_enough_without_the_permission(self, box, graph, setup):
        box.world.entra.permissions -= {"Application.ReadWrite.OwnedBy"}
        assert error_of(graph.get(setup.path)) == DENIED

    def test_a_job_of_another_application_is_not_found(self, box, graph, setup):
        other = instantiated(box, graph)
        assert error_of(graph.get(f"{other.root}/jobs/{setup.job}")) == GONE

    @pytest.mark.parametrize("fault", ["lost", "reset"])
    def test_an_answer_can_get_lost(self, admin, setup, fault):
        import httpx

        admin.post("/faults", json={"kind": fault, "side": "graph", "path": "/start$"})
        with pytest.raises(httpx.TransportError):
            setup.post("start")
        assert (setup.read()["schedule"]["state"] == "Active") is (fault == "lost")


class TestSecrets:
    def test_a_secret_reads_back_as_a_star(self, graph, bare):
        bare.save(SyncNotificationSettings='{"Enabled":false}')
        rows = graph.get(f"{bare.root}/secrets").json()["value"]
        shown = {row["key"]: row["value"] for row in rows}
        assert shown["SecretToken"] == "*"
        assert shown["BaseAddress"] == bare.base
        assert SCIM_TOKEN not in json.dumps(rows)

    def test_a_star_that_is_put_back_is_the_secret_then(self, graph, setup):
        setup.save()
        read = graph.get(f"{setup.root}/secrets").json()["value"]
        graph.put(f"{setup.root}/secrets", json={"value": read}).raise_for_status()
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 400

    def test_put_replaces(self, graph, bare):
        bare.save()
        graph.put(f"{bare.root}/secrets", json={"value": [{"key": "SyncAll", "value": "true"}]})
        rows = graph.get(f"{bare.root}/secrets").json()["value"]
        assert rows == [{"key": "SyncAll", "value": "true"}]

    def test_an_emptied_secret_is_no_secret(self, graph, bare):
        bare.save(SecretToken="")
        rows = graph.get(f"{bare.root}/secrets").json()["value"]
        assert {"key": "SecretToken", "value": ""} in rows

    def test_a_read_may_show_what_was_before(self, graph, bare, turn):
        turn(secrets_late=1)
        bare.save()
        sizes = [len(graph.get(f"{bare.root}/secrets").json()["value"]) for _ in range(2)]
        assert sizes == [0, 3]

    @pytest.mark.parametrize(
        "value",
        [
            None,
            ["x"],
            [{"key": "Tokens", "value": "x"}],
            [{"key": "SyncAll", "value": True}],
            [{"key": "SyncAll", "value": "true"}, {"key": "SyncAll", "value": "false"}],
            [{"key": "SyncNotificationSettings", "value": "Enabled"}],
        ],
    )
    def test_what_is_no_secret_is_refused_and_the_rest_stays(self, graph, bare, value):
        bare.save()
        assert error_of(graph.put(f"{bare.root}/secrets", json={"value": value})) == REFUSED
        assert len(graph.get(f"{bare.root}/secrets").json()["value"]) == 3

    def test_the_job_may_have_to_be_first(self, graph, bare, turn):
        turn(order="job_first")
        body = {"value": bare.secrets()}
        assert error_of(graph.put(f"{bare.root}/secrets", json=body)) == CONFLICT
        with_job(bare).save()

    def test_or_the_secrets(self, graph, bare, turn):
        turn(order="secrets_first")
        made = graph.post(f"{bare.root}/jobs", json={"templateId": "dataBricks"})
        assert error_of(made) == CONFLICT
        bare.save()
        with_job(bare)

    def test_a_threshold_may_need_somebody_to_notify(self, graph, bare, turn):
        turn(threshold_without_notice="refused")
        notice = {"Enabled": True, "DeleteThresholdEnabled": True, "DeleteThresholdValue": 5}
        alone = {"value": bare.secrets(SyncNotificationSettings=json.dumps(notice))}
        assert error_of(graph.put(f"{bare.root}/secrets", json=alone)) == REFUSED
        bare.save(SyncNotificationSettings=json.dumps(notice | {"Recipients": "it@contoso.com"}))

    def test_credentials_may_have_to_be_short(self, graph, bare, turn):
        turn(credentials_limit=1024)
        body = {"value": bare.secrets(SecretToken="x" * 1024)}
        assert error_of(graph.put(f"{bare.root}/secrets", json=body)) == REFUSED


class TestCredentials:
    def validate(self, setup, **changed):
        credentials = [p for p in setup.secrets(**changed) if p["key"] != "SyncAll"]
        return setup.post("validateCredentials", credentials=credentials)

    def test_they_are_tried_on_the_account(self, box, setup):
        assert self.validate(setup).status_code == 204
        (asked,) = box.log.select("databricks", "GET", "/Users")
        assert "userName eq" in asked.query
        assert box.log.writes("databricks") == ()

    def test_a_workspace_is_a_target_too(self, box, setup):
        box.world.add_workspace("sales")
        box.reset(World.from_json(box.world.to_json()))
        host = box.workspaces["sales"]
        base = f"{host.url}/api/2.0/preview/scim/v2"
        assert self.validate(setup, BaseAddress=base, SecretToken=host.token).is_success
        assert self.validate(setup, BaseAddress=base).status_code == 400

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"SecretToken": "old"}, "CredentialValidationFailure"),
            ({"SecretToken": ""}, "CredentialValidationFailure"),
            ({"BaseAddress": ""}, "InvalidCredentials"),
            ({"BaseAddress": "adb-1.azuredatabricks.net"}, "InvalidCredentials"),
            ({"BaseAddress": "https://nowhere.example.com/scim/v2"}, "InvalidCredentials"),
        ],
    )
    def test_what_does_not_open_it_is_refused_with_a_reason(self, setup, changed, code):
        answer = self.validate(setup, **changed)
        assert error_of(answer) == (400, f"SystemForCrossDomainIdentityManagement{code}")
        assert SCIM_TOKEN not in answer.text

    def test_the_code_of_a_refusal_may_be_another(self, setup, turn):
        turn(validation_code="BadRequest")
        assert error_of(self.validate(setup, SecretToken="old")) == REFUSED

    def test_what_is_stored_can_be_tried_without_being_known(self, setup):
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 400
        setup.save()
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 204
        setup.save(SecretToken="old")
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 400

    def test_it_works_without_a_job(self, graph, bare):
        path = f"{bare.root}/jobs/validateCredentials"
        body = {"templateId": "dataBricks", "credentials": bare.secrets()}
        assert graph.post(path, json=body).status_code == 204
        assert error_of(graph.post(path, json={"credentials": bare.secrets()})) == REFUSED

    @pytest.mark.parametrize("fault", ["503", "reset", "truncated", "timeout"])
    def test_a_target_that_does_not_answer_is_not_accepted(self, admin, setup, fault):
        admin.post("/faults", json={"kind": fault, "side": "databricks", "path": "/Users"})
        assert self.validate(setup).status_code == 400
        assert self.validate(setup).status_code == 204


def users(schema):
    mappings = schema["synchronizationRules"][0]["objectMappings"]
    return next(m for m in mappings if m["sourceObjectName"] == "User")


class TestSchema:
    def test_the_default_maps_groups_and_people(self, setup):
        schema = setup.schema()
        assert (schema["id"], schema["version"]) == (setup.job, "v1.2")
        (rule,) = schema["synchronizationRules"]
        assert rule["id"].endswith("#V2")
        assert [m["sourceObjectName"] for m in rule["objectMappings"]] == ["Group", "User"]
        names = [m["targetAttributeName"] for m in users(schema)["attributeMappings"]]
        assert {"userName", "active", 'emails[type eq "work"].value'} <= set(names)
        assert "directories" not in schema

    def test_directories_are_shown_when_asked_for(self, graph, setup, turn):
        listed = graph.get(f"{setup.path}/schema/directories").json()["value"]
        expanded = graph.get(f"{setup.path}/schema?$expand=directories").json()
        assert expanded["directories"] == listed
        turn(directories="inline", rule_suffix="")
        inline = setup.schema()
        assert inline["directories"] == listed
        assert not inline["synchronizationRules"][0]["id"].endswith("#V2")

    def test_put_replaces_with_all_that_it_does_not_know(self, graph, setup):
        schema = setup.schema()
        rule = schema["synchronizationRules"][0]
        rule["objectMappings"] = [users(schema)]
        rule["somethingNew"] = {"kept": True}
        users(schema)["attributeMappings"][0]["odd"] = 1
        assert graph.put(f"{setup.path}/schema", json=schema).status_code == 204
        after = setup.schema()
        assert after["version"] == "v1.3"
        assert after["synchronizationRules"] == schema["synchronizationRules"]

    def test_delete_is_back_to_the_default(self, graph, setup):
        before = setup.schema()
        changed = setup.schema()
        users(changed)["enabled"] = False
        graph.put(f"{setup.path}/schema", json=changed)
        assert graph.delete(f"{setup.path}/schema").status_code == 204
        assert setup.schema() == {**before, "version": "v1.4"}

    def test_directories_may_have_to_be_there(self, graph, setup, turn):
        turn(put_without_directories="refused")
        path = f"{setup.path}/schema"
        assert error_of(graph.put(path, json=setup.schema())) == REFUSED
        whole = graph.get(f"{path}?$expand=directories").json()
        assert graph.put(path, json=whole).status_code == 204

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda s: s.pop("synchronizationRules"),
            lambda s: s["synchronizationRules"][0].pop("objectMappings"),
            lambda s: users(s).pop("attributeMappings"),
            lambda s: users(s).update(flowTypes="Add;Update"),
            lambda s: users(s)["attributeMappings"].append(users(s)["attributeMappings"][0]),
            lambda s: users(s)["attributeMappings"][0].update(matchingPriority=0),
            lambda s: users(s)["attributeMappings"][0].update(targetAttributeName="shoeSize"),
            lambda s: users(s)["attributeMappings"][0]["source"].update(name="shoeSize"),
            lambda s: users(s)["attributeMappings"][0]["source"].update(type="Guess"),
            lambda s: users(s)["attributeMappings"][0].update(flowType="Sometimes"),
            lambda s: users(s).update(scope=clause("department", "equals to", ["Data"])),
            lambda s: users(s).update(scope=clause("shoeSize", "EQUALS", ["44"])),
            lambda s: users(s).update(scope=clause("department", "EQUALS", [True])),
        ],
    )
    def test_what_cannot_run_is_refused_and_the_schema_stays(self, graph, setup, spoil):
        before, schema = setup.schema(), setup.schema()
        spoil(schema)
        assert error_of(graph.put(f"{setup.path}/schema", json=schema)) == REFUSED
        assert setup.schema() == before

    def test_attributes_may_not_be_checked(self, graph, setup, turn):
        turn(unknown_attributes="accepted")
        schema = setup.schema()
        users(schema)["attributeMappings"][2]["targetAttributeName"] = "shoeSize"
        assert graph.put(f"{setup.path}/schema", json=schema).status_code == 204

    def test_the_operators_have_names_of_either_case(self, graph, setup, turn):
        path = f"{setup.path}/schema/filterOperators"
        names = {row["name"]: row["arity"] for row in graph.get(path).json()["value"]}
        assert names["EQUALS"] == "Binary"
        assert names["IS NULL"] == "Unary"
        assert "Greater_Than" in names
        turn(operators_in_capitals=True)
        assert "GREATER_THAN" in {row["name"] for row in graph.get(path).json()["value"]}

    def test_the_sdk_reads_it(self, setup, msgraph):
        async def read(client):
            item = client.service_principals.by_service_principal_id(setup.principal)
            job = item.synchronization.jobs.by_synchronization_job_id(setup.job)
            operators = await job.schema.filter_operators.get()
            return await job.schema.get(), operators

        schema, operators = msgraph(read)
        assert schema.synchronization_rules[0].name == "USERGROUP_OUTBOUND_USERGROUP"
        assert "EQUALS" in {item.additional_data["name"] for item in operators.value}


def clause(attribute, operator, values):
    one = {
        "operatorName": operator,
        "sourceOperandName": attribute,
        "targetOperand": {"values": values},
    }
    return {"groups": [{"name": "filter", "clauses": [one]}]}


def test_a_saved_world_has_jobs_secrets_and_schemas(box, graph, setup, turn, tmp_path):
    turn(new_job="NotConfigured")
    setup.save()
    schema = setup.schema()
    users(schema)["enabled"] = False
    graph.put(f"{setup.path}/schema", json=schema)
    setup.post("start")
    box.world.save(tmp_path / "world.json")
    loaded = World.load(tmp_path / "world.json")
    assert loaded.to_json() == box.world.to_json()
    before = setup.read(), setup.schema()
    box.reset(loaded)
    assert (setup.read(), setup.schema()) == before
    assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 204
