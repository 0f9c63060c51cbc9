"""``doctor`` against the sandbox: each thing that can be wrong is found and has a remedy."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from aadsync_lib.certificates import validity
from aadsync_lib.config.base import SecretRef
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor import databricks as databricks_checks
from aadsync_lib.doctor.credentials import _end_of, _finding
from aadsync_lib.doctor.examine import Finding, doctor
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.faults import Fault
from aadsync_lib.store.process import Process
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import START, FakeClock

GROUP = "11111111-0000-4000-8000-{:012d}"
ADA = "22222222-0000-4000-8000-000000000001"
ROBOT = "33333333-0000-4000-8000-000000000001"
DAY = 86_400.0
ROBOT_APP = "33333333-0000-4000-8000-00000000aaaa"


def world(groups: list[dict[str, Any]] | None = None) -> World:
    return World.from_json(
        {
            "entra": {
                "users": [{"id": ADA, "userPrincipalName": "ada@contoso.com"}],
                "groups": groups
                or [{"id": GROUP.format(1), "displayName": "dbx-data", "members": [ADA, ROBOT]}],
                "servicePrincipals": [{"id": ROBOT, "displayName": "Robot", "appId": ROBOT_APP}],
            }
        }
    )


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(running, monkeypatch) -> Sandbox:
    running.reset(world())
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", running.authority_url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", running.ca_file)
    monkeypatch.setenv("ENTRA_SECRET", running.entra_client_secret)
    monkeypatch.setenv("DATABRICKS_SECRET", running.client_secret)
    return running


@pytest.fixture
def tree(box, tmp_path) -> dict[str, Any]:
    """Settings with which everything works, to be changed."""
    return {
        "name": "contoso",
        "source": {
            "tenant_id": box.tenant_id,
            "endpoint": box.graph_url,
            "auth": {
                "method": "client_secret",
                "client_id": box.entra_client_id,
                "client_secret": {"env": "ENTRA_SECRET"},
            },
        },
        "scope": {"groups": [{"prefix": "dbx-"}]},
        "targets": [
            {
                "name": "account",
                "host": box.databricks_url,
                "account_id": box.account_id,
                "pace": 1000,
                "auth": {
                    "method": "oauth_m2m",
                    "client_id": box.client_id,
                    "client_secret": {"env": "DATABRICKS_SECRET"},
                },
            }
        ],
        "store": {"sqlite": str(tmp_path / "aadsync.db")},
    }


@pytest.fixture
def in_workspace(box, tree):
    """Make settings with which everything works in a workspace."""

    def make(*, federated: bool = False) -> dict[str, Any]:
        with_workspace = world()
        with_workspace.add_workspace("sales", federated=federated)
        box.reset(with_workspace)
        host = box.workspaces["sales"].url
        (target,) = tree["targets"]
        del target["account_id"]
        return tree | {"targets": [target | {"name": "w", "level": "workspace", "host": host}]}

    return make


def examine(tree: dict[str, Any]) -> tuple[Finding, ...]:
    return doctor(Settings.model_validate(tree), clock=FakeClock())


def bad(tree: dict[str, Any]) -> list[str]:
    """What is not well, as it is printed."""
    return [str(finding) for finding in examine(tree) if finding.status != "ok"]


def synced(folder: Path) -> None:
    """Leave the memory of one sync behind."""
    with SqliteStore(folder / "aadsync.db", "contoso", FakeClock()) as store:
        store.begin_run("run-1", "sha256:1", "sha256:2", full=True)
        store.end_run("run-1", Status.SUCCEEDED, "{}")


def only(tree: dict[str, Any]) -> str:
    [finding] = bad(tree)
    return finding


def test_where_all_is_well_every_check_says_so(box, tree, tmp_path):
    box.world.databricks.secret_ends[box.client_id] = (
        datetime(2031, 1, 1, tzinfo=UTC).timestamp(),
    )
    assert [str(finding) for finding in examine(tree)] == [
        "ok       settings: the sync contoso.",
        "ok       secret source.auth.client_secret: env ENTRA_SECRET.",
        "ok       secret targets.account.auth.client_secret: env DATABRICKS_SECRET.",
        (
            f"ok       Entra login: client_secret as {box.entra_client_id}, with "
            "Application.Read.All, GroupMember.Read.All, Member.Read.Hidden, User.Read.All."
        ),
        f"ok       Graph: {box.graph_url} answers.",
        "ok       Graph groups: can be read.",
        "ok       Graph members: can be read.",
        "ok       Graph users: can be read.",
        "ok       Graph service principals: can be read.",
        "ok       scope: 1 root group, 1 group in all, 1 user, 1 service principal.",
        (
            "ok       target account: login by oauth_m2m is an account admin's; it lists 0 users, "
            "1 service principal, 1 group."
        ),
        f"ok       target account runs as: {box.client_id} (Sync); the sync never changes it.",
        "ok       end of targets.account.auth.client_secret: 2031-01-01.",
        "ok       target account limit: 3 of 10,000 users and service principals, 2 of them still to come.",
        "ok       target account limit: 2 of 5,000 groups, 1 of them still to come.",
        f"ok       store: {tmp_path / 'aadsync.db'} will be made by the first sync.",
    ]


def test_nothing_is_written_anywhere(box, tree, tmp_path):
    before = box.world.to_json()
    examine(tree)
    assert box.world.to_json() == before
    assert list(tmp_path.iterdir()) == []
    writes = {(entry.method, entry.path) for entry in box.log.entries if entry.method != "GET"}
    assert {path.rpartition("/")[2] for _, path in writes} <= {"token", "$batch"}


def test_no_finding_shows_a_secret_or_a_token(box, tree):
    printed = "\n".join(map(str, examine(tree)))
    assert box.client_secret not in printed
    assert box.entra_client_secret not in printed
    assert "eyJ" not in printed


def test_every_finding_is_one_line(box, tree, monkeypatch):
    monkeypatch.setenv("ENTRA_SECRET", "wrong")
    monkeypatch.setenv("DATABRICKS_SECRET", "wrong")
    assert all(str(finding).isprintable() for finding in examine(tree))


class TestSettings:
    """What the file says."""

    def test_a_limit_that_is_off_is_a_warning(self, tree):
        tree["policy"] = {"limits": {"users_deprovisioned": {"count": None, "share": None}}}
        assert only(tree).startswith("warning  settings policy.limits.users_deprovisioned: is off.")


class TestSecrets:
    """References to secrets."""

    def test_one_that_is_missing_fails_and_skips_what_needs_it(self, tree, monkeypatch):
        monkeypatch.delenv("ENTRA_SECRET")
        monkeypatch.delenv("DATABRICKS_SECRET")
        findings = examine(tree)
        assert [str(finding) for finding in findings if finding.status != "ok"] == [
            (
                "failed   secret source.auth.client_secret: the environment variable ENTRA_SECRET is "
                "not set. Set it, or change the reference."
            ),
            (
                "failed   secret targets.account.auth.client_secret: the environment variable "
                "DATABRICKS_SECRET is not set. Set it, or change the reference."
            ),
        ]
        assert [finding.check for finding in findings if finding.status == "ok"] == [
            "settings",
            "store",
        ]


class TestEntra:
    """Login, permissions and reachability."""

    def test_a_refused_login_fails_with_its_remedy(self, tree, monkeypatch):
        monkeypatch.setenv("ENTRA_SECRET", "wrong")
        found = only(tree)
        assert found.startswith("failed   Entra login: the login by client_secret failed: ")
        assert found.endswith("Store the secret's value, not its id.")

    def test_a_token_that_says_nothing_of_itself_is_no_problem(self, box, tree, monkeypatch):
        monkeypatch.setenv("TOKEN", box.graph_token)
        tree["source"]["auth"] = {"method": "access_token", "access_token": {"env": "TOKEN"}}
        assert "an identity that the token does not name." in str(examine(tree)[3])

    @pytest.mark.parametrize(
        ("permission", "check"),
        [
            ("GroupMember.Read.All", "Graph groups"),
            ("User.Read.All", "Graph users"),
            ("Application.Read.All", "Graph service principals"),
        ],
    )
    def test_a_missing_permission_is_named(self, box, tree, permission, check):
        box.world.entra.permissions.discard(permission)
        found = bad(tree)[0]
        assert found.startswith(f"failed   {check}: Graph answered 403")
        assert f"grant {permission} to the application, with admin consent" in found

    def test_a_permission_for_names_only_is_told_apart(self, box, tree):
        row = {"id": ADA, "accountEnabled": None, "userType": None}
        with pytest.MonkeyPatch.context() as patch:
            from aadsync_lib.graph.client import GraphClient

            real = GraphClient.get

            async def get(self, ask):
                return {"value": [row]} if ask.url.startswith("/users?") else await real(self, ask)

            patch.setattr(GraphClient, "get", get)
            assert only(tree) == (
                "failed   Graph users: accountEnabled comes empty: User.ReadBasic.All is not enough. "
                "Grant User.Read.All, with admin consent."
            )

    def test_service_principals_are_tried_only_where_they_are_wanted(self, box, tree):
        box.world.entra.permissions.discard("Application.Read.All")
        tree["scope"]["service_principals"] = False
        assert "Graph service principals" not in [finding.check for finding in examine(tree)]
        tree["scope"]["groups"] = [{"application": "Robot"}]
        assert "Graph service principals" in [finding.check for finding in examine(tree)]

    def test_hidden_membership_is_a_note(self, box, tree):
        box.world.entra.permissions.discard("Member.Read.Hidden")
        [note] = [finding for finding in examine(tree) if "hidden" in finding.check]
        assert (note.status, note.detail.split(":")[0]) == (
            "ok",
            "Member.Read.Hidden is not granted",
        )

    def test_graph_that_does_not_answer_fails_once(self, box, tree):
        box.faults.add(Fault("reset", side="graph", count=None))
        found = only(tree)
        assert found.startswith(f"failed   Graph: {box.graph_url} gives no usable answer (")
        assert found.endswith("Check source.cloud, source.endpoint, the network and its proxy.")


class TestScope:
    """What the selectors find."""

    @pytest.mark.parametrize(
        ("selector", "near"),
        [
            ({"name": "dbx-dta"}, "nearest: 'dbx-data'"),
            ({"prefix": "dxb-"}, "nearest: 'dbx-data'"),
            ({"id": GROUP.format(9)}, "no group has this id"),
            ({"filter": "displayName eq 'Nobody'"}, "no group matches"),
            ({"application": "Robbot"}, "nearest: 'Robot'"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
    )
    def test_a_selector_that_finds_nothing_fails_before_a_first_sync_which_it_stops(
        self, tree, selector, near
    ):
        tree["scope"]["groups"].append(selector)
        found = only(tree)
        assert found.startswith("failed   scope scope_empty: ")
        assert near in found
        assert "Look in scope.groups: " in found
        assert found.endswith("A first sync stops here.")

    def test_one_of_a_target_is_named_where_it_is_written(self, tree):
        tree["targets"][0]["scope"] = {"groups": [{"prefix": "dbx-"}, {"name": "Nobody"}]}
        assert "Look in targets.account.scope.groups: " in only(tree)

    def test_after_a_first_sync_it_is_a_warning_as_it_stops_no_run(self, tree, tmp_path):
        synced(tmp_path)
        tree["scope"]["groups"].append({"name": "Nobody"})
        found = only(tree)
        assert found.startswith("warning  scope scope_empty: name 'Nobody': ")
        assert found.endswith("Look in scope.groups: correct this selector, or take it out.")

    @pytest.mark.parametrize("before", [False, True], ids=["first", "later"])
    def test_a_scope_of_nobody_fails_before_the_first_sync_and_after_it(
        self, tree, tmp_path, before
    ):
        if before:
            synced(tmp_path)
        tree["scope"] = {"groups": [{"prefix": "nobody-"}]}
        whole, _ = bad(tree)
        assert whole.startswith("failed   scope: 0 root groups, 0 groups in all, 0 users, ")
        assert "look in scope.groups" in whole

    def test_whom_nobody_knows_is_most_likely_mistyped(self, box, tree):
        known = {"users": ["ADA@contoso.com", ADA], "groups": ["dbx-data", "admins"]}
        tree["policy"] = {"protected": known}
        box.world.databricks.add_group("admins")
        assert bad(tree) == []
        tree["targets"][0]["policy"] = {"protected": {"service_principals": ["Robbie"]}}
        known["users"].append("breakglass@contso.com")
        assert [found.split(":")[0] for found in bad(tree)] == [
            "warning  protected 'breakglass@contso.com'",
            "warning  protected 'Robbie'",
        ]

    def test_a_name_that_two_groups_have_fails(self, box, tree):
        box.reset(world([{"id": GROUP.format(n), "displayName": "dbx-data"} for n in (1, 2)]))
        tree["scope"]["groups"] = [{"name": "dbx-data"}]
        found = only(tree)
        assert found.startswith("failed   scope: name 'dbx-data': 2 groups have it: ")

    def test_an_empty_tenant_fails_and_is_no_crash(self, box, tree):
        box.reset(World())
        tree["source"]["tenant_id"] = box.tenant_id
        tree["targets"][0]["account_id"] = box.account_id
        assert [found.split(":")[0] for found in bad(tree)] == [
            "failed   scope",
            "failed   scope scope_empty",
        ]

    def test_groups_deeper_than_ten_have_a_hint(self, box, tree):
        chain = [
            {"id": GROUP.format(n), "displayName": f"dbx-{n}", "members": [GROUP.format(n + 1)] if n < 12 else [ADA]}
            for n in range(1, 13)
        ]  # fmt: skip
        box.reset(world(chain))
        tree["scope"]["groups"] = [{"id": GROUP.format(1)}]
        found = only(tree)
        assert found.startswith("warning  scope max_depth: dbx-10 is on level 10")
        assert "Databricks keeps ten levels" in found

    def test_a_group_that_cannot_be_read_in_full_is_named(self, box, tree):
        box.faults.add(
            Fault("403", side="graph", path=r"members/graph\.servicePrincipal", count=None)
        )
        found = bad(tree)[0]
        assert found.startswith("warning  scope 'dbx-data': ")

    def test_people_who_cannot_be_named_are_named(self, box, tree):
        twins = world()
        raw = twins.to_json()
        box.reset(twins)
        second = ADA.replace("0001", "0002", 1)
        raw["entra"]["users"].append({"id": second, "userPrincipalName": "ADA@contoso.com"})
        raw["entra"]["groups"][0]["members"].append(second)
        box.reset(World.from_json(raw))
        assert len([found for found in bad(tree) if "ada@contoso.com" in found.lower()]) == 2

    def test_many_of_a_kind_are_counted(self, tree):
        tree["scope"]["groups"] += [{"name": f"Nobody {n}"} for n in range(8)]
        found = bad(tree)
        assert len(found) == 6
        assert found[-1] == "failed   scope: and 3 more like the last."


class TestTargets:
    """Login, rights and room."""

    def test_a_refused_login_fails(self, tree, monkeypatch):
        monkeypatch.setenv("DATABRICKS_SECRET", "wrong")
        found = only(tree)
        assert found.startswith("failed   target account: ")
        assert "invalid_client" in found

    def test_whoever_is_no_account_admin_is_told_so(self, box, tree):
        plain = world()
        plain.databricks.add_service_principal(box.client_id, "Sync", roles=[])
        box.reset(plain)
        assert "must be an account admin" in only(tree)

    def test_another_account_is_told_so(self, tree):
        tree["targets"][0]["account_id"] = "00000000-0000-4000-8000-000000000009"
        assert only(tree).startswith("failed   target account: ")

    def test_a_token_of_nobody_is_a_warning(self, box, tree, monkeypatch):
        box.world.databricks.add_token("scim-token", None)
        monkeypatch.setenv("TOKEN", "scim-token")
        tree["targets"][0]["auth"] = {"method": "pat", "token": {"env": "TOKEN"}}
        assert only(tree).startswith(
            "warning  target account runs as: nobody that the account names"
        )

    @pytest.mark.parametrize(
        ("most", "status", "remedy"),
        [(3, "warning", True), (2, "failed", True), (4, "ok", False)],
    )
    def test_the_limit_counts_who_is_there_and_who_is_to_come(
        self, tree, monkeypatch, most, status, remedy
    ):
        monkeypatch.setattr(databricks_checks, "MOST_PRINCIPALS", most)
        [finding] = [
            f
            for f in examine(tree)
            if "users and service principals," in f.detail and "limit" in f.check
        ]
        assert (finding.status, finding.remedy is not None) == (status, remedy)
        assert (
            finding.detail == f"3 of {most} users and service principals, 2 of them still to come."
        )

    def test_without_a_scope_the_account_is_counted_alone(self, tree, monkeypatch):
        monkeypatch.setenv("ENTRA_SECRET", "wrong")
        details = [finding.detail for finding in examine(tree)]
        assert "1 of 10,000 users and service principals, 0 of them still to come." in details

    def test_a_workspace_is_read_as_well(self, tree, in_workspace):
        login = "target w: login by oauth_m2m reads the workspace; it lists "
        assert any(login in f"{f.check}: {f.detail}" for f in examine(in_workspace()))

    def test_a_federated_workspace_is_told_what_to_use_instead(self, in_workspace):
        finding = only(in_workspace(federated=True))
        assert finding.startswith("failed   target w: the workspace takes its identities from its")
        assert "Use a target of level account" in finding

    def test_a_workspace_that_does_not_tell_is_a_warning(self, box, in_workspace):
        settings = in_workspace()
        box.faults.add(Fault("403", "databricks", "GET", "permissionassignments"))
        assert only(settings).startswith("warning  target w: whether this workspace takes its")


class TestStore:
    """The file, and who holds it."""

    def test_one_that_is_there_is_well_and_stays_as_it_is(self, tree, tmp_path):
        with SqliteStore(tmp_path / "aadsync.db", "contoso", FakeClock()):
            pass
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert str(examine(tree)[-1]) == f"ok       store: {tmp_path / 'aadsync.db'}."
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_one_that_everybody_may_read_is_a_warning(self, tree, tmp_path):
        path = tmp_path / "aadsync.db"
        with SqliteStore(path, "contoso", FakeClock()):
            path.chmod(0o644)
        found = only(tree)
        assert found.startswith(f"warning  store: {path} may be read by everybody on this machine")
        assert found.endswith(f"Run: chmod o= {path}")

    def test_one_that_is_no_store_fails(self, tree, tmp_path):
        (tmp_path / "aadsync.db").write_text("hello")
        assert only(tree).startswith("failed   store: ")

    def test_a_folder_that_is_missing_fails(self, tree, tmp_path):
        tree["store"]["sqlite"] = str(tmp_path / "nowhere" / "aadsync.db")
        assert only(tree) == (
            f"failed   store: {tmp_path / 'nowhere'} does not exist. Change store.sqlite or the rights."
        )

    def test_one_that_cannot_be_written_fails(self, tree, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
        assert only(tree) == (
            f"failed   store: {tmp_path} cannot be written to. Change store.sqlite or the rights."
        )

    def test_a_held_lease_says_who_and_since_when(self, tree, tmp_path):
        clock = FakeClock()
        with (
            SqliteStore(tmp_path / "aadsync.db", "contoso", clock, renew_every=3600) as store,
            store.lease("account", "run-1"),
        ):
            found = only(tree)
        assert found.startswith(
            f"warning  lease account: {Process.here()} has held it since 2025-06-15T15:06:40Z"
        )
        assert found.endswith("Wait for that run to end; if it died, the lease ends by itself.")

    def test_a_lease_that_ran_out_is_a_note(self, tree, tmp_path):
        with (
            SqliteStore(
                tmp_path / "aadsync.db", "contoso", FakeClock(1_700_000_000), renew_every=3600
            ) as store,
            store.lease("account", "run-1"),
        ):
            finding = examine(tree)[-1]
        assert (finding.status, finding.check) == ("ok", "lease account")
        assert "did not end; the next sync takes over and repairs." in finding.detail

    def test_delta_without_spark_says_where_there_is_some(self, tree):
        tree["store"] = {"delta": "main.aadsync"}
        assert only(tree).startswith("failed   store: store.delta needs Spark")
        assert "Run this in a notebook or a job on Databricks" in only(tree)


class TestWorkspaces:
    @pytest.fixture
    def hubs(self, box: Sandbox, tree: dict[str, Any]) -> dict[str, Any]:
        whole = world()
        whole.add_workspace("hub", federated=True)
        whole.add_workspace("sales")
        box.reset(whole)
        rule = {"groups": ["dbx-*"], "entitlements": ["workspace-access"]}
        tree["targets"][0]["workspaces"] = [
            {"workspace_id": host.workspace_id, "host": host.url, "assign": [rule]}
            for host in box.workspaces.values()
        ]
        return tree

    def of_workspace(self, box: Sandbox, tree: dict[str, Any], name: str) -> Finding:
        check = f"workspace {box.workspaces[name].workspace_id}"
        findings = doctor(Settings.model_validate(tree), clock=FakeClock())
        return next(finding for finding in findings if finding.check == check)

    def test_one_that_can_be_assigned_and_entitled_is_fine(self, box, hubs):
        found = self.of_workspace(box, hubs, "hub")
        assert found.status == "ok"
        assert "and shows its entitlements" in found.detail

    def test_one_without_federation_fails_with_what_to_use_instead(self, box, hubs):
        found = self.of_workspace(box, hubs, "sales")
        assert found.status == "failed"
        assert "level workspace" in found.detail

    def test_one_that_cannot_be_logged_in_to_fails(self, box, hubs):
        box.faults.add(Fault("403", side="databricks", path="/Groups", place="hub", count=None))
        found = self.of_workspace(box, hubs, "hub")
        assert found.status == "failed"
        assert "entitlements" in found.detail
        assert "admin of the workspace" in found.detail


class TestEndOfCredentials:
    """A credential that is about to end."""

    @pytest.fixture
    def registered(self, box, tree, monkeypatch):
        """Registers the login of the settings, with a secret that lasts some days."""
        from aadsync_lib.sandbox.entra.applications import making
        from aadsync_lib.sandbox.entra.graph_roles import GRAPH_APP

        def register(days: int, *others: int) -> None:
            entra = box.world.entra
            entra.permissions |= {"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}
            key = making.add_application(entra, displayName="aadsync-contoso")
            principal = making.add_principal(entra, key)
            headers = {"Authorization": f"Bearer {box.graph_token}"}
            with httpx.Client(base_url=box.graph_url, headers=headers, verify=False) as graph:
                resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')").json()
                for role in resource["appRoles"]:
                    entra.assign(resource["id"], principal, role["id"])
                for length in (*others, days):
                    ends = datetime.now(UTC) + timedelta(days=length, hours=1)
                    body = {"passwordCredential": {"endDateTime": ends.isoformat()}}
                    secret = graph.post(f"/applications/{key}/addPassword", json=body).json()
            monkeypatch.setenv("ENTRA_SECRET", secret["secretText"])
            tree["source"]["auth"]["client_id"] = entra.objects[key]["appId"]

        return register

    def end(self, tree: dict[str, Any]) -> Finding | None:
        findings = doctor(Settings.model_validate(tree), clock=FakeClock(time.time()))
        (found,) = [f for f in findings if f.check.startswith("end of source")] or [None]
        return found

    @pytest.mark.parametrize(("days", "status"), [(365, "ok"), (31, "ok"), (29, "warning")])
    def test_it_warns_thirty_days_before(self, registered, tree, days, status):
        registered(days, 5)
        assert self.end(tree).status == status

    def test_the_remedy_is_to_register_into_the_same_place(self, registered, tree):
        registered(3)
        found = self.end(tree)
        assert "in 3 days" in found.detail
        assert "aadsync register" in found.remedy

    def test_on_its_last_day_it_says_when(self, registered, tree):
        registered(0)
        assert "today" in self.end(tree).detail

    def test_one_that_entra_does_not_show_is_no_finding(self, tree):
        assert self.end(tree) is None

    def test_who_may_not_read_applications_gets_no_finding(self, registered, box, tree):
        registered(3)
        entra = box.world.entra
        graph = next(o for o in entra.objects.values() if o.get("displayName") == "Microsoft Graph")
        kept = {r["id"] for r in graph["appRoles"] if r["value"] in {"User.Read.All", "GroupMember.Read.All"}}  # fmt: skip
        for key, entry in list(entra.assignments.items()):
            if entry["resourceId"] == graph["id"] and entry["appRoleId"] not in kept:
                entra.unassign(key)
        assert self.end(tree) is None

    @pytest.mark.parametrize("form", ["pem", "pfx"])
    def test_a_certificate_tells_its_own_end(self, box, tree, monkeypatch, form):
        pem = Path(box.entra_certificate).read_text()
        monkeypatch.setenv("ENTRA_CERTIFICATE", pfx_of(pem) if form == "pfx" else pem)
        tree["source"]["auth"] = {
            "method": "certificate",
            "client_id": box.entra_client_id,
            "certificate": {"env": "ENTRA_CERTIFICATE"},
        }
        _, ends = validity(x509.load_pem_x509_certificates(pem.encode())[0])
        assert f"{ends:%Y-%m-%d}" in self.end(tree).detail

    def test_the_login_of_a_target_to_the_same_tenant_counts_too(self, registered, box, tree):
        registered(3)
        auth = tree["source"]["auth"]
        tree["targets"][0]["auth"] = {
            **auth, "method": "azure_client_secret", "tenant_id": box.tenant_id,
        }  # fmt: skip
        findings = doctor(Settings.model_validate(tree), clock=FakeClock(time.time()))
        ends = [f for f in findings if f.check.startswith("end of")]
        assert [f.check for f in ends] == [
            "end of source.auth.client_secret", "end of targets.account.auth.client_secret",
        ]  # fmt: skip
        assert ends[1].remedy == "Make a new one in Entra and store it."


class TestEndOfOAuthSecrets:
    """The secret of a service principal that a target is logged in to with."""

    @pytest.fixture
    def secrets(self, box: Sandbox):
        """Gives the login of the sync secrets that end in so many days."""

        def give(*days: float | str | None, account: bool = True) -> None:
            state = box.world.databricks if account else box.workspaces["sales"].state
            state.secret_ends[box.client_id] = tuple(
                START + day * DAY + 3600 if isinstance(day, (int, float)) else day for day in days
            )

        return give

    def end(self, tree: dict[str, Any]) -> Finding:
        (found,) = [f for f in examine(tree) if f.check.startswith("end of targets.")]
        return found

    @pytest.mark.parametrize(
        ("days", "status", "words"),
        [
            ((365,), "ok", "2026-06-15."),
            ((31,), "ok", "2025-07-16."),
            ((29,), "warning", "2025-07-14, in 29 days."),
            ((0,), "warning", "UTC, today."),
            ((None,), "ok", "never."),
            ((-40, 365), "ok", "2026-06-15."),
            ((365, None, 10), "warning", "in 10 days, the first of 3 secrets to end."),
            ((365, None), "ok", "2026-06-15, the first of 2 secrets to end."),
            ((), "warning", "not known: Databricks lists none that lasts."),
            ((-1,), "warning", "not known: Databricks lists none that lasts."),
            (("soon",), "warning", "the answer is not the one that is documented."),
        ],
        ids=str,
    )
    def test_it_warns_thirty_days_before_the_first_that_may_be_the_stored_one(
        self, secrets, tree, days, status, words
    ):
        secrets(*days)
        found = self.end(tree)
        assert (found.status, found.check) == (status, "end of targets.account.auth.client_secret")
        assert found.detail.endswith(words)

    def test_the_remedy_is_a_new_one_by_an_account_admin_in_the_console(self, box, secrets, tree):
        secrets(3)
        found = self.end(tree)
        assert "account console" in found.remedy
        assert box.client_id in found.remedy

    @pytest.mark.parametrize("kind", ["403", "404", "400"])
    def test_one_that_may_not_be_read_is_said_with_how_to_see_it(self, box, secrets, tree, kind):
        secrets(365)
        box.faults.add(Fault(kind, "databricks", "GET", "credentials/secrets", count=None))
        found = self.end(tree)
        assert (found.status, found.detail[:11]) == ("warning", "not known: ")
        assert kind in found.detail
        assert "It is seen by an account admin, in the account console" in found.remedy
        assert not any(f.status == "failed" for f in examine(tree))

    def test_a_workspace_that_has_its_identities_to_itself_is_asked_itself(
        self, secrets, in_workspace
    ):
        settings = in_workspace()
        secrets(3, account=False)
        found = self.end(settings)
        assert "in 3 days" in found.detail
        assert "an admin of the workspace" in found.remedy

    @pytest.mark.parametrize("admin", [True, False])
    def test_through_a_workspace_its_admins_see_it(self, box, secrets, tree, admin):
        whole = world()
        whole.add_workspace("sales", federated=True)
        box.reset(whole)
        account, sales = box.world.databricks, box.workspaces["sales"]
        principal = account.service_principals.named(box.client_id)[0]
        principal.roles.clear()
        sales.state.assign(box.client_id, "ADMIN" if admin else "USER")
        account.add_group("theirs", managers=[box.client_id])
        secrets(3)
        tree["targets"][0]["host"] = sales.url
        found = self.end(tree)
        assert ("in 3 days" in found.detail) == admin
        assert ("403" in found.detail) != admin

    def test_another_way_to_log_in_has_none(self, box, secrets, tree, monkeypatch):
        secrets(3)
        monkeypatch.setenv("TOKEN", box.databricks_token)
        tree["targets"][0]["auth"] = {"method": "pat", "token": {"env": "TOKEN"}}
        assert not [f for f in examine(tree) if f.check.startswith("end of targets.")]

    def test_a_principal_that_is_not_listed_is_said(self, box, secrets, tree):
        secrets(365)
        box.world.databricks.switches.unlisted.append(box.client_id)
        assert self.end(tree).detail == "not known: its principal is not listed."


def pfx_of(pem: str) -> str:
    key = serialization.load_pem_private_key(pem.encode(), None)
    certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    plain = serialization.NoEncryption()
    raw = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, plain)
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("text", ["no certificate", "-----BEGIN nothing", "AAAA"])
def test_what_is_no_certificate_has_no_end(text):
    assert _end_of(text, None) is None


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ({"secret": "aadsync/entra"}, '--store-in "secret: aadsync/entra"'),
        (
            {"key_vault": "https://contoso.vault.azure.net/secrets/entra"},
            '--store-in "key_vault: https://contoso.vault.azure.net/secrets/entra"',
        ),
        ({"env": "NAME"}, "with --store-in"),
    ],
)
def test_the_remedy_names_the_place(ref, words):
    found = _finding("source.auth.client_secret", 86_400.0, 0.0, SecretRef.model_validate(ref))
    assert words in found.remedy
