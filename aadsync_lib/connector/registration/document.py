"""A registration as a document for people."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.clock import utc
from aadsync_lib.connector.registration.credential import CredentialKind
from aadsync_lib.connector.registration.model import CredentialState, Registration, Step
from aadsync_lib.model.change import Action
from aadsync_lib.own_words import joined, own
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Document, Part, Table
from aadsync_lib.report.wording import count

NO_CREDENTIAL = (
    "No credential is asked for: name a place for one by --store-in, such as "
    '--store-in "secret: aadsync/entra-client-secret".'
)
WORDS = {
    Action.CREATE_APPLICATION: "create application",
    Action.CREATE_SERVICE_PRINCIPAL: "create service principal",
    Action.UPDATE_APPLICATION: "update application",
    Action.ASSIGN: "grant permission",
}
METHODS = {
    CredentialKind.CLIENT_SECRET: ("client_secret", "client_secret"),
    CredentialKind.CERTIFICATE: ("certificate", "certificate"),
}


def registration_document(registration: Registration, *, planned: bool) -> Document:
    """Show what was done, or is to be done, and what the application then has."""
    size = len(registration.steps)
    what = "Plan for the registration" if planned else "Registration"
    ending = count(size, "change") if size else "nothing to do"
    failed = registration.failed
    return Document(
        f"{what} of {registration.name}: {ending}",
        state="done in part" if failed else "",
        tone=BAD if failed else (GOOD if not size else BENT),
        alerts=tuple(Alert(BENT, text) for text in registration.warnings),
        lines=tuple(_lines(registration)),
        parts=(Part(registration.name, tables=tuple(_tables(registration))),),
        next=_next(registration, planned=planned),
        size=size,
    )


def _lines(registration: Registration) -> Iterator[str]:
    if registration.app_id:
        yield f"Application: {registration.name}, client id {registration.app_id}"
    credential = registration.credential
    yield f"Credential: {_credential(credential)}" if credential else NO_CREDENTIAL


def _credential(state: CredentialState) -> str:
    kind = state.kind.value.replace("_", " ")
    if state.kind is CredentialKind.FEDERATED:
        return "tokens of another issuer; there is no secret"
    ends = "" if state.ends is None else f", ends {utc(state.ends)[:10]}"
    return f"{kind} in {state.stored_in}{ends}"


def _tables(registration: Registration) -> Iterator[Table]:
    rows = tuple((step.name, _words(step), step.reason) for step in registration.steps)
    failed = tuple((step.name, _words(step), reason) for step, reason in registration.failed)
    permissions = tuple(
        (each.name, "yes" if each.name in registration.granted else "no", each.reason)
        for each in registration.permissions
    )
    every = (
        Table("Changes", ("Name", "Change", "Why"), rows),
        Table("Failed", ("Name", "Change", "Error"), failed),
        Table("Permissions of Microsoft Graph", ("Permission", "Granted", "Why"), permissions),
    )
    yield from (table for table in every if table.rows)


def _words(step: Step) -> str:
    if step.action is Action.SET_CREDENTIALS:
        return "remove credential" if step.after is None else "add credential"
    return WORDS[step.action]


def _next(registration: Registration, *, planned: bool) -> str:
    if planned:
        return "Next: the same command without --plan does it." if registration.steps else ""
    if registration.failed:
        return "Next: have an administrator grant what failed, then run register again."
    return joined(f"Next: {_login(registration)}; ", own("aadsync doctor tries it."))


def _login(registration: Registration) -> str:
    app_id, credential = registration.app_id, registration.credential
    if credential is None:
        return f"client id {app_id} in source.auth"
    if credential.kind is CredentialKind.FEDERATED:
        return (
            f"source.auth: {{method: workload_identity, client_id: {app_id}, token_file: FILE}} in the "
            f"settings"
        )
    method, key = METHODS[credential.kind]
    return (
        f"source.auth: {{method: {method}, client_id: {app_id}, {key}: {{{credential.stored_in}}}}} in the "
        f"settings"
    )
