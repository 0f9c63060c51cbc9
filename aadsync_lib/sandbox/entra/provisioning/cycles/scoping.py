"""Scoping of one object: who leaves, and the steps that say why somebody is out of scope."""

from __future__ import annotations

from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import Outcome
from aadsync_lib.sandbox.entra.provisioning.cycles.source import Entry


def leaves(job: Job, entry: Entry, *, keep_out_of_scope: bool) -> bool:
    """Whether the next export takes somebody away who is provisioned."""
    if entry.in_scope or entry.key not in job.links:
        return False
    if keep_out_of_scope and entry.exists and entry.enabled:
        return False
    done = job.exported.get(entry.key, {}).get("values", {})
    disabled = entry.kind == "User" and done.get("active") == "False"
    return not disabled or entry.purged


def introduce(outcome: Outcome) -> None:
    """The steps before any request: what was read, and whether it is in scope."""
    entry = outcome.entry
    shown = ("objectId", "userPrincipalName", "displayName", "accountEnabled", "IsSoftDeleted")
    read = {name: value for name in shown if (value := entry.values.get(name)) is not None}
    words = f"Retrieved {entry.kind} '{entry.name}' from Microsoft Entra ID"
    outcome.step("EntryImport", "Import", "Success", words, **read)
    outcome.step(
        "EntrySynchronizationScoping",
        "Scoping",
        "Success" if entry.in_scope else "Skipped",
        f"Determine if {entry.kind} in scope by evaluating against each scoping filter",
        IsActive=str(entry.exists and entry.enabled),
        Assigned=str(entry.assigned),
        IsEffectivelyEntitledForProvisioning=str(entry.assigned),
        IsInProvisioningScopeDisplayName=str(entry.passes),
    )


def why_not(entry: Entry) -> str:
    if not entry.exists:
        return "is deleted"
    if not entry.enabled:
        return "is disabled"
    if not entry.assigned:
        return "is not assigned to the application"
    return "does not pass the scoping filter"
