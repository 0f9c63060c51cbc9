"""Provisioning on demand: one person, or one group with up to five of its members."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from aadsync_lib.sandbox.entra.calls import Routes
from aadsync_lib.sandbox.entra.errors import not_found
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.provisioning.calls import JOB, admit, job_of, not_in_china, refused
from aadsync_lib.sandbox.entra.provisioning.credentials import Target, probe
from aadsync_lib.sandbox.entra.provisioning.cycles.export import Exporter
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import Outcome, on_demand
from aadsync_lib.sandbox.entra.provisioning.cycles.run import log, options_of
from aadsync_lib.sandbox.entra.provisioning.cycles.source import KINDS, mapping_of, read
from aadsync_lib.sandbox.entra.provisioning.cycles.writer import CredentialsRefusedError
from aadsync_lib.sandbox.entra.provisioning.schema_routes import schema_of
from aadsync_lib.sandbox.entra.state import EntraState

MOST_MEMBERS = 5
STATUS_INFO = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about."""

    key: str
    kind: str
    members: tuple[str, ...] = ()


def add_routes(routes: Routes) -> None:
    routes.post(f"{JOB}/provisionOnDemand", _provision)


def _provision(call: GraphRequest) -> Awaitable[JsonObject]:
    not_in_china(call)
    job = job_of(call)
    admit(call, "provisionOnDemand")
    return _provisioned(call, job, _subject(call, job))


def _subject(call: GraphRequest, job: Job) -> Subject:
    parameters = call.body.get("parameters")
    if not isinstance(parameters, list) or len(parameters) != 1:
        raise refused("One set of parameters is expected.")
    rules = schema_of(call.state.provisioning, job)["synchronizationRules"]
    if parameters[0].get("ruleId") not in {rule["id"] for rule in rules}:
        raise refused(f"The rule '{parameters[0].get('ruleId')}' was not found.")
    subjects = parameters[0].get("subjects")
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise refused("One person or one group is expected.")
    key, kind = _named(call, subjects[0])
    listed = (subjects[0].get("links") or {}).get("members") or []
    if len(listed) > MOST_MEMBERS or (listed and kind != "Group"):
        raise refused(f"A group can be provisioned with up to {MOST_MEMBERS} members.")
    members = [_named(call, item) for item in listed]
    if any(kind != "User" for _, kind in members):
        raise refused("Members have to be people.")
    return Subject(key, kind, tuple(key for key, _ in members))


def _named(call: GraphRequest, item: Any) -> tuple[str, str]:
    """The object of a subject, whose type has to be spelled as it is."""
    if not isinstance(item, dict) or item.get("objectTypeName") not in KINDS.values():
        raise refused("An objectTypeName of User or Group is expected.")
    key, kind = str(item.get("objectId")), str(item["objectTypeName"])
    if KINDS.get(call.state.kinds.get(key, "")) != kind:
        raise not_found(key)
    return key, kind


async def _provisioned(call: GraphRequest, job: Job, subject: Subject) -> JsonObject:
    state, switches = call.state, call.state.provisioning.switches
    target = Target.stored(state.provisioning, job.principal)
    outcomes: list[Outcome] = []
    late = switches.on_demand_late > 0
    switches.on_demand_late = max(0, switches.on_demand_late - 1)
    chosen = frozenset(subject.members)
    for key in (*subject.members, subject.key):
        outcomes.append(await _export(state, job, target, key, chosen, late=late))
        log(state, job, str(uuid4()), outcomes[-1])
    context = f"{call.root}/$metadata#microsoft.graph.stringKeyStringValuePair"
    return {"@odata.context": context, **_pair(call, subject, outcomes)}


async def _export(
    state: EntraState, job: Job, target: Target, key: str, chosen: frozenset[str], *, late: bool
) -> Outcome:
    schema = schema_of(state.provisioning, job)
    with state.lock:
        entry = read(state, job, schema, key)
    entry = replace(entry, assigned=entry.assigned and not late)
    outcome = Outcome(entry, state.now())
    mapping = mapping_of(schema, entry.kind)
    if mapping is None:
        return outcome.skip("MappingNotEnabled", f"No mapping of {entry.kind} is enabled.")
    error = await probe(target)
    if error is not None:
        return outcome.fail(error["code"], error["message"])
    options = replace(options_of(state, job, initial=True), only_members=chosen)
    try:
        outcome = await Exporter(target, job, mapping, options).export(entry, state.now())
    except CredentialsRefusedError as refusal:
        return outcome.fail("Unauthorized", str(refusal))
    if not outcome.failed:
        job.escrows.pop(key, None)
    return outcome


def _pair(call: GraphRequest, subject: Subject, outcomes: list[Outcome]) -> JsonObject:
    """Texts of JSON inside a pair of texts, in one of two shapes."""
    switches, now = call.state.provisioning.switches, call.state.now()
    if switches.on_demand == "status_info":
        shown = [on_demand(outcome, now) for outcome in outcomes]
        return {"key": STATUS_INFO, "value": json.dumps(shown)}
    worst = next((outcome for outcome in outcomes if outcome.failed), outcomes[-1])
    details = {"errorCode": worst.code, "errorMessage": worst.reason} if worst.code else {}
    key = json.dumps({"result": worst.status.capitalize(), "details": details})
    empty = subject.kind == "Group" and switches.on_demand_group == "empty"
    return {"key": key, "value": json.dumps({} if empty else on_demand(outcomes[-1], now))}
