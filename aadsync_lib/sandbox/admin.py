"""The admin endpoint under /_sandbox/: faults, limits, switches, log, world and days."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from aadsync_lib.sandbox.automatic import manage_automatically
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.days import day
from aadsync_lib.sandbox.entra.provisioning.control import control
from aadsync_lib.sandbox.faults import Fault, Faults
from aadsync_lib.sandbox.limits import Limits
from aadsync_lib.sandbox.requestlog import RequestLog
from aadsync_lib.sandbox.switching import turn
from aadsync_lib.sandbox.world import World

_ENTRA_SWITCHES = frozenset(
    {
        "empty_pages",
        "delta_page_size",
        "delta_members_per_page",
        "delta_replays",
        "delta_lag",
        "removed_in_first_round",
        "unlisted",
        "orphan_assignments",
    }
)


class Running(Protocol):
    """The parts of a running sandbox that can be changed."""

    faults: Faults
    limits: Limits
    log: RequestLog
    world: World

    def reset(self, world: World) -> None: ...


class AdminSwitch:
    """Sends admin requests to their own application, past faults, limits and log."""

    def __init__(self, app: ASGIApp, admin: ASGIApp) -> None:
        self.app = app
        self.admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_admin = scope["type"] == "http" and scope["path"].startswith("/_sandbox/")
        await (self.admin if is_admin else self.app)(scope, receive, send)


class Admin:
    """Handlers of the admin requests."""

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox

    async def faults(self, request: Request) -> Response:
        faults = self.sandbox.faults
        match request.method:
            case "POST":
                return JSONResponse({"id": faults.add(Fault.from_json(await request.json()))}, 201)
            case "DELETE":
                faults.clear()
                return Response(status_code=204)
        return JSONResponse({key: fault.to_json() for key, fault in faults.list().items()})

    async def fault(self, request: Request) -> Response:
        known = self.sandbox.faults.remove(request.path_params["id"])
        return Response(status_code=204 if known else 404)

    async def log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.sandbox.log.clear()
            return Response(status_code=204)
        query = request.query_params
        after = int(query.get("after", "0"))
        entries = self.sandbox.log.select(query.get("side"), after=after, place=query.get("place"))
        return JSONResponse([asdict(entry) for entry in entries])

    async def day(self, request: Request) -> Response:
        body = await _body(request)
        return JSONResponse(day(self.sandbox.world, int(body.get("seed", 0))))

    async def automatic(self, request: Request) -> Response:
        groups = (await _body(request)).get("groups", ())
        return JSONResponse(asdict(manage_automatically(self.sandbox.world, *groups)))

    async def provisioning(self, request: Request) -> Response:
        return JSONResponse(await control(self.sandbox.world.entra, await _body(request)))

    async def world(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse(self.sandbox.world.to_json())
        self.sandbox.reset(World.from_json(await request.json()))
        return Response(status_code=204)

    async def limits(self, request: Request) -> Response:
        if request.method == "POST":
            self.sandbox.limits.speed = (await _body(request)).get("speed")
        return JSONResponse({"speed": self.sandbox.limits.speed})

    async def switches(self, request: Request) -> Response:
        body = await _body(request)
        self._entra(body.get("entra", {}))
        for name, value in body.get("applications", {}).items():
            turn(self.sandbox.world.entra.applications.switches, "applications", name, value)
        for name, value in body.get("provisioning", {}).items():
            turn(self.sandbox.world.entra.provisioning.switches, "provisioning", name, value)
        for name, value in body.get("databricks", {}).items():
            _turn(self.sandbox.world.databricks, name, value)
        for place, wanted in body.get("workspaces", {}).items():
            for name, value in wanted.items():
                _turn(self.sandbox.world.workspace(place), name, value)
        return Response(status_code=204)

    def _entra(self, wanted: dict[str, Any]) -> None:
        state = self.sandbox.world.entra
        for name, value in wanted.items():
            match name:
                case "expire_page_tokens":
                    state.expire_page_tokens()
                case "expire_delta_tokens":
                    state.expire_delta_tokens(value)
                case "update":
                    for key, properties in value.items():
                        state.update(key, **properties)
                case "permissions":
                    state.permissions = set(value)
                case _ if name in _ENTRA_SWITCHES:
                    setattr(state, name, value)
                case _:
                    raise ValueError(f"unknown switch {name!r} of entra")


def admin_app(sandbox: Running) -> Starlette:
    admin = Admin(sandbox)
    routes = [
        Route("/_sandbox/faults", admin.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/faults/{id}", admin.fault, methods=["DELETE"]),
        Route("/_sandbox/log", admin.log, methods=["GET", "DELETE"]),
        Route("/_sandbox/day", admin.day, methods=["POST"]),
        Route("/_sandbox/automatic", admin.automatic, methods=["POST"]),
        Route("/_sandbox/provisioning", admin.provisioning, methods=["POST"]),
        Route("/_sandbox/world", admin.world, methods=["GET", "PUT"]),
        Route("/_sandbox/limits", admin.limits, methods=["GET", "POST"]),
        Route("/_sandbox/switches", admin.switches, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={ValueError: _invalid, KeyError: _invalid})


def _turn(state: DatabricksState, name: str, value: Any) -> None:
    if name == "capitalise_external_ids":
        state.capitalise_external_ids()
    else:
        state.switches.turn(name, value)


async def _body(request: Request) -> dict[str, Any]:
    if not await request.body():
        return {}
    body = await request.json()
    if not isinstance(body, dict):
        raise HTTPException(400, "a JSON object is expected")
    return body


def _invalid(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)
