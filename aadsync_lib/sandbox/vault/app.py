"""The secrets API of Key Vault, for every vault by its host name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.vault.state import Vault, Version

AUTHORITY = {
    "vault.azure.net": "https://login.microsoftonline.com",
    "vault.azure.cn": "https://login.chinacloudapi.cn",
    "vault.usgovcloudapi.net": "https://login.microsoftonline.us",
}
FORBIDDEN: dict[str, tuple[str, str]] = {
    "rbac": (
        "ForbiddenByRbac",
        (
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny "
            "assignments or role definitions were changed recently, please observe propagation time."
            "\r\nCaller: appid={caller}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/{action}/action'"
            "\r\nAssignment: (not found)\r\nVault: {vault};location=westeurope\r\n"
        ),
    ),
    "policy": (
        "AccessDenied",
        (
            "The user, group or application 'appid={caller}' does not have secrets {verb} permission on "
            "key vault '{vault};location=westeurope'."
        ),
    ),
    "firewall": (
        "ForbiddenByFirewall",
        (
            "Client address is not authorized and caller is not a trusted service.\r\nClient address: "
            "127.0.0.1\r\nCaller: appid={caller}\r\nVault: {vault};location=westeurope"
        ),
    ),
    "private": (
        "ForbiddenByConnection",
        (
            "Public network access is disabled and request is not from a trusted service nor via an "
            "approved private link.\r\nCaller: appid={caller}\r\nVault: {vault};location=westeurope"
        ),
    ),
}
Holder = Callable[[str, str], str | None]
"""The client id that holds a token for a resource; ``None`` is a token that opens nothing there."""


class VaultError(Exception):
    """A request the vault refuses."""

    def __init__(
        self, status: int, code: str, message: str, inner: str = "", challenge: str = ""
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        self.body = {"error": error | ({"innererror": {"code": inner}} if inner else {})}
        self.status = status
        self.headers = {"WWW-Authenticate": challenge} if challenge else {}


class Vaults:
    """Handlers of the requests to all vaults of one tenant."""

    def __init__(self, vaults: dict[str, Vault], tenant_id: str, holder: Holder) -> None:
        self.vaults = vaults
        self.tenant_id = tenant_id
        self.holder = holder

    async def get(self, request: Request) -> Response:
        vault = self._admit(request, "getSecret", "get")
        name = request.path_params["name"]
        found = vault.find(name, request.path_params.get("version"))
        if found is None:
            raise VaultError(
                404,
                "SecretNotFound",
                f"A secret with (name/id) {name} was not found in this key vault. If you recently "
                "deleted this secret you may be able to recover it using the correct recovery "
                "command.",
            )
        _check_usable(vault, found)
        return JSONResponse(_shown(vault, name, found))

    async def put(self, request: Request) -> Response:
        vault = self._admit(request, "setSecret", "set")
        name, body = request.path_params["name"], await request.json()
        attributes = body.get("attributes", {})
        made = vault.add(
            name,
            body["value"],
            enabled=attributes.get("enabled", True),
            not_before=attributes.get("nbf"),
            expires=attributes.get("exp"),
        )
        return JSONResponse(_shown(vault, name, made))

    async def patch(self, request: Request) -> Response:
        """Change attributes of a version: what clients call updating the properties of a secret."""
        vault = self._admit(request, "update", "set")
        name, body = request.path_params["name"], await request.json()
        version = vault.find(name, request.path_params.get("version"))
        if version is None:
            raise VaultError(
                404, "SecretNotFound", f"A secret with (name/id) {name} was not found."
            )
        attributes = body.get("attributes", {})
        version.enabled = attributes.get("enabled", version.enabled)
        version.not_before = attributes.get("nbf", version.not_before)
        version.expires = attributes.get("exp", version.expires)
        return JSONResponse(_without_value(_shown(vault, name, version)))

    def _admit(self, request: Request, action: str, verb: str) -> Vault:
        """The vault of the request's host, which lets the caller do this."""
        vault = self.vaults.get(request.url.hostname or "")
        if vault is None:
            raise VaultError(404, "VaultNotFound", f"There is no vault {request.url.hostname}")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        resource = f"https://{vault.suffix}"
        caller = self.holder(token, resource) if scheme.lower() == "bearer" else None
        if caller is None:
            raise self._challenge(vault, resource)
        if "api-version" not in request.query_params:
            raise VaultError(400, "BadParameter", "api-version must be specified")
        refusal = vault.refusal
        allowed = [vault.readers, vault.writers] if verb == "set" else [vault.readers]
        if refusal is None and any(who is not None and caller not in who for who in allowed):
            refusal = "rbac"
        if refusal is not None:
            inner, message = FORBIDDEN[refusal]
            text = message.format(caller=caller, vault=vault.name, action=action, verb=verb)
            raise VaultError(403, "Forbidden", text, inner)
        return vault

    def _challenge(self, vault: Vault, resource: str) -> VaultError:
        authority = f"{AUTHORITY[vault.suffix]}/{self.tenant_id}"
        return VaultError(
            401,
            "Unauthorized",
            "AKV10000: Request is missing a Bearer or PoP token.",
            challenge=f'Bearer authorization="{authority}", resource="{resource}"',
        )


def vaults_app(vaults: dict[str, Vault], tenant_id: str, holder: Holder) -> Starlette:
    """Serve vaults by host name; to be reached over TLS."""
    api = Vaults(vaults, tenant_id, holder)
    routes = [
        Route("/secrets/{name}/{version}", api.get, methods=["GET"]),
        Route("/secrets/{name}/", api.get, methods=["GET"]),
        Route("/secrets/{name}", api.get, methods=["GET"]),
        Route("/secrets/{name}", api.put, methods=["PUT"]),
        Route("/secrets/{name}/{version}", api.patch, methods=["PATCH"]),
        Route("/secrets/{name}/", api.patch, methods=["PATCH"]),
    ]
    return Starlette(routes=routes, exception_handlers={VaultError: _refused})


def _check_usable(vault: Vault, found: Version) -> None:
    if not found.enabled:
        raise VaultError(
            403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled"
        )
    if not vault.refuses_outside_validity:
        return
    now = vault.clock()
    if found.not_before is not None and now < found.not_before:
        text = "Operation get is not allowed on a secret that is not yet valid."
        raise VaultError(403, "Forbidden", text, "SecretNotYetValid")
    if found.expires is not None and now >= found.expires:
        text = "Operation get is not allowed on an expired secret."
        raise VaultError(403, "Forbidden", text, "SecretExpired")


def _shown(vault: Vault, name: str, version: Version) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "enabled": version.enabled,
        "nbf": version.not_before,
        "exp": version.expires,
        "created": version.created,
        "updated": version.created,
        "recoveryLevel": "Recoverable+Purgeable",
    }
    return {
        "value": version.value,
        "id": f"{vault.url}/secrets/{name}/{version.id}",
        "attributes": {k: v for k, v in attributes.items() if v is not None},
    }


def _without_value(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if key != "value"}


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, VaultError)
    return JSONResponse(error.body, error.status, error.headers)
