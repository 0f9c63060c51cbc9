"""Microsoft Graph over one tenant, as a Starlette application: v1.0, and beta for what is read."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from aadsync_lib.sandbox.entra import assignments, collections, delta, directory_items, members
from aadsync_lib.sandbox.entra.batch import Batch
from aadsync_lib.sandbox.entra.calls import VERSIONS, Routes
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.issuer import Issuer
from aadsync_lib.sandbox.entra.oauth import identity_route
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.fault_middleware import FaultMiddleware
from aadsync_lib.sandbox.faults import Faults


def graph_app(state: EntraState, issuer: Issuer, faults: Faults) -> Starlette:
    """Graph for ``state``. ``faults`` also hit the single requests of a batch."""
    routes = Routes(state, issuer.authorize)
    for part in (delta, members, assignments, directory_items, collections):
        part.add_routes(routes)
    batch = Batch(issuer.authorize)
    app = Starlette(
        routes=[*routes.list, *batch.routes, identity_route(issuer)],
        exception_handlers={GraphError: _graph_error, HTTPException: _http_error},
    )
    batch.app = FaultMiddleware(app, faults, "graph")
    return app


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
