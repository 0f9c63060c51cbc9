"""The provisioning log: rows of every job, the newest first."""

from __future__ import annotations

from aadsync_lib.sandbox.entra.calls import Routes, require_any
from aadsync_lib.sandbox.entra.errors import bad_request
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.odata import REPORTS
from aadsync_lib.sandbox.entra.paging import GraphRequest, Rows, respond
from aadsync_lib.sandbox.entra.provisioning.calls import admit, not_in_china

READERS = frozenset({"ProvisioningLog.Read.All", "AuditLog.Read.All", "Directory.Read.All"})
_NAMES = (
    "id activityDateTime tenantId jobId cycleId changeId provisioningAction durationInMilliseconds "
    "provisioningStatusInfo provisioningSteps modifiedProperties servicePrincipal sourceSystem "
    "targetSystem initiatedBy sourceIdentity targetIdentity"
)
FIELDS = frozenset(_NAMES.split())
_IN_BETA = {"provisioningAction": "action", "provisioningStatusInfo": "statusInfo"}
_ORDER = "activityDateTime"


def add_routes(routes: Routes) -> None:
    routes.get("/auditLogs/provisioning", _rows, options=("orderby",))


def _rows(call: GraphRequest) -> JsonObject:
    require_any(call, READERS)
    not_in_china(call)
    admit(call, "log")
    matches = call.query.matches(FIELDS.__contains__, REPORTS)
    log = call.state.provisioning.log
    log = log[: len(log) - call.state.provisioning.switches.log_late or None]
    ordered = list(enumerate(log, 1))
    asked = _newest_first(call.query.order)
    if asked and call.state.provisioning.switches.log_order == "asked":
        ordered = [(len(log) - number + 1, row) for number, row in reversed(ordered)]
    rows = {row["id"]: row for _, row in ordered}

    def show(key: str) -> JsonObject | None:
        return None if matches and not matches(rows[key]) else _shown(call, rows[key])

    numbers = [number for number, _ in ordered]
    return respond(call, Rows(list(rows), numbers, show), "auditLogs/provisioning")


def _newest_first(order: str | None) -> bool:
    name, _, direction = (order or f"{_ORDER} desc").strip().partition(" ")
    if name != _ORDER or direction not in {"", "asc", "desc"}:
        raise bad_request(f"The log cannot be ordered by '{order}'.")
    return direction == "desc"


def _shown(call: GraphRequest, row: JsonObject) -> JsonObject:
    if call.state.provisioning.switches.log_principal == "list":
        row = {**row, "servicePrincipal": [row["servicePrincipal"]]}
    if call.version != "beta":
        return row
    return {_IN_BETA.get(name, name): value for name, value in row.items()}
