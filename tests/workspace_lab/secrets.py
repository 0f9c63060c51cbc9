"""The Secrets API. A workspace admin may do everything, others what the scope's list allows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from aadsync_lib.sandbox.databricks.workspaces.secret_store import (
    LEVELS,
    Scope,
    SecretStore,
    checked,
)
from tests.workspace_lab.calls import EVERYBODY, Call, Endpoints, text


class Secrets:
    """The endpoints of one store."""

    def __init__(self, store: SecretStore, now: Callable[[], int]) -> None:
        self.store = store
        self.now = now

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/secrets"
        return [
            at.route(f"{base}/scopes/create", POST=self.create_scope),
            at.route(f"{base}/scopes/list", GET=self.list_scopes),
            at.route(f"{base}/scopes/delete", POST=self.delete_scope),
            at.route(f"{base}/put", POST=self.put),
            at.route(f"{base}/get", GET=self.get),
            at.route(f"{base}/list", GET=self.list),
            at.route(f"{base}/delete", POST=self.delete),
            at.route(f"{base}/acls/put", POST=self.put_acl),
            at.route(f"{base}/acls/get", GET=self.get_acl),
            at.route(f"{base}/acls/list", GET=self.list_acls),
            at.route(f"{base}/acls/delete", POST=self.delete_acl),
        ]

    def create_scope(self, call: Call) -> None:
        body = call.body
        manager = body.get("initial_manage_principal") or call.name
        if manager not in {call.name, EVERYBODY}:
            raise bad_request(f"initial_manage_principal may only be {EVERYBODY}")
        key_vault = body.get("backend_azure_keyvault")
        if (body.get("scope_backend_type") == "AZURE_KEYVAULT") != (key_vault is not None):
            raise bad_request("AZURE_KEYVAULT and backend_azure_keyvault belong together")
        self.store.create(text(body, "scope"), manager, key_vault)

    def list_scopes(self, _: Call) -> JsonObject:
        return {"scopes": [scope.shown() for scope in self.store.scopes.values()]}

    def delete_scope(self, call: Call) -> None:
        del self.store.scopes[self._posted(call, "MANAGE").name]

    def put(self, call: Call) -> None:
        scope = self._posted(call, "WRITE")
        self.store.put(scope.name, text(call.body, "key"), _value(call.body), self.now())

    def get(self, call: Call) -> JsonObject:
        scope, key = self._asked(call, "READ"), call.query("key")
        value, _ = _secret(scope, key)
        return {"key": key, "value": base64.b64encode(value).decode()}

    def list(self, call: Call) -> JsonObject:
        secrets = sorted(self._asked(call, "READ").secrets.items())
        return {"secrets": [{"key": key, "last_updated_timestamp": at} for key, (_, at) in secrets]}

    def delete(self, call: Call) -> None:
        scope, key = self._posted(call, "WRITE"), text(call.body, "key")
        _secret(scope, key)
        del scope.secrets[key]

    def put_acl(self, call: Call) -> None:
        scope, level = self._posted(call, "MANAGE"), call.body.get("permission")
        if level not in LEVELS:
            raise bad_request(f"permission is {level!r}, not one of {', '.join(LEVELS)}")
        scope.acls[text(call.body, "principal")] = level

    def get_acl(self, call: Call) -> JsonObject:
        scope, principal = self._asked(call, "MANAGE"), call.query("principal")
        return {"principal": principal, "permission": _level(scope, principal)}

    def list_acls(self, call: Call) -> JsonObject:
        acls = self._asked(call, "MANAGE").acls
        return {"items": [{"principal": p, "permission": level} for p, level in acls.items()]}

    def delete_acl(self, call: Call) -> None:
        scope, principal = self._posted(call, "MANAGE"), text(call.body, "principal")
        _level(scope, principal)
        del scope.acls[principal]

    def _posted(self, call: Call, level: str) -> Scope:
        return self._allowed(call, text(call.body, "scope"), level)

    def _asked(self, call: Call, level: str) -> Scope:
        return self._allowed(call, call.query("scope"), level)

    def _allowed(self, call: Call, name: str, level: str) -> Scope:
        scope = self.store.find(name)
        if call.is_admin or scope.allows(level, (call.name, *call.groups)):
            return scope
        raise ApiError(403, f"User {call.name} does not have {level} permission on scope {name}")


def _secret(scope: Scope, key: str) -> tuple[bytes, int]:
    found = scope.secrets.get(checked(key, "key"))
    if found is None:
        raise ApiError(404, f"Secret does not exist with scope: {scope.name} and key: {key}")
    return found


def _level(scope: Scope, principal: str) -> str:
    level = scope.acls.get(principal)
    if level is None:
        raise ApiError(404, f"Failed to get secret acl for principal {principal}")
    return level


def _value(body: JsonObject) -> bytes:
    given = [name for name in ("string_value", "bytes_value") if body.get(name) is not None]
    if len(given) != 1:
        raise bad_request("One of string_value and bytes_value is required")
    if given == ["string_value"]:
        return text(body, "string_value").encode()
    try:
        return base64.b64decode(body["bytes_value"], validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("bytes_value is not base64") from None
