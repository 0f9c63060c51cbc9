"""Microsoft Graph over one tenant, as a Starlette application: v1.0, and beta for what is read."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aadsync_lib.sandbox.entra import assignments, collections, delta, directory_items, members
from aadsync_lib.sandbox.entra.applications import assigning, login_credentials, objects, templates
from aadsync_lib.sandbox.entra.batch import Batch
from aadsync_lib.sandbox.entra.calls import VERSIONS, Routes
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.issuer import Issuer
from aadsync_lib.sandbox.entra.oauth import identity_route
from aadsync_lib.sandbox.entra.provisioning import (
    credentials,
    demand_routes,
    job_routes,
    log_routes,
    schema_routes,
    secret_routes,
)
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.fault_middleware import FaultMiddleware
from aadsync_lib.sandbox.faults import Faults


class PlainPaths:
    """Takes paths with slashes to spare, as Graph does and clients in the field send them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "//" in scope["path"] or scope["path"].endswith("/"):
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            scope = {
                **scope,
                "path": _plain(scope["path"]),
                "raw_path": _plain(raw.decode()).encode(),
            }
        await self.app(scope, receive, send)


def _plain(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)


def graph_app(state: EntraState, issuer: Issuer, faults: Faults) -> ASGIApp:
    """Graph for ``state``. ``faults`` also hit the single requests of a batch."""
    routes = Routes(state, issuer.authorize)
    for part in (
        delta,
        members,
        assignments,
        assigning,
        login_credentials,
        objects,
        templates,
        credentials,
        demand_routes,
        job_routes,
        log_routes,
        schema_routes,
        secret_routes,
        directory_items,
        collections,
    ):
        part.add_routes(routes)
    batch = Batch(issuer.authorize)
    app = Starlette(
        routes=[*routes.list, *batch.routes, identity_route(issuer)],
        exception_handlers={GraphError: _graph_error, HTTPException: _http_error},
    )
    batch.app = FaultMiddleware(app, faults, "graph")
    return PlainPaths(app)


def _graph_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, GraphError)
    return error.response()


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return GraphError(405, "Request_BadRequest", "This HTTP method is not allowed.").response()
    version, _, rest = request.url.path.lstrip("/").partition("/")
    if version not in VERSIONS:
        return bad_request(f"Invalid version: {version}").response()
    return bad_request(
        f"Resource not found for the segment '{rest.rpartition('/')[2]}'."
    ).response()
