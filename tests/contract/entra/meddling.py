"""Ways to look at what the sandbox is asked, and to change what it answers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aadsync_lib.sandbox import Fault, Sandbox


def count(box: Sandbox, path: str) -> Callable[[], int]:
    """Count requests from now on, those within batches too: a fault that does nothing."""
    fault = box.faults.add(Fault("slow", side="graph", path=path, count=None, seconds=0))
    return lambda: box.faults.fired_by(fault)


def edit_answers(box: Sandbox, old: str, new: str, times: int | None = None) -> None:
    """Replace a piece of every answer of Graph, or of the first ones that have it."""
    box._graph.app = _Edited(box._graph.app, old.encode(), new.encode(), times)


class _Edited:
    def __init__(self, app: ASGIApp, old: bytes, new: bytes, times: int | None) -> None:
        self.app, self.old, self.new, self.left = app, old, new, times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if self.old in body and self.left != 0:
            body = body.replace(self.old, self.new)
            self.left = None if self.left is None else self.left - 1
        start = messages[0]
        headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})
