"""Permissions on jobs, dashboards, alerts, folders and files."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import ADMINS, Call, Endpoints

Exists = Callable[[str], bool]

OBJECTS = ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE")
LEVELS: dict[str, tuple[str, ...]] = {
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
    "dashboards": OBJECTS,
    "alertsv2": OBJECTS,
    "directories": OBJECTS,
    "notebooks": OBJECTS,
    "files": OBJECTS,
}
TYPES = {
    "jobs": "job",
    "dashboards": "dashboard",
    "alertsv2": "alertv2",
    "directories": "directory",
    "notebooks": "notebook",
    "files": "file",
}
PRINCIPALS = ("user_name", "group_name", "service_principal_name")

Principal = tuple[str, str]


class Permissions:
    """Direct permissions by type and id. What objects there are, others know."""

    def __init__(self, exists: dict[str, Exists]) -> None:
        self.exists = exists
        self.direct: dict[tuple[str, str], dict[Principal, str]] = {}

    def routes(self, at: Endpoints) -> list[Route]:
        path = "/api/2.0/permissions/{kind}/{id}"
        return [at.route(path, GET=self.get, PUT=self.replace, PATCH=self.add)]

    def get(self, call: Call) -> JsonObject:
        kind, object_id = self._object(call)
        held = self.direct.get((kind, object_id), {})
        entries = [_entry(principal, level) for principal, level in held.items()]
        inherited = _entry(("group_name", ADMINS), "CAN_MANAGE", inherited_from=f"/{kind}/")
        return {
            "object_id": f"/{kind}/{object_id}",
            "object_type": TYPES[kind],
            "access_control_list": [*entries, inherited],
        }

    def replace(self, call: Call) -> JsonObject:
        kind, object_id = self._object(call)
        self._set(kind, object_id, _asked(call, kind))
        return self.get(call)

    def add(self, call: Call) -> JsonObject:
        kind, object_id = self._object(call)
        held = self.direct.get((kind, object_id), {})
        self._set(kind, object_id, held | _asked(call, kind))
        return self.get(call)

    def own(self, call: Call, kind: str, object_id: str) -> None:
        """Give a new object to the caller."""
        attribute = "user_name" if "@" in call.name else "service_principal_name"
        self.direct[kind, object_id] = {(attribute, call.name): LEVELS[kind][-1]}

    def forget(self, kind: str, object_id: str) -> None:
        self.direct.pop((kind, object_id), None)

    def _set(self, kind: str, object_id: str, held: dict[Principal, str]) -> None:
        if kind == "jobs" and list(held.values()).count("IS_OWNER") != 1:
            raise bad_request("The job must have exactly one owner.")
        self.direct[kind, object_id] = held

    def _object(self, call: Call) -> tuple[str, str]:
        kind, object_id = call.path("kind"), call.path("id")
        if kind not in LEVELS:
            raise bad_request(f"the sandbox has no permissions on {kind}")
        if not self.exists[kind](object_id):
            raise ApiError(404, f"{TYPES[kind]} {object_id} does not exist.")
        return kind, object_id


def _asked(call: Call, kind: str) -> dict[Principal, str]:
    asked: dict[Principal, str] = {}
    for entry in call.body.get("access_control_list", ()):
        named = [(name, entry[name]) for name in PRINCIPALS if entry.get(name)]
        level = entry.get("permission_level")
        if len(named) != 1:
            raise bad_request(f"One of {', '.join(PRINCIPALS)} is required")
        if level not in LEVELS[kind]:
            raise bad_request(f"{level} is not one of {', '.join(LEVELS[kind])} of {kind}")
        asked[named[0]] = level
    return asked


def _entry(principal: Principal, level: str, *, inherited_from: str | None = None) -> JsonObject:
    permission: JsonObject = {"permission_level": level, "inherited": inherited_from is not None}
    if inherited_from is not None:
        permission["inherited_from_object"] = [inherited_from]
    return {
        principal[0]: principal[1],
        "display_name": principal[1],
        "all_permissions": [permission],
    }
