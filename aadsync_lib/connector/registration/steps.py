"""The steps of a registration, in the order of its writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aadsync_lib.clock import utc
from aadsync_lib.connector.permissions import READ_AUDIT, READ_LOG
from aadsync_lib.connector.registration.certificate import mark_of
from aadsync_lib.connector.registration.credential import (
    Credential,
    CredentialKind,
    Decision,
    Standing,
    decide,
)
from aadsync_lib.connector.registration.marks import (
    Stored,
    is_tagged,
    noted,
    place_digest,
    stored_in,
    tag_of,
)
from aadsync_lib.connector.registration.model import Application, Found, NewCredential, Step, Wanted
from aadsync_lib.connector.registration.place import Content, Place
from aadsync_lib.connector.registration.registry import GRAPH_APP
from aadsync_lib.connector.registration.wanted import Permission
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.change import Action
from aadsync_lib.responses import JsonObject

INSTEAD = {READ_LOG: READ_AUDIT}  # where a cloud has the one not yet
UNKNOWN = "nobody has it: a run that made it broke off"
BEFORE = "it is the one before the last"


def known_permissions(wanted: Iterable[Permission], roles: Mapping[str, str]) -> tuple[Permission, ...]:  # fmt: skip
    """Return the permissions as this cloud's Graph has them. Raises ``AadsyncError`` for others."""
    every = [
        Permission(INSTEAD[each.name], each.reason)
        if each.name not in roles and each.name in INSTEAD
        else each
        for each in wanted
    ]
    lacking = ", ".join(each.name for each in every if each.name not in roles)
    if lacking:
        raise AadsyncError(
            f"Microsoft Graph of this tenant has no application permission {lacking}. Nothing was "
            f"changed. Check source.cloud and source.endpoint."
        )
    return tuple(every)


def decision_of(
    wanted: Wanted, found: Found, place: Place | None, content: Content, now: float
) -> Decision | None:
    """Decide about the credential; ``None`` where none is asked for, or one without a secret."""
    if place is None or wanted.kind in (None, CredentialKind.FEDERATED):
        return None
    assert wanted.kind
    application = found.application
    value = content.value.reveal() if content.value else None
    standing = Standing(
        application.credentials(wanted.kind) if application else (),
        stored_in(application.notes, wanted.sync) if application else (),
        place_digest(place.address),
        tag_of(wanted.sync),
        mark_of(wanted.kind, value) if content.readable else None,
        now,
    )
    return decide(standing, rotate=wanted.rotate)


def steps_of(
    wanted: Wanted, found: Found, decision: Decision | None, place: Place | None, now: float
) -> tuple[Step, ...]:
    """Return what makes Entra, and the place, as they are wanted."""
    application = found.application
    if application is None:
        steps = [_create(wanted, found)]
    else:
        steps = list(_update(wanted, found, application, decision, place))
    if found.principal is None:
        reason = "logins and permissions belong to it"
        steps.append(Step(Action.CREATE_SERVICE_PRINCIPAL, wanted.name, reason))
    steps += _grants(wanted, found)
    steps += _federation(wanted, found)
    if decision and place:
        steps += _credential(wanted, decision, place, now)
    return tuple(steps)


def _create(wanted: Wanted, found: Found) -> Step:
    body: JsonObject = {
        "displayName": wanted.name,
        "signInAudience": "AzureADMyOrg",
        "notes": noted(None, wanted.sync, ()),
        "requiredResourceAccess": _access((), wanted, found),
    }
    after = {"displayName": wanted.name, "permissions": [each.name for each in wanted.permissions]}
    reason = f"there is none of the sync {wanted.sync}"
    return Step(Action.CREATE_APPLICATION, wanted.name, reason, None, after, body=body)


