"""Applications over real HTTP: gallery, registrations, enterprise applications, assignments."""

import pytest
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.service_principal import ServicePrincipal

from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.entra.state import CONNECTOR_PERMISSIONS
from tests.contract.sandbox.contoso import ADA, APPLICATION, DATA, EVE, error_of, ids, small_world

NAME = "Azure Databricks SCIM Provisioning Connector"
ZERO = "00000000-0000-0000-0000-000000000000"
REFUSED = (400, "Request_BadRequest")
DENIED = (403, "Authorization_RequestDenied")
GONE = (404, "Request_ResourceNotFound")


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture(autouse=True)
def state(box):
    box.world.entra.permissions |= CONNECTOR_PERMISSIONS
    return box.world.entra


def templates(graph, name=NAME):
    query = {"$filter": f"displayName eq '{name}'"}
    return graph.get("/applicationTemplates", params=query).json()["value"]


def instantiate(graph, name="contoso-databricks"):
    (template,) = templates(graph)
    path = f"/applicationTemplates/{template['id']}/instantiate"
    return graph.post(path, json={"displayName": name})


@pytest.fixture
def pair(graph):
    answer = instantiate(graph)
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def principal(pair):
    return f"/servicePrincipals/{pair['servicePrincipal']['id']}"


class TestGallery:
    def test_a_template_is_found_by_name_and_by_id(self, graph):
        (template,) = templates(graph)
        assert graph.get(f"/applicationTemplates/{template['id']}").json()["displayName"] == NAME
        assert templates(graph, "nothing") == []
        assert error_of(graph.get("/applicationTemplates/nothing")) == GONE

    def test_a_template_is_found_by_a_part_of_its_name(self, graph):
        query = {"$filter": "contains(displayName, 'SCIM')"}
        rows = graph.get("/applicationTemplates", params=query).json()["value"]
        assert [row["displayName"] for row in rows] == [NAME]

    def test_instantiating_makes_a_pair_that_belongs_together(self, graph, pair, principal):
        application, shown = pair["application"], pair["servicePrincipal"]
        assert application["appId"] == shown["appId"]
        assert shown["displayName"] == "contoso-databricks"
        assert "WindowsAzureActiveDirectoryIntegratedApp" in shown["tags"]
        path = f"/applications(appId='{application['appId']}')"
        assert graph.get(path).json()["id"] == application["id"]
        path = f"/servicePrincipals(appId='{application['appId']}')"
        assert graph.get(path).json()["id"] == shown["id"]

    def test_roles_are_not_in_the_answer_and_come_late(self, admin, graph):
        admin.post("/switches", json={"applications": {"roles_late": 2}})
        shown = instantiate(graph).json()["servicePrincipal"]
        assert shown["appRoles"] == []
        path = f"/servicePrincipals/{shown['id']}"
        roles = [graph.get(path).json()["appRoles"] for _ in range(3)]
        assert roles[:2] == [[], []]
        assert "User" in {role["displayName"] for role in roles[2]}

    def test_instantiating_twice_makes_two(self, graph, pair):
        again = instantiate(graph).json()
        assert again["application"]["id"] != pair["application"]["id"]
        query = {"$filter": "displayName eq 'contoso-databricks'"}
        assert len(graph.get("/servicePrincipals", params=query).json()["value"]) == 2

    def test_beta_calls_the_ids_otherwise(self, box, graph):
        path = f"/applicationTemplates/{templates(graph)[0]['id']}/instantiate"
        url = box.graph_url.replace("v1.0", "beta") + path
        pair = graph.post(url, json={"displayName": "x"}).json()
        assert "id" not in pair["servicePrincipal"]
        assert graph.get(f"/servicePrincipals/{pair['servicePrincipal']['objectId']}").is_success

    def test_it_needs_a_permission_and_a_name(self, graph, state):
        path = f"/applicationTemplates/{templates(graph)[0]['id']}/instantiate"
        assert error_of(graph.post(path, json={})) == REFUSED
        state.permissions.discard("Application.ReadWrite.OwnedBy")
        assert error_of(instantiate(graph)) == DENIED

    def test_the_sdk_instantiates(self, graph, msgraph):
        from msgraph.generated.application_templates.item.instantiate import (
            instantiate_post_request_body as bodies,
        )

        key = templates(graph)[0]["id"]

        async def make(client):
            template = client.application_templates.by_application_template_id(key)
            body = bodies.InstantiatePostRequestBody(display_name="by-sdk")
            return await template.instantiate.post(body)

        made = msgraph(make)
        assert made.service_principal.display_name == made.application.display_name == "by-sdk"


