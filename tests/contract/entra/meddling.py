"""Ways to look at what the sandbox is asked, and to change what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aadsync_lib.sandbox import Fault, Sandbox


def count(box: Sandbox, path: str) -> Callable[[], int]:
    """Count requests from now on, those within batches too: a fault that does nothing."""
    fault = box.faults.add(Fault("slow", side="graph", path=path, count=None, seconds=0))
    return lambda: box.faults.fired_by(fault)


def edit_answers(box: Sandbox, old: str, new: str, times: int | None = None) -> None:
    """Replace a piece of every answer of Graph, or of the first ones that have it."""
    box._graph.app = _Changed(box._graph.app, _Edited(old.encode(), new.encode(), times))


def hide(box: Sandbox, object_id: str, *, among: str = "", times: int | None = None) -> None:
    """Leave an object out of every listing, or of the first ones that have it; by id it is there.

    ``among`` is a collection such as ``groups``: members are listed as ``directoryObjects``.
    """
    edit = _Hidden(object_id, among, times)
    box._graph.app = _Changed(box._graph.app, edit)


class _Hidden:
    def __init__(self, object_id: str, among: str, times: int | None) -> None:
        self.object_id, self.among, self.left = object_id, among, times

    def __call__(self, body: bytes) -> bytes:
        if self.object_id.encode() not in body:
            return body
        return json.dumps(self._without(json.loads(body))).encode()

    def _without(self, answer: Any) -> Any:
        """Go into the answers of a batch, too."""
        if "responses" in answer:
            inner = [{**r, "body": self._without(r["body"])} for r in answer["responses"]]
            return {**answer, "responses": inner}
        rows = answer.get("value") or []
        kept = [row for row in rows if self.object_id not in (row["id"], row.get("principalId"))]
        elsewhere = not str(answer.get("@odata.context")).endswith(self.among)
        if len(kept) == len(rows) or elsewhere or self.left == 0:
            return answer
        self.left = None if self.left is None else self.left - 1
        return {**answer, "value": kept}


class _Edited:
    def __init__(self, old: bytes, new: bytes, times: int | None) -> None:
        self.old, self.new, self.left = old, new, times

    def __call__(self, body: bytes) -> bytes:
        if self.old not in body or self.left == 0:
            return body
        self.left = None if self.left is None else self.left - 1
        return body.replace(self.old, self.new)


class _Changed:
    """Graph, with every body that it answers edited."""

    def __init__(self, app: ASGIApp, edit: Callable[[bytes], bytes]) -> None:
        self.app, self.edit = app, edit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        body = self.edit(b"".join(message.get("body", b"") for message in messages[1:]))
        start = messages[0]
        headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})