def _update(
    wanted: Wanted,
    found: Found,
    application: Application,
    decision: Decision | None,
    place: Place | None,
) -> Iterator[Step]:
    action, name = Action.UPDATE_APPLICATION, application.name
    asked = _asked(application.access)
    missing = [each.name for each in wanted.permissions if found.roles[each.name] not in asked]
    if missing:
        body: JsonObject = {"requiredResourceAccess": _access(application.access, wanted, found)}
        after: dict[str, Any] = {"permissions": missing}
        yield Step(action, name, "asks for what the settings need", None, after, body=body)
    stored = stored_in(application.notes, wanted.sync)
    if decision and decision.note and decision.current and place:
        new = Stored(decision.current.key_id, place_digest(place.address))
        notes = noted(application.notes, wanted.sync, (*stored, new))
        after = {"stored": decision.current.key_id}
        reason = "a run before stored a credential, and broke off before it said so"
        yield Step(action, name, reason, None, after, body={"notes": notes})
    elif not is_tagged(application.notes, wanted.sync):
        after = {"notes": tag_of(wanted.sync)}
        reason = "source.auth.client_id names it: it is the one of this sync"
        body = {"notes": noted(application.notes, wanted.sync, stored)}
        yield Step(action, name, reason, None, after, body=body)


def _grants(wanted: Wanted, found: Found) -> Iterator[Step]:
    for each in wanted.permissions:
        if found.roles[each.name] not in found.granted:
            after = {"permission": each.name, "resource": "Microsoft Graph"}
            yield Step(Action.ASSIGN, each.name, each.reason, None, after, each)


def _federation(wanted: Wanted, found: Found) -> Iterator[Step]:
    wants = wanted.federation
    if wants is None or (wants.issuer, wants.subject) in found.federated:
        return
    after = {"kind": "federated", "issuer": wants.issuer, "subject": wants.subject}
    reason = "tokens of this issuer log in, without a secret"
    yield Step(Action.SET_CREDENTIALS, wants.name(wanted.name), reason, None, after, wants)


def _credential(wanted: Wanted, decision: Decision, place: Place, now: float) -> Iterator[Step]:
    assert wanted.kind
    action, name = Action.SET_CREDENTIALS, place.reference
    if decision.reason:
        before = _shown(wanted.kind, decision.current) if decision.current else None
        after = {"kind": wanted.kind.value, "ends": utc(now + wanted.lifetime)}
        item = NewCredential(wanted.kind)
        yield Step(action, name, decision.reason, before, after, item)
    for each in decision.remove:
        reason, before = _why(each, decision, now), _shown(wanted.kind, each)
        yield Step(action, each.key_id, reason, before, None, each)


def _why(credential: Credential, decision: Decision, now: float) -> str:
    if credential.ends <= now:
        return "it has ended"
    return UNKNOWN if credential.key_id in decision.unknown else BEFORE


def _shown(kind: CredentialKind, credential: Credential) -> dict[str, object]:
    return {"kind": kind.value, "key_id": credential.key_id, "ends": utc(credential.ends)}


def _asked(access: Iterable[JsonObject]) -> set[str]:
    """Return the ids of Graph's application permissions that an application asks for."""
    return {
        str(entry.get("id"))
        for resource in access
        if resource.get("resourceAppId") == GRAPH_APP
        for entry in resource.get("resourceAccess") or ()
        if entry.get("type") == "Role"
    }


def _access(access: tuple[JsonObject, ...], wanted: Wanted, found: Found) -> list[JsonObject]:
    """Return what an application asks for, with all that is wanted besides."""
    asked = _asked(access)
    ids = [found.roles[each.name] for each in wanted.permissions]
    new = [{"id": role, "type": "Role"} for role in ids if role not in asked]
    ours = [entry for entry in access if entry.get("resourceAppId") == GRAPH_APP]
    others = [entry for entry in access if entry.get("resourceAppId") != GRAPH_APP]
    there = [each for entry in ours for each in entry.get("resourceAccess") or ()]
    return [*others, {"resourceAppId": GRAPH_APP, "resourceAccess": [*there, *new]}]
