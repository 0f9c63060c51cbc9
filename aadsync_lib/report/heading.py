"""The head of a document in words and as JSON: when, by whom, from which settings, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aadsync_lib.model.codec import JsonObject, address_to_json, head_to_json
from aadsync_lib.model.head import Address, Head
from aadsync_lib.report.document import Document

Addresses = Mapping[str, Address]


def head_facts(document: Document) -> tuple[tuple[str, str], ...]:
    """Return term and fact of each line of the head; a target is a term of its own."""
    facts = (*_asked(document.head), *document.places, ("Digest", document.digest))
    return tuple((term, fact) for term, fact in facts if fact)


def _asked(head: Head | None) -> tuple[tuple[str, str], ...]:
    if head is None:
        return ()
    return (
        ("When", f"{head.time.replace('T', ' ').removesuffix('Z')} UTC"),
        ("By", head.by),
        ("Tenant", head.tenant_id),
        ("Settings", head.settings),
        ("Version", f"aadsync {head.version}"),
    )


def head_lines(document: Document) -> tuple[str, ...]:
    """Return the head in as few lines as can be copied from: one of them for each target."""
    asked = dict(_asked(document.head))
    who = " by ".join(filter(None, (asked.get("When"), asked.get("By"))))
    tenant = f"tenant {asked['Tenant']}" if asked else ""
    first = ", ".join(filter(None, (who, tenant, asked.get("Settings"), asked.get("Version"))))
    places = (f"{name}: {place}" for name, place in document.places)
    digest = f"Digest: {document.digest}" if document.digest else ""
    return tuple(filter(None, (first, *places, digest)))


def places_of(targets: Iterable[tuple[str, Address | None]]) -> tuple[tuple[str, str], ...]:
    """Return name and place of each target of which the place is known."""
    return tuple((name, str(address)) for name, address in targets if address)


def with_head(document: JsonObject, head: Head, addresses: Addresses) -> JsonObject:
    """Return a JSON document with a head, and with the address of each target in it."""
    if "head" in document:
        return document
    kept: JsonObject = {key: document[key] for key in ("kind", "version") if key in document}
    placed: JsonObject = _placed(document, addresses)
    return {**kept, "head": head_to_json(head), **placed}


def _placed(value: Any, addresses: Addresses) -> Any:
    if isinstance(value, list):
        return [_placed(item, addresses) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: [_addressed(item, addresses) for item in part]
        if key == "targets" and isinstance(part, list)
        else _placed(part, addresses)
        for key, part in value.items()
    }


def _addressed(target: Any, addresses: Addresses) -> Any:
    placed = _placed(target, addresses)
    if not isinstance(placed, dict) or "host" in placed or placed.get("target") not in addresses:
        return placed
    name = placed.pop("target")
    return {"target": name, **address_to_json(addresses[name]), **placed}
