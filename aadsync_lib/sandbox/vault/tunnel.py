"""An HTTPS proxy on loopback that leads a few names to loopback ports, and no other name anywhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

CHUNK = 65536
LONGEST_HEAD = 65536


class Tunnel:
    """Answers ``CONNECT name:443`` for the names that ``port_of`` knows, and refuses the rest."""

    def __init__(self, sock: socket.socket, port_of: Callable[[str], int | None]) -> None:
        self.sock = sock
        self._port_of = port_of
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self.sock, limit=LONGEST_HEAD)

    async def stop(self) -> None:
        """Close at once; connections still open are broken off."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.sleep(0)
        self.sock.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
            port = self._port_of(head[1].rpartition(":")[0]) if head[0] == "CONNECT" else None
            if port is None:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            else:
                await self._lead(reader, writer, port)
        writer.close()
        self._open.discard(writer)

    async def _lead(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        upstream, out = await asyncio.open_connection("127.0.0.1", port)
        self._open.add(out)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, out), _pipe(upstream, writer))
        self._open.discard(out)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until the end, and the end with it."""
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
