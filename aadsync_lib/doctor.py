"""Tests everything that a sync needs, one line each, and writes nothing anywhere."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.auth import databricks_api, graph_credential, graph_endpoint
from aadsync_lib.auth.cached import claim
from aadsync_lib.clock import SystemClock
from aadsync_lib.config.base import SecretRef, Section
from aadsync_lib.config.later import unsupported
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.rates import ACCOUNT_RATES
from aadsync_lib.ports import Clock
from aadsync_lib.reconcile.desire import desire
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.source.client import GraphClient
from aadsync_lib.source.endpoint import Endpoint
from aadsync_lib.source.entra import EntraSource
from aadsync_lib.source.failures import APPLICATIONS, GROUPS, HIDDEN, USERS, GraphFailure
from aadsync_lib.source.loop import run_apart
from aadsync_lib.source.wire import Ask, JsonObject
from aadsync_lib.store.lease import utc
from aadsync_lib.store.process import Process
from aadsync_lib.store.readonly import open_for_plan
from aadsync_lib.target.account import AccountTarget

MOST_PRINCIPALS = 10_000  # users and service principals of an account
MOST_GROUPS = 5_000
NEARLY = 0.9  # of a limit, from where on a person should know
SHOWN = 5  # findings of one kind; the rest is counted
ADVICE = {
    "scope_empty": "Check the selector in scope.groups against Entra.",
    "max_depth": "Databricks keeps ten levels; flatten deeper ones in Entra, or leave it so.",
    "cycle": "Take one of the two memberships away in Entra, or leave it so.",
}
LEASES = (
    "SELECT target, holder, since, expires_at FROM leases WHERE sync = ? AND run_id IS NOT NULL"
)
Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; ``remedy`` says what to do about it."""

    check: str
    status: Status
    detail: str
    remedy: str | None = None

    def __str__(self) -> str:
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.status:<7}  {self.check}: {self.detail}{remedy}"


@dataclass(slots=True)
class _Patient:
    """What is examined, and what earlier checks found out."""

    settings: Settings
    secrets: SecretResolver
    clock: Clock
    dbutils: Any
    credential: Any = None
    token: str = ""
    reads_graph: bool = False
    desired: Desired | None = None
    unresolved: set[str] = field(default_factory=set)


def doctor(
    settings: Settings,
    *,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    dbutils: Any = None,
) -> tuple[Finding, ...]:
    """Return what works, what does not, and what to do about it; a failed check skips what needs it."""
    patient = _Patient(settings, secrets or SecretResolver(), clock or SystemClock(), dbutils)
    return tuple(finding for check in CHECKS for finding in check(patient))


def _settings(patient: _Patient) -> Iterator[Finding]:
    later = [problem.partition(": ") for problem in unsupported(patient.settings)]
    for key, _, problem in later:
        yield Finding(f"settings {key}", "failed", f"{problem}.")
    for name, limit in patient.settings.policy.limits:
        if limit.count is None and limit.share is None:
            remedy = "Give it a count or a share: it is what stops an accident."
            yield Finding(f"settings policy.limits.{name}", "warning", "is off.", remedy)
    if not later:
        yield Finding("settings", "ok", f"the sync {patient.settings.name}.")


def _secrets(patient: _Patient) -> Iterator[Finding]:
    for owner, key, ref in _references(patient.settings):
        setting = f"{owner}.{key}"
        try:
            patient.secrets.resolve(ref, setting)
        except AadsyncError as error:
            patient.unresolved.add(owner)
            yield Finding(f"secret {setting}", "failed", _one_line(error, f"{setting}: "))
        else:
            yield Finding(f"secret {setting}", "ok", f"{ref}.")


def _entra(patient: _Patient) -> Iterator[Finding]:
    if "source.auth" in patient.unresolved:
        return
    source = patient.settings.source
    _, scope = graph_endpoint(source)
    try:
        patient.credential = graph_credential(source, patient.secrets, dbutils=patient.dbutils)
        patient.token = patient.credential.get_token(scope).token
    except AadsyncError as error:
        patient.credential = None
        yield Finding("Entra login", "failed", _one_line(error, "source.auth: "))
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


