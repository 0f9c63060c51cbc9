"""Application templates, and applications instantiated from them."""

from aadsync_lib.sandbox.entra.applications import gallery, making
from aadsync_lib.sandbox.entra.applications.objects import MAKERS, shown
from aadsync_lib.sandbox.entra.calls import Reply, Routes, require_any
from aadsync_lib.sandbox.entra.errors import GraphError, not_found
from aadsync_lib.sandbox.entra.kinds import APPLICATION, SERVICE_PRINCIPAL, JsonObject
from aadsync_lib.sandbox.entra.odata import TEMPLATES
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond


def add_routes(routes: Routes) -> None:
    routes.get("/applicationTemplates", _list)
    routes.get("/applicationTemplates/{id}", _single)
    routes.post("/applicationTemplates/{id}/instantiate", _instantiate)


def _list(call: GraphRequest) -> JsonObject:
    """Nobody needs a permission for the gallery."""
    known = {template["id"]: template for template in _gallery(call)}
    fields = {name for template in known.values() for name in template}
    matches = call.query.matches(fields.__contains__, TEMPLATES)

    def show(key: str) -> JsonObject | None:
        return known[key] if matches is None or matches(known[key]) else None

    return respond(call, Rows(list(known), range(1, len(known) + 1), show), "applicationTemplates")


def _gallery(call: GraphRequest) -> list[JsonObject]:
    """The templates of the caller's cloud."""
    applications = call.state.applications
    if applications.templates is not None:
        return applications.templates
    everywhere = applications.switches.cloud == "global"
    return [dict(t) for t in gallery.TEMPLATES if everywhere or t["id"] != gallery.CONNECTOR]


def _single(call: GraphRequest) -> JsonObject:
    context = f"{call.root}/$metadata#applicationTemplates/$entity"
    return {"@odata.context": context, **_template(call)}


def _template(call: GraphRequest) -> JsonObject:
    for template in _gallery(call):
        if template["id"] == call.path("id"):
            return template
    raise not_found(call.path("id"))


def _instantiate(call: GraphRequest) -> Reply:
    """The answer shows no roles yet; beta calls the ids ``objectId``."""
    require_any(call, MAKERS)
    template, name = _template(call), call.body.get("displayName")
    if not isinstance(name, str) or not name:
        raise GraphError(400, "Request_BadRequest", "A value is required for 'displayName'.")
    application, principal = making.instantiate(call.state, template, name)
    state = call.state.applications
    state.created(application, principal)
    state.owe(principal, "roles_late")
    pair = {
        "application": shown(call, APPLICATION, application),
        "servicePrincipal": {**shown(call, SERVICE_PRINCIPAL, principal), "appRoles": []},
    }
    if call.version == "beta":
        for item in pair.values():
            item["objectId"] = item.pop("id")
    context = f"{call.root}/$metadata#microsoft.graph.applicationServicePrincipal"
    return Reply(201, {"@odata.context": context, **pair})
