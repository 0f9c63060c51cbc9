"""Several uvicorn servers on loopback, in one background thread with its own event loop."""

import asyncio
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from aadsync_lib.sandbox.vault.tunnel import Tunnel

KEEP_ALIVE = 600  # seconds; a client that pauses for a while finds its connection still open


def loopback_socket(port: int = 0) -> socket.socket:
    """An address on a port; 0 is any that is free. ``OSError`` where it is taken.

    The protocol must be named: only then does asyncio switch Nagle's algorithm off, which would
    add 40 ms to every answer of a kept connection.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if port:  # a port that was just given up can be had again
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"port {port} on 127.0.0.1 cannot be had") from error
    return sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


class Ports:
    """Sockets on ports in a row, or on any that are free."""

    def __init__(self, first: int | None) -> None:
        self._next = first
        self._made: list[socket.socket] = []

    def socket(self) -> socket.socket:
        self._made.append(loopback_socket(self._next or 0))
        if self._next is not None:
            self._next += 1
        return self._made[-1]

    def close(self) -> None:
        for sock in self._made:
            sock.close()


class Current:
    """An application that can be exchanged between two requests."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Site:
    """One application and the socket it is served on; with TLS when there is a certificate."""

    app: ASGIApp
    sock: socket.socket
    certificate: Path | None = None


class Servers:
    """Serves sites from ``start`` to ``stop``; requests still running then are broken off."""

    def __init__(self, sites: list[Site], tunnel: Tunnel | None = None) -> None:
        self._sites = sites
        self._tunnel = tunnel
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._fresh: asyncio.Queue[Site] = asyncio.Queue()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise RuntimeError("the sandbox did not start") from self._failure

    def add(self, site: Site) -> None:
        """Serve one more site; who connects before it is ready waits. From any thread."""
        site.sock.listen()
        self._sites.append(site)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._fresh.put_nowait, site)

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in start
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        servers: list[uvicorn.Server] = []
        try:
            for site in self._sites:
                servers.append(await _started(site))  # noqa: PERF401 - closed below if one fails
            if self._tunnel is not None:
                await self._tunnel.start()
            self._ready.set()
            adding = asyncio.create_task(self._serve_fresh(servers))
            await self._stop.wait()
            adding.cancel()
        finally:
            if self._tunnel is not None:
                await self._tunnel.stop()
            for server in servers:
                await _stopped(server)
            for site in self._sites:
                site.sock.close()

    async def _serve_fresh(self, servers: list[uvicorn.Server]) -> None:
        while True:
            servers.append(await _started(await self._fresh.get()))


async def _started(site: Site) -> uvicorn.Server:
    config = uvicorn.Config(
        site.app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        ssl_certfile=site.certificate,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[site.sock])
    return server


async def _stopped(server: uvicorn.Server) -> None:
    """Close at once; uvicorn's own shutdown waits for its next tick, a tenth of a second."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()
    await asyncio.sleep(0)
    for task in list(server.server_state.tasks):
        task.cancel()
    await asyncio.gather(*server.server_state.tasks, return_exceptions=True)
