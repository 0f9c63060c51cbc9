"""Commands about a connector, and what is seen of it from outside."""

from __future__ import annotations

import json
from typing import Any

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
