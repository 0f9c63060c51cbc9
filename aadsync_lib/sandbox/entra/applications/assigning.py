"""App role assignments made and withdrawn, from either side of the relation."""

from collections.abc import Callable
from typing import Any

from aadsync_lib.sandbox.entra.assignments import complete
from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes, get_object, require
from aadsync_lib.sandbox.entra.errors import GraphError, denied, not_found
from aadsync_lib.sandbox.entra.kinds import GROUP, SERVICE_PRINCIPAL, USER, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.state import DEFAULT_ACCESS

PERMISSION = "AppRoleAssignment.ReadWrite.All"
PRINCIPALS = frozenset({"user", "group", "servicePrincipal"})


def add_routes(routes: Routes) -> None:
    sides = [("/servicePrincipals/{id}/appRoleAssignedTo", SERVICE_PRINCIPAL, "resourceId")]
    sides += [
        (f"/{kind.collection}/{{id}}/appRoleAssignments", kind, "principalId")
        for kind in (USER, GROUP, SERVICE_PRINCIPAL)
    ]
    for path, kind, side in sides:
        routes.post(path, _assign(kind, side))
        routes.get(f"{path}/{{assignment}}", _single(kind, side))
        routes.delete(f"{path}/{{assignment}}", _withdraw(kind, side))


def _assign(kind: Kind, side: str) -> Callable[[GraphRequest], Reply]:
    def handler(call: GraphRequest) -> Reply:
        _require(call)
        principal, resource, role = _ends(call, side, get_object(call, kind, call.path("id"))["id"])
        _check_role(call, resource, role)
        _check_duplicate(call, principal, resource, role)
        key = call.state.assign(resource, principal, role)
        call.state.applications.owe(key, "assignments_unlisted")
        return Reply(201, _shown(call, call.state.assignments[key]))

    return handler


def _single(kind: Kind, side: str) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, SERVICE_PRINCIPAL)
        return _shown(call, _entry(call, kind, side))

    return handler


def _withdraw(kind: Kind, side: str) -> Callable[[GraphRequest], Reply]:
    def handler(call: GraphRequest) -> Reply:
        _require(call)
        call.state.unassign(_entry(call, kind, side)["id"])
        return DONE

    return handler


def _entry(call: GraphRequest, kind: Kind, side: str) -> JsonObject:
    key = get_object(call, kind, call.path("id"))["id"]
    entry = call.state.assignments.get(call.path("assignment"))
    if entry is None or entry[side] != key:
        raise not_found(call.path("assignment"))
    return entry


def _require(call: GraphRequest) -> None:
    """Refuse a caller who cannot assign, and one who cannot read applications."""
    require(call, SERVICE_PRINCIPAL)
    if PERMISSION not in call.state.permissions:
        raise denied()


def _ends(call: GraphRequest, side: str, key: str) -> tuple[str, str, str]:
    """Principal, resource and role of a body, which has to agree with the path."""
    values = [call.body.get(name) for name in ("principalId", "resourceId", "appRoleId")]
    if not all(isinstance(value, str) and value for value in values):
        raise _refused("One or more properties contains invalid values.")
    principal, resource, role = (str(value).lower() for value in values)
    if {"principalId": principal, "resourceId": resource}[side] != key:
        raise _refused("Not a valid reference update.")
    if call.state.kinds.get(principal) not in PRINCIPALS:
        raise not_found(principal)
    get_object(call, SERVICE_PRINCIPAL, resource)
    return principal, resource, role


def _check_role(call: GraphRequest, resource: str, role: str) -> None:
    known: list[Any] = call.state.objects[resource].get("appRoles") or []
    enabled = {entry["id"] for entry in known if entry.get("isEnabled", True)}
    lenient = not enabled or call.state.applications.switches.zero_role == "accepted"
    if role not in enabled and not (role == DEFAULT_ACCESS and lenient):
        raise _refused("Permission being assigned was not found on application.")


def _check_duplicate(call: GraphRequest, principal: str, resource: str, role: str) -> None:
    ends = {"principalId": principal, "resourceId": resource, "appRoleId": role}
    same = (e for e in call.state.assignments.values() if ends.items() <= e.items())
    if next(same, None) is None:
        return
    if call.state.applications.switches.duplicate_assignment == "409":
        raise GraphError(409, "Request_Conflict", "EntitlementGrant entry already exists.")
    raise _refused("Permission being assigned already exists on the object")


def _shown(call: GraphRequest, entry: JsonObject) -> JsonObject:
    context = f"{call.root}/$metadata#appRoleAssignments/$entity"
    return {"@odata.context": context, "deletedDateTime": None, **complete(call, entry)}


def _refused(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)
