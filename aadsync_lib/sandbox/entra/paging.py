"""Pages of a collection, with opaque next links built from the request's own address."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.query import Query
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.entra.tokens import TokenError, Tokens


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request, as its handler sees it."""

    request: Request
    state: EntraState
    query: Query
    body: JsonObject

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    @property
    def root(self) -> str:
        """Scheme, host and version as the caller wrote them."""
        url = self.request.url
        return f"{url.scheme}://{url.netloc}/{self.version}"

    @property
    def version(self) -> str:
        return self.request.url.path.split("/", 2)[1]


@dataclass(frozen=True, slots=True)
class Rows:
    """Ids with their positions, in order, and how to show one; ``None`` leaves it out."""

    ids: Sequence[str]
    positions: Sequence[int]
    show: Callable[[str], JsonObject | None]


def respond(call: GraphRequest, rows: Rows, context: str) -> JsonObject:
    """One page of ``rows``, from where the request's skip token says."""
    after, was_empty = _resume(call)
    answer: JsonObject = {"@odata.context": f"{call.root}/$metadata#{context}"}
    if call.query.advanced and call.query.skip_token is None:
        answer["@odata.count"] = sum(rows.show(key) is not None for key in rows.ids)
    if _turn_empty(call.state) and not was_empty and rows.ids:
        value: list[JsonObject] = []
        position: int | None = after
    else:
        value, position = _take(rows, after, call.query.top)
    if position is not None:
        token = call.state.page_tokens.issue({"p": position, "e": int(not value)})
        answer["@odata.nextLink"] = link(call.request, "$skiptoken", token)
    answer["value"] = value
    return answer


def link(request: Request, name: str, token: str, *, keep_query: bool = True) -> str:
    """This request's own address with another token."""
    options = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if keep_query and key.removeprefix("$").lower() not in {"skiptoken", "deltatoken"}
    ]
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = urlencode([*options, (name, token)], quote_via=quote, safe="$'(),:/")
    return f"{request.url.scheme}://{request.url.netloc}{path.decode()}?{query}"


def read_token(tokens: Tokens, token: str) -> dict[str, Any]:
    try:
        return tokens.read(token)
    except TokenError as error:
        if not error.expired:
            raise bad_request("Invalid skip token or delta token.") from None
        raise GraphError(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your "
            "request.",
        ) from None


def _resume(call: GraphRequest) -> tuple[int, bool]:
    if call.query.skip_token is None:
        return 0, False
    content = read_token(call.state.page_tokens, call.query.skip_token)
    return int(content["p"]), bool(content["e"])


def _turn_empty(state: EntraState) -> bool:
    state.pages_served += 1
    return state.empty_pages > 0 and state.pages_served % state.empty_pages == 0


def _take(rows: Rows, after: int, top: int) -> tuple[list[JsonObject], int | None]:
    """Up to ``top`` rows, and the last one's position when another row follows."""
    value: list[JsonObject] = []
    position = after
    for index in range(bisect_right(rows.positions, after), len(rows.ids)):
        shown = rows.show(rows.ids[index])
        if shown is None:
            continue
        if len(value) == top:
            return value, position
        value.append(shown)
        position = rows.positions[index]
    return value, None
