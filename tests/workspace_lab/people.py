"""Principals of the workspace: the account's, for reading only."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import not_found
from aadsync_lib.sandbox.databricks.http import ScimResponse
from aadsync_lib.sandbox.databricks.listing import ListRequest, list_page
from aadsync_lib.sandbox.databricks.records import JsonObject, Kind, ServicePrincipal
from aadsync_lib.sandbox.databricks.render import SCHEMAS, render
from aadsync_lib.sandbox.databricks.state import DatabricksState
from tests.workspace_lab.calls import Call, Endpoints

KINDS: tuple[Kind, ...] = ("Users", "Groups", "ServicePrincipals")


class People:
    """Workspace SCIM as far as clients look up themselves and others."""

    def __init__(self, account: DatabricksState, workspace_id: int) -> None:
        self.account = account
        self.workspace_id = workspace_id

    def routes(self, at: Endpoints) -> list[Route]:
        base = "/api/2.0/preview/scim/v2"
        routes = [at.route(f"{base}/Me", GET=self.me)]
        for kind in KINDS:
            routes.append(at.route(f"{base}/{kind}", GET=partial(self.list, kind)))
            routes.append(at.route(f"{base}/{kind}/{{id}}", GET=partial(self.get, kind)))
        return routes

    def me(self, call: Call) -> Response:
        """The caller. A service principal has its application id as user name here."""
        me = render(self.account, call.caller)
        if isinstance(call.caller, ServicePrincipal):
            me |= {"schemas": [SCHEMAS["Users"]], "userName": me.pop("applicationId")}
        me["groups"] = [{"display": name, "type": "direct"} for name in sorted(call.groups)]
        return ScimResponse(me, headers={"X-Databricks-Org-Id": str(self.workspace_id)})

    def list(self, kind: Kind, call: Call) -> Response:
        listing = ListRequest(kind, "2.0", call.request.query_params, stale=0.0)
        return ScimResponse(list_page(self.account, listing))

    def get(self, kind: Kind, call: Call) -> Response:
        row = self.account.table(kind).get(call.path("id"))
        if row is None:
            raise not_found(kind, call.path("id"))
        return ScimResponse(render(self.account, row))


class Telemetry:
    """Takes what the command line sends of itself, and keeps nothing."""

    def routes(self, at: Endpoints) -> list[Route]:
        return [at.route("/telemetry-ext", POST=self.take)]

    def take(self, call: Call) -> JsonObject:
        return {"errors": [], "numProtoSuccess": len(call.body.get("protoLogs", ()))}
