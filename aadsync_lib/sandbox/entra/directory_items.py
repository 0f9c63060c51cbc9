"""Deleted items, and objects of any type by their ids."""

from collections.abc import Callable

from aadsync_lib.sandbox.entra.calls import Routes, cast_kind, require_any
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request, denied, not_found
from aadsync_lib.sandbox.entra.kinds import KINDS, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond
from aadsync_lib.sandbox.entra.query import project

MOST_IDS = 1000
_ANY_TYPE = frozenset({"Directory.Read.All"})


def add_routes(routes: Routes) -> None:
    routes.get("/directory/deletedItems", _no_cast)
    routes.get("/directory/deletedItems/{cast}", _deleted_or_single)
    routes.post("/directoryObjects/getByIds", _by_ids, cost=5)


def _no_cast(_: GraphRequest) -> JsonObject:
    raise bad_request("The type of the deleted items must be given, as in microsoft.graph.user.")


def _deleted_or_single(call: GraphRequest) -> JsonObject:
    return _deleted(call) if "graph." in call.path("cast") else _single(call)


def _deleted(call: GraphRequest) -> JsonObject:
    kind = cast_kind(call)
    if not kind.deleted_permissions:
        raise bad_request(f"Deleted objects of type '{kind.name}' are not kept.")
    require_any(call, kind.deleted_permissions)
    gone = {k: d.object for k, d in call.state.deleted.items() if d.kind == kind.name}
    matches = call.query.predicate(kind)
    fields = (*call.query.fields(kind), "deletedDateTime")

    def show(key: str) -> JsonObject | None:
        item = gone[key]
        return None if matches is not None and not matches(item) else project(item, fields)

    rows = Rows(list(gone), range(1, len(gone) + 1), show)
    return respond(call, rows, kind.collection)


def _single(call: GraphRequest) -> JsonObject:
    gone = call.state.deleted.get(call.path("cast"))
    if gone is None:
        raise not_found(call.path("cast"))
    kind = KINDS[gone.kind]
    if call.state.permissions.isdisjoint(kind.deleted_permissions):
        raise denied()
    shown = project(gone.object, (*call.query.fields(kind), "deletedDateTime"))
    return {
        "@odata.context": f"{call.root}/$metadata#directoryObjects/$entity",
        "@odata.type": kind.odata_type,
        **shown,
    }


def _by_ids(call: GraphRequest) -> JsonObject:
    """The objects that exist; unknown ids are left out without a word."""
    require_any(call, _ANY_TYPE)
    ids = call.body.get("ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_IDS:
        raise GraphError(
            400, "Request_BadRequest", f"'ids' must hold between 1 and {MOST_IDS} items."
        )
    types = set(call.body.get("types") or KINDS)
    fields = _fields(call)
    known = dict.fromkeys(key for key in ids if call.state.kinds.get(key) in types)
    value = [_typed(call, key, fields) for key in known]
    return {"@odata.context": f"{call.root}/$metadata#directoryObjects", "value": value}


def _fields(call: GraphRequest) -> Callable[[Kind], tuple[str, ...]]:
    select = call.query.select
    if select is None:
        return lambda kind: kind.default
    return lambda kind: tuple(dict.fromkeys(("id", *filter(kind.knows, select))))


def _typed(call: GraphRequest, key: str, fields: Callable[[Kind], tuple[str, ...]]) -> JsonObject:
    kind = KINDS[call.state.kinds[key]]
    return {"@odata.type": kind.odata_type, **project(call.state.objects[key], fields(kind))}
