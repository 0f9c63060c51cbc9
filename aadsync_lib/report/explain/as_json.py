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
    WorkspaceEntry,
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
        "people": [_person(each) for each in found.people],
        "groups": [_group(each) for each in found.groups],
        "unknown": list(found.unknown),
        "searched": list(found.searched),
        "nearest": list(found.nearest),
        **({"over": list(found.over), "approve": found.approve} if found.over else {}),
    }


def _person(person: Person) -> JsonObject:
    return {
        "identity": _identity(person.identity),
        "group": _identity(person.group) if person.group else None,
        "entra": _paths(person.paths)
        | {
            "assigned": person.assigned,
            "out_of_scope": None if person.others is None else list(person.others),
        },
        "targets": [_standing(standing) for standing in person.targets],
    }


def _group(group: GroupExplained) -> JsonObject:
    names = [standing.target for standing in group.targets]
    return {
        "identity": _identity(group.identity),
        "targets": [_standing(standing) for standing in group.targets],
        "members": [_member(member, names) for member in group.members],
        "unread": list(group.unread),
    }


def _member(member: Member, targets: list[str]) -> JsonObject:
    ways = zip(targets, member.targets, strict=True)
    return {
        "identity": _identity(member.identity),
        "entra": _path(member.entra) if member.entra else None,
        "targets": [{"target": name, "path": _path(way) if way else None} for name, way in ways],
    }


def _identity(identity: Identity) -> JsonObject:
    return {
        "type": identity.kind.value,
        "name": identity.name,
        "display_name": identity.display_name,
        "external_id": identity.external_id,
        "place": identity.place.value,
        "enabled": identity.enabled,
        "reason": identity.reason,
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


def _standing(standing: Standing) -> JsonObject:
    account = standing.account
    return {
        "target": standing.target,
        "account": {
            "id": account.id,
            "name": account.name,
            "display_name": account.display_name,
            "external_id": account.external_id,
            "active": account.active,
        }
        if account
        else None,
        "origin": standing.origin.value if standing.origin else None,
        "protected": standing.protected,
        "next": [{"action": action, "reason": reason} for action, reason in standing.next],
        "held_back": list(standing.notes),
        "groups": [_direct(row) for row in standing.groups],
        "gap": standing.gap,
        "workspaces": [_workspace(entry) for entry in standing.workspaces],
    } | (_paths(standing.paths) if standing.paths else {})


def _workspace(entry: WorkspaceEntry) -> JsonObject:
    return {
        "workspace_id": entry.workspace_id,
        "permission": entry.permission,
        "entitlements": list(entry.entitlements),
        "through": [
            {
                "group": entrance.group,
                "target_id": entrance.target_id,
                "permission": entrance.permission,
                "entitlements": list(entrance.entitlements),
            }
            for entrance in entry.entrances
        ],
        "unread": entry.unread,
    }


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
