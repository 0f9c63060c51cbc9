"""Unity Catalog: catalogs, schemas and volumes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, field, text
from tests.workspace_lab.grants import BASE, Grants, find
from tests.workspace_lab.tree import Tree

CATALOGS = ("main", "spark_catalog")
CHANGEABLE = ("comment", "owner", "properties")


class Unity:
    """Securables by full name. A volume has its folder in the tree of volumes."""

    def __init__(self, volumes: Tree, now: Callable[[], int]) -> None:
        self.tree = volumes
        self.now = now
        self.catalogs: dict[str, JsonObject] = {}
        self.schemas: dict[str, JsonObject] = {}
        self.volumes: dict[str, JsonObject] = {}
        tables = {"catalog": self.catalogs, "schema": self.schemas, "volume": self.volumes}
        self.grants = Grants(tables)
        for name in CATALOGS:
            self.catalogs[name] = {"name": name, "full_name": name, "catalog_type": "MANAGED"}

    def routes(self, at: Endpoints) -> list[Route]:
        schema, volume = f"{BASE}/schemas/{{name}}", f"{BASE}/volumes/{{name}}"
        return [
            at.route(f"{BASE}/catalogs", GET=self.list_catalogs),
            at.route(f"{BASE}/catalogs/{{name}}", GET=self.get_catalog),
            at.route(f"{BASE}/schemas", GET=self.list_schemas, POST=self.create_schema),
            at.route(
                schema, GET=self.get_schema, PATCH=self.update_schema, DELETE=self.delete_schema
            ),
            at.route(f"{BASE}/volumes", GET=self.list_volumes, POST=self.create_volume),
            at.route(
                volume, GET=self.get_volume, PATCH=self.update_volume, DELETE=self.delete_volume
            ),
            *self.grants.routes(at),
        ]

    def list_catalogs(self, _: Call) -> JsonObject:
        return {"catalogs": list(self.catalogs.values())}

    def get_catalog(self, call: Call) -> JsonObject:
        return find(self.catalogs, "Catalog", call.path("name"))

    def list_schemas(self, call: Call) -> JsonObject:
        catalog = call.query("catalog_name")
        return {"schemas": [s for s in self.schemas.values() if s["catalog_name"] == catalog]}

    def create_schema(self, call: Call) -> JsonObject:
        body = call.body
        catalog, name = text(body, "catalog_name"), text(body, "name").lower()
        find(self.catalogs, "Catalog", catalog)
        full_name = f"{catalog}.{name}"
        if full_name in self.schemas:
            raise _exists("Schema", full_name)
        given = {k: body[k] for k in ("comment", "properties", "storage_root") if k in body}
        self.schemas[full_name] = self._made(call, name, full_name) | given | {
            "catalog_name": catalog,
            "catalog_type": "MANAGED_CATALOG",
            "schema_id": str(uuid.uuid4()),
        }  # fmt: skip
        return self.schemas[full_name]

    def get_schema(self, call: Call) -> JsonObject:
        return find(self.schemas, "Schema", call.path("name"))

    def update_schema(self, call: Call) -> JsonObject:
        return self._change(call, self.get_schema(call))

    def delete_schema(self, call: Call) -> None:
        full_name = self.get_schema(call)["full_name"]
        inside = [v for v in self.volumes if v.startswith(full_name + ".")]
        if inside and not call.flag("force"):
            raise bad_request(f"Schema '{full_name}' is not empty. It has {len(inside)} volume(s).")
        for volume in inside:
            self._drop_volume(volume)
        del self.schemas[full_name]
        self.grants.forget("schema", full_name)

    def list_volumes(self, call: Call) -> JsonObject:
        schema = f"{call.query('catalog_name')}.{call.query('schema_name')}"
        inside = [v for name, v in self.volumes.items() if name.startswith(schema + ".")]
        return {"volumes": inside}

    def create_volume(self, call: Call) -> JsonObject:
        body = call.body
        schema = f"{text(body, 'catalog_name')}.{text(body, 'schema_name').lower()}"
        find(self.schemas, "Schema", schema)
        if text(body, "volume_type") != "MANAGED":
            raise bad_request("the sandbox has MANAGED volumes alone")
        name = text(body, "name").lower()
        full_name = f"{schema}.{name}"
        if full_name in self.volumes:
            raise _exists("Volume", full_name)
        folder = _folder(full_name)
        self.tree.mkdirs(folder)
        self.volumes[full_name] = self._made(call, name, full_name) | {
            "catalog_name": body["catalog_name"],
            "schema_name": schema.partition(".")[2],
            "volume_type": "MANAGED",
            "volume_id": str(uuid.uuid4()),
            "storage_location": f"sandbox:{folder}",
        } | ({"comment": body["comment"]} if "comment" in body else {})  # fmt: skip
        return self.volumes[full_name]

    def get_volume(self, call: Call) -> JsonObject:
        return find(self.volumes, "Volume", call.path("name"))

    def update_volume(self, call: Call) -> JsonObject:
        return self._change(call, self.get_volume(call))

    def delete_volume(self, call: Call) -> None:
        self._drop_volume(self.get_volume(call)["full_name"])

    def _made(self, call: Call, name: str, full_name: str) -> JsonObject:
        now = self.now()
        by = {"owner": call.name, "created_by": call.name, "updated_by": call.name}
        return {"name": name, "full_name": full_name, "created_at": now, "updated_at": now, **by}

    def _change(self, call: Call, securable: JsonObject) -> JsonObject:
        if "new_name" in call.body:
            raise bad_request("the sandbox does not rename")
        securable.update({k: field(call.body, k) for k in CHANGEABLE if k in call.body})
        securable.update(updated_at=self.now(), updated_by=call.name)
        return securable

    def _drop_volume(self, full_name: str) -> None:
        del self.volumes[full_name]
        self.grants.forget("volume", full_name)
        self.tree.delete(_folder(full_name), recursive=True)


def _folder(full_name: str) -> str:
    return "/Volumes/" + full_name.replace(".", "/")


def _exists(what: str, name: str) -> ApiError:
    code = f"{what.upper()}_ALREADY_EXISTS"
    return ApiError(400, f"{what} '{name}' already exists", code=code)
