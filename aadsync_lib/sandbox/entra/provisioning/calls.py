"""Shared parts of the synchronization handlers: who may call, and which job it is about."""

import math
import time

from aadsync_lib.sandbox.entra.calls import get_object
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request, denied, not_found
from aadsync_lib.sandbox.entra.kinds import SERVICE_PRINCIPAL
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.paging import GraphRequest

ROOT = "/servicePrincipals/{id}/synchronization"
JOB = f"{ROOT}/jobs/{{job}}"
WRITER = "Synchronization.ReadWrite.All"
READERS = frozenset({WRITER, "Synchronization.Read.All"})


def principal_of(call: GraphRequest, *, write: bool = True) -> str:
    """The service principal in the path, once the caller may use it and its delays are over."""
    key: str = get_object(call, SERVICE_PRINCIPAL, call.path("id"))["id"]
    permissions, applications = call.state.permissions, call.state.applications
    owner = key in applications.owned and "Application.ReadWrite.OwnedBy" in permissions
    allowed = owner or WRITER in permissions or (not write and not READERS.isdisjoint(permissions))
    if not allowed or applications.takes(key, "forbidden"):
        raise denied()
    if applications.takes(key, "conflicts"):
        raise conflict("The service principal is not ready for provisioning yet.")
    return key


def job_of(call: GraphRequest, *, write: bool = True) -> Job:
    """The job in the path."""
    principal = principal_of(call, write=write)
    provisioning = call.state.provisioning
    job = provisioning.jobs.get(call.path("job"))
    if job is None or job.principal != principal or provisioning.takes(job.id):
        raise not_found(call.path("job"))
    return job


def not_in_china(call: GraphRequest) -> None:
    """Refuse what the cloud of China does not serve, as a path that is not known."""
    if call.state.applications.switches.cloud == "china":
        segment = call.request.url.path.rpartition("/")[2]
        raise bad_request(f"Resource not found for the segment '{segment}'.")


def conflict(message: str) -> GraphError:
    return GraphError(409, "Request_Conflict", message)


def refused(message: str, code: str = "BadRequest") -> GraphError:
    return GraphError(400, code, message)


def admit(call: GraphRequest, what: str) -> None:
    """Refuse a request over the limit with 429 and the seconds to wait."""
    provisioning = call.state.provisioning
    speed = provisioning.switches.throttled
    wait = provisioning.pace.wait(what, speed, time.monotonic()) if speed else 0.0
    if wait:
        retry = {"Retry-After": str(max(1, math.ceil(wait)))}
        raise GraphError(429, "TooManyRequests", "Too many requests.", retry)
