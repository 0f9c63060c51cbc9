"""Credentials tried out on the target, as the portal's test of a connection does."""

from collections.abc import Awaitable
from dataclasses import dataclass
from urllib.parse import quote
from uuid import uuid4

from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes
from aadsync_lib.sandbox.entra.errors import GraphError
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.provisioning import Provisioning, Reach, ScimAnswer
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.provisioning.calls import (
    JOB,
    ROOT,
    job_of,
    not_in_china,
    principal_of,
    refused,
)
from aadsync_lib.sandbox.entra.provisioning.secret_routes import checked_pairs

_FAMILY = "SystemForCrossDomainIdentityManagement"
NO_TARGET = f"{_FAMILY}InvalidCredentials"
NOT_ACCEPTED = f"{_FAMILY}CredentialValidationFailure"
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 0: "no answer"}


@dataclass(frozen=True, slots=True)
class Target:
    """The root of a SCIM service, and the token that opens it."""

    base: str
    token: str
    reach: Reach

    @classmethod
    def stored(cls, provisioning: Provisioning, principal: str) -> "Target":
        """The target of the stored secrets."""
        base, token = (provisioning.secret(principal, k) for k in ("BaseAddress", "SecretToken"))
        return cls(base, token, provisioning.reach)

    async def send(self, method: str, path: str, body: JsonObject | None = None) -> ScimAnswer:
        return await self.reach(method, f"{self.base.rstrip('/')}/{path}", self.token, body)


async def probe(target: Target) -> JsonObject | None:
    """The ``synchronizationError`` of credentials that do not open the target; ``None`` is none."""
    if not target.base.startswith(("http://", "https://")):
        return _error(NO_TARGET, "Please provide a valid tenant URL for your application.")
    wanted = quote(f'userName eq "{uuid4()}"')
    answer = await target.send("GET", f"Users?filter={wanted}")
    if answer.status == 200 and "totalResults" in answer.body:
        return None
    if answer.status == 0:
        return _error(NO_TARGET, "Please provide a valid tenant URL for your application.")
    reason = _REASONS.get(answer.status, str(answer.status))
    return _error(
        NOT_ACCEPTED,
        "While attempting to validate our authorization to access your application, we received "
        "this unexpected response: Received response from Web resource. Resource: "
        f"{target.base.rstrip('/')}/Users Operation: GET Response Status Code: {reason}",
    )


def _error(code: str, message: str) -> JsonObject:
    return {"code": code, "message": message, "tenantActionable": True}


def add_routes(routes: Routes) -> None:
    routes.post(f"{ROOT}/jobs/validateCredentials", _without_job)
    routes.post(f"{JOB}/validateCredentials", _of_job)


def _without_job(call: GraphRequest) -> Awaitable[Reply]:
    not_in_china(call)
    principal = principal_of(call)
    if not call.body.get("templateId"):
        raise refused("A value is required for 'templateId'.")
    return _validated(call, _target(call, principal))


def _of_job(call: GraphRequest) -> Awaitable[Reply]:
    not_in_china(call)
    return _validated(call, _target(call, job_of(call).principal))


def _target(call: GraphRequest, principal: str) -> Target:
    provisioning = call.state.provisioning
    if call.body.get("useSavedCredentials"):
        return Target.stored(provisioning, principal)
    pairs = {p["key"]: p["value"] for p in checked_pairs(call, call.body.get("credentials"))}
    base, token = pairs.get("BaseAddress", ""), pairs.get("SecretToken", "")
    return Target(base, token, provisioning.reach)


async def _validated(call: GraphRequest, target: Target) -> Reply:
    error = await probe(target)
    if error is None:
        return DONE
    code = call.state.provisioning.switches.validation_code or error["code"]
    raise GraphError(400, code, error["message"])
