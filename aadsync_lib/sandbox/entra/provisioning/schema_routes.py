"""Schemas of jobs: mappings and scoping filters, replaced whole."""

from copy import deepcopy

from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.memory.provisioning import Provisioning
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.provisioning import operators
from aadsync_lib.sandbox.entra.provisioning.calls import JOB, job_of, refused
from aadsync_lib.sandbox.entra.provisioning.schema_check import check_schema
from aadsync_lib.sandbox.entra.provisioning.schema_default import default_schema


def add_routes(routes: Routes) -> None:
    routes.get(f"{JOB}/schema", _read, options=("expand",))
    routes.put(f"{JOB}/schema", _replace)
    routes.delete(f"{JOB}/schema", _default)
    routes.get(f"{JOB}/schema/directories", _directories)
    routes.get(f"{JOB}/schema/filterOperators", _operators)
    routes.get(f"{JOB}/schema/filterOperators()", _operators)


def schema_of(provisioning: Provisioning, job: Job) -> JsonObject:
    """The schema of a job, its own or the default."""
    return job.schema or default_schema(job, provisioning.switches.rule_suffix)


def _read(call: GraphRequest) -> JsonObject:
    job, provisioning = job_of(call, write=False), call.state.provisioning
    shown = {
        "@odata.context": _context(call, "$entity"),
        "id": job.id,
        "version": f"v1.{job.schema_version}",
        **schema_of(provisioning, job),
    }
    expanded = "directories" in (call.query.expand or "")
    if not expanded and provisioning.switches.directories == "expanded":
        del shown["directories"]
    return shown


def _context(call: GraphRequest, rest: str) -> str:
    job = f"servicePrincipals('{call.path('id')}')/synchronization/jobs('{call.path('job')}')"
    return f"{call.root}/$metadata#{job}/schema/{rest}"


def _replace(call: GraphRequest) -> Reply:
    """Take the body in place of the schema, with the members that nobody knows; the next cycle is a full one."""
    job, provisioning = job_of(call), call.state.provisioning
    before = schema_of(provisioning, job)
    ignored = {"id", "version", "@odata.context"}
    wanted = {name: deepcopy(v) for name, v in call.body.items() if name not in ignored}
    if not wanted.get("directories"):
        if provisioning.switches.put_without_directories == "refused":
            raise refused("A schema without directories cannot be saved.")
        wanted["directories"] = before["directories"]
    lenient = provisioning.switches.unknown_attributes == "accepted"
    check_schema(wanted, wanted["directories"], lenient=lenient)
    _save(job, wanted)
    return DONE


def _default(call: GraphRequest) -> Reply:
    _save(job_of(call), None)
    return DONE


def _save(job: Job, schema: JsonObject | None) -> None:
    job.schema = schema
    job.schema_version += 1
    job.reset("Watermark")
    job.settle()


def _directories(call: GraphRequest) -> JsonObject:
    job = job_of(call, write=False)
    value = schema_of(call.state.provisioning, job)["directories"]
    return {"@odata.context": _context(call, "directories"), "value": value}


def _operators(call: GraphRequest) -> JsonObject:
    job_of(call, write=False)
    capitals = call.state.provisioning.switches.operators_in_capitals
    value = operators.described(capitals=capitals)
    return {"@odata.context": _context(call, "filterOperators"), "value": value}
