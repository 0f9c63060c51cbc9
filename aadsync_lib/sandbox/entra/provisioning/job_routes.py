"""Synchronization templates and jobs: made, started, paused, restarted, changed and deleted."""

from collections.abc import Awaitable, Callable
from uuid import NAMESPACE_URL, uuid5

from aadsync_lib.sandbox.entra.applications.gallery import SYNCHRONIZATION_TEMPLATES
from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes
from aadsync_lib.sandbox.entra.errors import denied
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import INTERVAL, Job
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.provisioning.calls import (
    JOB,
    ROOT,
    WRITER,
    conflict,
    job_of,
    principal_of,
    refused,
)
from aadsync_lib.sandbox.entra.provisioning.cycles.run import is_due, run

PLAIN_RESTART = ("QuarantineState", "Watermark", "Escrows")
SCOPES = frozenset({*PLAIN_RESTART, "Full", "ForceDeletes"})
UNUSABLE = frozenset({"None", "ConnectorDataStore"})


def add_routes(routes: Routes) -> None:
    routes.get(f"{ROOT}/templates", _templates)
    routes.get(f"{ROOT}/jobs", _jobs)
    routes.post(f"{ROOT}/jobs", _create)
    routes.get(JOB, _job)
    routes.patch(JOB, _change)
    routes.delete(JOB, _delete)
    routes.post(f"{JOB}/start", _start)
    routes.post(f"{JOB}/pause", _pause)
    routes.post(f"{JOB}/restart", _restart)


def _templates(call: GraphRequest) -> JsonObject:
    key = principal_of(call, write=False)
    template = _template(call, key)
    shown = {"id": template, "applicationId": call.state.objects[key]["appId"], "default": True}
    shown |= {"description": None, "discoverable": True, "factoryTag": template, "metadata": []}
    return _collection(call, "templates", [shown] if template else [])


def _template(call: GraphRequest, principal: str) -> str | None:
    """The synchronization template of an application that is from the gallery."""
    origin = call.state.objects[principal].get("applicationTemplateId")
    return SYNCHRONIZATION_TEMPLATES.get(str(origin))


def _jobs(call: GraphRequest) -> JsonObject | Awaitable[JsonObject]:
    principal = principal_of(call, write=False)
    provisioning = call.state.provisioning
    jobs = [job for job in provisioning.jobs_of(principal) if not provisioning.takes(job.id)]
    return _seen(call, jobs, lambda: _collection(call, "jobs", [job.shown() for job in jobs]))


def _seen(
    call: GraphRequest, jobs: list[Job], show: Callable[[], JsonObject]
) -> JsonObject | Awaitable[JsonObject]:
    """Jobs as they are once the cycles that are due have run, or a part of them."""
    due = call.state.provisioning.switches.cycles == "due"
    waiting = [job for job in jobs if due and is_due(call.state, job)]
    return _after_cycles(call, waiting, show) if waiting else show()


async def _after_cycles(
    call: GraphRequest, jobs: list[Job], show: Callable[[], JsonObject]
) -> JsonObject:
    for job in jobs:
        await run(call.state, job, call.state.provisioning.switches.objects_per_read or None)
    return show()


def _collection(call: GraphRequest, name: str, value: list[JsonObject]) -> JsonObject:
    context = f"{call.root}/$metadata#servicePrincipals('{call.path('id')}')/synchronization/{name}"
    return {"@odata.context": context, "value": value}


def _create(call: GraphRequest) -> Reply:
    key = principal_of(call)
    provisioning, switches = call.state.provisioning, call.state.provisioning.switches
    template = _template(call, key)
    if template is None or call.body.get("templateId") != template:
        raise refused(f"Template '{call.body.get('templateId')}' was not found.", "InvalidTemplate")
    if switches.order == "secrets_first" and not provisioning.secrets.get(key):
        raise conflict("The credentials of the application are not there yet.")
    others = provisioning.jobs_of(key)
    if others and switches.second_job == "refused":
        raise conflict("A job of this template exists already.")
    number = uuid5(NAMESPACE_URL, f"{key}/{template}/{len(provisioning.jobs)}/{call.state.now()}")
    tenant = call.state.tenant_id.replace("-", "")
    job = Job(
        f"{template}.{tenant}.{number}", key, template, switches.new_job, switches.new_interval
    )
    provisioning.jobs[job.id] = job
    provisioning.owe(job.id, switches.job_not_found)
    return Reply(201, _shown(call, job))


def _job(call: GraphRequest) -> JsonObject | Awaitable[JsonObject]:
    job = job_of(call, write=False)
    return _seen(call, [job], lambda: _shown(call, job))


def _shown(call: GraphRequest, job: Job) -> JsonObject:
    path = f"servicePrincipals('{call.path('id')}')/synchronization/jobs/$entity"
    return {"@odata.context": f"{call.root}/$metadata#{path}", **job.shown()}


def _change(call: GraphRequest) -> Reply:
    """Settings of the job; it takes the wide permission."""
    if WRITER not in call.state.permissions:
        raise denied()
    job = job_of(call)
    wanted = call.body.get("synchronizationJobSettings")
    if not isinstance(wanted, list) or call.body.keys() - {"synchronizationJobSettings"}:
        raise refused("Only 'synchronizationJobSettings' of a job can be changed.")
    job.settings |= {str(pair["name"]): str(pair["value"]) for pair in wanted}
    return DONE


def _delete(call: GraphRequest) -> Reply:
    """Stop a job and forget all of its state."""
    del call.state.provisioning.jobs[job_of(call).id]
    return DONE


def _start(call: GraphRequest) -> Reply:
    """Run the job; this ends a quarantine, too."""
    job = job_of(call)
    job.state, job.interval, job.due = "Active", INTERVAL, None
    job.reset("QuarantineState")
    job.settle()
    return DONE


def _pause(call: GraphRequest) -> Reply:
    job = job_of(call)
    job.state = "Paused"
    job.settle()
    if job.cycle is not None and job.quarantine is None:
        job.code = call.state.provisioning.switches.pausing_code
    return DONE


def _restart(call: GraphRequest) -> Reply:
    """Forget what the comma-separated scopes say; none are those of the portal."""
    job = job_of(call)
    text = (call.body.get("criteria") or {}).get("resetScope") or ", ".join(PLAIN_RESTART)
    scopes = [scope.strip() for scope in str(text).split(",")]
    for scope in scopes:
        if scope in UNUSABLE or scope not in SCOPES:
            raise refused(f"'{scope}' is not a valid value of resetScope.")
    job.reset(*scopes)
    job.state, job.interval, job.due = "Active", INTERVAL, None
    job.settle()
    return DONE
