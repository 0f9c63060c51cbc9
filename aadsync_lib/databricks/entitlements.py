"""Entitlements in one workspace, by its own SCIM API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.paging import Listing
from aadsync_lib.databricks.translate import LOCAL, RESOURCES, patch_body, path_of
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject

ROOT = "/api/2.0/preview/scim/v2"
QUERIES = {
    Kind.GROUP: {"attributes": "id,displayName,entitlements,meta"},
    Kind.USER: {"attributes": "id,entitlements"},
    Kind.SERVICE_PRINCIPAL: {"attributes": "id,entitlements"},
}


@dataclass(frozen=True, slots=True)
class WorkspaceScim:
    """The SCIM of a workspace, of which only entitlements are changed here."""

    client: ScimClient
    clock: Clock

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.client.requests

    def read(self, kinds: Collection[Kind]) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
        """Return entitlements by id, and the names of the workspace's own groups where groups are read."""
        entitlements: dict[str, frozenset[str]] = {}
        local: set[str] = set()
        for kind in sorted(kinds):
            for row in Listing(self.client, self.clock, RESOURCES[kind], QUERIES[kind]).rows():
                entitlements[str(row["id"])] = _entitlements(row)
                if (row.get("meta") or {}).get("resourceType") == LOCAL:
                    local.add(name_key(str(row.get("displayName") or "")))
        return entitlements, frozenset(local)

    def change(
        self, kind: Kind, target_id: str, grant: Collection[str], revoke: Collection[str]
    ) -> None:
        """Grant and revoke. Whatever else is there stays, also if it was granted a moment ago.

        A removal with a value may take all of them (RFC 7644 leaves that open), so what is to stay is read
        and set, unless nothing is.
        """
        path = path_of(kind, target_id)
        if not revoke:
            self.client.patch(path, _operation("add", grant))
            return
        there = _entitlements(self.client.get(path, {"attributes": "id,entitlements"}))
        wanted = (there - set(revoke)) | set(grant)
        if wanted == there:
            return
        if wanted:
            self.client.patch(path, _operation("replace", wanted))
        else:
            self.client.patch(path, _operation("remove", there))


def _entitlements(row: JsonObject) -> frozenset[str]:
    return frozenset(str(each["value"]) for each in row.get("entitlements") or ())


def _operation(op: str, names: Collection[str]) -> JsonObject:
    values = [{"value": name} for name in sorted(names)]
    return patch_body([{"op": op, "path": "entitlements", "value": values}])
