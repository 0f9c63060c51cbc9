"""Every way to log in to Databricks, and that nothing else of the machine gets in."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from azure import identity
from azure.core.credentials import AccessToken
from databricks.sdk.core import Config
from databricks.sdk.environments import Cloud

from aadsync_lib.auth import databricks_api, login_of
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.errors import CredentialError
from aadsync_lib.sandbox import World
from aadsync_lib.secrets import SecretResolver
from tests.contract.auth.test_cached import jwt

TENANT = "5f0a0000-0000-4000-8000-000000000001"
CLIENT = "5f0a0000-0000-4000-8000-000000000002"
M2M = {"method": "oauth_m2m", "client_secret": {"env": "DATABRICKS_SECRET"}}


@pytest.fixture(autouse=True)
def host_metadata(monkeypatch):
    """Only the sandbox is asked what kind of host it is, by versions of the SDK that ask."""
    real = getattr(Config, "_resolve_host_metadata", lambda config: None)

    def resolve(config):
        if config.host.startswith("http://127.0.0.1"):
            real(config)

    monkeypatch.setattr(Config, "_resolve_host_metadata", resolve, raising=False)


def me(api, settings) -> str:
    """Who Databricks takes the caller for."""
    answer = api.do("GET", f"/api/2.0/accounts/{settings.account_id}/scim/v2/Me")
    return answer["id"]


def header(settings: TargetSettings) -> str:
    return databricks_api(settings, SecretResolver())._cfg.authenticate()["Authorization"]


class TestMachineToMachine:
    """A Databricks service principal."""

    def test_it_logs_in(self, box, target):
        settings = target(**M2M, client_id=box.client_id)
        assert me(databricks_api(settings, SecretResolver()), settings)

    def test_the_token_is_got_once(self, box, target):
        settings = target(**M2M, client_id=box.client_id)
        api = databricks_api(settings, SecretResolver())
        box.log.clear()
        me(api, settings)
        me(api, settings)
        assert [entry.path for entry in box.log.entries if "oidc" in entry.path] == [
            f"/oidc/accounts/{box.account_id}/v1/token"
        ]

    def test_a_wrong_secret_is_one_sentence_without_it(self, box, target, monkeypatch):
        monkeypatch.setenv("DATABRICKS_SECRET", "hunter2")
        settings = target(**M2M, client_id=box.client_id)
        with pytest.raises(CredentialError) as caught:
            header(settings)
        assert str(caught.value).startswith(
            "targets.account.auth: the login by oauth_m2m failed: invalid_client"
        )
        assert "hunter2" not in str(caught.value)

    def test_the_token_is_redacted_from_then_on(self, box, target):
        secrets = SecretResolver()
        api = databricks_api(target(**M2M, client_id=box.client_id), secrets)
        bearer = api._cfg.authenticate()["Authorization"]
        assert secrets.redact(bearer) == "Bearer ***"

    def test_a_workspace_has_an_endpoint_of_its_own(self, box, monkeypatch):
        from databricks.sdk import oauth

        seen = {}
        monkeypatch.setattr(oauth, "ClientCredentials", lambda **options: seen.update(options))
        settings = TargetSettings.model_validate(
            {
                "name": "w",
                "level": "workspace",
                "host": "http://127.0.0.1:1",
                "auth": {**M2M, "client_id": "c"},
            }
        )
        monkeypatch.setattr(Config, "_resolve_host_metadata", lambda config: None, raising=False)
        databricks_api(settings, SecretResolver())
        assert seen["token_url"] == "http://127.0.0.1:1/oidc/v1/token"

    def test_the_account_through_a_workspace_takes_the_token_of_that(self, box, target):
        world = World()
        world.add_workspace("hub", federated=True)
        box.reset(world)
        hub = {"host": box.workspaces["hub"].url}
        settings = target(**M2M, client_id=box.client_id).model_copy(update=hub)
        api = databricks_api(settings, SecretResolver())
        for _ in range(2):
            assert api.do("GET", "/api/2.0/account/scim/v2/Me")["id"]
        tokens = [(e.path, e.status) for e in box.log.entries if e.path.endswith("/token")]
        assert tokens == [
            (f"/oidc/accounts/{box.account_id}/v1/token", 404),
            ("/oidc/v1/token", 200),
        ]

    @pytest.mark.parametrize(
        ("host", "path"),
        [
            ("https://accounts.cloud.databricks.com", f"/oidc/accounts/{TENANT}/v1/token"),
            ("https://dbc-1a2b.cloud.databricks.com", "/oidc/v1/token"),
        ],
    )
    def test_where_the_name_of_the_host_tells_one_endpoint_is_asked(
        self, box, target, monkeypatch, host, path
    ):
        from databricks.sdk import oauth

        asked = []
        monkeypatch.setattr(oauth, "ClientCredentials", lambda **given: asked.append(given))
        place = {"host": host, "account_id": TENANT}
        databricks_api(target(**M2M, client_id="c").model_copy(update=place), SecretResolver())
        assert [given["token_url"] for given in asked] == [host + path]


class TestToken:
    """A token of an account or a workspace."""

    def test_it_is_sent(self, box, target, monkeypatch):
        monkeypatch.setenv("PAT", box.databricks_token)
        settings = target(method="pat", token={"env": "PAT"})
        assert me(databricks_api(settings, SecretResolver()), settings)

    def test_one_that_is_missing_names_the_setting(self, target):
        with pytest.raises(CredentialError, match=r"^targets\.account\.auth\.token: .*NOT_THERE"):
            databricks_api(target(method="pat", token={"env": "NOT_THERE"}), SecretResolver())


class TestEntra:
    """An identity of Entra that Databricks accepts."""

    def test_a_client_secret(self, box, target):
        box.world.databricks.add_client(box.entra_client_id, "unused")
        settings = target(
            method="azure_client_secret",
            client_id=box.entra_client_id,
            client_secret={"env": "ENTRA_SECRET"},
            tenant_id=box.tenant_id,
        )
        assert me(databricks_api(settings, SecretResolver()), settings)

    def test_a_managed_identity(self, box, target, monkeypatch):
        monkeypatch.setenv("IDENTITY_ENDPOINT", box.identity_endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", box.identity_header)
        box.world.databricks.add_client(box.entra_client_id, "unused")
        settings = target(method="managed_identity")
        assert me(databricks_api(settings, SecretResolver()), settings)

    def test_azure_cli(self, target, monkeypatch):
        asked = []

        def get_token(*scopes, **_):
            asked.append(scopes)
            return AccessToken("from-az", 4102444800)

        monkeypatch.setattr(
            identity, "AzureCliCredential", lambda: SimpleNamespace(get_token=get_token)
        )
        assert header(target(method="azure_cli")) == "Bearer from-az"
        assert asked == [("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",)]

    def test_a_refusal_names_the_target(self, box, target, monkeypatch):
        monkeypatch.setenv("ENTRA_SECRET", "hunter2")
        settings = target(
            method="azure_client_secret",
            client_id=box.entra_client_id,
            client_secret={"env": "ENTRA_SECRET"},
            tenant_id=box.tenant_id,
        )
        with pytest.raises(
            CredentialError, match=r"^targets\.account\.auth: the login by azure_client_secret"
        ):
            header(settings)


@pytest.mark.skipif(
    find_spec("databricks.sdk.oidc") is None, reason="this databricks-sdk knows none"
)
class TestFederation:
    """No secret at all: databricks-sdk changes a token of the identity this runs as for one of Databricks."""

    ISSUER, SUBJECT = "https://token.actions.contoso.com", "repo:contoso/identity:ref:main"

    @pytest.fixture(params=["account", "workspace"])
    def place(self, request, box):
        """An account, and a workspace: each has a token endpoint of its own."""
        if request.param == "account":
            box.reset(World())
            return box.world.databricks, box.databricks_url
        world = World()
        world.add_workspace("sales")
        box.reset(world)
        return world.workspace("sales"), box.workspaces["sales"].url

    @pytest.fixture
    def log_in(self, request, place, box, monkeypatch, tmp_path):
        state, host = place
        level = "workspace" if "workspace" in request.node.name else "account"

        def api(subject: str = self.SUBJECT, *, file: bool):
            token = jwt(iss=self.ISSUER, sub=subject)
            (tmp_path / "token").write_text(token)
            monkeypatch.setenv("DATABRICKS_CLIENT_ID", box.client_id)
            monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "file-oidc" if file else "env-oidc")
            monkeypatch.setenv("DATABRICKS_OIDC_TOKEN_FILEPATH", str(tmp_path / "token"))
            monkeypatch.setenv("DATABRICKS_OIDC_TOKEN", token)
            account = {"account_id": box.account_id} if level == "account" else {}
            settings = TargetSettings.model_validate(
                {"name": level, "level": level, "host": host, **account}
            )
            return databricks_api(settings, SecretResolver())

        state.federations[box.client_id] = (self.ISSUER, self.SUBJECT)
        path = f"accounts/{box.account_id}" if level == "account" else "preview"
        me = f"/api/2.0/{path}/scim/v2/Me"
        return lambda subject=self.SUBJECT, file=True: api(subject, file=file).do("GET", me)

    @pytest.mark.parametrize("file", [True, False])
    def test_a_token_of_the_identity_is_enough(self, log_in, file):
        assert log_in(file=file)["id"]

    def test_a_token_of_another_subject_is_refused(self, log_in):
        with pytest.raises(Exception, match="No federation policy matches"):
            log_in("repo:somebody/else:ref:main")


class TestMachine:
    """Stray variables and profiles of the machine."""

    @pytest.fixture(autouse=True)
    def strays(self, box, monkeypatch, tmp_path):
        profiles = tmp_path / "profiles"
        profiles.write_text("[stray]\nhost = https://stray.example.com\ntoken = stray\n")
        for name, value in {
            "DATABRICKS_HOST": "https://stray.example.com",
            "DATABRICKS_TOKEN": "stray",
            "DATABRICKS_USERNAME": "stray",
            "DATABRICKS_PASSWORD": "stray",
            "DATABRICKS_CLIENT_ID": "stray",
            "DATABRICKS_CLIENT_SECRET": "stray",
            "DATABRICKS_ACCOUNT_ID": "stray",
            "DATABRICKS_WORKSPACE_ID": "17",
            "DATABRICKS_CONFIG_PROFILE": "stray",
            "DATABRICKS_CONFIG_FILE": str(profiles),
            "DATABRICKS_AUTH_TYPE": "databricks-cli",
            "DATABRICKS_DEBUG_HEADERS": "true",
            "ARM_CLIENT_ID": "stray",
            "ARM_CLIENT_SECRET": "stray",
            "ARM_TENANT_ID": "stray",
            "ARM_USE_MSI": "true",
        }.items():
            monkeypatch.setenv(name, value)

    def test_they_do_not_mix_in(self, box, target, monkeypatch):
        monkeypatch.setenv("PAT", box.databricks_token)
        settings = target(method="pat", token={"env": "PAT"})
        api = databricks_api(settings, SecretResolver())
        assert api._cfg.authenticate() == {"Authorization": f"Bearer {box.databricks_token}"}
        assert me(api, settings)
        kept = {value for value in api._cfg.as_dict().values() if isinstance(value, str)}
        assert "stray" not in kept
        assert (api._cfg.host, api._cfg.auth_type) == (box.databricks_url, "pat")
        assert api._cfg.debug_headers is False

    def test_default_is_what_they_say(self, target, monkeypatch):
        monkeypatch.delenv("DATABRICKS_CONFIG_PROFILE")
        monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "pat")
        assert header(target(method="default")) == "Bearer stray"

    def test_default_that_finds_nothing_is_one_sentence(self, target, monkeypatch):
        monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "github-oidc")
        monkeypatch.delenv("DATABRICKS_CONFIG_PROFILE")
        with pytest.raises(CredentialError) as caught:
            databricks_api(target(method="default"), SecretResolver())
        assert str(caught.value).startswith("targets.account.auth: the login by default failed: ")
        assert "stray" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("https://accounts.azuredatabricks.us", "https://login.microsoftonline.us/"),
        ("https://adb-1.databricks.azure.us", "https://login.microsoftonline.us/"),
        ("https://accounts.azuredatabricks.cn", "https://login.chinacloudapi.cn/"),
        ("https://adb-1.databricks.azure.cn", "https://login.chinacloudapi.cn/"),
        ("https://accounts.azuredatabricks.net", "https://login.microsoftonline.com/"),
    ],
)
def test_azure_is_azure_in_every_cloud(box, monkeypatch, host, endpoint):
    seen = {}
    monkeypatch.delenv("AZURE_AUTHORITY_HOST")
    monkeypatch.setattr(
        identity, "ClientSecretCredential", lambda *args, **options: seen.update(options)
    )
    auth = {
        "method": "azure_client_secret",
        "client_id": CLIENT,
        "client_secret": {"env": "ENTRA_SECRET"},
        "tenant_id": TENANT,
    }
    settings = TargetSettings(name="a", host=host, account_id=TENANT, auth=auth)
    config = databricks_api(settings, SecretResolver())._cfg
    assert config.is_azure
    assert config.environment.cloud == Cloud.AZURE
    assert config.arm_environment.active_directory_endpoint == endpoint
    public = endpoint == "https://login.microsoftonline.com/"
    assert seen == ({} if public else {"authority": endpoint.rstrip("/")})


def test_a_login_is_told_from_any_other_without_a_request_and_without_its_secret(
    box, target, monkeypatch
):
    def login(**auth: object) -> str | None:
        return login_of(target(**auth), SecretResolver())

    pat = {"method": "pat", "token": {"env": "DATABRICKS_SECRET"}}
    monkeypatch.setenv("DATABRICKS_SECRET", "dapi-1")
    first = login(**pat)
    monkeypatch.setenv("DATABRICKS_SECRET", "dapi-2")
    assert first is not None
    assert "dapi-1" not in first
    assert login(**pat) not in (None, first)
    assert login(**M2M, client_id=CLIENT) == CLIENT
    assert login(method="default") is None
    assert not box.log.entries
