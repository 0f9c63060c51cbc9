"""Checks of Entra: the login and its permissions."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.auth import graph_credential, graph_endpoint
from aadsync_lib.auth.cached import claim
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.finding import CheckContext, Finding, one_line
from aadsync_lib.entra.directory import APPLICATIONS, GROUPS, HIDDEN, USERS
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.endpoint import Endpoint
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.http import HttpTransport, Request
from aadsync_lib.graph.loop import run_apart
from aadsync_lib.responses import JsonObject


def check_login(context: CheckContext) -> Iterator[Finding]:
    if "source.auth" in context.unresolved:
        return
    source = context.settings.source
    _, scope = graph_endpoint(source)
    try:
        context.credential = graph_credential(
            source, context.secrets, dbutils=context.dbutils, folder=context.settings.folder
        )
        # The option that Graph's client asks with, so that its first request finds the token there.
        context.token = context.credential.get_token(scope, enable_cae=True).token
    except AadsyncError as error:
        context.credential = None
        yield Finding("Entra login", "failed", one_line(error, "source.auth: "))
        return
    identity = claim(context.token, "appid") or "an identity that the token does not name"
    roles = claim(context.token, "roles")
    held = f", with {', '.join(map(str, roles))}" if isinstance(roles, list) and roles else ""
    yield Finding("Entra login", "ok", f"{source.auth.method} as {identity}{held}.")


def check_graph(context: CheckContext) -> Iterator[Finding]:
    if context.credential is None:
        return
    endpoint, scope = graph_endpoint(context.settings.source)

    async def probe() -> list[Finding]:
        transport = HttpTransport(Endpoint(endpoint), context.credential, scope)
        async with GraphClient(transport, context.clock, 1) as client:
            return await _probe_all(client, context)

    findings = run_apart(probe)
    context.reads_graph = all(finding.status != "failed" for finding in findings)
    yield from findings


async def _probe_all(client: GraphClient, context: CheckContext) -> list[Finding]:
    groups, rows = await _probe(client, "groups", GROUPS, "/groups?%24top=1&%24select=id")
    if groups.check == "Graph":
        return [groups]
    findings = [Finding("Graph", "ok", f"{client.endpoint.root} answers."), groups]
    if rows:
        path = f"/groups/{rows[0]['id']}/members?%24top=1&%24select=id"
        findings.append((await _probe(client, "members", GROUPS, path))[0])
    path = "/users?%24top=1&%24select=id,accountEnabled,userType"
    users, rows = await _probe(client, "users", USERS, path)
    if users.status == "ok" and any(row.get("accountEnabled") is None for row in rows):
        detail = "accountEnabled comes empty: User.ReadBasic.All is not enough."
        users = Finding(users.check, "failed", detail, f"Grant {USERS}, with admin consent.")
    findings.append(users)
    if _wants_applications(context.settings):
        path = "/servicePrincipals?%24top=1&%24select=id"
        findings.append((await _probe(client, "service principals", APPLICATIONS, path))[0])
    return [*findings, *_hidden(context)]


async def _probe(
    client: GraphClient, what: str, permission: str, path: str
) -> tuple[Finding, list[JsonObject]]:
    """Send a cheap request that needs the permission."""
    check = f"Graph {what}"
    try:
        rows = (await client.get(Request(path))).get("value") or []
    except GraphError as failure:
        if failure.status == 0:
            problem = f"{client.endpoint.root} gives no usable answer ({failure.code})."
            remedy = "Check source.cloud, source.endpoint, the network and its proxy."
            return Finding("Graph", "failed", problem, remedy), []
        return Finding(check, "failed", f"{failure.reason(permission)}."), []
    return Finding(check, "ok", "can be read."), rows


def _hidden(context: CheckContext) -> Iterator[Finding]:
    roles = claim(context.token, "roles")
    if isinstance(roles, list) and HIDDEN not in roles:
        detail = f"{HIDDEN} is not granted: groups with hidden membership are left as they are."
        yield Finding("Graph hidden members", "ok", detail)


def _wants_applications(settings: Settings) -> bool:
    scope = settings.whole_scope()
    return scope.service_principals or any(selector.application for selector in scope.groups)
