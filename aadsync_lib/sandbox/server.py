"""The running sandbox: Graph, Databricks, its workspaces and the Entra token endpoint on loopback."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from aadsync_lib.sandbox.admin import AdminSwitch, admin_app
from aadsync_lib.sandbox.databricks.app import OpenWorkspace, Workspace, databricks_app
from aadsync_lib.sandbox.entra.graph import graph_app
from aadsync_lib.sandbox.entra.issuer import Issuer, Registration
from aadsync_lib.sandbox.entra.oauth import entra_app
from aadsync_lib.sandbox.entra.tls import client_certificate, make_certificates
from aadsync_lib.sandbox.fault_middleware import FaultMiddleware
from aadsync_lib.sandbox.faults import Faults
from aadsync_lib.sandbox.hosts import WorkspaceHost, WorkspaceHosts
from aadsync_lib.sandbox.identities import (
    CLIENT_ID,
    CLIENT_SECRET,
    DATABRICKS_TOKEN,
    ENTRA_CLIENT_ID,
    ENTRA_CLIENT_SECRET,
    GRAPH_TOKEN,
    IDENTITY_HEADER,
)
from aadsync_lib.sandbox.limits import LimitMiddleware, Limits
from aadsync_lib.sandbox.names import ACCOUNTS, CERTIFIED, ByName, environment, is_known
from aadsync_lib.sandbox.outbound import Outbound
from aadsync_lib.sandbox.requestlog import RequestLog, RequestLogMiddleware
from aadsync_lib.sandbox.serving import Current, Ports, Servers, Site, port_of
from aadsync_lib.sandbox.vault.app import vaults_app
from aadsync_lib.sandbox.vault.state import by_host
from aadsync_lib.sandbox.vault.tunnel import Tunnel
from aadsync_lib.sandbox.world import World


class Sandbox:
    """Both sides of a sync over real HTTP. A context manager; addresses exist once started.

    ``speed`` turns the published Databricks rate limits on, that many times as fast. The world's
    workspaces are in ``workspaces``, by name. ``workspace`` makes what is served on the account's
    host besides it, anew for each world. ``port`` is the first of ports in a row: Graph, account,
    authority, workspaces; without it they are any that are free. With ``real_names``, or vaults in the
    world, clients find Graph, the account and the vaults by their real names once ``names_environment`` is set.
    """

    graph_url: str
    databricks_url: str
    authority_url: str
    identity_endpoint: str
    ca_file: str
    names_environment: dict[str, str]

    def __init__(
        self,
        world: World,
        *,
        speed: float | None = None,
        seed: int = 0,
        workspace: OpenWorkspace | None = None,
        port: int | None = None,
        real_names: bool = False,
    ) -> None:
        self.faults = Faults(seed)
        self.log = RequestLog()
        self.limits = Limits(speed)
        self.graph_token = GRAPH_TOKEN
        self.databricks_token = DATABRICKS_TOKEN
        self.client_id = CLIENT_ID
        self.client_secret = CLIENT_SECRET
        self.entra_client_id = ENTRA_CLIENT_ID
        self.entra_client_secret = ENTRA_CLIENT_SECRET
        self.identity_header = IDENTITY_HEADER
        self._registration = Registration(
            ENTRA_CLIENT_ID, ENTRA_CLIENT_SECRET, IDENTITY_HEADER, GRAPH_TOKEN, client_certificate
        )
        self._first_port = port
        self._real_names = real_names
        self._open_workspace = workspace
        self.workspace: Workspace | None = None
        self._servers: Servers | None = None
        self._files: TemporaryDirectory[str] | None = None
        self._hosts = WorkspaceHosts(lambda app, name: self._layers(app, "databricks", name))
        self._use(world)

    @property
    def tenant_id(self) -> str:
        return self.world.entra.tenant_id

    @property
    def account_id(self) -> str:
        return self.world.databricks.account_id

    @property
    def workspaces(self) -> dict[str, WorkspaceHost]:
        """The world's workspaces by name, with their addresses and tokens."""
        return self._hosts.by_name()

    @property
    def entra_certificate(self) -> str:
        """Path of the PEM file with the app registration's certificate and its key."""
        path = self._folder() / "client.pem"
        if not path.exists():
            path.write_bytes(client_certificate())
        return str(path)

    def start(self) -> Self:
        self._files = TemporaryDirectory(prefix="contoso-")
        certificates = make_certificates(*CERTIFIED)
        server = self._folder() / "server.pem"
        server.write_bytes(certificates.server)
        authority = self._folder() / "ca.pem"
        authority.write_bytes(certificates.authority)
        self.ca_file = str(authority)
        self._ports = Ports(self._first_port)
        try:
            self._servers = self._open(server)
            self._servers.start()
        except (OSError, RuntimeError):
            self.stop()
            self._ports.close()
            raise
        return self

    def _open(self, certificate: Path) -> Servers:
        """Take the addresses, and make the servers for them."""
        graph, databricks, entra = (self._ports.socket() for _ in range(3))
        self.graph_url = f"http://127.0.0.1:{port_of(graph)}/v1.0"
        self.identity_endpoint = f"http://127.0.0.1:{port_of(graph)}/msi/token"
        self.databricks_url = f"http://127.0.0.1:{port_of(databricks)}"
        self.authority_url = f"https://127.0.0.1:{port_of(entra)}"
        sites = [
            Site(self._layers(self._graph, "graph"), graph),
            Site(self._layers(self._databricks, "databricks"), databricks),
            Site(self._layers(self._entra, "entra"), entra, certificate),
            *self._hosts.open(self._ports),
        ]
        return Servers(sites, self._open_names(sites, certificate))

    def _open_names(self, sites: list[Site], certificate: Path) -> Tunnel | None:
        """Add the site of the real names, and return the proxy that leads to it."""
        if not (self.world.vaults or self._real_names):
            return None
        named, proxy = self._ports.socket(), self._ports.socket()
        app = ByName(
            self._layers(self._graph, "graph"),
            self._layers(self._databricks, "databricks"),
            self._layers(self._vaults, "vault"),
        )
        sites.append(Site(app, named, certificate))
        port = port_of(named)
        self.names_environment = dict(
            environment(f"http://127.0.0.1:{port_of(proxy)}", self.ca_file)
        )
        return Tunnel(proxy, lambda name: port if is_known(name) else None)

    def stop(self) -> None:
        self._close_workspace()
        if self._servers is not None:
            self._servers.stop()
            self._servers = None
        self._hosts.close()
        if self._files is not None:
            self._files.cleanup()
            self._files = None

    def reset(self, world: World) -> None:
        """Go on with another world, at the same addresses, without faults and log."""
        self.faults.clear()
        self.log.clear()
        self._close_workspace()
        self._use(world)
        if self._servers is not None:
            for site in self._hosts.open(self._ports):
                self._servers.add(site)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _use(self, world: World) -> None:
        self.world = world
        issuer = Issuer(world.entra, self._registration)
        account = world.databricks
        for state in (account, *world.workspaces):
            state.external_tokens = issuer.application
            state.application_exists = lambda app_id: world.entra.find(app_id) is not None
        account.add_client(CLIENT_ID, CLIENT_SECRET)
        account.add_token(DATABRICKS_TOKEN, CLIENT_ID)
        world.entra.provisioning.reach = Outbound(self._app_at)
        self._hosts.use(world.workspaces)
        if self._open_workspace is not None:
            self.workspace = self._open_workspace(account, self._task_environment)
        apps: tuple[ASGIApp, ...] = (
            graph_app(world.entra, issuer, self.faults),
            databricks_app(account, self.workspace, world.workspaces),
            entra_app(issuer),
            vaults_app(by_host(world.vaults), world.entra.tenant_id, issuer.holder),
        )
        if not hasattr(self, "_graph"):
            self._graph, self._databricks, self._entra, self._vaults = map(Current, apps)
            return
        self._graph.app, self._databricks.app, self._entra.app, self._vaults.app = apps

    def _app_at(self, host: str) -> ASGIApp | None:
        """What is served at a host and port, for requests that Entra makes itself."""
        account = urlsplit(getattr(self, "databricks_url", "")).netloc
        if host in ACCOUNTS or host == account:
            return self._layers(self._databricks, "databricks")
        name, _, port = host.rpartition(":")
        local = name in {"127.0.0.1", "localhost"} and port.isdigit()
        return self._hosts.app_at(int(port)) if local else None

    def _close_workspace(self) -> None:
        if self.workspace is not None:
            self.workspace.close()

    def _task_environment(self) -> dict[str, str]:
        return {"DATABRICKS_HOST": self.databricks_url, "DATABRICKS_TOKEN": self.databricks_token}

    def _layers(self, app: ASGIApp, side: str, place: str = "") -> ASGIApp:
        limited = LimitMiddleware(app, self.limits, place)
        faulty = FaultMiddleware(limited, self.faults, side, place)
        logged = RequestLogMiddleware(faulty, self.log, side, place)
        return logged if side == "entra" else AdminSwitch(logged, admin_app(self))

    def _folder(self) -> Path:
        if self._files is None:
            raise RuntimeError("the sandbox is not started")
        return Path(self._files.name)
