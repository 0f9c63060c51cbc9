"""Shared parts of all endpoints of the workspace: caller, body, refusals as answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import groups_of, identify, is_admin
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.http import guarded, integer, json_object
from aadsync_lib.sandbox.databricks.records import JsonObject, Record
from aadsync_lib.sandbox.databricks.state import DatabricksState

EVERYBODY = "users"
ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Call:
    """One request of somebody the workspace knows."""

    request: Request
    raw: bytes
    caller: Record
    is_admin: bool
    groups: frozenset[str]
    """Names of the caller's groups, those that every workspace has included."""

    @property
    def name(self) -> str:
        """The caller's user name or application id."""
        return self.caller.name

    @property
    def body(self) -> JsonObject:
        return json_object(self.raw) if self.raw else {}

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str) -> str:
        value = self.request.query_params.get(name)
        if not value:
            raise missing(name)
        return value

    def option(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def flag(self, name: str) -> bool:
        return self.option(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        value = integer(self.request.query_params, name)
        return default if value is None else value


Handler = Callable[[Call], JsonObject | Response | None]


class Endpoints:
    """Makes routes of handlers; ``None`` from a handler is the empty object.

    ``welcome`` is told the name of everybody who calls, before their request is handled.
    """

    def __init__(
        self, account: DatabricksState, welcome: Callable[[str], object] = lambda _: None
    ) -> None:
        self.account = account
        self.welcome = welcome

    def route(self, path: str, *, locked: bool = True, **handlers: Handler) -> Route:
        """Serve a path, by verb. Each request is handled whole under the account's lock.

        A handler that is not ``locked`` may wait for something that needs the lock itself.
        """

        async def answer(request: Request) -> Response:
            raw = await request.body()
            verb = "GET" if request.method == "HEAD" else request.method
            with self.account.lock:
                call = self._call(request, raw)
                if locked:
                    return _response(handlers[verb](call))
            return _response(handlers[verb](call))

        return Route(path, guarded(self.account, answer), methods=list(handlers))

    def _call(self, request: Request, raw: bytes) -> Call:
        caller = identify(self.account, request)
        self.welcome(caller.name)
        admin = is_admin(self.account, caller)
        names = {self.account.groups[i].name for i in groups_of(self.account, caller)}
        names |= {EVERYBODY, ADMINS} if admin else {EVERYBODY}
        return Call(request, raw, caller, admin, frozenset(names))


def missing(name: str) -> ApiError:
    return bad_request(f"Missing required field: {name}")


def field(body: JsonObject, name: str) -> Any:
    """A field of a body that has to be there."""
    value = body.get(name)
    if value in (None, ""):
        raise missing(name)
    return value


def text(body: JsonObject, name: str) -> str:
    value = field(body, name)
    if not isinstance(value, str):
        raise bad_request(f"{name} is not a string")
    return value


def number(body: JsonObject, name: str) -> int:
    """A whole number, which clients send as one or as a string."""
    value = field(body, name)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f"{name} is not a number: {value!r}") from None


def paged(name: str, found: list[JsonObject], offset: int, limit: int) -> JsonObject:
    """A page of a list of the Jobs API, and whether there are more."""
    more = offset + limit < len(found)
    answer: JsonObject = {name: found[offset : offset + limit], "has_more": more}
    return answer | ({"next_page_token": str(offset + limit)} if more else {})


def gone(what: str) -> ApiError:
    return ApiError(404, f"{what} does not exist.")


def _response(answer: JsonObject | Response | None) -> Response:
    return answer if isinstance(answer, Response) else JSONResponse(answer or {})