def _graph(patient: _Patient) -> Iterator[Finding]:
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


async def _probe_all(graph: GraphClient, patient: _Patient) -> list[Finding]:
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
        rows = (await graph.get(Ask(probe.path))).get("value") or []
    except GraphFailure as failure:
        if failure.status == 0:
            what = f"{graph.endpoint.root} gives no usable answer ({failure.code})."
            remedy = "Check source.cloud, source.endpoint, the network and its proxy."
            return Finding("Graph", "failed", what, remedy), []
        check = f"Graph {probe.what}"
        return Finding(check, "failed", f"{failure.reason(probe.permission)}."), []
    return Finding(f"Graph {probe.what}", "ok", "can be read."), rows


def _hidden(patient: _Patient) -> Iterator[Finding]:
    roles = claim(patient.token, "roles")
    if isinstance(roles, list) and HIDDEN not in roles:
        what = f"{HIDDEN} is not granted: groups with hidden membership are left as they are."
        yield Finding("Graph hidden members", "ok", what)


def _scope(patient: _Patient) -> Iterator[Finding]:
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
        yield Finding("scope", "failed", _one_line(error))
        return
    desired = patient.desired = desire(snapshot, settings.scope, settings.mapping)
    kinds = Counter(principal.kind for principal in desired.principals.values())
    yield Finding(
        "scope",
        "ok" if desired.groups or desired.principals else "warning",
        f"{len(snapshot.roots)} root groups, {len(desired.groups)} groups in all, "
        f"{kinds[Kind.USER]} users, {kinds[Kind.SERVICE_PRINCIPAL]} service principals.",
    )
    unread = [group for group in snapshot.groups.values() if group.unread]
    yield from _first(
        Finding(f"scope {group.display_name!r}", "warning", f"{group.unread}.") for group in unread
    )
    for code in dict.fromkeys(notice.code for notice in desired.notices):
        yield from _first(
            Finding(f"scope {code}", "warning", _stop(notice.message), ADVICE.get(code))
            for notice in desired.notices
            if notice.code == code
        )
    yield from _first(
        Finding(f"scope {held.name!r}", "warning", _stop(held.reason))
        for held in desired.quarantined.values()
    )


def _targets(patient: _Patient) -> Iterator[Finding]:
    for target in patient.settings.targets:
        if target.level == "account" and f"targets.{target.name}.auth" not in patient.unresolved:
            yield from _target(patient, target)


def _target(patient: _Patient, target: TargetSettings) -> Iterator[Finding]:
    try:
        snapshot = _account(patient, target).read()
    except AadsyncError as error:
        yield Finding(f"target {target.name}", "failed", _one_line(error, f"{target.name}: "))
        return
    kinds = Counter(account.kind for account in snapshot.accounts.values())
    yield Finding(
        f"target {target.name}",
        "ok",
        f"login by {target.auth.method} is an account admin's; it lists {kinds[Kind.USER]} users, "
        f"{kinds[Kind.SERVICE_PRINCIPAL]} service principals, {kinds[Kind.GROUP]} groups.",
    )
    yield _who(target, snapshot)
    people = (Kind.USER, Kind.SERVICE_PRINCIPAL)
    yield _room(patient, target, snapshot, people, MOST_PRINCIPALS, "users and service principals")
    yield _room(patient, target, snapshot, (Kind.GROUP,), MOST_GROUPS, "groups")


def _account(patient: _Patient, target: TargetSettings) -> AccountTarget:
    return AccountTarget(
        target.name,
        databricks_api(target, patient.secrets),
        target.account_id or "",
        pacer=Pacer(ACCOUNT_RATES, target.pace, patient.clock),
        clock=patient.clock,
        client_id=getattr(target.auth, "client_id", None),
    )


def _who(target: TargetSettings, snapshot: TargetSnapshot) -> Finding:
    own = [snapshot.accounts[each] for each in snapshot.own if each in snapshot.accounts]
    check = f"target {target.name} runs as"
    if own:
        return Finding(check, "ok", f"{_named(own[0])}; the sync never changes it.")
    what = "nobody that the account names: this is a SCIM token, or an identity of a workspace."
    remedy = "Log in as a service principal, or protect the one you use in policy.protected."
    return Finding(check, "warning", what, remedy)


