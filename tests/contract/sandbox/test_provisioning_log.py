"""The provisioning log over real HTTP: its rows, their order, filters and pages."""

from datetime import UTC, datetime

import pytest

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.contoso import ADA, DATA, EVE, all_pages, error_of, small_world

LOG = "/auditLogs/provisioning"


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture
def ran(admin, running, clock):
    """A cycle in which one creation failed, and one five minutes after it."""
    admin.post("/faults", json={"kind": "409", "method": "POST", "path": "/Users"})
    running.assign(EVE, DATA)
    running.cycle()
    clock.advance(300)
    running.cycle()
    return running


def test_rows_are_as_documented(ran):
    row = ran.log()[-1]
    assert row["provisioningStatusInfo"]["status"] == "failure"
    error = row["provisioningStatusInfo"]["errorInformation"]
    assert error["errorCode"] == "Conflict"
    assert error["recommendedAction"] is None
    assert row["jobId"] == ran.job
    assert row["sourceIdentity"]["id"] == EVE
    assert row["sourceIdentity"]["identityType"] == "User"
    assert row["servicePrincipal"] == {"id": ran.principal, "displayName": "connector"}
    assert [s["provisioningStepType"] for s in row["provisioningSteps"]] == [
        "import", "scoping", "matching", "export",
    ]  # fmt: skip
    assert {"cycleId", "changeId", "activityDateTime", "tenantId"} <= row.keys()


def test_the_newest_come_first_or_last(ran):
    times = [row["activityDateTime"] for row in ran.log()]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 2
    assert [r["id"] for r in ran.log("?$orderby=activityDateTime asc")] == [
        r["id"] for r in reversed(ran.log())
    ]


def test_pages_lead_through_all_rows(graph, ran):
    rows = all_pages(graph, f"{LOG}?$top=1")
    assert [row["id"] for row in rows] == [row["id"] for row in ran.log()]
    assert len(rows) > 2


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("jobId eq '{job}'", 4),
        ("jobId eq 'other'", 0),
        ("jobId eq '{job}' and activityDateTime gt {between}", 1),
        ("activityDateTime lt {between}", 3),
        ("sourceIdentity/id eq '{eve}'", 2),
        ("provisioningStatusInfo/status eq 'failure'", 1),
        ("provisioningStatusInfo/status eq 'Failure'", 0),
        ("provisioningAction eq 'create'", 4),
        ("contains(sourceIdentity/displayName, 'fabrikam')", 2),
        ("contains(sourceIdentity/displayName, 'Fabrikam')", 0),
    ],
)
def test_filters_regard_case(ran, clock, query, names):
    between = datetime.fromtimestamp(clock.now() - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = query.format(job=ran.job, between=between, eve=EVE)
    assert len(ran.log(f"?$filter={text}")) == names


@pytest.mark.parametrize(
    "query", ["?$filter=color eq 'red'", "?$filter=jobId ne 'x'", "?$orderby=jobId", "?$top=0"]
)
def test_other_queries_are_refused(graph, ran, query):
    assert graph.get(LOG + query).status_code == 400


def test_beta_has_other_names(box, graph, ran):
    url = f"{box.graph_url.removesuffix('v1.0')}beta{LOG}"
    row = graph.get(url).json()["value"][-1]
    assert (row["action"], row["statusInfo"]["status"]) == ("create", "failure")
    assert "provisioningAction" not in row


def test_the_service_principal_may_be_a_list_and_new_rows_late(ran, turn):
    everything = ran.log()
    turn(log_principal="list", log_late=1)
    rows = ran.log()
    assert [row["id"] for row in rows] == [row["id"] for row in everything[1:]]
    assert rows[0]["servicePrincipal"][0]["id"] == ran.principal


def test_it_takes_a_permission(box, graph):
    box.world.entra.permissions -= {"ProvisioningLog.Read.All"}
    assert error_of(graph.get(LOG)) == (403, "Authorization_RequestDenied")
    box.world.entra.permissions.add("AuditLog.Read.All")
    assert graph.get(LOG).json()["value"] == []


def test_five_requests_in_ten_seconds(graph, ran, turn):
    turn(throttled=1)
    assert [graph.get(LOG).status_code for _ in range(6)] == [200] * 5 + [429]


def test_the_limit_is_over_in_time(graph, ran, turn):
    turn(throttled=10_000)
    assert {graph.get(LOG).status_code for _ in range(12)} == {200}


def test_an_incremental_cycle_logs_no_more_than_it_does(ran):
    rows = len(ran.log())
    ran.cycle()
    assert len(ran.log()) == rows
    ran.post("restart")
    ran.cycle()
    skipped = ran.log()[: len(ran.log()) - rows]
    codes = {r["provisioningStatusInfo"]["errorInformation"]["errorCode"] for r in skipped}
    assert codes == {"RedundantExport"}


def test_the_sdk_reads_it(ran, msgraph):
    async def read(client):
        return await client.audit_logs.provisioning.get()

    rows = msgraph(read).value
    assert rows[-1].provisioning_status_info.status.value == "failure"
    assert {row.source_identity.id for row in rows} == {EVE, ADA, DATA}
