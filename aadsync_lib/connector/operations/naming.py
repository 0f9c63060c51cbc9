"""People and groups of Entra by what the command line calls them: a name, or an object id."""

from __future__ import annotations

from urllib.parse import quote

from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.operations.subjects import Asked, Subject
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.odata import literal
from aadsync_lib.model.identity import GUID, Kind, same_name
from aadsync_lib.own_words import joined, own
from aadsync_lib.responses import JsonObject

COLLECTIONS = {Kind.USER: "users", Kind.GROUP: "groups"}
SHOWN = {
    Kind.USER: ("userPrincipalName", "displayName"),
    Kind.GROUP: ("displayName",),
}
BY = {Kind.USER: ("userPrincipalName", "mail"), Kind.GROUP: ("displayName",)}
CALLED = {
    Kind.USER: "nobody in Entra has this user name, mail address or object id",
    Kind.GROUP: "no group in Entra has this name or object id",
}


def subject_of(entra: Entra, asked: Asked) -> Subject:
    """Return whom to provision. Raises ``AadsyncError`` for a name that is nobody's, or several's."""
    if asked.user is not None:
        return _named(entra, Kind.USER, "--user", asked.user)
    members = tuple(_named(entra, Kind.USER, "--member", name) for name in asked.members)
    different = tuple({member.id: member for member in members}.values())
    group = _named(entra, Kind.GROUP, "--group", asked.group or "")
    return Subject(group.id, group.name, group.kind, different)


def _named(entra: Entra, kind: Kind, option: str, name: str) -> Subject:
    rows = _by_id(entra, kind, name) if GUID.fullmatch(name) else _by_name(entra, kind, name)
    exact = [row for row in rows if same_name(str(row.get(BY[kind][0]) or ""), name)]
    rows = exact or rows  # a user name before a mail address
    if not rows:
        raise AadsyncError(joined(own(option), f" {name}: {CALLED[kind]}. Nothing was changed."))
    if len(rows) > 1:
        ids = ", ".join(sorted(str(row.get("id")) for row in rows))
        raise AadsyncError(
            joined(
                own(option),
                f" {name}: several have this name. Nothing was changed. Name the one that is meant "
                f"by its object id: {ids}.",
            )
        )
    (row,) = rows
    shown = next((row[key] for key in SHOWN[kind] if row.get(key)), row["id"])
    return Subject(str(row["id"]), str(shown), kind)


def _by_name(entra: Entra, kind: Kind, name: str) -> list[JsonObject]:
    condition = " or ".join(f"{key} eq {literal(name)}" for key in BY[kind])
    path = f"/{COLLECTIONS[kind]}?$filter={quote(condition)}&$select={_fields(kind)}"
    return entra.rows(path, f"look up the {kind.value} {name}")


def _by_id(entra: Entra, kind: Kind, key: str) -> list[JsonObject]:
    path = f"/{COLLECTIONS[kind]}/{key.lower()}?$select={_fields(kind)}"
    row = entra.find(path, f"look up the {kind.value} {key}")
    return [] if row is None else [row]


def _fields(kind: Kind) -> str:
    return ",".join(("id", *SHOWN[kind]))
