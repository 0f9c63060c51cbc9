"""Entra: the login, what it may read, and what the scope finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from aadsync_lib.auth import graph_credential, graph_endpoint
from aadsync_lib.auth.cached import claim
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.finding import Finding, Patient, first, one_line, sentence
from aadsync_lib.entra.directory import APPLICATIONS, GROUPS, HIDDEN, USERS
from aadsync_lib.entra.source import EntraSource
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.endpoint import Endpoint
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.http import Request
from aadsync_lib.graph.loop import run_apart
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.report.wording import count
from aadsync_lib.responses import JsonObject

ADVICE = {
    "scope_empty": "Check the selector in scope.groups against Entra.",
    "max_depth": "Databricks keeps ten levels; flatten deeper ones in Entra, or leave it so.",
    "cycle": "Take one of the two memberships away in Entra, or leave it so.",
}


def check_login(patient: Patient) -> Iterator[Finding]:
    if "source.auth" in patient.unresolved:
        return
    source = patient.settings.source
    _, scope = graph_endpoint(source)
    try:
        patient.credential = graph_credential(source, patient.secrets, dbutils=patient.dbutils)
        # The option that Graph's client asks with, so that its first request finds the token there.
        patient.token = patient.credential.get_token(scope, enable_cae=True).token
    except AadsyncError as error:
        patient.credential = None
        yield Finding("Entra login", "failed", one_line(error, "source.auth: "))
        return
    who = claim(patient.token, "appid") or "an identity that the token does not name"
    roles = claim(patient.token, "roles")
    held = f", with {', '.join(map(str, roles))}" if isinstance(roles, list) and roles else ""
    yield Finding("Entra login", "ok", f"{source.auth.method} as {who}{held}.")


class _Probe(NamedTuple):
    """One cheap request that needs a permission."""

    what: str
    permission: str
    path: str


def check_graph(patient: Patient) -> Iterator[Finding]:
    if patient.credential is None:
        return
    endpoint, scope = graph_endpoint(patient.settings.source)

    async def probe() -> list[Finding]:
        client = GraphClient(
            Endpoint(endpoint), patient.credential, scope, patient.clock, 1, lambda: None
        )
        async with client as graph:
            return await _probe_all(graph, patient)

    findings = run_apart(probe)
    patient.reads_graph = all(finding.status != "failed" for finding in findings)
    yield from findings


async def _probe_all(graph: GraphClient, patient: Patient) -> list[Finding]:
    groups, rows = await _try(graph, _Probe("groups", GROUPS, "/groups?%24top=1&%24select=id"))
    if groups.check == "Graph":
        return [groups]
    findings = [Finding("Graph", "ok", f"{graph.endpoint.root} answers."), groups]
    if rows:
        path = f"/groups/{rows[0]['id']}/members?%24top=1&%24select=id"
        findings.append((await _try(graph, _Probe("members", GROUPS, path)))[0])
    path = "/users?%24top=1&%24select=id,accountEnabled,userType"
    users, rows = await _try(graph, _Probe("users", USERS, path))
    if users.status == "ok" and any(row.get("accountEnabled") is None for row in rows):
        what = "accountEnabled comes empty: User.ReadBasic.All is not enough."
        users = Finding(users.check, "failed", what, f"Grant {USERS}, with admin consent.")
    findings.append(users)
    if _wants_applications(patient.settings):
        probe = _Probe(
            "service principals", APPLICATIONS, "/servicePrincipals?%24top=1&%24select=id"
        )
        findings.append((await _try(graph, probe))[0])
    return [*findings, *_hidden(patient)]


async def _try(graph: GraphClient, probe: _Probe) -> tuple[Finding, list[JsonObject]]:
    try:
        rows = (await graph.get(Request(probe.path))).get("value") or []
    except GraphError as failure:
        if failure.status == 0:
            what = f"{graph.endpoint.root} gives no usable answer ({failure.code})."
            remedy = "Check source.cloud, source.endpoint, the network and its proxy."
            return Finding("Graph", "failed", what, remedy), []
        check = f"Graph {probe.what}"
        return Finding(check, "failed", f"{failure.reason(probe.permission)}."), []
    return Finding(f"Graph {probe.what}", "ok", "can be read."), rows


def _hidden(patient: Patient) -> Iterator[Finding]:
    roles = claim(patient.token, "roles")
    if isinstance(roles, list) and HIDDEN not in roles:
        what = f"{HIDDEN} is not granted: groups with hidden membership are left as they are."
        yield Finding("Graph hidden members", "ok", what)


def check_scope(patient: Patient) -> Iterator[Finding]:
    if not patient.reads_graph:
        return
    settings = patient.settings
    endpoint, token_scope = graph_endpoint(settings.source)
    source = EntraSource(
        settings.scope,
        patient.credential,
        endpoint=endpoint,
        token_scope=token_scope,
        clock=patient.clock,
    )
    try:
        snapshot = source.read()
    except AadsyncError as error:
        yield Finding("scope", "failed", one_line(error))
        return
    desired = patient.desired = desire(snapshot, settings.scope, settings.mapping)
    kinds = Counter(principal.kind for principal in desired.principals.values())
    yield Finding(
        "scope",
        "ok" if desired.groups or desired.principals else "warning",
        f"{count(len(snapshot.roots), 'root group')}, "
        f"{count(len(desired.groups), 'group')} in all, {count(kinds[Kind.USER], 'user')}, "
        f"{count(kinds[Kind.SERVICE_PRINCIPAL], 'service principal')}.",
    )
    unread = [group for group in snapshot.groups.values() if group.unread]
    yield from first(
        Finding(f"scope {group.display_name!r}", "warning", f"{group.unread}.") for group in unread
    )
    for code in dict.fromkeys(notice.code for notice in desired.notices):
        yield from first(
            Finding(f"scope {code}", "warning", sentence(notice.message), ADVICE.get(code))
            for notice in desired.notices
            if notice.code == code
        )
    yield from first(
        Finding(f"scope {held.name!r}", "warning", sentence(held.reason))
        for held in desired.quarantined.values()
    )


def _wants_applications(settings: Settings) -> bool:
    return settings.scope.service_principals or any(
        selector.application for selector in settings.scope.groups
    )
