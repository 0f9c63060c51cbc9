"""Unity Catalog: who has which privileges on what."""

from __future__ import annotations

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, gone, text

BASE = "/api/2.1/unity-catalog"

Table = dict[str, JsonObject]


class Grants:
    """Privileges by principal, of the securables in ``tables`` by type and full name."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables
        self.held: dict[tuple[str, str], dict[str, set[str]]] = {}

    def routes(self, at: Endpoints) -> list[Route]:
        path = f"{BASE}/permissions/{{kind}}/{{name}}"
        return [at.route(path, GET=self.get, PATCH=self.change)]

    def get(self, call: Call) -> JsonObject:
        held = self.held.get(self._securable(call), {})
        assigned = [{"principal": p, "privileges": sorted(held[p])} for p in sorted(held)]
        return {"privilege_assignments": assigned}

    def change(self, call: Call) -> JsonObject:
        held = self.held.setdefault(self._securable(call), {})
        for change in call.body.get("changes", ()):
            principal = text(change, "principal")
            added, removed = set(change.get("add", ())), set(change.get("remove", ()))
            if added & removed:
                raise bad_request(f"Duplicate privileges to add and delete for {principal}.")
            kept = set() if "ALL_PRIVILEGES" in removed else held.get(principal, set()) - removed
            held[principal] = kept | added
            if not held[principal]:
                del held[principal]
        return self.get(call)

    def forget(self, kind: str, full_name: str) -> None:
        self.held.pop((kind, full_name), None)

    def _securable(self, call: Call) -> tuple[str, str]:
        kind, name = call.path("kind").lower(), call.path("name")
        if kind not in self.tables:
            raise bad_request(f"the sandbox has no securable of type {kind}")
        find(self.tables[kind], kind.capitalize(), name)
        return kind, name


def find(table: Table, what: str, name: str) -> JsonObject:
    if name not in table:
        raise gone(f"{what} '{name}'")
    return table[name]
