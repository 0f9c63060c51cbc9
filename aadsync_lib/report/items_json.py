"""The lists of a plan and a run as JSON and back: what is found, left alone, quarantined, noticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aadsync_lib.model.codec import JsonObject, change_from_json, change_to_json
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Quarantined, Unapplied, UnappliedBy, Unowned


def found_to_json(items: Iterable[Unowned]) -> list[JsonObject]:
    """Return what is on the target and not ours."""
    return [
        {
            "kind": item.kind.value,
            "external_id": item.external_id,
            "target_id": item.target_id,
            "name": item.name,
            "owner": item.owner,
            "setting": item.setting,
        }
        for item in items
    ]


def found_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Unowned, ...]:
    """Read what ``found_to_json`` wrote."""
    return tuple(Unowned(**{**item, "kind": Kind(item["kind"])}) for item in raw)


def left_to_json(items: Iterable[Unapplied]) -> list[JsonObject]:
    """Return what the policy leaves alone, each as a change with ``by``."""
    return [change_to_json(item.change) | {"by": item.by.value} for item in items]


def left_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Unapplied, ...]:
    """Read what ``left_to_json`` wrote."""
    return tuple(Unapplied(change_from_json(item), UnappliedBy(item["by"])) for item in raw)


def quarantined_to_json(items: Iterable[Quarantined]) -> list[JsonObject]:
    """Return what waits, with its reason."""
    return [
        {"external_id": item.external_id, "name": item.name, "reason": item.reason}
        for item in items
    ]


def quarantined_from_json(raw: Mapping[str, Any]) -> Quarantined:
    """Read one line of what ``quarantined_to_json`` wrote."""
    return Quarantined(raw["external_id"], raw["name"], raw["reason"])


def notices_to_json(notices: Iterable[Notice]) -> list[JsonObject]:
    """Return notices with their codes."""
    return [{"code": notice.code, "message": notice.message} for notice in notices]
