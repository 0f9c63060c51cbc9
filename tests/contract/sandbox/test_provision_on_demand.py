"""Provisioning on demand over real HTTP: two shapes of one answer."""

import json

import pytest
from msgraph.generated.models.synchronization_job_application_parameters import (
    SynchronizationJobApplicationParameters,
)
from msgraph.generated.models.synchronization_job_subject import SynchronizationJobSubject
from msgraph.generated.service_principals.item.synchronization.jobs.item.provision_on_demand.provision_on_demand_post_request_body import (
    ProvisionOnDemandPostRequestBody,
)

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.contoso import ADA, BOB, DATA, EVE, ROBOT, error_of, small_world

ADA_NAME = "ada@contoso.com"
STATUS_INFO = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"
REFUSED = (400, "BadRequest")


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture
def ready(setup):
    """Credentials are there and a group is assigned; the job was never started."""
    setup.save()
    setup.assign(DATA, EVE)
    return setup


def parsed(answer):
    assert answer.status_code == 200, answer.text
    pair = answer.json()
    return json.loads(pair["key"]), json.loads(pair["value"])


def steps(body):
    return [(step["type"], step["status"]) for step in body["provisioningSteps"]]


def test_a_person_is_created_step_by_step(box, ready):
    key, body = parsed(ready.demand(ADA))
    assert key == {"result": "Success", "details": {}}
    assert steps(body) == [
        ("Import", "Success"), ("Scoping", "Success"), ("Matching", "Success"), ("Export", "Success"),
    ]  # fmt: skip
    assert body["statusInfo"]["status"] == "Success"
    assert body["sourceIdentity"]["id"] == ADA
    assert body["targetIdentity"]["id"] == box.world.databricks.user(ADA_NAME).id
    changed = {p["displayName"]: p["newValue"] for p in body["modifiedProperties"]}
    assert changed["userName"] == "Ada@contoso.com"


def test_who_is_equal_already_is_skipped(box, ready):
    ready.demand(ADA)
    box.log.clear()
    key, body = parsed(ready.demand(ADA))
    assert (key["result"], key["details"]["errorCode"]) == ("Skipped", "RedundantExport")
    assert steps(body)[-1] == ("Export", "Skipped")
    assert box.log.writes("databricks") == ()


def test_the_other_shape_is_a_list(ready, turn):
    turn(on_demand="status_info")
    pair = ready.demand(ADA).json()
    assert pair["key"] == STATUS_INFO
    (body,) = json.loads(pair["value"])
    assert body["statusInfo"]["status"] == "Success"
    (again,) = json.loads(ready.demand(ADA).json()["value"])
    assert again["statusInfo"]["status"] == "Skipped"
    assert again["statusInfo"]["errorCode"] == "RedundantExport"


@pytest.mark.parametrize(("who", "detail"), [(BOB, "IsActive"), (BOB, "Assigned")])
def test_who_is_out_of_scope_is_skipped_with_the_reason(box, ready, who, detail):
    key, body = parsed(ready.demand(who))
    assert key["result"] == "Skipped"
    scoping = next(s for s in body["provisioningSteps"] if s["type"] == "Scoping")
    assert (scoping["status"], scoping["details"][detail]) == ("Skipped", "False")
    assert len(box.world.databricks.users) == 0


def test_a_new_assignment_counts_later(ready, turn):
    turn(on_demand_late=1)
    assert parsed(ready.demand(ADA))[0]["result"] == "Skipped"
    assert parsed(ready.demand(ADA))[0]["result"] == "Success"


def test_a_group_comes_with_the_members_that_are_named(box, ready):
    box.world.entra.add_member(DATA, EVE)
    ready.demand(EVE)
    key, body = parsed(ready.demand(DATA, "Group", ADA))
    assert (key["result"], body) == ("Success", {})
    assert box.world.databricks.members("dbx-data") == {ADA_NAME}
    ready.demand(DATA, "Group", EVE)
    assert len(box.world.databricks.members("dbx-data")) == 2


def test_a_later_cycle_adds_the_other_members(box, ready):
    box.world.entra.add_member(DATA, EVE)
    ready.demand(DATA, "Group", ADA)
    ready.post("start")
    ready.cycle()
    assert len(box.world.databricks.members("dbx-data")) == 2


