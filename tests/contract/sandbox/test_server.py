"""The running sandbox: addresses, admin endpoint, both sides together."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from databricks.sdk import AccountClient
from databricks.sdk.core import Config

from aadsync_lib.config.load import load_settings
from aadsync_lib.sandbox import Fault, Sandbox, World, company
from aadsync_lib.sandbox.command import _text, config, describe, serve
from aadsync_lib.sandbox.entra.tls import Certificates
from aadsync_lib.sandbox.settings import write_settings
from tests.contract.sandbox.contoso import ADA, DATA, small_world


def account_client(box: Sandbox, **credentials: str) -> AccountClient:
    return AccountClient(
        config=Config(host=box.databricks_url, account_id=box.account_id, **credentials)
    )


def test_the_databricks_sdk_takes_the_token(box):
    users = account_client(box, token=box.databricks_token).users_v2.list()
    assert list(users) == []


def test_the_databricks_sdk_takes_the_client(box):
    client = account_client(box, client_id=box.client_id, client_secret=box.client_secret)
    (sync,) = client.service_principals_v2.list()
    assert sync.application_id == box.client_id


def test_both_sides_are_logged(box, graph):
    graph.get("/users")
    list(account_client(box, token=box.databricks_token).users_v2.list())
    box.stop()
    assert box.log.count("graph") == 1
    assert box.log.count("databricks", "GET", "/scim/") > 0


def test_without_a_speed_there_are_no_limits(box, graph):
    assert [graph.get(f"/users/{ADA}").status_code for _ in range(30)] == [200] * 30
    assert box.limits.speed is None


def test_a_speed_turns_the_limits_of_databricks_on():
    with Sandbox(small_world(), speed=1.0) as box:
        box.limits.clock = lambda: 0.0
        headers = {"Authorization": f"Bearer {box.databricks_token}"}
        url = f"{box.databricks_url}/api/2.0/accounts/{box.account_id}/scim/v2/Groups"
        with httpx.Client(headers=headers, verify=False) as client:
            statuses = {client.get(url).status_code for _ in range(12)}
    assert statuses == {200, 429}


def test_a_sandbox_starts_and_stops_more_than_once():
    box = Sandbox(small_world())
    for _ in range(3):
        with box:
            assert Path(box.ca_file).exists()
        assert not Path(box.ca_file).exists()
    box.stop()


def test_an_unstarted_sandbox_has_no_files():
    with pytest.raises(RuntimeError, match="not started"):
        _ = Sandbox(small_world()).entra_certificate


def test_a_start_that_fails_says_so_and_leaves_nothing(monkeypatch):
    made = Certificates(authority=b"", server=b"no certificate")
    monkeypatch.setattr("aadsync_lib.sandbox.server.make_certificates", lambda *_names: made)
    box = Sandbox(small_world())
    with pytest.raises(RuntimeError, match="did not start"):
        box.start()
    assert not Path(box.ca_file).exists()


def test_stopping_breaks_off_what_is_still_running(box):
    box.faults.add(Fault("slow", side="graph", seconds=3600))
    failures: list[Exception] = []

    def wait() -> None:
        try:
            httpx.get(f"{box.graph_url}/users", verify=False, timeout=None)
        except httpx.TransportError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while box.faults.fired == 0:
        threading.Event().wait(0.001)
    box.stop()
    thread.join()
    assert failures


def test_reset_goes_on_with_another_world_at_the_same_address(box, graph):
    box.faults.add(Fault("500", path="never"))
    other = World()
    other.entra.add_user("somebody@contoso.com")
    box.reset(other)
    assert [user["displayName"] for user in graph.get("/users").json()["value"]] == ["somebody"]
    assert box.faults.list() == {}
    client = account_client(box, token=box.databricks_token)
    assert len(list(client.service_principals_v2.list())) == 1


class TestAdmin:
    def test_it_switches_faults(self, admin, graph):
        fault = {"kind": "503", "side": "graph", "path": "/users", "retry_after": "3"}
        key = admin.post("/faults", json=fault).json()["id"]
        assert admin.get("/faults").json()[key]["kind"] == "503"
        answer = graph.get("/users")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        assert graph.get("/users").status_code == 200
        assert admin.delete(f"/faults/{key}").status_code == 204
        assert admin.delete(f"/faults/{key}").status_code == 404

    def test_it_clears_faults(self, admin):
        admin.post("/faults", json={"kind": "500", "count": None})
        assert admin.delete("/faults").status_code == 204
        assert admin.get("/faults").json() == {}

    @pytest.mark.parametrize("fault", [{"kind": "flood"}, {"kind": "500", "colour": "red"}, {}])
    def test_it_refuses_a_fault_it_does_not_know(self, admin, fault):
        assert admin.post("/faults", json=fault).status_code == 400

    def test_it_shows_and_clears_the_log(self, admin, graph):
        graph.get("/users")
        graph.get("/groups")
        first = admin.get("/log?side=graph").json()[0]
        assert (first["method"], first["path"], first["status"]) == ("GET", "/v1.0/users", 200)
        assert admin.delete("/log").status_code == 204

    def test_it_is_neither_logged_nor_hit_by_faults(self, box, admin):
        box.faults.add(Fault("500", count=None))
        assert admin.get("/world").status_code == 200
        assert box.log.entries == ()

    def test_it_answers_on_the_graph_port_too(self, box, graph):
        root = box.graph_url.removesuffix("/v1.0")
        assert graph.get(f"{root}/_sandbox/limits").json() == {"speed": None}

    def test_it_lets_a_day_pass(self, admin):
        assert any("was hired" in said for said in admin.post("/day", json={"seed": 1}).json())

    def test_it_exchanges_the_world(self, box, admin, graph):
        world = admin.get("/world").json()
        world["entra"]["groups"] = []
        assert admin.put("/world", json=world).status_code == 204
        assert graph.get("/groups").json()["value"] == []
        assert box.world.entra.ids("group") == []

    def test_it_sets_the_limits(self, box, admin):
        assert admin.post("/limits", json={"speed": 20}).json() == {"speed": 20}
        assert box.limits.speed == 20
        assert admin.post("/limits").json() == {"speed": None}
        assert admin.post("/limits", json={"speed": -1}).status_code == 400

    def test_it_sets_switches_of_both_sides(self, box, admin, graph):
        page = graph.get("/users?$top=1").json()["@odata.nextLink"]
        entra = {"empty_pages": 3, "expire_page_tokens": True, "permissions": ["User.Read.All"],
                 "expire_delta_tokens": "gone", "removed_in_first_round": True}  # fmt: skip
        switches = {"entra": entra, "databricks": {"oversized_count": "reject"}}
        assert admin.post("/switches", json=switches).status_code == 204
        assert box.world.entra.empty_pages == 3
        assert box.world.entra.removed_in_first_round is True
        assert box.world.databricks.switches.oversized_count == "reject"
        assert graph.get(page).status_code == 400
        assert graph.get("/groups").status_code == 403

    @pytest.mark.parametrize("side", ["entra", "databricks"])
    def test_it_refuses_an_unknown_switch(self, admin, side):
        assert admin.post("/switches", json={side: {"gravity": 0}}).status_code == 400

    @pytest.mark.parametrize("body", [b"nonsense", b"[]"])
    def test_it_refuses_what_is_no_object(self, admin, body):
        assert admin.post("/limits", content=body).status_code == 400


class TestServe:
    def test_it_serves_until_a_signal_and_saves_when_asked(self, tmp_path):
        path = tmp_path / "world.json"
        small_world().save(path)
        code = (
            "import sys; from pathlib import Path; from aadsync_lib.sandbox.command import serve;"
            "say = lambda text: print(text, flush=True);"
            "serve(Path(sys.argv[1]), 5, 7, None, say, True, save=True)"
        )
        command = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            text = ""
            while not text.endswith("}\n}\n"):
                text += process.stdout.readline()
            about = json.loads(text)
            with httpx.Client(verify=False) as client:
                root = about["graph_url"].removesuffix("/v1.0")
                client.post(f"{root}/_sandbox/day", json={"seed": 1}).raise_for_status()
            process.send_signal(signal.SIGTERM)
        assert process.returncode == 0
        assert World.load(path).to_json() != small_world().to_json()

    def test_it_says_how_to_use_it(self, tmp_path):
        said: list[str] = []

        def echo(text: str) -> None:
            said.append(text)
            os.kill(os.getpid(), signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        serve(None, 20, 7, None, echo, False)
        assert signal.getsignal(signal.SIGINT) is before
        assert "Contoso: 20 users" in said[0]
        assert "export SANDBOX_GRAPH_TOKEN=sandbox-graph-token" in said[0]
        assert "version: 1" in said[0]

    def test_it_serves_a_world_file_and_leaves_it_alone(self, tmp_path):
        path = tmp_path / "world.json"
        small_world().save(path)
        before = path.read_bytes()
        said: list[str] = []

        def echo(text: str) -> None:
            said.append(text)
            os.kill(os.getpid(), signal.SIGTERM)

        serve(path, 20, 7, None, echo, False)
        assert "Contoso: 3 users, 4 groups" in said[0]
        assert path.read_bytes() == before

    def test_it_makes_a_new_world_file_when_asked_to_save(self, tmp_path):
        path = tmp_path / "new.json"
        said: list[str] = []

        def echo(text: str) -> None:
            if not said:
                os.kill(os.getpid(), signal.SIGTERM)
            said.append(text)

        serve(path, 20, 7, None, echo, False, save=True)
        assert len(World.load(path).entra.ids("user")) == 20
        assert said[-1] == f"World saved to {path}"

    def test_it_cannot_save_without_a_file(self):
        with pytest.raises(ValueError, match="no world file"):
            serve(None, 20, 7, None, print, False, save=True)

    def test_the_description_names_what_a_client_needs(self, box):
        about = describe(box)
        assert about["graph_url"] == box.graph_url
        assert about["databricks_token"] == box.databricks_token
        assert json.loads(json.dumps(about)) == about

    def test_without_a_workspace_none_is_named_or_served(self, box):
        assert box.workspace is None
        assert not {"workspace_url", "workspace_id", "cli_environment"} & describe(box).keys()
        paths = ("/api/2.0/workspace/list", "/api/2.2/jobs/list")
        assert {httpx.get(f"{box.databricks_url}{path}").status_code for path in paths} == {404}

    def test_the_configuration_holds_references_and_no_token(self, box):
        text = config(box)
        assert box.graph_token not in text
        settings = yaml.safe_load(text)
        assert settings["source"]["auth"]["access_token"] == {"env": "SANDBOX_GRAPH_TOKEN"}
        assert settings["targets"][0]["auth"]["token"] == {"env": "SANDBOX_DATABRICKS_TOKEN"}
        assert settings["targets"][0]["host"] == box.databricks_url


def test_a_large_group_is_served_in_pages_without_delay():
    world = company(3000)
    users = world.entra.ids("user")
    group = world.entra.add_group("Large", members=users)
    with Sandbox(world) as box:
        headers = {"Authorization": f"Bearer {box.graph_token}"}
        with httpx.Client(headers=headers, verify=False) as client:
            answer = client.get(f"{box.graph_url}/groups/{group}/members?$top=999&$select=id,mail")
    assert len(answer.json()["value"]) == 999
    assert answer.elapsed.total_seconds() < 2  # some ms on an idle machine


def test_changes_from_python_show_at_once(box, graph):
    box.world.entra.remove_member(DATA, ADA)
    rows = graph.get(f"/groups/{DATA}/members").json()["value"]
    assert ADA not in {row["id"] for row in rows}


def test_answers_on_a_kept_connection_are_quick(graph):
    path = f"/users/{ADA}"
    fastest = min(graph.get(path).elapsed.total_seconds() for _ in range(20))
    assert fastest < 0.02  # with Nagle's algorithm on, every answer would take 0.04 s


@pytest.fixture(scope="module")
def served():
    with Sandbox(company(40, workspaces=3), speed=20) as box:
        yield box


class TestWorkspaces:
    """A company with workspaces, and its settings."""

    def test_every_other_workspace_is_federated_and_used_before(self, served):
        states = [host.state for host in served.workspaces.values()]
        assert [state.federated for state in states] == [True, False, True]
        assert states[0].assigned()["breakglass@contoso.com"] == "ADMIN"
        assert "breakglass@contoso.com" in states[1].members("admins")
        assert states[1].members("legacy-reports") == {"auditor@fabrikam.com"}

    def test_the_configuration_assigns_federated_ones_and_makes_targets_of_others(self, served):
        settings = yaml.safe_load(config(served))
        account, sales = settings["targets"]
        hosts = served.workspaces
        assert [(w["workspace_id"], w["host"]) for w in account["workspaces"]] == [
            (hosts[name].workspace_id, hosts[name].url) for name in ("analytics", "research")
        ]
        assert (sales["name"], sales["level"], sales["host"]) == (
            "sales",
            "workspace",
            hosts["sales"].url,
        )
        variable = sales["auth"]["token"]["env"]
        assert describe(served)["environment"][variable] == hosts["sales"].token
        assert all(host.token not in config(served) for host in hosts.values())

    def test_it_is_said_where_they_are(self, served):
        about = describe(served)["workspaces"]
        assert [w["name"] for w in about] == ["analytics", "sales", "research"]
        assert {w["url"] for w in about} == {host.url for host in served.workspaces.values()}
        assert served.workspaces["sales"].url in _text(served)

    def test_settings_are_written_once_more_but_over_nobody_elses(self, served, tmp_path):
        path = write_settings(served, tmp_path / "new")
        assert write_settings(served, tmp_path / "new") == path
        text = path.read_text()
        assert yaml.safe_load(text) == yaml.safe_load(config(served, "contoso", "aadsync.db"))
        assert "#   export SANDBOX_SALES_TOKEN=" in text
        assert [target.name for target in load_settings(path).targets] == ["account", "sales"]
        path.write_text("version: 1\n")
        with pytest.raises(FileExistsError, match="left as it is"):
            write_settings(served, tmp_path / "new")
        assert path.read_text() == "version: 1\n"


def free_ports(count: int) -> int:
    """The first of so many free ports in a row, below those that the system hands out."""
    for first in random.sample(range(12000, 30000), 100):
        with ExitStack() as taken:
            try:
                for number in range(first, first + count):
                    taken.enter_context(socket.create_server(("127.0.0.1", number)))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


def test_ports_can_be_given_and_are_in_a_row():
    first = free_ports(4)
    world = World()
    world.add_workspace("sales")
    for _ in range(2):
        with Sandbox(world, port=first) as box:
            urls = box.graph_url, box.databricks_url, box.authority_url, box.workspaces["sales"].url
            assert [urlsplit(url).port for url in urls] == [first + n for n in range(4)]
            with pytest.raises(OSError, match=f"port {first} on 127.0.0.1 cannot be had"):
                Sandbox(World(), port=first).start()
