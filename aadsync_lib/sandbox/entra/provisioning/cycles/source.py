"""Objects of Entra as the provisioning service sees them: assigned, in scope, with their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.provisioning.operators import holds
from aadsync_lib.sandbox.entra.state import EntraState

KINDS = {"user": "User", "group": "Group"}
_OTHER_NAMES = {
    "objectId": "id",
    "originalUserPrincipalName": "userPrincipalName",
    "dirSyncEnabled": "onPremisesSyncEnabled",
    "mobile": "mobilePhone",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A person or a group at one moment."""

    key: str
    kind: str
    """``User`` or ``Group``."""
    name: str
    values: dict[str, str | None]
    exists: bool
    enabled: bool
    assigned: bool
    passes: bool
    """Whether the scoping filter lets it through."""
    members: tuple[str, ...] = ()
    """Direct members of a group that are people; others are not provisioned with it."""
    purged: bool = False
    """Not even in the recycle bin."""

    @property
    def in_scope(self) -> bool:
        return self.exists and self.enabled and self.assigned and self.passes


def mapping_of(schema: JsonObject, kind: str) -> JsonObject | None:
    """The object mapping of people or groups that is switched on."""
    for rule in schema["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            if mapping.get("sourceObjectName") == kind and mapping.get("enabled", True):
                return dict(mapping)
    return None


def candidates(state: EntraState, job: Job) -> list[str]:
    """Ids of whom the job may provision: people first, so that groups find their members."""
    people, groups = dict.fromkeys(_direct(state, job, "user")), list(_direct(state, job, "group"))
    for group in groups:
        members = state.members[group]
        people.update(dict.fromkeys(m for m in members if state.kinds.get(m) == "user"))
    return [*people, *groups]


def _direct(state: EntraState, job: Job, kind: str) -> Iterator[str]:
    listed = state.ids(kind) if _everybody(state, job) else _assigned(state, job)
    for key in dict.fromkeys(listed):
        if state.kinds.get(key) == kind and _can_be_assigned(state, key):
            yield key


def _assigned(state: EntraState, job: Job) -> list[str]:
    entries = state.assignments.values()
    return [e["principalId"] for e in entries if e["resourceId"] == job.principal]


def _everybody(state: EntraState, job: Job) -> bool:
    return state.provisioning.secret(job.principal, "SyncAll").lower() == "true"


def read(state: EntraState, job: Job, schema: JsonObject, key: str) -> Entry:
    """The object as it is now; one that is gone is what the job remembers of it."""
    kind = KINDS.get(state.kinds.get(key, ""), job.types.get(key, "User"))
    gone = state.deleted.get(key)
    item = state.objects.get(key) or (gone.object if gone else {"id": key})
    mapping = mapping_of(schema, kind)
    exists = key in state.objects
    values = _values(item, kind, deleted=not exists)
    members = state.members.get(key, ())
    return Entry(
        key,
        kind,
        str(item.get("userPrincipalName") or item.get("displayName") or key),
        values,
        exists,
        item.get("accountEnabled") is not False,
        exists and _is_assigned(state, job, key),
        mapping is not None and _passes(mapping.get("scope"), values),
        tuple(m for m in members if state.kinds.get(m) == "user"),
        purged=not exists and gone is None,
    )


def _is_assigned(state: EntraState, job: Job, key: str) -> bool:
    """Assigned itself, or a direct member of a group that is."""
    if not _can_be_assigned(state, key):
        return False
    if _everybody(state, job) or key in _assigned(state, job):
        return True
    groups = _direct(state, job, "group")
    return state.kinds[key] == "user" and any(key in state.members[group] for group in groups)


def _can_be_assigned(state: EntraState, key: str) -> bool:
    """A group has to be a security group, else an assignment of it means nothing."""
    return state.kinds[key] != "group" or bool(state.objects[key].get("securityEnabled"))


def _values(item: JsonObject, kind: str, *, deleted: bool) -> dict[str, str | None]:
    """Values by the names of the provisioning service, all of them texts; empty is ``None``."""
    values = {name: _text(value) for name, value in item.items()}
    values |= {name: values.get(other) for name, other in _OTHER_NAMES.items()}
    phones = item.get("businessPhones") or [None]
    values["telephoneNumber"] = _text(phones[0])
    extensions = item.get("onPremisesExtensionAttributes") or {}
    values |= {name: _text(value) for name, value in extensions.items()}
    if kind == "User":
        disabled = item.get("accountEnabled") is False
        values["IsSoftDeleted"] = str(deleted or disabled)
    return values


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, list | dict):
        return None
    return str(value) or None


def _passes(scope: JsonObject | None, values: dict[str, str | None]) -> bool:
    """All clauses of one group at least; no groups let everybody through."""
    groups = (scope or {}).get("groups") or ()
    return not groups or any(
        all(_holds(clause, values) for clause in group.get("clauses") or ()) for group in groups
    )


def _holds(clause: JsonObject, values: dict[str, str | None]) -> bool:
    wanted = (clause.get("targetOperand") or {}).get("values") or []
    return holds(clause["operatorName"], values.get(clause["sourceOperandName"]), wanted)
