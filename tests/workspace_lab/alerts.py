"""SQL alerts, version 2, and the one SQL warehouse there is."""

from __future__ import annotations

import uuid

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, field, missing

REQUIRED = ("display_name", "query_text", "warehouse_id", "evaluation", "schedule")
WAREHOUSE: JsonObject = {
    "id": "5a4db0c500000001",
    "name": "Serverless Starter Warehouse",
    "warehouse_type": "PRO",
    "enable_serverless_compute": True,
    "cluster_size": "Small",
    "state": "STOPPED",
}


class Alerts:
    """Alerts by id. None is ever evaluated."""

    def __init__(self) -> None:
        self.alerts: dict[str, JsonObject] = {}

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/alerts"
        return [
            at.route(base, GET=self.list, POST=self.create),
            at.route(f"{base}/{{id}}", GET=self.get, PATCH=self.update, DELETE=self.trash),
            at.route("/api/2.0/sql/warehouses", GET=self.warehouses),
            at.route("/api/2.0/sql/warehouses/{id}", GET=self.warehouse),
        ]

    def list(self, _: Call) -> JsonObject:
        return {"alerts": list(self.alerts.values())}

    def create(self, call: Call) -> JsonObject:
        made = dict(call.body)
        _check(made)
        made |= {"id": str(uuid.uuid4()), "lifecycle_state": "ACTIVE", "owner_user_name": call.name}
        made.setdefault("parent_path", f"/Users/{call.name}")
        self.alerts[made["id"]] = made
        return made

    def get(self, call: Call) -> JsonObject:
        found = self.alerts.get(call.path("id"))
        if found is None:
            raise ApiError(404, f"Alert {call.path('id')} does not exist.")
        return found

    def update(self, call: Call) -> JsonObject:
        """Change the fields of ``update_mask``; those of it that are not sent are removed."""
        old, body = self.get(call), call.body
        mask = call.query("update_mask").split(",")
        kept = ("id", "lifecycle_state", "owner_user_name", "parent_path")
        names = old.keys() | body.keys() if mask == ["*"] else set(mask)
        changed = {k: v for k, v in old.items() if k not in names or k in kept}
        changed |= {k: body[k] for k in names if k in body and k not in kept}
        _check(changed)
        self.alerts[old["id"]] = changed
        return changed

    def trash(self, call: Call) -> None:
        del self.alerts[self.get(call)["id"]]

    def warehouses(self, _: Call) -> JsonObject:
        return {"warehouses": [WAREHOUSE]}

    def warehouse(self, call: Call) -> JsonObject:
        if call.path("id") != WAREHOUSE["id"]:
            raise ApiError(404, f"The warehouse {call.path('id')} was not found.")
        return WAREHOUSE


def _check(alert: JsonObject) -> None:
    for name in REQUIRED:
        if name not in alert:
            raise missing(name)
    for name in ("quartz_cron_schedule", "timezone_id"):
        field(alert["schedule"], name)
    if alert["warehouse_id"] != WAREHOUSE["id"]:
        raise bad_request(f"There is no warehouse {alert['warehouse_id']}")
