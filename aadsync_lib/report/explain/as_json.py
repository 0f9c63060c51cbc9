"""Explanations as the JSON document of the public contract."""

from __future__ import annotations

from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.explanation import (
    Direct,
    Explanation,
    GroupExplained,
    Identity,
    Member,
    Path,
    Paths,
    Person,
    Standing,
)

VERSION = 1


def explanation_to_json(found: Explanation) -> JsonObject:
    """Return the ``explanation`` document."""
    return {
        "kind": "explanation",
        "version": VERSION,
        "sync": found.sync,
        "complete": found.complete,
        "user": found.user,
        "group": found.group,
        "found": found.found,
        "people": [_person(one) for one in found.people],
        "groups": [_group(one) for one in found.groups],
        "unknown": list(found.unknown),
        "searched": list(found.searched),
        "nearest": list(found.nearest),
    }


def _person(one: Person) -> JsonObject:
    return {
        "identity": _identity(one.identity),
        "group": _identity(one.group) if one.group else None,
        "entra": _paths(one.paths)
        | {
            "assigned": one.assigned,
            "out_of_scope": None if one.others is None else list(one.others),
        },
        "targets": [_standing(standing) for standing in one.targets],
    }


def _group(one: GroupExplained) -> JsonObject:
    names = [standing.target for standing in one.targets]
    return {
        "identity": _identity(one.identity),
        "targets": [_standing(standing) for standing in one.targets],
        "members": [_member(member, names) for member in one.members],
        "unread": list(one.unread),
    }


def _member(one: Member, targets: list[str]) -> JsonObject:
    ways = zip(targets, one.targets, strict=True)
    return {
        "identity": _identity(one.identity),
        "entra": _path(one.entra) if one.entra else None,
        "targets": [{"target": name, "path": _path(way) if way else None} for name, way in ways],
    }


def _identity(one: Identity) -> JsonObject:
    return {
        "type": one.kind.value,
        "name": one.name,
        "display_name": one.display_name,
        "external_id": one.external_id,
        "place": one.place.value,
        "enabled": one.enabled,
        "reason": one.reason,
    }


def _paths(paths: Paths) -> JsonObject:
    listed = [_path(path) for path in paths.listed]
    return {"paths": listed, "more_paths": paths.more, "all_paths": paths.all}


def _path(path: Path) -> JsonObject:
    steps = [
        {
            "id": step.group,
            "name": step.name,
            "fate": step.fate.value,
            "reason": step.reason,
            "root": step.root,
        }
        for step in path.steps
    ]
    return {"kept": path.kept, "groups": steps}


def _standing(one: Standing) -> JsonObject:
    account = one.account
    return {
        "target": one.target,
        "account": {
            "id": account.id,
            "name": account.name,
            "display_name": account.display_name,
            "external_id": account.external_id,
            "active": account.active,
        }
        if account
        else None,
        "origin": one.origin.value if one.origin else None,
        "protected": one.protected,
        "next": [{"action": action, "reason": reason} for action, reason in one.next],
        "held_back": list(one.notes),
        "groups": [_direct(row) for row in one.groups],
        "gap": one.gap,
    } | (_paths(one.paths) if one.paths else {})


def _direct(row: Direct) -> JsonObject:
    return {
        "external_id": row.group,
        "target_id": row.target_id,
        "name": row.name,
        "there": row.there,
        "in_entra": row.wanted,
        "next": row.next.value,
        "reason": row.reason,
        "since": row.since,
        "run_id": row.run_id,
        "how": row.how.value if row.how else None,
        "until": row.until,
        "ended_by": row.ended_by,
    }