class TestDelays:
    def test_new_objects_are_not_found_for_a_while_with_successes_between(self, admin, graph):
        switches = {"applications": {"not_found": 2, "flapping": True}}
        assert admin.post("/switches", json=switches).status_code == 204
        pair = instantiate(graph).json()
        path = f"/applications/{pair['application']['id']}"
        seen = [graph.get(path).status_code for _ in range(6)]
        assert seen == [404, 200, 404, 200, 200, 200]

    def test_a_write_meets_the_delay_too(self, admin, graph):
        admin.post("/switches", json={"applications": {"not_found": 1}})
        path = f"/servicePrincipals/{instantiate(graph).json()['servicePrincipal']['id']}"
        assert error_of(graph.patch(path, json={"notes": "x"})) == GONE
        assert graph.patch(path, json={"notes": "x"}).status_code == 204

    def test_listings_show_new_objects_late(self, admin, graph):
        admin.post("/switches", json={"applications": {"unlisted": 1}})
        instantiate(graph)
        query = {"$filter": "displayName eq 'contoso-databricks'"}
        rows = [graph.get("/applications", params=query).json()["value"] for _ in range(2)]
        assert [len(row) for row in rows] == [0, 1]

    def test_an_assignment_is_listed_late(self, admin, graph, principal):
        admin.post("/switches", json={"applications": {"assignments_unlisted": 1}})
        assert assign(graph, principal, DATA).status_code == 201
        rows = [graph.get(f"{principal}/appRoleAssignedTo").json()["value"] for _ in range(2)]
        assert [len(row) for row in rows] == [0, 1]

    @pytest.mark.parametrize(
        "wanted", [{"nothing": 1}, {"duplicate_assignment": "500"}], ids=["name", "word"]
    )
    def test_an_unknown_switch_is_refused(self, admin, wanted):
        assert admin.post("/switches", json={"applications": wanted}).status_code == 400


class TestObjects:
    def test_notes_are_kept_and_tags_stay(self, graph, principal):
        tags = graph.get(principal).json()["tags"]
        assert graph.patch(principal, json={"notes": "ours"}).status_code == 204
        shown = graph.get(principal).json()
        assert (shown["notes"], shown["tags"]) == ("ours", tags)

    def test_a_name_of_the_application_is_that_of_its_principal(self, graph, pair, principal):
        path = f"/applications/{pair['application']['id']}"
        graph.patch(path, json={"displayName": "renamed"})
        assert graph.get(principal).json()["displayName"] == "renamed"

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"shoeSize": 1}, (400, "BadRequest")),
            ({"appId": "x"}, REFUSED),
            ({"notes": "x" * 1025}, REFUSED),
        ],
        ids=["unknown", "read-only", "long"],
    )
    def test_a_change_that_cannot_be_made_changes_nothing(self, graph, principal, body, error):
        before = graph.get(principal).json()
        assert error_of(graph.patch(principal, json={"description": "y", **body})) == error
        assert graph.get(principal).json() == before

    def test_a_registration_gets_its_principal_apart(self, graph):
        made = graph.post("/applications", json={"displayName": "aadsync-contoso"})
        assert made.status_code == 201
        body = {"appId": made.json()["appId"]}
        answer = graph.post("/servicePrincipals", json=body)
        assert (answer.status_code, answer.json()["displayName"]) == (201, "aadsync-contoso")
        again = graph.post("/servicePrincipals", json=body)
        assert error_of(again) == (409, "Request_MultipleObjectsWithSameKeyValue")

    def test_a_principal_needs_an_application_that_is_there_by_now(self, admin, graph):
        admin.post("/switches", json={"applications": {"no_backing_application": 1}})
        made = graph.post("/applications", json={"displayName": "aadsync-contoso"}).json()
        body = {"appId": made["appId"]}
        lacking = (400, "NoBackingApplicationObject")
        assert error_of(graph.post("/servicePrincipals", json=body)) == lacking
        assert graph.post("/servicePrincipals", json=body).status_code == 201
        assert error_of(graph.post("/servicePrincipals", json={"appId": "no"})) == lacking

    def test_deleting_the_application_takes_its_principal_along(self, graph, pair, principal):
        path = f"/applications/{pair['application']['id']}"
        assert graph.delete(path).status_code == 204
        assert error_of(graph.get(path)) == error_of(graph.get(principal)) == GONE
        gone = graph.get("/directory/deletedItems/microsoft.graph.application").json()["value"]
        assert ids(gone) == [pair["application"]["id"]]

    def test_deleting_the_principal_leaves_the_application(self, graph, pair, principal):
        assert graph.delete(principal).status_code == 204
        assert graph.get(f"/applications/{pair['application']['id']}").is_success

    def test_only_what_the_caller_owns_may_be_changed(self, graph, state):
        path = f"/servicePrincipals/{APPLICATION}"
        assert error_of(graph.patch(path, json={"notes": "x"})) == DENIED
        assert error_of(graph.delete(path)) == DENIED
        state.permissions.add("Application.ReadWrite.All")
        assert graph.patch(path, json={"notes": "x"}).status_code == 204

    def test_who_makes_an_application_may_not_own_it(self, admin, graph):
        admin.post("/switches", json={"applications": {"caller_owns_new": False}})
        path = f"/applications/{instantiate(graph).json()['application']['id']}"
        assert error_of(graph.patch(path, json={"notes": "x"})) == DENIED

    def test_the_sdk_writes_notes(self, graph, msgraph, pair, principal):
        async def write(client):
            key = pair["servicePrincipal"]["id"]
            item = client.service_principals.by_service_principal_id(key)
            await item.patch(ServicePrincipal(notes="by sdk"))

        msgraph(write)
        assert graph.get(principal).json()["notes"] == "by sdk"


