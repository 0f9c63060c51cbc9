"""A setup of the connector when answers get lost, objects come late, and in other clouds."""

import httpx
import pytest

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.entra.applications.gallery import CONNECTOR, CUSTOM, USER_ROLE
from aadsync_lib.sandbox.entra.state import CONNECTOR_PERMISSIONS
from tests.contract.sandbox.connecting import instantiated, with_job
from tests.contract.sandbox.contoso import ADA, DATA, EVE, error_of, small_world

CONFLICT = (409, "Request_Conflict")
SMALL = 1024


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture
def apply(admin):
    def switch(**applications):
        admin.post("/switches", json={"applications": applications}).raise_for_status()

    return switch


def jobs(setup):
    return setup.graph.get(f"{setup.root}/jobs").json()["value"]


def secrets(setup):
    return setup.graph.get(f"{setup.root}/secrets").json()["value"]


def assigned(setup):
    path = f"/servicePrincipals/{setup.principal}/appRoleAssignedTo"
    return setup.graph.get(path).json()["value"]


def assign(setup):
    body = {"principalId": ADA, "resourceId": setup.principal, "appRoleId": USER_ROLE}
    return setup.graph.post(f"/servicePrincipals/{setup.principal}/appRoleAssignedTo", json=body)


def switched_off(setup):
    schema = setup.schema()
    schema["synchronizationRules"][0]["objectMappings"][0]["enabled"] = False
    return schema


def is_on(setup):
    return setup.schema()["synchronizationRules"][0]["objectMappings"][0]["enabled"]


WRITES = {
    "instantiate": (
        "/instantiate$",
        lambda s: s.graph.post(
            f"/applicationTemplates/{CONNECTOR}/instantiate", json={"displayName": "second"}
        ),
        lambda s: len(s.graph.get("/applications").json()["value"]) == 2,
    ),
    "job": (
        "/jobs$",
        lambda s: s.graph.post(f"{s.root}/jobs", json={"templateId": "dataBricks"}),
        lambda s: len(jobs(s)) == 2,
    ),
    "secrets": (
        "/secrets$",
        lambda s: s.graph.put(f"{s.root}/secrets", json={"value": s.secrets()}),
        lambda s: len(secrets(s)) == 3,
    ),
    "schema": (
        "/schema$",
        lambda s: s.graph.put(f"{s.path}/schema", json=switched_off(s)),
        lambda s: not is_on(s),
    ),
    "assignment": ("/appRoleAssignedTo$", assign, lambda s: len(assigned(s)) == 1),
    "start": (
        "/start$",
        lambda s: s.post("start"),
        lambda s: s.read()["schedule"]["state"] == "Active",
    ),
    "restart": (
        "/restart$",
        lambda s: s.post("restart"),
        lambda s: s.read()["schedule"]["state"] == "Active",
    ),
    "delete": ("/jobs/[^/]+$", lambda s: s.graph.delete(s.path), lambda s: jobs(s) == []),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("kind", "happens"), [("lost", True), ("reset", False), ("truncated", True)]
)
def test_a_write_whose_answer_is_lost_was_made(admin, setup, write, kind, happens):
    path, send, made = WRITES[write]
    method = {"secrets": "PUT", "schema": "PUT", "delete": "DELETE"}.get(write, "POST")
    fault = {"kind": kind, "side": "graph", "path": path, "method": method}
    admin.post("/faults", json=fault).raise_for_status()
    if kind in {"lost", "reset"}:
        with pytest.raises(httpx.TransportError):
            send(setup)
    else:
        assert send(setup).is_success
    assert made(setup) is happens


def test_a_lost_answer_to_a_change_in_databricks_makes_nobody_twice(admin, box, running):
    for path in ("/Users", "/Groups"):
        fault = {"kind": "lost", "side": "databricks", "method": "POST", "path": path}
        admin.post("/faults", json=fault)
    running.assign(DATA, EVE)
    states = [running.cycle()["lastExecution"]["state"] for _ in range(2)]
    assert states == ["EntryLevelErrors", "Succeeded"]
    account = box.world.databricks
    assert len(account.users) == 2
    assert account.members("dbx-data") == {"ada@contoso.com"}


def test_a_new_application_comes_into_being_bit_by_bit(box, graph, apply):
    apply(not_found=2, forbidden=2, conflicts=2)
    setup = instantiated(box, graph)
    answers = [graph.get(f"{setup.root}/jobs").status_code for _ in range(7)]
    assert answers == [404, 404, 403, 403, 409, 409, 200]


def test_found_once_is_not_found_for_good(box, graph, apply):
    apply(not_found=2, flapping=True)
    setup = instantiated(box, graph)
    path = f"/servicePrincipals/{setup.principal}"
    assert [graph.get(path).status_code for _ in range(5)] == [404, 200, 404, 200, 200]


@pytest.mark.parametrize("order", ["job_first", "secrets_first"])
def test_one_order_of_job_and_secrets_is_refused_and_the_other_works(bare, turn, order):
    turn(order=order)
    put = {"value": bare.secrets()}
    if order == "job_first":
        assert error_of(bare.graph.put(f"{bare.root}/secrets", json=put)) == CONFLICT
        with_job(bare).save()
    else:
        made = bare.graph.post(f"{bare.root}/jobs", json={"templateId": "dataBricks"})
        assert error_of(made) == CONFLICT
        bare.save()
        with_job(bare)
    assert (len(jobs(bare)), len(secrets(bare))) == (1, 3)


class TestClouds:
    @pytest.mark.parametrize("cloud", ["us_government", "china"])
    def test_the_gallery_of_other_clouds_lacks_the_connector(self, box, graph, apply, cloud):
        apply(cloud=cloud)
        box.world.entra.permissions |= CONNECTOR_PERMISSIONS
        name = "Azure Databricks SCIM Provisioning Connector"
        listed = graph.get(f"/applicationTemplates?$filter=displayName eq '{name}'")
        assert listed.json()["value"] == []
        assert graph.get(f"/applicationTemplates/{CONNECTOR}").status_code == 404
        body = {"displayName": "connector"}
        made = graph.post(f"/applicationTemplates/{CONNECTOR}/instantiate", json=body)
        assert made.status_code == 404
        assert graph.get("/applications").json()["value"] == []

    def test_other_templates_are_everywhere(self, box, graph, apply):
        apply(cloud="china")
        box.world.entra.permissions |= CONNECTOR_PERMISSIONS
        path = f"/applicationTemplates/{CUSTOM}/instantiate"
        assert graph.post(path, json={"displayName": "custom"}).status_code == 201

    def test_china_has_no_log_no_test_of_credentials_and_nothing_on_demand(
        self, graph, setup, apply
    ):
        setup.save()
        apply(cloud="china")
        assert graph.get("/auditLogs/provisioning").status_code == 400
        assert setup.demand(ADA).status_code == 400
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 400
        path = f"{setup.root}/jobs/validateCredentials"
        body = {"templateId": "dataBricks", "useSavedCredentials": True}
        assert graph.post(path, json=body).status_code == 400
        assert setup.read()["id"] == setup.job

    def test_us_government_takes_small_secrets_only(self, graph, setup, apply):
        apply(cloud="us_government")
        setup.save()
        large = {"value": setup.secrets(SecretToken="x" * SMALL)}
        assert graph.put(f"{setup.root}/secrets", json=large).status_code == 400
        assert setup.post("validateCredentials", useSavedCredentials=True).status_code == 204

    def test_a_cloud_that_is_none_is_refused(self, admin):
        body = {"applications": {"cloud": "moon"}}
        assert admin.post("/switches", json=body).status_code == 400