def _named(account: Account) -> str:
    shown = account.display_name
    return f"{account.name} ({shown})" if shown and shown != account.name else account.name


def _room(
    patient: _Patient,
    target: TargetSettings,
    snapshot: TargetSnapshot,
    kinds: tuple[Kind, ...],
    most: int,
    what: str,
) -> Finding:
    """Count what the account will hold when everybody in scope is there as well."""
    there = {(a.kind, name_key(a.name)) for a in snapshot.accounts.values() if a.kind in kinds}
    desired = patient.desired
    wanted = (
        [*desired.principals.values(), *(g.principal for g in desired.groups.values())]
        if desired
        else []
    )
    new = {(p.kind, name_key(p.name)) for p in wanted if p.kind in kinds} - there
    count = len(there) + len(new)
    status: Status = "ok" if count < most * NEARLY else "warning" if count <= most else "failed"
    remedy = None if status == "ok" else "Ask Databricks to raise the limit, or narrow the scope."
    detail = f"{count:,} of {most:,} {what}, {len(new):,} of them still to come."
    return Finding(f"target {target.name} limit", status, detail, remedy)


def _store(patient: _Patient) -> Iterator[Finding]:
    if patient.settings.store.sqlite is None:
        return
    path = Path(patient.settings.store.sqlite)
    try:
        reader: Any = open_for_plan(path, patient.settings.name)
        # The port has no word for leases, as planning does not ask for them.
        rows = reader._read(  # noqa: SLF001
            lambda db: db.execute(LEASES, (patient.settings.name,)).fetchall(), ()
        )
    except AadsyncError as error:
        yield Finding("store", "failed", _one_line(error))
        return
    blocked = [
        each for each in (path, path.parent) if each.exists() and not os.access(each, os.W_OK)
    ]
    if blocked or not path.parent.exists():
        where = blocked[0] if blocked else path.parent
        what = "cannot be written to." if blocked else "does not exist."
        yield Finding("store", "failed", f"{where} {what}", "Change store.sqlite or the rights.")
        return
    yield Finding(
        "store", "ok", f"{path}{'' if path.exists() else ' will be made by the first sync'}."
    )
    for target, holder, since, expires in rows:
        held = f"{Process.from_json(holder)} has held it since {utc(since)}"
        if expires > patient.clock.now():
            remedy = "Wait for that run to end; if it died, the lease ends by itself."
            yield Finding(f"lease {target}", "warning", f"{held}, until {utc(expires)}.", remedy)
        else:
            what = f"{held} and did not end; the next sync takes over and repairs."
            yield Finding(f"lease {target}", "ok", what)


CHECKS: tuple[Callable[[_Patient], Iterator[Finding]], ...] = (
    _settings,
    _secrets,
    _entra,
    _graph,
    _scope,
    _targets,
    _store,
)


def _references(settings: Settings) -> Iterator[tuple[str, str, SecretRef]]:
    """Every reference to a secret, with the login it belongs to."""
    logins: list[tuple[str, Section]] = [("source.auth", settings.source.auth)]
    logins += [(f"targets.{target.name}.auth", target.auth) for target in settings.targets]
    for owner, auth in logins:
        yield from ((owner, key, value) for key, value in auth if isinstance(value, SecretRef))


def _wants_applications(settings: Settings) -> bool:
    return settings.scope.service_principals or any(
        selector.application for selector in settings.scope.groups
    )


def _first(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Tell the first few of one kind, and how many more there are."""
    every = list(findings)
    yield from every[:SHOWN]
    if len(every) > SHOWN:
        kind = every[0].check.split()[0]
        yield Finding(kind, "warning", f"and {len(every) - SHOWN} more like the last.")


def _stop(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."


def _one_line(error: Exception, prefix: str = "") -> str:
    return _stop(" ".join(str(error).removeprefix(prefix).split()))
