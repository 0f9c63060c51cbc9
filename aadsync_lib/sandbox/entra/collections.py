"""Collections of users, groups and service principals, and single objects of them."""

from collections.abc import Callable

from aadsync_lib.sandbox.entra.applications.objects import by_app_id
from aadsync_lib.sandbox.entra.calls import Routes, get_object, require, require_any
from aadsync_lib.sandbox.entra.errors import bad_request
from aadsync_lib.sandbox.entra.kinds import (
    APPLICATION,
    GROUP,
    SERVICE_PRINCIPAL,
    USER,
    JsonObject,
    Kind,
)
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond
from aadsync_lib.sandbox.entra.query import project

_ORGANIZATION = frozenset({"Organization.Read.All", "Directory.Read.All"})


def add_routes(routes: Routes) -> None:
    routes.get("/organization", _organization)
    for kind in (SERVICE_PRINCIPAL, APPLICATION):
        routes.get(f"/{kind.collection}(appId='{{app_id}}')", _by_app_id(kind))
    for kind, cost in ((USER, 2), (GROUP, 1), (SERVICE_PRINCIPAL, 1), (APPLICATION, 2)):
        routes.get(f"/{kind.collection}", _listing(kind), cost)
        routes.get(f"/{kind.collection}/$count", _count(kind), cost)
        routes.get(f"/{kind.collection}/{{id}}", _single(kind))


def _listing(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        return respond(call, collection(call, kind), kind.collection)

    return handler


def collection(call: GraphRequest, kind: Kind) -> Rows:
    """Every object of one kind that the query asks for."""
    named = call.query.named
    ids, positions = call.state.rows(kind.name, named)
    matches = call.query.predicate(kind)
    fields = call.query.fields(kind)
    objects = call.state.objects
    unlisted = call.state.unlisted if call.query.filter and named is None else ()
    applications = call.state.applications
    late = {key for key in ids if applications.takes(key, "unlisted")}

    def show(key: str) -> JsonObject | None:
        item = objects[key]
        if key in unlisted or key in late or (matches is not None and not matches(item)):
            return None
        return project(item, fields)

    return Rows(ids, positions, show)


def _count(kind: Kind) -> Callable[[GraphRequest], int]:
    def handler(call: GraphRequest) -> int:
        require(call, kind)
        if not call.query.eventual:
            raise bad_request("$count is not supported without ConsistencyLevel: eventual.")
        rows = collection(call, kind)
        return sum(rows.show(key) is not None for key in rows.ids)

    return handler


def _single(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        return _entity(call, kind, get_object(call, kind, call.path("id")))

    return handler


def _by_app_id(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        key = by_app_id(call, kind, call.path("app_id"))
        return _entity(call, kind, get_object(call, kind, key))

    return handler


def _entity(call: GraphRequest, kind: Kind, item: JsonObject) -> JsonObject:
    if kind is SERVICE_PRINCIPAL and call.state.applications.takes(item["id"], "roles_late"):
        item = {**item, "appRoles": []}
    context = f"{call.root}/$metadata#{kind.collection}/$entity"
    return {"@odata.context": context, **project(item, call.query.fields(kind))}


def _organization(call: GraphRequest) -> JsonObject:
    require_any(call, _ORGANIZATION)
    tenant = {
        "id": call.state.tenant_id,
        "displayName": call.state.display_name,
        "tenantType": "AAD",
        "verifiedDomains": [
            {"name": "contoso.com", "isDefault": True, "isInitial": False, "type": "Managed"},
            {
                "name": "contoso.onmicrosoft.com",
                "isDefault": False,
                "isInitial": True,
                "type": "Managed",
            },
        ],
    }
    return {"@odata.context": f"{call.root}/$metadata#organization", "value": [tenant]}
