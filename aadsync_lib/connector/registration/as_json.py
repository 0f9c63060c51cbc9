"""A registration as the ``register`` document of the public contract."""

from __future__ import annotations

from aadsync_lib.clock import utc
from aadsync_lib.connector.registration.model import CredentialState, Registration, Step
from aadsync_lib.responses import JsonObject

VERSION = 1


def registration_to_json(registration: Registration) -> JsonObject:
    """Return the document; ``changes`` are done, or of a plan to be done."""
    return {
        "kind": "register",
        "version": VERSION,
        "sync": registration.sync,
        "application": {
            "id": registration.application_id,
            "app_id": registration.app_id,
            "name": registration.name,
        },
        "permissions": [each.name for each in registration.permissions],
        "changes": [_step(step) for step in registration.steps],
        "credential": registration.credential and _credential(registration.credential),
    }


def _step(step: Step) -> JsonObject:
    return {
        "action": step.action.value,
        "name": step.name,
        "before": step.before and dict(step.before),
        "after": step.after and dict(step.after),
        "reason": step.reason,
    }


def _credential(state: CredentialState) -> JsonObject:
    return {
        "kind": state.kind.value,
        "stored_in": state.stored_in,
        "ends": None if state.ends is None else utc(state.ends),
    }
