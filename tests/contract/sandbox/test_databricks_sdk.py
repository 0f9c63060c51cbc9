"""The real SDK, and the ways to authenticate, against the account."""

import base64

import httpx
import pytest
from databricks.sdk.errors import (
    BadRequest,
    InternalError,
    NotFound,
    PermissionDenied,
    ResourceConflict,
    Unauthenticated,
)
from databricks.sdk.service import iam, iamv2

from tests.contract.sandbox.databricks_server import (
    ACCOUNT,
    CLIENT_ID,
    SCIM_TOKEN,
    TOKEN,
    Account,
    Loopback,
    patch_body,
)

SCHEMAS = [iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP]
SECRET = "s3cret/+ :"


@pytest.fixture(scope="module")
def loopback():
    with Loopback().running() as running:
        yield running


@pytest.fixture
def account(loopback):
    with_server = Account(loopback)
    yield with_server
    with_server.close()


@pytest.fixture
def sdk(account):
    return account.sdk()


def test_the_sdk_lists_every_page(account, sdk):
    for i in range(250):
        account.state.add_user(f"u{i}@contoso.com")
    listed = [u.user_name for u in sdk.users_v2.list(count=100)]
    assert listed == [f"u{i}@contoso.com" for i in range(250)]
    assert len(list(sdk.users.list())) == 250
    assert len(list(sdk.groups_v2.list())) == 1
    assert len(list(sdk.service_principals_v2.list())) == 1


def test_the_sdk_creates_reads_changes_and_deletes_users(account, sdk):
    made = sdk.users_v2.create(user_name="Ada@contoso.com", display_name="Ada", external_id="o-1")
    got = sdk.users_v2.get(made.id)
    assert (got.user_name, got.display_name, got.active) == ("ada@contoso.com", "Ada", True)
    off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value=[{"value": "false"}])
    sdk.users_v2.patch(made.id, operations=[off], schemas=SCHEMAS)
    assert account.state.user("ada@contoso.com").active is False
    sdk.users_v2.delete(made.id)
    with pytest.raises(NotFound):
        sdk.users_v2.get(made.id)


def test_the_sdk_drops_a_false_value_and_the_account_refuses_what_is_left(account, sdk):
    ada = account.state.add_user("ada@contoso.com")
    off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value=False)
    with pytest.raises(BadRequest):
        sdk.users_v2.patch(ada.id, operations=[off], schemas=SCHEMAS)


def test_the_sdk_creates_groups_with_members_and_sees_none_in_listings(account, sdk):
    ada = account.state.add_user("ada@contoso.com")
    made = sdk.groups_v2.create(display_name="Data", members=[iam.ComplexValue(value=ada.id)])
    assert [m.value for m in sdk.groups_v2.get(made.id).members] == [ada.id]
    listed = next(g for g in sdk.groups_v2.list() if g.id == made.id)
    assert listed.members == []
    leave = iam.Patch(op=iam.PatchOp.REMOVE, path=f'members[value eq "{ada.id}"]')
    sdk.groups_v2.patch(made.id, operations=[leave], schemas=SCHEMAS)
    assert account.state.members("Data") == set()


def test_the_sdk_puts_and_filters(account, sdk):
    group = account.state.add_group("Data")
    sdk.groups_v2.update(group.id, display_name="Data Platform")
    found = list(sdk.groups_v2.list(filter='displayName eq "data platform"', attributes="id"))
    assert [g.id for g in found] == [group.id]


def test_conflicts_reach_the_sdk_as_resource_conflict_in_both_shapes(account, sdk):
    account.state.add_user("ada@contoso.com")
    for shape in ("scim", "databricks"):
        account.state.switches.error_shape = shape
        with pytest.raises(ResourceConflict):
            sdk.users_v2.create(user_name="ada@contoso.com")


def test_a_managed_group_reaches_the_sdk_as_internal_error(account, sdk):
    group = account.state.add_group("Managed", aim_managed=True)
    with pytest.raises(InternalError, match="Error in performing the patch operation"):
        sdk.groups_v2.update(group.id, display_name="x")


def test_direct_members_come_in_pages_with_their_source(account, sdk):
    ada = account.state.add_user("ada@contoso.com", "Ada", "o-1")
    inner = account.state.add_group("Inner")
    group = account.state.add_group("Data", members=["Inner", ada.id, CLIENT_ID])
    members = list(sdk.iam_v2.list_direct_group_members(int(group.id), page_size=2))
    assert [m.principal_id for m in members[:2]] == [int(inner.id), int(ada.id)]
    assert [m.principal_type for m in members] == [
        iamv2.PrincipalType.GROUP,
        iamv2.PrincipalType.USER,
        iamv2.PrincipalType.SERVICE_PRINCIPAL,
    ]
    assert (members[1].external_id, members[1].display_name) == ("o-1", "Ada")
    assert members[0].membership_source == iamv2.GroupMembershipSource.INTERNAL
    assert account.log.count(path="direct-members") == 2
    managed = account.state.add_group("Managed", members=[ada.id], aim_managed=True)
    member = next(sdk.iam_v2.list_direct_group_members(int(managed.id)))
    assert member.membership_source == iamv2.GroupMembershipSource.IDENTITY_PROVIDER


def test_direct_members_refuse_strange_tokens_and_unknown_groups(account, sdk):
    group = account.state.add_group("Data")
    with pytest.raises(BadRequest):
        list(sdk.iam_v2.list_direct_group_members(int(group.id), page_token="made-up"))
    with pytest.raises(NotFound):
        list(sdk.iam_v2.list_direct_group_members(1))
    account.state.switches.iam_v2 = False
    with pytest.raises(NotFound):
        list(sdk.iam_v2.list_direct_group_members(int(group.id)))


