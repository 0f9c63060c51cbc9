"""Writes of applications and service principals."""

from collections.abc import Callable

from aadsync_lib.sandbox.entra.applications import making
from aadsync_lib.sandbox.entra.applications.login_credentials import with_keys
from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes, get_object, own, require_any
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.kinds import APPLICATION, SERVICE_PRINCIPAL, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.query import project

MAKERS = frozenset({"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"})
LONGEST_NOTES = 1024
_READ_ONLY = frozenset(
    {"id", "appId", "createdDateTime", "deletedDateTime", "applicationTemplateId"}
)
_BY_THEIR_CALLS = frozenset({"passwordCredentials"})


def add_routes(routes: Routes) -> None:
    routes.post("/applications", _create_application)
    routes.post("/servicePrincipals", _create_principal)
    for kind in (APPLICATION, SERVICE_PRINCIPAL):
        for path in (f"/{kind.collection}/{{id}}", f"/{kind.collection}(appId='{{app_id}}')"):
            routes.patch(path, _change(kind))
            routes.delete(path, _delete(kind))


def _create_application(call: GraphRequest) -> Reply:
    require_any(call, MAKERS)
    properties = _checked(call.body, APPLICATION)
    if not properties.get("displayName"):
        raise _refused("A value is required for property 'displayName' of resource 'Application'.")
    key = making.add_application(call.state, **properties)
    call.state.applications.created(key)
    call.state.applications.owe(key, "no_backing_application")
    return created(call, APPLICATION, key)


def _create_principal(call: GraphRequest) -> Reply:
    require_any(call, MAKERS)
    app_id = call.body.get("appId")
    application = making.application_of(call.state, app_id) if isinstance(app_id, str) else None
    if application is None or call.state.applications.takes(application, "no_backing_application"):
        raise _refused(
            f"The appId '{app_id}' of the service principal does not reference a valid application "
            "object.",
            "NoBackingApplicationObject",
        )
    assert isinstance(app_id, str)
    if call.state.find(app_id) is not None:
        raise GraphError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            f"The service principal cannot be created, updated, or restored because the service "
            f"principal name {app_id} is already in use.",
        )
    rest = {name: value for name, value in call.body.items() if name != "appId"}
    properties = _checked(rest, SERVICE_PRINCIPAL)
    key = making.add_principal(call.state, application, **properties)
    call.state.applications.created(key)
    return created(call, SERVICE_PRINCIPAL, key)


def _change(kind: Kind) -> Callable[[GraphRequest], Reply]:
    def handler(call: GraphRequest) -> Reply:
        key = own(call, _object(call, kind)["id"])
        properties = _checked(call.body, kind)
        if kind is APPLICATION:
            properties = with_keys(call, call.state.objects[key], properties)
            making.change_application(call.state, key, properties)
        else:
            call.state.update(key, **properties)
        return DONE

    return handler


def _delete(kind: Kind) -> Callable[[GraphRequest], Reply]:
    def handler(call: GraphRequest) -> Reply:
        key = own(call, _object(call, kind)["id"])
        if kind is APPLICATION:
            making.delete_application(call.state, key)
        else:
            call.state.delete_service_principal(key)
        return DONE

    return handler


def _object(call: GraphRequest, kind: Kind) -> JsonObject:
    params = call.request.path_params
    key = params["id"] if "id" in params else by_app_id(call, kind, params["app_id"])
    return get_object(call, kind, key)


def by_app_id(call: GraphRequest, kind: Kind, app_id: str) -> str:
    """The id of the object of one kind with this ``appId``, or what is not found."""
    find = making.application_of if kind is APPLICATION else type(call.state).find
    return find(call.state, app_id) or app_id


def created(call: GraphRequest, kind: Kind, key: str) -> Reply:
    context = f"{call.root}/$metadata#{kind.collection}/$entity"
    return Reply(201, {"@odata.context": context, **shown(call, kind, key)})


def shown(call: GraphRequest, kind: Kind, key: str) -> JsonObject:
    return project(call.state.objects[key], kind.default)


def _checked(body: JsonObject, kind: Kind) -> JsonObject:
    """The properties of a body that may be set, or a refusal of all of them."""
    properties = {name: value for name, value in body.items() if not name.startswith("@")}
    for name in properties:
        if not kind.knows(name):
            raise bad_request(f"Invalid property '{name}'.")
        if name in _READ_ONLY | _BY_THEIR_CALLS:
            raise _refused(f"Property '{name}' is read-only and cannot be set.")
    if len(properties.get("notes") or "") > LONGEST_NOTES:
        raise _refused(f"Property 'notes' has more than {LONGEST_NOTES} characters.")
    return properties


def _refused(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(400, code, message)
