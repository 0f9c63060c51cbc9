"""AI/BI dashboards: drafts and what is published of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, text
from tests.workspace_lab.tree import Tree, normal

SUFFIX = ".lvdash.json"


class Dashboards:
    """Drafts by id, each an object of the workspace as well."""

    def __init__(self, tree: Tree, now: Callable[[], int]) -> None:
        self.tree = tree
        self.now = now
        self.drafts: dict[str, JsonObject] = {}
        self.published: dict[str, JsonObject] = {}

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/lakeview/dashboards"
        return [
            at.route(base, GET=self.list, POST=self.create),
            at.route(f"{base}/{{id}}", GET=self.get, PATCH=self.update, DELETE=self.trash),
            at.route(
                f"{base}/{{id}}/published",
                GET=self.get_published,
                POST=self.publish,
                DELETE=self.unpublish,
            ),
        ]

    def list(self, _: Call) -> JsonObject:
        return {"dashboards": list(self.drafts.values())}

    def create(self, call: Call) -> JsonObject:
        body = call.body
        folder = normal(body.get("parent_path") or f"/Users/{call.name}")
        self.tree.find(folder)
        path = f"{folder}/{text(body, 'display_name')}{SUFFIX}"
        if self.tree.get(path) is not None:
            raise ApiError(409, f"{path} exists.", code="ALREADY_EXISTS")
        made = {
            "dashboard_id": uuid.uuid4().hex,
            "display_name": body["display_name"],
            "warehouse_id": body.get("warehouse_id", ""),
            "parent_path": folder,
            "path": path,
            "create_time": _time(self.now()),
            "lifecycle_state": "ACTIVE",
            "etag": "0",
        }
        made["serialized_dashboard"] = _stored(call, body.get("serialized_dashboard") or "{}")
        self._keep(made)
        return made

    def get(self, call: Call) -> JsonObject:
        draft = self.drafts.get(call.path("id"))
        if draft is None:
            raise ApiError(404, f"Unable to find dashboard [{call.path('id')}]")
        return draft

    def update(self, call: Call) -> JsonObject:
        draft, body = dict(self.get(call)), call.body
        if body.get("etag", draft["etag"]) != draft["etag"]:
            raise ApiError(409, "The dashboard was changed meanwhile.", code="ABORTED")
        if body.get("serialized_dashboard"):
            draft["serialized_dashboard"] = _stored(call, body["serialized_dashboard"])
        draft["warehouse_id"] = body.get("warehouse_id", draft["warehouse_id"])
        if body.get("display_name", draft["display_name"]) != draft["display_name"]:
            self.tree.delete(draft["path"])
            draft["display_name"] = body["display_name"]
            draft["path"] = f"{draft['parent_path']}/{draft['display_name']}{SUFFIX}"
        self._keep(draft)
        return draft

    def trash(self, call: Call) -> None:
        draft = self.get(call)
        if self.tree.get(draft["path"]) is not None:
            self.tree.delete(draft["path"])
        self.published.pop(draft["dashboard_id"], None)
        del self.drafts[draft["dashboard_id"]]

    def get_published(self, call: Call) -> JsonObject:
        found = self.published.get(call.path("id"))
        if found is None:
            raise ApiError(404, f"Unable to find published dashboard [{call.path('id')}]")
        return found

    def publish(self, call: Call) -> JsonObject:
        draft = self.get(call)
        published = self.published[draft["dashboard_id"]] = {
            "display_name": draft["display_name"],
            "warehouse_id": call.body.get("warehouse_id") or draft["warehouse_id"],
            "embed_credentials": bool(call.body.get("embed_credentials")),
            "revision_create_time": _time(self.now()),
        }
        return published

    def unpublish(self, call: Call) -> Response:
        self.get_published(call)
        del self.published[call.path("id")]
        return Response(status_code=204)

    def _keep(self, draft: JsonObject) -> None:
        """Store a draft with a new etag, and its object."""
        draft["etag"] = str(int(draft["etag"]) + 1)
        draft["update_time"] = _time(self.now())
        self.drafts[draft["dashboard_id"]] = draft
        node = self.tree.put(draft["path"], "DASHBOARD", draft["serialized_dashboard"].encode())
        node.resource_id = draft["dashboard_id"]


def _stored(call: Call, serialized: str) -> str:
    """Dashboards are stored with page types, and the catalog and schema asked for."""
    try:
        content = json.loads(serialized)
    except ValueError:
        raise bad_request("serialized_dashboard is not JSON") from None
    if not isinstance(content, dict):
        raise bad_request("serialized_dashboard is not an object")
    for page in content.get("pages", ()):
        page.setdefault("pageType", "PAGE_TYPE_CANVAS")
    for dataset in content.get("datasets", ()):
        for name in ("catalog", "schema"):
            if value := call.option(f"dataset_{name}"):
                dataset[name] = value
    return json.dumps(content) + "\n"


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
