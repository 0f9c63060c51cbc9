"""The state of a connector, as Graph and the journal have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aadsync_lib.connector.application import Application
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.past import Past
from aadsync_lib.model.connector import Principals
from aadsync_lib.responses import JsonObject

ACTIVE = "Active"
NO_ROLE = "00000000-0000-0000-0000-000000000000"  # default access


@dataclass(frozen=True, slots=True)
class Assignment:
    """Somebody who is assigned to the application. ``id`` is the assignment's."""

    id: str
    principal: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a plan compares with the settings; nothing but ``template`` where there is no application.

    ``directories`` are definitions of attributes, none where Graph does not show them; ``operators`` the
    names of filter operators, none where nobody asked.
    """

    template: str
    past: Past
    wanted: Principals = field(default_factory=lambda: Principals({}, {}))
    application: Application | None = None
    job: JsonObject | None = None
    other_jobs: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    schema: JsonObject | None = None
    operators: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether Entra starts cycles: the schedule says so, and not the status."""
        schedule = (self.job or {}).get("schedule") or {}
        return str(schedule.get("state")) == ACTIVE

    @property
    def quarantine(self) -> str | None:
        """The reason of a quarantine."""
        found = ((self.job or {}).get("status") or {}).get("quarantine")
        return str(found.get("reason") or "unknown") if isinstance(found, dict) else None


def job_path(application: Application, job_id: str) -> str:
    """Return the address of a job."""
    return f"{application.jobs}/{quote(job_id)}"


def role_of(connector: Connector, application: Application) -> str:
    """Return the id of the role to assign; default access where the application has none."""
    roles = [role for role in application.principal.get("appRoles") or [] if _for_people(role)]
    wanted = connector.settings.assign.role.lower()
    named = [role for role in roles if wanted in _names(role)]
    return str((named or roles or [{"id": NO_ROLE}])[0]["id"])


def role_missing(connector: Connector, application: Application) -> str:
    """Return the names of the roles there are, where none is the one to assign; empty where all is well."""
    roles = [role for role in application.principal.get("appRoles") or [] if _for_people(role)]
    wanted = connector.settings.assign.role.lower()
    if not roles or any(wanted in _names(role) for role in roles):
        return ""
    return ", ".join(sorted(str(role.get("displayName")) for role in roles))


def _for_people(role: JsonObject) -> bool:
    return bool(role.get("isEnabled", True)) and "User" in (
        role.get("allowedMemberTypes") or ["User"]
    )


def _names(role: JsonObject) -> set[str]:
    return {str(role.get(key) or "").lower() for key in ("displayName", "value")}