def test_of_a_group_there_may_be_more_to_see(ready, turn):
    turn(on_demand_group="object")
    _, body = parsed(ready.demand(DATA, "Group", ADA))
    assert body["sourceIdentity"]["type"] == "Group"
    turn(on_demand="status_info")
    pair = ready.demand(DATA, "Group", ADA).json()
    kinds = [each["sourceIdentity"]["type"] for each in json.loads(pair["value"])]
    assert kinds == ["User", "Group"]


def test_who_is_no_member_does_not_become_one(box, ready):
    ready.demand(DATA, "Group", EVE)
    assert box.world.databricks.members("dbx-data") == set()


def test_a_member_that_fails_fails_the_whole(admin, ready):
    admin.post("/faults", json={"kind": "409", "method": "POST", "path": "/Users"})
    key, _ = parsed(ready.demand(DATA, "Group", ADA))
    assert (key["result"], key["details"]["errorCode"]) == ("Failure", "Conflict")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"SecretToken": "old"}, "CredentialValidationFailure"),
        ({"BaseAddress": ""}, "InvalidCredentials"),
    ],
)
def test_bad_credentials_are_a_failure(ready, changed, code):
    ready.save(**changed)
    key, body = parsed(ready.demand(ADA))
    assert key["result"] == body["statusInfo"]["status"] == "Failure"
    assert key["details"]["errorCode"] == f"SystemForCrossDomainIdentityManagement{code}"


def test_a_mapping_that_is_off_skips(ready):
    ready.change_schema("User", enabled=False)
    assert parsed(ready.demand(ADA))[0]["result"] == "Skipped"


def test_it_is_logged_like_a_cycle(ready):
    ready.demand(ADA)
    (row,) = ready.log()
    assert (row["provisioningAction"], row["jobId"]) == ("create", ready.job)


def user(key, kind="User", **links):
    return {"objectId": key, "objectTypeName": kind, **({"links": links} if links else {})}


@pytest.mark.parametrize(
    ("subjects", "error"),
    [
        ([], REFUSED),
        ([user(ADA), user(EVE)], REFUSED),
        ([user(ADA, "user")], REFUSED),
        ([user(ROBOT, "ServicePrincipal")], REFUSED),
        ([user(ADA, "Group")], (404, "Request_ResourceNotFound")),
        ([user("nobody")], (404, "Request_ResourceNotFound")),
        ([user(ADA, members=[user(EVE)])], REFUSED),
        ([user(DATA, "Group", members=[user(DATA, "Group")])], REFUSED),
        ([user(DATA, "Group", members=[user(ADA)] * 6)], REFUSED),
    ],
)
def test_what_cannot_be_asked_for_is_refused(box, ready, subjects, error):
    rule = ready.schema()["synchronizationRules"][0]["id"]
    parameters = [{"ruleId": rule, "subjects": subjects}]
    assert error_of(ready.post("provisionOnDemand", parameters=parameters)) == error
    assert len(box.world.databricks.users) == 0


def test_the_rule_has_to_be_of_the_schema(ready):
    parameters = [{"ruleId": "other", "subjects": [user(ADA)]}]
    assert error_of(ready.post("provisionOnDemand", parameters=parameters)) == REFUSED


def test_five_requests_in_ten_seconds(ready, turn):
    turn(throttled=1)
    answers = [ready.demand(ADA) for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10
    assert answers[-1].json()["error"]["code"] == "TooManyRequests"
    assert ready.log()


def test_the_sdk_asks_for_it(box, ready, msgraph):
    rule = ready.schema()["synchronizationRules"][0]["id"]
    subject = SynchronizationJobSubject(object_id=ADA, object_type_name="User")
    parameters = SynchronizationJobApplicationParameters(rule_id=rule, subjects=[subject])

    async def ask(client):
        item = client.service_principals.by_service_principal_id(ready.principal)
        job = item.synchronization.jobs.by_synchronization_job_id(ready.job)
        body = ProvisionOnDemandPostRequestBody(parameters=[parameters])
        return await job.provision_on_demand.post(body)

    pair = msgraph(ask)
    assert json.loads(pair.key)["result"] == "Success"
    assert box.world.databricks.users.named(ADA_NAME)
