"""OAuth secrets of service principals, as their listing shows them: when each ends, and no value."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.errors import bad_request, not_found
from aadsync_lib.sandbox.databricks.http import guarded, integer
from aadsync_lib.sandbox.databricks.records import JsonObject
from aadsync_lib.sandbox.databricks.state import DatabricksState

PAGE = 2  # secrets: a principal has five at most, and whoever reads them has to follow pages
LIFE = 730 * 86_400.0  # seconds, of a secret that nobody gave an end

Admit = Callable[[Request], object]


class PrincipalSecrets:
    """The listing of one account, below ``base``. ``admit`` refuses who may not read it."""

    def __init__(
        self,
        state: DatabricksState,
        base: str = "/api/2.0/accounts/{account_id}",
        admit: Admit | None = None,
    ) -> None:
        self.state = state
        self.base = base
        self.admit = admit or partial(authorize, state)

    def routes(self) -> list[Route]:
        path = f"{self.base}/servicePrincipals/{{id}}/credentials/secrets"
        return [Route(path, guarded(self.state, self.listed))]

    async def listed(self, request: Request) -> Response:
        with self.state.lock:
            self.admit(request)
            key = request.path_params["id"]
            if self.state.kind_of(key) != "ServicePrincipals":
                raise not_found("Service principal", key)
            return JSONResponse(self._page(str(self.state.record(key).name), request))

    def _page(self, client_id: str, request: Request) -> JsonObject:
        query = request.query_params
        token = query.get("page_token") or "s0"
        if not token.removeprefix("s").isdigit():
            raise bad_request("page_token is not one that was given")
        start, size = int(token[1:]), min(integer(query, "page_size") or PAGE, PAGE)
        rows = _rows(self.state, client_id)
        body: JsonObject = {"secrets": rows[start : start + size]}
        if start + size < len(rows):
            body["next_page_token"] = f"s{start + size}"
        return body


def _rows(state: DatabricksState, client_id: str) -> list[JsonObject]:
    usual = (time.time() + LIFE,) if state.secret_of(client_id) is not None else ()
    ends = state.secret_ends.get(client_id, usual)
    return [
        {"id": f"secret-{number}", "secret_hash": f"{number:064x}", "status": "ACTIVE"}
        | ({} if end is None else {"expire_time": _written(end)})
        for number, end in enumerate(ends)
    ]


def _written(moment: float | str) -> str:
    if isinstance(moment, str):
        return moment
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
