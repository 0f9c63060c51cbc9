"""``aadsync register`` over real HTTP: what it makes, and what it leaves alone."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.workspace import AclPermission

from aadsync_lib.cli.app import main
from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.entra.applications import making
from tests.contract.registration.stage import DAY, MAKER, NEEDED, STORE, URL

CONNECTOR = {
    "name": "contoso-databricks",
    "token": {"env": "SCIM_TOKEN"},
    "assign": {"groups": [{"prefix": "dbx-"}]},
}


class TestFirst:
    """The first registration of a sync."""

    def test_the_application_logs_in_with_what_is_stored_and_reads_what_a_sync_reads(self, stage):
        document = stage.done("--store-in", STORE)
        assert stage.logs_in()
        assert stage.granted == sorted(NEEDED)
        assert [change["action"] for change in document["changes"]] == [
            "create_application", "create_service_principal", "assign", "assign", "assign",
            "set_credentials",
        ]  # fmt: skip

    def test_the_document_is_that_of_the_contract(self, stage):
        document = stage.done("--store-in", STORE)
        application = stage.application
        assert list(document) == [
            "kind", "version", "head", "sync", "application", "permissions", "changes", "credential",
        ]  # fmt: skip
        assert (document["kind"], document["version"], document["sync"]) == (
            "register",
            1,
            "contoso",
        )
        assert document["application"] == {
            "id": application["id"], "app_id": application["appId"], "name": "aadsync-contoso",
        }  # fmt: skip
        assert document["permissions"] == NEEDED
        assert all(
            list(change) == ["action", "name", "before", "after", "reason"]
            for change in document["changes"]
        )
        (entry,) = application["passwordCredentials"]
        assert document["credential"] == {
            "kind": "client_secret", "stored_in": STORE, "ends": entry["endDateTime"],
        }  # fmt: skip

    def test_a_person_reads_the_same(self, stage):
        text = stage.command("--store-in", STORE).stdout
        assert stage.application["appId"] in text
        assert "reads groups and their members" in text
        assert "client_secret: {secret: aadsync/entra}" in text
        assert stage.stored not in text

    @pytest.mark.parametrize("kind", ["client_secret", "certificate"])
    def test_the_log_of_every_request_has_no_secret(self, stage, kind, monkeypatch):
        monkeypatch.setenv("AADSYNC_DEBUG", "1")
        words = ("--store-in", STORE, "--credential", kind, "-vv")
        result = stage.command(*words)
        assert result.exit_code == 0
        assert result.stderr
        stage.check_nothing_shown(result)
        stage.box.faults.add(Fault("403", path="secrets/put", skip=1, count=None))
        failed = stage.command(*words, "--rotate")
        assert failed.exit_code == 1
        stage.check_nothing_shown(failed)
        assert "PRIVATE KEY" not in result.stderr + failed.stderr

    def test_a_plan_writes_nothing_anywhere(self, stage):
        mark = stage.box.log.mark()
        document = stage.done("--store-in", STORE, "--plan")
        assert len(document["changes"]) == 6
        assert document["application"] == {"id": None, "app_id": None, "name": "aadsync-contoso"}
        assert document["credential"]["ends"] is None
        assert stage.writes(mark) == []
        assert "without --plan does it" in stage.command("--store-in", STORE, "--plan").stdout

    def test_who_may_make_applications_of_its_own_only_is_enough(self, stage):
        entra = stage.box.world.entra
        entra.permissions -= {"Application.ReadWrite.All"}
        entra.permissions |= {"Application.ReadWrite.OwnedBy"}
        stage.done("--store-in", STORE)
        stage.done("--store-in", STORE, "--rotate")
        assert stage.logs_in()

    def test_without_a_place_there_is_no_credential(self, stage):
        document = stage.done()
        assert document["credential"] is None
        assert stage.application["passwordCredentials"] == []
        assert stage.granted == sorted(NEEDED)
        assert "--store-in" in stage.command().stdout

    def test_a_place_in_other_words_is_a_usage_error(self, stage):
        assert "expected secret: scope/key" in stage.failed("--store-in", "kv/entra", code=2)
        assert stage.applications == []

    def test_undo_says_what_changes_it_again(self, stage):
        stage.done("--store-in", STORE)
        words = ["undo", "last", "-c", str(stage.file)]
        undone = CliRunner().invoke(main, words, env=stage.environment)
        assert undone.exit_code == 2
        assert "connector remove and register change it" in undone.stderr

    def test_the_application_asks_for_what_it_was_granted(self, stage):
        stage.done()
        (resource,) = stage.application["requiredResourceAccess"]
        assert len(resource["resourceAccess"]) == len(NEEDED)

    def test_a_connector_needs_more_and_says_how_far_it_reaches(self, stage):
        settings = stage.settings()
        settings["targets"][0]["connector"] = CONNECTOR
        stage.write(settings)
        result = stage.command("--store-in", STORE)
        assert "can grant itself" in " ".join(result.stdout.split())
        assert set(stage.granted) == {
            *NEEDED,
            "Application.ReadWrite.OwnedBy",
            "AppRoleAssignment.ReadWrite.All",
            "ProvisioningLog.Read.All",
        }

    def test_a_life_of_its_own(self, stage):
        stage.done("--store-in", STORE, "--days", "90")
        mark = stage.box.log.mark()
        assert stage.done("--store-in", STORE)["changes"] == []
        stage.clock.advance(61 * DAY)
        assert stage.done("--store-in", STORE)["changes"]
        assert stage.writes(mark)


class TestSecond:
    """A run over what another one made."""

    @pytest.mark.parametrize("words", [(), ("--store-in", STORE)])
    def test_it_writes_nothing(self, stage, words):
        stage.done(*words)
        mark = stage.box.log.mark()
        assert stage.done(*words)["changes"] == []
        assert stage.writes(mark) == []

    def test_it_adds_what_is_missing_and_no_more(self, stage):
        stage.done("--store-in", STORE)
        entra = stage.box.world.entra
        entra.assignments.pop(next(iter(entra.assignments)))
        stored, mark = stage.stored, stage.box.log.mark()
        (change,) = stage.done("--store-in", STORE)["changes"]
        assert change["action"] == "assign"
        assert stage.granted == sorted(NEEDED)
        assert stage.stored == stored
        assert len(stage.writes(mark)) == 1

    def test_a_service_principal_that_is_gone_is_made_again(self, stage):
        stage.done("--store-in", STORE)
        entra = stage.box.world.entra
        entra.delete_service_principal(entra.find(stage.application["appId"]))
        stage.done("--store-in", STORE)
        assert stage.logs_in()

    def test_settings_that_need_more_get_more(self, stage):
        stage.done("--store-in", STORE)
        settings = stage.settings()
        settings["targets"][0]["connector"] = {**CONNECTOR, "assign": {}}
        stage.write(settings)
        document = stage.done("--store-in", STORE)
        assert [change["action"] for change in document["changes"]] == [
            "update_application", "assign", "assign",
        ]  # fmt: skip
        assert stage.done("--store-in", STORE)["changes"] == []

    def test_what_is_granted_and_not_needed_is_named_and_stays(self, stage):
        settings = stage.settings()
        settings["targets"][0]["connector"] = CONNECTOR
        stage.write(settings)
        stage.done("--store-in", STORE)
        stage.write(stage.settings())
        mark = stage.box.log.mark()
        text = " ".join(stage.command("--store-in", STORE).stdout.split())
        assert "granted more than these settings need: AppRoleAssignment.ReadWrite.All" in text
        assert stage.writes(mark) == []

    def test_a_credential_with_less_than_thirty_days_gets_a_successor(self, stage):
        stage.done("--store-in", STORE)
        first = stage.stored
        stage.clock.advance(336 * DAY)
        document = stage.done("--store-in", STORE)
        assert document["changes"][0]["reason"] == "the stored one ends in 28 days"
        assert stage.stored != first
        assert stage.logs_in(first)
        assert stage.logs_in()

    def test_another_place_gets_a_credential_of_its_own(self, stage):
        stage.done("--store-in", STORE)
        stage.done("--store-in", f"key_vault: {URL}")
        (vault,) = stage.box.world.vaults
        assert stage.logs_in(vault.find("entra", None).value)
        assert stage.logs_in()
        assert stage.done("--store-in", STORE)["changes"] == []
        assert stage.done("--store-in", f"key_vault: {URL}")["changes"] == []

    def test_what_somebody_else_stored_there_is_replaced_and_said_so(self, stage):
        stage.done()
        stage.scope.secrets["entra"] = (b"of another application", 0)
        (change,) = stage.done("--store-in", STORE)["changes"]
        assert change["reason"] == "there is none yet"
        stage.scope.secrets["entra"] = (b"of another application", 0)
        (change, _) = stage.done("--store-in", STORE)["changes"]
        assert change["reason"] == "what is stored there is none of this application"
        assert stage.logs_in()

    def test_credentials_of_others_stay(self, stage, graph):
        stage.done("--store-in", STORE)
        path = f"/applications/{stage.application['id']}/addPassword"
        theirs = graph.post(path, json={"passwordCredential": {"displayName": "by hand"}}).json()
        for _ in range(3):
            stage.done("--store-in", STORE, "--rotate")
        assert stage.logs_in(theirs["secretText"])


class TestWhose:
    """Which application it is."""

    def test_one_that_only_has_the_name_is_a_strangers(self, stage):
        making.add_application(stage.box.world.entra, displayName="aadsync-contoso")
        mark = stage.box.log.mark()
        message = stage.failed("--store-in", STORE)
        assert stage.application["appId"] in message
        assert "aadsync did not make" in message
        assert stage.writes(mark) == []

    def test_the_one_of_the_settings_is_completed_whoever_made_it(self, stage):
        making.add_application(stage.box.world.entra, displayName="Their name")
        auth = {
            "method": "client_secret",
            "client_id": stage.application["appId"],
            "client_secret": {"env": "GRAPH_TOKEN"},
        }
        settings = stage.settings(**auth)
        stage.write(settings)
        document = stage.done("--store-in", STORE, "--sign-in", "azure_cli")
        assert document["application"]["name"] == "Their name"
        assert stage.logs_in()
        assert stage.done("--store-in", STORE, "--sign-in", "azure_cli")["changes"] == []

    def test_a_client_id_that_nobody_has_yet_is_no_hindrance(self, stage):
        auth = {
            "method": "client_secret",
            "client_id": "00000000-0000-4000-8000-000000000000",
            "client_secret": {"secret": "aadsync/entra"},
        }
        stage.write(stage.settings(**auth))
        stage.done("--store-in", STORE, "--sign-in", "azure_cli")
        assert stage.logs_in()

    def test_of_two_of_ours_the_one_with_a_credential_is_used(self, stage):
        making.add_application(
            stage.box.world.entra,
            displayName="aadsync-contoso",
            notes="aadsync:contoso",
            createdDateTime="2020-01-01T00:00:00Z",
        )
        spare = stage.application["appId"]
        stage.done("--store-in", STORE)
        making.add_application(
            stage.box.world.entra,
            displayName="aadsync-contoso",
            notes="aadsync:contoso",
            createdDateTime="2019-01-01T00:00:00Z",
        )
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 0
        assert "is there twice" in result.stdout
        assert f"client id {spare}" in result.stdout

    def test_another_sync_has_another_one(self, stage):
        stage.done()
        settings = stage.settings()
        stage.write({**settings, "name": "fabrikam"})
        stage.done()
        names = sorted(item["displayName"] for item in stage.applications)
        assert names == ["aadsync-contoso", "aadsync-fabrikam"]


class TestRefused:
    """What stops it before there is anything, or on the way."""

    def test_a_scope_of_a_key_vault_stops_it_before_there_is_a_credential(self, stage):
        secrets = stage.box.world.workspace("sales").secrets
        secrets.create("kv", "users", {"dns_name": "https://contoso.vault.azure.net/"})
        mark = stage.box.log.mark()
        message = stage.failed("--store-in", "secret: kv/entra")
        assert f'--store-in "key_vault: {URL}"' in message
        assert stage.applications == []
        assert stage.writes(mark) == []

    def test_a_scope_that_may_not_be_written_stops_it_too(self, stage, monkeypatch):
        workspace = stage.box.world.workspace("sales")
        workspace.add_client("reader", "secret", admin=False)
        workspace.add_token("token-of-reader", "reader")
        WorkspaceClient().secrets.put_acl("aadsync", "reader", AclPermission.READ)
        monkeypatch.setenv("DATABRICKS_TOKEN", "token-of-reader")
        assert "WRITE" in stage.failed("--store-in", STORE)
        assert stage.applications == []

    @pytest.mark.parametrize(
        ("place", "code"),
        [
            ("aadsync/entra", 2),
            ("key_vault: https://contoso.vault.azure.cn/secrets/entra", 1),
            ("secret: nowhere/entra", 1),
        ],
    )
    def test_no_place_is_an_error_before_anything(self, stage, place, code):
        mark = stage.box.log.mark()
        assert "othing was changed" in stage.failed("--store-in", place, code=code)
        assert stage.writes(mark) == []

    @pytest.mark.parametrize(
        "words",
        [
            ("--rotate",),
            ("--credential", "certificate"),
            ("--credential", "federated"),
            ("--credential", "federated", "--issuer", "https://x", "--subject", "y", "--rotate"),
            ("--issuer", "https://x", "--store-in", STORE),
            ("--days", "30"),
        ],
    )
    def test_options_that_do_not_go_together_are_a_usage_error(self, stage, words):
        mark = stage.box.log.mark()
        assert stage.command(*words).exit_code == 2
        assert stage.writes(mark) == []

    def test_who_may_not_make_applications_is_told_the_role(self, stage):
        stage.box.world.entra.permissions -= MAKER
        message = stage.failed("--store-in", STORE)
        assert "Cloud Application Administrator" in message
        assert "Application.ReadWrite" in message
        assert "Nothing was changed" in message
        assert stage.applications == []

    def test_without_consent_the_rest_is_done_and_an_administrator_finishes_it(self, stage):
        entra = stage.box.world.entra
        entra.permissions -= {"AppRoleAssignment.ReadWrite.All"}
        result = stage.command("--store-in", STORE)
        assert result.exit_code == 3
        assert "Privileged Role Administrator" in result.stderr
        assert f"adminconsent?client_id={stage.application['appId']}" in result.stderr
        assert stage.token()
        assert stage.granted == []
        entra.permissions |= MAKER
        stored = stage.stored
        document = stage.done("--store-in", STORE)
        assert [change["action"] for change in document["changes"]] == ["assign"] * 3
        assert (stage.stored, stage.logs_in()) == (stored, True)

    def test_a_graph_without_a_permission_is_named(self, stage):
        stage.done()
        entra = stage.box.world.entra
        graph = entra.objects[entra.find("00000003-0000-0000-c000-000000000000")]
        graph["appRoles"] = [r for r in graph["appRoles"] if r["value"] != "User.Read.All"]
        assert "no application permission User.Read.All" in stage.failed()


class TestKinds:
    """Credentials that are no client secret."""

    def test_a_certificate_is_stored_with_its_key_and_logs_in(self, stage):
        words = ("--store-in", STORE, "--credential", "certificate")
        document = stage.done(*words)
        assert "PRIVATE KEY" in stage.stored
        assert stage.logs_in()
        assert document["credential"]["kind"] == "certificate"
        (entry,) = stage.application["keyCredentials"]
        assert entry["endDateTime"] == document["credential"]["ends"]
        mark = stage.box.log.mark()
        assert stage.done(*words)["changes"] == []
        assert stage.writes(mark) == []

    def test_a_certificate_rotates_with_overlap(self, stage):
        words = ("--store-in", STORE, "--credential", "certificate")
        kept = []
        for _ in range(3):
            stage.done(*words, "--rotate")
            kept.append(stage.stored)
        assert [stage.logs_in(value) for value in kept] == [False, True, True]

    def test_settings_that_log_in_by_certificate_get_one(self, stage):
        auth = {
            "method": "certificate",
            "client_id": "00000000-0000-4000-8000-000000000000",
            "certificate": {"secret": "aadsync/entra"},
        }
        stage.write(stage.settings(**auth))
        document = stage.done("--store-in", STORE, "--sign-in", "azure_cli")
        assert document["credential"]["kind"] == "certificate"

    def test_a_federated_one_has_no_secret(self, stage):
        words = ("--credential", "federated", "--issuer", "https://oidc.contoso.com", "--subject", "sync")  # fmt: skip
        document = stage.done(*words)
        assert document["credential"] == {"kind": "federated", "stored_in": None, "ends": None}
        ((entry,),) = stage.box.world.entra.applications.federated.values()
        assert (entry["issuer"], entry["subject"]) == ("https://oidc.contoso.com", "sync")
        mark = stage.box.log.mark()
        assert stage.done(*words)["changes"] == []
        assert stage.writes(mark) == []
        assert "workload_identity" in stage.command(*words).stdout

    def test_issuer_and_subject_are_read_from_the_token_of_the_settings(self, stage):
        from aadsync_lib.sandbox.entra.assertions import sign_token

        (stage.folder / "token").write_text(
            sign_token({"iss": "https://k8s", "sub": "sa", "aud": ["ours"]}, "x")
        )
        auth = {
            "method": "workload_identity",
            "client_id": "00000000-0000-4000-8000-000000000000",
            "token_file": "token",
        }
        stage.write(stage.settings(**auth))
        stage.done("--sign-in", "azure_cli")
        ((entry,),) = stage.box.world.entra.applications.federated.values()
        assert (entry["issuer"], entry["subject"]) == ("https://k8s", "sa")
        assert entry["audiences"] == ["ours"]

    @pytest.mark.parametrize(
        ("cloud", "audience"),
        [
            ("public", "api://AzureADTokenExchange"),
            ("usgov", "api://AzureADTokenExchangeUSGov"),
            ("china", "api://AzureADTokenExchangeChina"),
        ],
    )
    def test_the_audience_is_that_of_the_cloud(self, stage, cloud, audience):
        settings = stage.settings()
        settings["source"]["cloud"] = cloud
        stage.write(settings)
        stage.done("--issuer", "https://oidc.contoso.com", "--subject", "sync")
        ((entry,),) = stage.box.world.entra.applications.federated.values()
        assert entry["audiences"] == [audience]


class TestEnough:
    """What it grants, held against what the commands ask for."""

    @pytest.fixture
    def registered(self, stage, monkeypatch):
        """Settings that log in as the application that they had registered."""
        settings = stage.settings()
        settings["targets"][0]["connector"] = CONNECTOR
        stage.write(settings)
        app_id = stage.done("--store-in", STORE)["application"]["app_id"]
        monkeypatch.setenv("STORED", stage.stored)
        auth = {"method": "client_secret", "client_id": app_id, "client_secret": {"env": "STORED"}}
        settings["source"]["auth"] = auth
        stage.write(settings)
        return stage

    @pytest.mark.parametrize(
        "words",
        [("plan",), ("connector", "plan"), ("connector", "setup"), ("connector", "compare")],
        ids=" ".join,
    )
    def test_the_application_may_do_all_that_the_settings_ask_for(self, registered, words):
        result = CliRunner().invoke(main, [*words, "-c", str(registered.file)])
        assert result.exit_code == 0, (result.stdout, result.stderr)
