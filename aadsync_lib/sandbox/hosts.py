"""The workspaces of a running sandbox, each at a host of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.types import ASGIApp

from aadsync_lib.sandbox.databricks.workspaces.app import workspace_app
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState
from aadsync_lib.sandbox.identities import CLIENT_ID, CLIENT_SECRET, WORKSPACE_TOKEN
from aadsync_lib.sandbox.serving import Current, Ports, Site, port_of

Layers = Callable[[ASGIApp, str], ASGIApp]
"""Puts faults, limits and log around the application of the workspace of that name."""


@dataclass(frozen=True, slots=True)
class WorkspaceHost:
    """One workspace: its state, its address, and what opens it."""

    state: WorkspaceState
    url: str
    token: str
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def workspace_id(self) -> int:
        return self.state.workspace_id


@dataclass
class WorkspaceHosts:
    """Addresses by name. A name keeps its address from one world to the next."""

    layers: Layers
    _sockets: dict[str, socket.socket] = field(init=False, default_factory=dict)
    _apps: dict[str, Current] = field(init=False, default_factory=dict)
    _states: dict[str, WorkspaceState] = field(init=False, default_factory=dict)

    def use(self, workspaces: list[WorkspaceState]) -> None:
        """Go on with these workspaces; at the hosts of others there is nothing any more."""
        for current in self._apps.values():
            current.app = Starlette()
        self._states = {workspace.name: workspace for workspace in workspaces}
        for name, workspace in self._states.items():
            workspace.add_client(CLIENT_ID, CLIENT_SECRET)
            workspace.add_token(WORKSPACE_TOKEN + name, CLIENT_ID)
            self._apps.setdefault(name, Current(Starlette())).app = workspace_app(workspace)

    def open(self, ports: Ports) -> list[Site]:
        """Return the sites that have no address yet, with one each."""
        fresh = [name for name in self._states if name not in self._sockets]
        self._sockets |= {name: ports.socket() for name in fresh}
        return [Site(self.layers(self._apps[n], n), self._sockets[n]) for n in fresh]

    def app_at(self, port: int) -> ASGIApp | None:
        """The application of the workspace at a port, with its layers."""
        for name in self._states:
            if name in self._sockets and port_of(self._sockets[name]) == port:
                return self.layers(self._apps[name], name)
        return None

    def close(self) -> None:
        """Forget the addresses, whose servers have closed them."""
        self._sockets.clear()

    def by_name(self) -> dict[str, WorkspaceHost]:
        return {
            name: WorkspaceHost(
                state, f"http://127.0.0.1:{port_of(self._sockets[name])}", WORKSPACE_TOKEN + name
            )
            for name, state in self._states.items()
        }
