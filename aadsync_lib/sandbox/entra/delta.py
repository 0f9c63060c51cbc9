"""Delta query for users, groups and service principals."""

import re
from collections.abc import Callable
from dataclasses import replace

from aadsync_lib.sandbox.entra.calls import Routes, require
from aadsync_lib.sandbox.entra.delta_round import Reader, Round
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request, unsupported
from aadsync_lib.sandbox.entra.kinds import GROUP, SERVICE_PRINCIPAL, USER, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest, link, read_token
from aadsync_lib.sandbox.entra.tokens import TokenError

LATEST = "latest"
MOST_IDS = 50
_ID_TERM = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_RELATIONS = frozenset({"members", "owners"})


def add_routes(routes: Routes) -> None:
    for kind in (USER, GROUP, SERVICE_PRINCIPAL):
        for path in ("delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"):
            routes.get(f"/{kind.collection}/{path}", _delta(kind))


def _delta(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        now = _round(call, kind)
        answer: JsonObject = {"@odata.context": f"{call.root}/$metadata#{kind.collection}"}
        if call.query.delta_token == LATEST:
            return {**answer, **_delta_link(call, now), "value": []}
        minimal = "return=minimal" in call.request.headers.get("Prefer", "")
        value, rest = Reader(call.state, kind, minimal).page(now)
        if rest is None:
            return {**answer, **_delta_link(call, now), "value": value}
        token = call.state.page_tokens.issue(rest.to_token())
        next_link = link(call.request, "$skiptoken", token, keep_query=False)
        return {**answer, "@odata.nextLink": next_link, "value": value}

    return handler


def _delta_link(call: GraphRequest, now: Round) -> JsonObject:
    token = call.state.delta_tokens.issue(now.following().to_token())
    return {"@odata.deltaLink": link(call.request, "$deltatoken", token, keep_query=False)}


def _round(call: GraphRequest, kind: Kind) -> Round:
    """The round that the caller goes on with or starts."""
    query, state = call.query, call.state
    if query.skip_token is not None:
        return Round.from_token(read_token(state.page_tokens, query.skip_token))
    until = max(0, len(state.log) - state.delta_lag)
    if query.delta_token and query.delta_token != LATEST:
        last = _last_round(call, query.delta_token)
        since = max(0, (last.since or 0) - state.delta_replays)
        return replace(last, since=since, until=max(until, since))
    _refuse_unsupported(call, kind)
    ids = None if query.filter is None else _ids(query.filter)
    return Round(query.select, ids, None, until)


def _refuse_unsupported(call: GraphRequest, kind: Kind) -> None:
    if "$top" in call.request.query_params:
        raise unsupported("The query specified in the URI is not valid: $top is not supported.")
    for name in call.query.select or ():
        if not kind.knows(name) and not (kind is GROUP and name in _RELATIONS):
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' "
                f"on type 'microsoft.graph.{kind.name}'."
            )


def _ids(text: str) -> tuple[str, ...]:
    """The only $filter that delta takes: ``id eq 'a' or id eq 'b'``, up to fifty objects."""
    terms = [_ID_TERM.fullmatch(term) for term in re.split(r"\bor\b", text, flags=re.IGNORECASE)]
    ids = [term.group(1) for term in terms if term is not None]
    if len(ids) != len(terms) or len(ids) > MOST_IDS:
        raise unsupported(f"Delta supports $filter on at most {MOST_IDS} objects by id only.")
    return tuple(ids)


def _last_round(call: GraphRequest, token: str) -> Round:
    try:
        return Round.from_token(call.state.delta_tokens.read(token))
    except TokenError:
        if call.state.delta_expiry == "gone":
            location = link(call.request, "$deltatoken", "", keep_query=False)
            raise GraphError(
                410,
                "resyncRequired",
                "Resync required. Replace any local items with the server's version.",
                {"Location": location},
            ) from None
        raise GraphError(
            400,
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be "
            "synchronized again.",
        ) from None
