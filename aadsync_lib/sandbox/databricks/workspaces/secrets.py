"""The Secrets API at a workspace's host. Its admins may do everything, others what a scope's list allows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import groups_of
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.http import guarded, json_object
from aadsync_lib.sandbox.databricks.records import JsonObject
from aadsync_lib.sandbox.databricks.workspaces.scim import enter
from aadsync_lib.sandbox.databricks.workspaces.secret_store import LEVELS, Scope, checked
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState

Handler = Callable[["Call"], JsonObject]


class Call:
    """One request of somebody whom the workspace knows."""

    def __init__(self, workspace: WorkspaceState, request: Request, raw: bytes) -> None:
        workspace.refresh()
        caller = enter(workspace, request)
        self.given = json_object(raw) if raw else dict(request.query_params)
        self.name = str(caller.name)
        self.admin = workspace.is_admin(caller)
        self._groups = [workspace.record(i).name for i in groups_of(workspace, caller)]

    def text(self, name: str) -> str:
        """Return a parameter that has to be there."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value:
            raise bad_request(f"Missing required field: {name}")
        return value

    def may(self, level: str, scope: Scope) -> bool:
        return self.admin or scope.allows(level, (self.name, *map(str, self._groups)))


class Secrets:
    """The endpoints for scopes, their secrets and their access lists."""

    def __init__(self, workspace: WorkspaceState) -> None:
        self.workspace = workspace
        self.store = workspace.secrets

    def routes(self) -> list[Route]:
        return [
            self._route("scopes/create", "POST", self.create_scope),
            self._route("scopes/list", "GET", self.list_scopes),
            self._route("put", "POST", self.put),
            self._route("get", "GET", self.get),
            self._route("list", "GET", self.list),
            self._route("delete", "POST", self.delete),
            self._route("acls/put", "POST", self.put_acl),
        ]

    def create_scope(self, call: Call) -> JsonObject:
        key_vault = call.given.get("backend_azure_keyvault")
        if (call.given.get("scope_backend_type") == "AZURE_KEYVAULT") != (key_vault is not None):
            raise bad_request("AZURE_KEYVAULT and backend_azure_keyvault belong together")
        if key_vault is not None and not isinstance(key_vault, dict):
            raise bad_request("backend_azure_keyvault has to be an object")
        self.store.create(call.text("scope"), call.name, key_vault)
        return {}

    def list_scopes(self, _: Call) -> JsonObject:
        return {"scopes": [scope.shown() for scope in self.store.scopes.values()]}

    def put(self, call: Call) -> JsonObject:
        scope = self._allowed(call, "WRITE")
        at = int(self.workspace.clock() * 1000)
        self.store.put(scope.name, call.text("key"), _value(call.given), at)
        return {}

    def get(self, call: Call) -> JsonObject:
        scope, key = self._allowed(call, "READ"), call.text("key")
        return {"key": key, "value": base64.b64encode(_secret(scope, key)[0]).decode()}

    def list(self, call: Call) -> JsonObject:
        secrets = sorted(self._allowed(call, "READ").secrets.items())
        return {"secrets": [{"key": key, "last_updated_timestamp": at} for key, (_, at) in secrets]}

    def delete(self, call: Call) -> JsonObject:
        scope, key = self._allowed(call, "WRITE"), call.text("key")
        self.store.check_writable(scope)
        _secret(scope, key)
        del scope.secrets[key]
        return {}

    def put_acl(self, call: Call) -> JsonObject:
        scope, level = self._allowed(call, "MANAGE"), call.text("permission")
        if level not in LEVELS:
            raise bad_request(f"permission is {level!r}, not one of {', '.join(LEVELS)}")
        scope.acls[call.text("principal")] = level
        return {}

    def _allowed(self, call: Call, level: str) -> Scope:
        scope = self.store.find(call.text("scope"))
        if not call.may(level, scope):
            detail = f"User {call.name} does not have {level} permission on scope {scope.name}"
            raise ApiError(403, detail)
        return scope

    def _route(self, path: str, verb: str, handler: Handler) -> Route:
        async def answer(request: Request) -> Response:
            raw = await request.body()
            with self.workspace.lock:
                return JSONResponse(handler(Call(self.workspace, request, raw)))

        return Route(f"/api/2.0/secrets/{path}", guarded(self.workspace, answer), methods=[verb])


def _secret(scope: Scope, key: str) -> tuple[bytes, int]:
    secret = scope.secrets.get(checked(key, "key"))
    if secret is None:
        raise ApiError(404, f"Secret does not exist with scope: {scope.name} and key: {key}")
    return secret


def _value(given: JsonObject) -> bytes:
    kinds = [name for name in ("string_value", "bytes_value") if given.get(name) is not None]
    if len(kinds) != 1:
        raise bad_request("One of string_value and bytes_value is required")
    if kinds == ["string_value"]:
        return str(given["string_value"]).encode()
    try:
        return base64.b64decode(given["bytes_value"], validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("bytes_value is not base64") from None