def role_of(graph, principal):
    roles = graph.get(principal).json()["appRoles"]
    return next(role["id"] for role in roles if role["displayName"] == "User")


def assign(graph, principal, who, **changed):
    resource = principal.rpartition("/")[2]
    body = {"principalId": who, "resourceId": resource, "appRoleId": role_of(graph, principal)}
    return graph.post(f"{principal}/appRoleAssignedTo", json=body | changed)


class TestAssigning:
    def test_an_assignment_is_made_and_withdrawn(self, graph, principal):
        made = assign(graph, principal, DATA)
        assert made.status_code == 201
        assert made.json()["principalDisplayName"] == "dbx-data"
        path = f"{principal}/appRoleAssignedTo"
        assert ids(graph.get(path).json()["value"]) == [made.json()["id"]]
        assert graph.get(f"{path}/{made.json()['id']}").json()["principalType"] == "Group"
        assert graph.delete(f"{path}/{made.json()['id']}").status_code == 204
        assert error_of(graph.delete(f"{path}/{made.json()['id']}")) == GONE
        assert graph.get(path).json()["value"] == []

    def test_a_second_one_is_refused_in_one_way_or_another(self, admin, graph, principal):
        assign(graph, principal, ADA)
        again = assign(graph, principal, ADA)
        assert error_of(again) == REFUSED
        assert "already exists" in again.json()["error"]["message"]
        admin.post("/switches", json={"applications": {"duplicate_assignment": "409"}})
        assert assign(graph, principal, ADA).status_code == 409
        assert len(graph.get(f"{principal}/appRoleAssignedTo").json()["value"]) == 1

    @pytest.mark.parametrize(
        ("changed", "error", "message"),
        [
            ({"appRoleId": EVE}, REFUSED, "was not found on application"),
            ({"appRoleId": ZERO}, REFUSED, "was not found on application"),
            ({"resourceId": APPLICATION}, REFUSED, "Not a valid reference update"),
            ({"principalId": EVE[:-1] + "9"}, GONE, "does not exist"),
            ({"principalId": None}, REFUSED, "invalid values"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, graph, principal, changed, error, message):
        answer = assign(graph, principal, ADA, **changed)
        assert error_of(answer) == error
        assert message in answer.json()["error"]["message"]

    def test_the_assignment_without_a_role_is_for_applications_without_roles(
        self, admin, graph, principal, state
    ):
        body = {"principalId": ADA, "resourceId": APPLICATION, "appRoleId": ZERO}
        path = f"/servicePrincipals/{APPLICATION}/appRoleAssignedTo"
        assert graph.post(path, json=body).status_code == 201
        admin.post("/switches", json={"applications": {"zero_role": "accepted"}})
        assert assign(graph, principal, ADA, appRoleId=ZERO).status_code == 201

    @pytest.mark.parametrize("lacking", ["AppRoleAssignment.ReadWrite.All", "reading"])
    def test_it_takes_two_permissions(self, graph, principal, state, lacking):
        resource = principal.rpartition("/")[2]
        role = role_of(graph, principal)
        gone = {"Application.Read.All", "Application.ReadWrite.OwnedBy"}
        state.permissions -= gone if lacking == "reading" else {lacking}
        body = {"principalId": ADA, "resourceId": resource, "appRoleId": role}
        assert error_of(graph.post(f"{principal}/appRoleAssignedTo", json=body)) == DENIED

    def test_it_goes_from_the_side_of_the_principal_too(self, graph, principal):
        resource, role = principal.rpartition("/")[2], role_of(graph, principal)
        body = {"principalId": ADA, "resourceId": resource, "appRoleId": role}
        path = f"/users/{ADA}/appRoleAssignments"
        made = graph.post(path, json=body)
        assert made.status_code == 201
        wrong = graph.post(path, json=body | {"principalId": EVE})
        assert "Not a valid reference" in wrong.json()["error"]["message"]
        assert graph.delete(f"{path}/{made.json()['id']}").status_code == 204

    def test_the_sdk_assigns(self, graph, msgraph, pair, principal):
        from uuid import UUID

        key, role = pair["servicePrincipal"]["id"], role_of(graph, principal)

        async def make(client):
            item = client.service_principals.by_service_principal_id(key)
            body = AppRoleAssignment(
                principal_id=UUID(ADA), resource_id=UUID(key), app_role_id=UUID(role)
            )
            return await item.app_role_assigned_to.post(body)

        assert msgraph(make).principal_type == "User"


def test_a_saved_world_has_its_applications(box, graph, admin, pair, principal, tmp_path):
    admin.post("/switches", json={"applications": {"unlisted": 3}})
    instantiate(graph, "other")
    assign(graph, principal, ADA)
    box.world.save(tmp_path / "world.json")
    loaded = World.load(tmp_path / "world.json")
    assert loaded.to_json() == box.world.to_json()
    box.reset(loaded)
    assert graph.patch(principal, json={"notes": "still ours"}).status_code == 204
    assert len(graph.get(f"{principal}/appRoleAssignedTo").json()["value"]) == 1
