"""Commands about a connector, and what is seen of it from outside."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aadsync_lib.graph.http import HttpTransport, Request, Response
from tests.contract.connector.gallery import Gallery


def run(gallery: Gallery, *words: str, code: int = 0) -> dict[str, Any]:
    answer = gallery(*words, "--format", "json")
    assert answer.exit_code == code, answer.output + repr(answer.exception)
    return dict(json.loads(answer.stdout))


def part(document: dict[str, Any]) -> dict[str, Any]:
    (target,) = document["targets"]
    return dict(target)


def actions(document: dict[str, Any]) -> list[str]:
    return [change["action"] for change in part(document)["changes"]]


def writes(gallery: Gallery, after: int = 0) -> list[str]:
    log = gallery.stage.box.log.select("graph", after=after, auth=False)
    return [f"{e.method} {e.path}" for e in log if e.method != "GET"]


def applications(gallery: Gallery) -> list[dict[str, Any]]:
    entra = gallery.entra
    return [entra.objects[key] for key in entra.ids("application")]


def ours(gallery: Gallery) -> dict[str, Any]:
    (application,) = (a for a in applications(gallery) if a.get("applicationTemplateId"))
    return application


def principal(gallery: Gallery) -> str:
    return str(gallery.entra.find(ours(gallery)["appId"]))


def job(gallery: Gallery) -> Any:
    (known,) = gallery.entra.provisioning.jobs.values()
    return known


def stored(gallery: Gallery) -> dict[str, str]:
    pairs = gallery.entra.provisioning.secrets[principal(gallery)]
    return {pair["key"]: pair["value"] for pair in pairs}


def recorded_writes(patch: pytest.MonkeyPatch, store_file: Path) -> list[tuple[str, int]]:
    """Return the writes about applications from now on, each with the open entries of the journal as it is sent."""
    seen: list[tuple[str, int]] = []
    send_it = HttpTransport.send

    async def send(transport: HttpTransport, request: Request) -> Response:
        about = "/application" in request.url or "/servicePrincipals" in request.url
        if request.method != "GET" and about:
            with closing(sqlite3.connect(store_file)) as connection:
                sql = "SELECT count(*) FROM journal WHERE result IS NULL"
                (count,) = connection.execute(sql).fetchone()
            seen.append((f"{request.method} {request.url}", count))
        return await send_it(transport, request)

    patch.setattr(HttpTransport, "send", send)
    return seen
