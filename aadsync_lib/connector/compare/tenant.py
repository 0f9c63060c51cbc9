"""Everybody of a tenant, for a connector that provisions all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aadsync_lib.connector.entra import Entra
from aadsync_lib.model.directory import Group, Snapshot, User
from aadsync_lib.responses import JsonObject

USER = ("id", "userPrincipalName", "mail", "displayName", "accountEnabled")
GROUP = "id,displayName,mailNickname,securityEnabled"


def with_everybody(entra: Entra, snapshot: Snapshot, attributes: Collection[str]) -> Snapshot:
    """Return a snapshot with all people and groups; of those that it has no members of groups are read."""
    fields = ",".join(dict.fromkeys((*USER, *attributes)))
    people = entra.rows(f"/users?$select={fields}&$top=999", "list all people")
    groups = entra.rows(f"/groups?$select={GROUP}&$top=999", "list all groups")
    users = {str(row["id"]): _user(row, attributes) for row in people}
    others = {str(row["id"]): _group(row) for row in groups}
    return replace(
        snapshot, users={**users, **snapshot.users}, groups={**others, **snapshot.groups}
    )


def _user(row: JsonObject, attributes: Collection[str]) -> User:
    return User(
        str(row["id"]),
        str(row.get("userPrincipalName") or row["id"]),
        row.get("mail"),
        row.get("displayName"),
        enabled=row.get("accountEnabled") is not False,
        attributes={name: row.get(name) for name in attributes},
    )


def _group(row: JsonObject) -> Group:
    return Group(
        str(row["id"]),
        str(row.get("displayName") or ""),
        row.get("mailNickname"),
        row.get("securityEnabled") is not False,
    )
