"""App role assignments, by enterprise application and by principal."""

from collections.abc import Callable

from aadsync_lib.sandbox.entra.calls import Routes, get_object, require
from aadsync_lib.sandbox.entra.errors import bad_request
from aadsync_lib.sandbox.entra.kinds import GROUP, SERVICE_PRINCIPAL, USER, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond
from aadsync_lib.sandbox.entra.query import project

FIELDS = (
    "id",
    "deletedDateTime",
    "appRoleId",
    "createdDateTime",
    "principalDisplayName",
    "principalId",
    "principalType",
    "resourceDisplayName",
    "resourceId",
)
_TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}


def add_routes(routes: Routes) -> None:
    routes.get("/servicePrincipals(appId='{id}')/appRoleAssignedTo", _assigned_to)
    routes.get("/servicePrincipals/{id}/appRoleAssignedTo", _assigned_to)
    for kind in (USER, GROUP, SERVICE_PRINCIPAL):
        routes.get(f"/{kind.collection}/{{id}}/appRoleAssignments", _assignments_of(kind), cost=2)


def _assigned_to(call: GraphRequest) -> JsonObject:
    require(call, SERVICE_PRINCIPAL)
    resource = get_object(call, SERVICE_PRINCIPAL, call.path("id"))["id"]
    return _page(call, "resourceId", resource)


def _assignments_of(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, SERVICE_PRINCIPAL)
        return _page(call, "principalId", get_object(call, kind, call.path("id"))["id"])

    return handler


def _page(call: GraphRequest, side: str, key: str) -> JsonObject:
    """Assignments of principals that still exist, on one side of the relation; a switch has others, too."""
    kinds = call.state.kinds
    orphans = call.state.orphan_assignments
    numbered = {
        number: entry
        for number, entry in enumerate(call.state.assignments.values(), 1)
        if entry[side] == key
        and (orphans or entry["principalId"] in kinds)
        and entry["resourceId"] in kinds
        and not call.state.applications.takes(entry["id"], "assignments_unlisted")
    }
    by_id = {entry["id"]: entry for entry in numbered.values()}
    fields = _fields(call)
    rows = Rows(
        list(by_id), list(numbered), lambda key: project(complete(call, by_id[key]), fields)
    )
    return respond(call, rows, "appRoleAssignments")


def complete(call: GraphRequest, entry: JsonObject) -> JsonObject:
    """The entry with the names as they are now."""
    state, principal = call.state, entry["principalId"]
    objects = state.objects
    kind = state.kinds.get(principal) or state.former_kinds.get(principal, GROUP.name)
    return {
        **entry,
        "principalType": _TYPES.get(kind),
        "principalDisplayName": objects.get(principal, {}).get("displayName"),
        "resourceDisplayName": objects[entry["resourceId"]].get("displayName"),
    }


def _fields(call: GraphRequest) -> tuple[str, ...]:
    if call.query.filter is not None:
        raise bad_request("$filter is not supported on this relation by the sandbox.")
    for name in call.query.select or ():
        if name not in FIELDS:
            raise bad_request(f"Could not find a property named '{name}' on an assignment.")
    return (
        FIELDS
        if call.query.select is None
        else tuple({"id": None, **dict.fromkeys(call.query.select)})
    )