def test_the_sdk_gets_an_oauth_token_by_discovery(account):
    sdk = account.sdk(client_id=CLIENT_ID, client_secret=SECRET)
    assert sdk.config.auth_type == "oauth-m2m"
    assert list(sdk.users_v2.list()) == []
    assert account.log.count(path="/v1/token") == 1
    assert account.log.count(path="/.well-known/") >= 2


def test_a_wrong_client_secret_is_refused(account):
    with pytest.raises(ValueError, match="invalid_client: Client authentication failed"):
        list(account.sdk(client_id=CLIENT_ID, client_secret="wrong").users_v2.list())


def token_request(account, account_id=ACCOUNT, auth=(CLIENT_ID, SECRET), **form):
    form = {"grant_type": "client_credentials", "scope": "all-apis"} | form
    return httpx.post(f"{account.url}/oidc/accounts/{account_id}/v1/token", data=form, auth=auth)


def test_the_token_endpoint_issues_bearer_tokens_that_expire(account):
    answer = token_request(account).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    http = account.http(token=answer["access_token"])
    assert http.get("/Me").json()["applicationId"] == CLIENT_ID
    account.clock.now += 3600
    assert http.get("/Me").status_code == 401


def test_the_token_endpoint_takes_credentials_in_the_form(account):
    answer = token_request(account, auth=None, client_id=CLIENT_ID, client_secret=SECRET)
    assert answer.status_code == 200


def test_the_token_endpoint_refuses_all_else(account):
    assert token_request(account, auth=("stranger", SECRET)).status_code == 401
    assert token_request(account, grant_type="password").status_code == 400
    assert token_request(account, account_id="other").status_code == 404
    broken = {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}
    url = f"{account.url}/oidc/accounts/{ACCOUNT}/v1/token"
    form = {"grant_type": "client_credentials"}
    assert httpx.post(url, data=form, headers=broken).status_code == 401
    assert httpx.post(url, data=form, headers={"Authorization": "Basic ?"}).status_code == 401


@pytest.mark.parametrize("token", [None, "unknown"])
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_requests_without_a_known_token_are_unauthenticated(account, token, version):
    answer = account.http(version, token).get("/Users")
    assert answer.status_code == 401
    assert answer.json().get("status", answer.json().get("error_code")) in {
        "401",
        "UNAUTHENTICATED",
    }


def test_the_sdk_tells_unauthenticated_from_forbidden(account):
    with pytest.raises(Unauthenticated):
        list(account.sdk(token="unknown").users_v2.list())
    account.state.add_user("ada@contoso.com")
    account.state.add_token("ada", "ada@contoso.com")
    with pytest.raises(PermissionDenied):
        list(account.sdk(token="ada").users_v2.list())


def test_account_admins_may_be_so_through_nested_groups(account):
    account.state.add_user("ada@contoso.com")
    account.state.add_token("ada", "ada@contoso.com")
    account.state.add_group("Inner", members=["ada@contoso.com"])
    assert account.http(token="ada").get("/Users").status_code == 403
    account.state.add_group("Admins", members=["Inner"], roles=["account_admin"])
    assert account.http(token="ada").get("/Users").status_code == 200


def test_the_deactivated_and_the_deleted_cannot_call(account):
    ada = account.state.add_user("ada@contoso.com", roles=["account_admin"])
    account.state.add_token("ada", ada.id)
    http = account.http(token="ada")
    assert http.patch(
        f"/Users/{ada.id}",
        json=patch_body({"op": "replace", "path": "active", "value": False}),
    ).is_success
    assert http.get("/Users").status_code == 401
    account.state.remove(ada.id)
    assert http.get("/Users").status_code == 401


@pytest.mark.parametrize("switch", [False, True])
def test_a_scim_token_opens_the_newer_paths_only_unless_switched(account, switch):
    account.state.switches.scim_token_on_20 = switch
    assert account.http("2.1", SCIM_TOKEN).get("/Users").status_code == 200
    assert account.http("2.0", SCIM_TOKEN).get("/Users").status_code == (200 if switch else 403)
    group = account.state.add_group("Data")
    with pytest.raises(PermissionDenied):
        list(account.sdk(token=SCIM_TOKEN).iam_v2.list_direct_group_members(int(group.id)))


def test_tokens_of_another_issuer_stand_for_a_service_principal(account):
    account.state.external_tokens = {"entra": CLIENT_ID, "other": "app-unknown"}.get
    assert account.http(token="entra").get("/Me").json()["applicationId"] == CLIENT_ID
    assert account.http(token="other").get("/Me").status_code == 401
    assert account.http(token="none").get("/Me").status_code == 401


def test_a_token_without_identity_is_let_in_and_is_nobody(account):
    account.state.add_token("anyone")
    assert account.http(token="anyone").get("/Users").status_code == 200
    assert account.http(token="anyone").get("/Me").status_code == 404


def test_a_known_token_opens_only_its_account(account):
    url = f"{account.url}/api/2.0/accounts/other/scim/v2/Users"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 403


def test_the_application_id_shows_whatever_is_asked_for(account, sdk):
    robot = account.state.add_service_principal("app-1", "Robot")
    path = f"/api/2.0/accounts/{ACCOUNT}/scim/v2/ServicePrincipals"
    for query in ({"attributes": "displayName"}, {"excludedAttributes": "applicationId"}):
        read = sdk.api_client.do("GET", f"{path}/{robot.id}", query=query)
        listed = sdk.api_client.do("GET", path, query=query)["Resources"]
        assert read["applicationId"] == listed[-1]["applicationId"] == "app-1"
