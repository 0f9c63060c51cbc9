"""Members of groups, direct and transitive, plain and through a cast."""

from collections.abc import Callable

from aadsync_lib.sandbox.entra.calls import Routes, cast_kind, get_group, get_object, require
from aadsync_lib.sandbox.entra.directory import Positioned
from aadsync_lib.sandbox.entra.errors import bad_request, unsupported
from aadsync_lib.sandbox.entra.kinds import GROUP, KINDS, SERVICE_PRINCIPAL, USER, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond
from aadsync_lib.sandbox.entra.query import project

Reader = Callable[[GraphRequest, str], Positioned]
Show = Callable[[str], JsonObject | None]


def add_routes(routes: Routes) -> None:
    for name, read, cost in (("members", _direct, 3), ("transitiveMembers", _transitive, 5)):
        routes.get(f"/groups/{{id}}/{name}", _plain(read), cost)
        routes.get(f"/groups/{{id}}/{name}/$count", _count(read), cost)
        routes.get(f"/groups/{{id}}/{name}/{{cast}}", _cast(read), cost)
        routes.get(f"/groups/{{id}}/{name}/{{cast}}/$count", _cast_count(read), cost)
    for kind in (USER, GROUP, SERVICE_PRINCIPAL):
        routes.get(f"/{kind.collection}/{{id}}/memberOf", _member_of(kind))


def _plain(read: Reader) -> Callable[[GraphRequest], JsonObject]:
    """v1.0 leaves service principals out, unless the query is an advanced one; beta has them."""

    def handler(call: GraphRequest) -> JsonObject:
        members = read(call, get_group(call))
        if call.query.filter is not None and not call.query.advanced:
            raise unsupported()
        shows_all = call.query.advanced or call.version == "beta"
        hidden = None if shows_all else SERVICE_PRINCIPAL.name
        kinds = call.state.kinds
        rows = _rows(call, members, lambda key: kinds[key] != hidden)
        return respond(call, rows, "directoryObjects")

    return handler


def _cast(read: Reader) -> Callable[[GraphRequest], JsonObject]:
    """A cast shows every type, but does not say which it is."""

    def handler(call: GraphRequest) -> JsonObject:
        kind = cast_kind(call)
        members = read(call, _group_for(call, kind))
        kinds = call.state.kinds
        rows = _rows(call, members, lambda key: kinds[key] == kind.name, only=kind)
        return respond(call, rows, kind.collection)

    return handler


def _count(read: Reader) -> Callable[[GraphRequest], int]:
    def handler(call: GraphRequest) -> int:
        _require_eventual(call)
        return len(read(call, get_group(call))[0])

    return handler


def _cast_count(read: Reader) -> Callable[[GraphRequest], int]:
    def handler(call: GraphRequest) -> int:
        _require_eventual(call)
        kind = cast_kind(call)
        keys, _ = read(call, _group_for(call, kind))
        return sum(call.state.kinds[key] == kind.name for key in keys)

    return handler


def _member_of(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        key = get_object(call, kind, call.path("id"))["id"]
        groups = [g for g in call.state.parents.get(key, ()) if call.state.members_visible(g)]
        numbered = sorted((call.state.members[group][key], group) for group in groups)
        members = [group for _, group in numbered], [position for position, _ in numbered]
        return respond(call, _rows(call, members, lambda _: True), "directoryObjects")

    return handler


def _direct(call: GraphRequest, group: str) -> Positioned:
    return call.state.member_rows(group) if call.state.members_visible(group) else ([], [])


def _transitive(call: GraphRequest, group: str) -> Positioned:
    seen: dict[str, None] = {}
    waiting = [group]
    while waiting:
        for member in _direct(call, waiting.pop())[0]:
            if member not in seen:
                seen[member] = None
                if call.state.kinds[member] == GROUP.name:
                    waiting.append(member)
    return list(seen), list(range(1, len(seen) + 1))


def _group_for(call: GraphRequest, kind: Kind) -> str:
    """The group in the path, refused when it cannot have members of this type."""
    group = get_group(call)
    if kind is GROUP and "Unified" in call.state.objects[group]["groupTypes"]:
        raise unsupported("The group type does not support members of the requested type.")
    return group


def _require_eventual(call: GraphRequest) -> None:
    if not call.query.eventual:
        raise bad_request("$count is not currently supported without ConsistencyLevel: eventual.")


def _rows(
    call: GraphRequest,
    members: Positioned,
    included: Callable[[str], bool],
    only: Kind | None = None,
) -> Rows:
    """Members in order, those ``included``; ``only`` is the type of a cast."""
    matches = call.query.predicate(only)
    shows = {name: _show(call, kind, only is None) for name, kind in KINDS.items()}
    kinds, objects = call.state.kinds, call.state.objects

    def show(key: str) -> JsonObject | None:
        if not included(key) or (matches is not None and not matches(objects[key])):
            return None
        return shows[kinds[key]](key)

    return Rows(*members, show)


def _show(call: GraphRequest, kind: Kind, typed: bool) -> Show:
    """A view of members of one type; nulls only, when the caller may not read that type."""
    objects = call.state.objects
    fields = _member_fields(call, kind)
    head: JsonObject = {"@odata.type": kind.odata_type} if typed else {}
    if not call.state.may_read(kind):
        nulls: JsonObject = dict.fromkeys(fields)
        return lambda key: {**head, **nulls, "id": key}
    return lambda key: {**head, **project(objects[key], fields)}


def _member_fields(call: GraphRequest, kind: Kind) -> tuple[str, ...]:
    """A property that another member type has is no error here; it is left out."""
    if call.query.select is None:
        return kind.default
    return ("id", *(name for name in call.query.select if kind.knows(name) and name != "id"))
