"""Writes of one registration to Entra and to the place of its credential, one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from aadsync_lib.clock import utc
from aadsync_lib.connector.entra import FRESH_TRIES, PAUSE, TRIES, Entra
from aadsync_lib.connector.registration.certificate import mark_of, new_certificate
from aadsync_lib.connector.registration.credential import Credential, CredentialKind, Decision
from aadsync_lib.connector.registration.marks import (
    Stored,
    noted,
    place_digest,
    stored_in,
    tag_of,
)
from aadsync_lib.connector.registration.model import (
    Application,
    Federation,
    Found,
    NewCredential,
    Step,
    Wanted,
)
from aadsync_lib.connector.registration.place import Place
from aadsync_lib.connector.registration.registry import Registry, application_from
from aadsync_lib.connector.registration.wanted import Permission
from aadsync_lib.errors import AadsyncError, AnswerUnclearError, CredentialError, EntraError
from aadsync_lib.model.change import Action
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject

NOT_YET = (
    "NoBackingApplicationObject",
    "does not reference a valid application",
)
THERE = "already exists"  # 400 or 409, by the kind of object
LOST = "It may have made one that nobody knows; the next run removes it."
NEXT = "The next run of register finishes this."

T = TypeVar("T")


class Writer:
    """Does the steps of a registration; ``touched`` says whether anything may have been changed."""

    def __init__(
        self,
        wanted: Wanted,
        found: Found,
        decision: Decision | None,
        entra: Entra,
        place: Place | None,
        clock: Clock,
        hide: Callable[[str], None],
    ) -> None:
        self._wanted = wanted
        self._found = found
        self._decision = decision
        self._entra = entra
        self._registry = Registry(entra)
        self._place = place
        self._clock = clock
        self._hide = hide
        self._fresh = False
        self.application: Application | None = found.application
        self.principal = found.principal
        self.granted = set(found.granted)
        self.credential: Credential | None = decision.current if decision else None
        self.touched = False

    def do(self, step: Step) -> None:
        """Do one step. Raises ``AadsyncError``; then the step was not done, or ``touched`` is set."""
        match step.item:
            case Permission():
                self._grant(step.item)
            case Federation():
                self._federate(step.item, step.name)
            case NewCredential():
                self._new_credential(step.item.kind)
            case Credential():
                self._remove(step.item)
            case _:
                self._write_object(step)
        self.touched = True

    def _write_object(self, step: Step) -> None:
        match step.action:
            case Action.CREATE_APPLICATION:
                self._create_application(step.body or {})
            case Action.CREATE_SERVICE_PRINCIPAL:
                self._create_principal()
            case _:
                self._update(step.body or {}, "change the application registration")

    @property
    def _ours(self) -> Application:
        assert self.application
        return self.application

    @property
    def _path(self) -> str:
        return f"/applications/{self._ours.id}"

    def _create_application(self, body: JsonObject) -> None:
        try:
            row = self._entra.post("/applications", body, "make the application registration")
        except AnswerUnclearError:
            self.touched = True
            ours = self._entra.until(lambda: self._registry.tagged(self._wanted), tries=FRESH_TRIES)
            if not ours:
                raise
            self.application = ours[0]
        else:
            self.application = application_from({**body, **row})
        self._fresh = True

    def _create_principal(self) -> None:
        app_id, doing = self._ours.app_id, "make the service principal of the application"
        body: JsonObject = {"appId": app_id}
        try:
            row = self._settled(
                lambda: self._entra.post("/servicePrincipals", body, doing, repeatable=True)
            )
            self.principal = str(row["id"])
        except EntraError as error:
            if error.status != 409:
                raise
            # An earlier try made it, whose answer was lost.
            self.principal = self._entra.until(
                lambda: self._registry.principal(app_id), tries=FRESH_TRIES
            )
            if self.principal is None:
                raise
        self._fresh = True

    def _update(self, body: JsonObject, doing: str) -> None:
        self._settled(lambda: self._entra.patch(self._path, body, doing))
        if "notes" in body:
            self.application = replace(self._ours, notes=str(body["notes"]))

    def _grant(self, permission: Permission) -> None:
        assert self.principal
        role = self._found.roles[permission.name]
        body: JsonObject = {
            "principalId": self.principal,
            "resourceId": self._found.graph,
            "appRoleId": role,
        }
        path = f"/servicePrincipals/{self.principal}/appRoleAssignments"
        doing = f"grant {permission.name}"
        self._add(path, body, doing)
        self.granted.add(role)

    def _federate(self, federation: Federation, name: str) -> None:
        body: JsonObject = {
            "name": name,
            "issuer": federation.issuer,
            "subject": federation.subject,
            "audiences": [federation.audience],
            "description": tag_of(self._wanted.sync),
        }
        path = f"{self._path}/federatedIdentityCredentials"
        self._add(path, body, "add the federated credential")

    def _add(self, path: str, body: JsonObject, doing: str) -> None:
        """Add what cannot be there twice."""
        try:
            self._settled(lambda: self._entra.post(path, body, doing, repeatable=True))
        except EntraError as error:
            if error.status not in (400, 409) or THERE not in str(error):
                raise

    def _new_credential(self, kind: CredentialKind) -> None:
        ends = float(int(self._clock.now() + self._wanted.lifetime))
        make = self._certificate if kind is CredentialKind.CERTIFICATE else self._secret
        credential, value = make(ends)
        self._hide(value)
        self._store(credential, value)
        self.touched = True
        self.credential = credential
        self._note(credential)

    def _secret(self, ends: float) -> tuple[Credential, str]:
        name, path = tag_of(self._wanted.sync), f"{self._path}/addPassword"
        body = {"passwordCredential": {"displayName": name, "endDateTime": utc(ends)}}
        try:
            row = self._settled(lambda: self._entra.post(path, body, "make a client secret"))
        except AnswerUnclearError as error:
            self.touched = True
            raise AnswerUnclearError(f"{error} {LOST}", error.status, error.code) from error
        value, key = str(row.get("secretText") or ""), str(row.get("keyId") or "")
        if not value:
            self.touched = True
            raise EntraError(f"could not make a client secret: the answer shows none. {LOST}")
        return Credential(key, name, mark_of(CredentialKind.CLIENT_SECRET, value), 0.0, ends), value

    def _certificate(self, ends: float) -> tuple[Credential, str]:
        name, now = tag_of(self._wanted.sync), self._clock.now()
        made = new_certificate(self._wanted.name, now, ends - int(now))
        entry: JsonObject = {
            "keyId": made.key_id,
            "displayName": name,
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": made.der,
            "startDateTime": utc(made.begins.timestamp()),
            "endDateTime": utc(ends),
        }
        self._keys((*self._ours.keys, entry), "add the certificate")
        mark = mark_of(CredentialKind.CERTIFICATE, made.pem)
        return Credential(made.key_id, name, mark, 0.0, ends), made.pem

    def _keys(self, keys: tuple[JsonObject, ...], doing: str) -> None:
        """Replace the certificates: a change holds all of them."""
        self._update({"keyCredentials": list(keys)}, doing)
        self.application = replace(self._ours, keys=keys)

    def _store(self, credential: Credential, value: str) -> None:
        """Put a credential into its place, or take it back."""
        assert self._place
        try:
            self._place.write(value, credential.ends)
        except CredentialError as error:
            holds = self._holds(value)
            if holds:
                return
            if holds is None:
                self.touched = True
                raise CredentialError(
                    f"{error} Whether it is stored is not known. {NEXT}"
                ) from error
            self._take_back(credential, error)

    def _holds(self, value: str) -> bool | None:
        """Return whether the place has this value; ``None`` where it cannot be read."""
        assert self._place
        try:
            content = self._place.read()
        except CredentialError:
            return None
        if not content.readable:
            return None
        return content.value is not None and content.value.reveal() == value

    def _take_back(self, credential: Credential, cause: CredentialError) -> None:
        try:
            self._remove(credential)
        except AadsyncError as error:
            self.touched = True
            raise CredentialError(
                f"{cause} The new credential {credential.key_id} is still there: {error} "
                f"The next run removes it."
            ) from cause
        raise CredentialError(f"{cause} The new credential was removed again.") from cause

    def _note(self, credential: Credential) -> None:
        """Write into the notes that a credential is stored, without those that go or are gone."""
        assert self._place
        gone = {each.key_id for each in self._decision.remove} if self._decision else set()
        there = {each.key_id for each in (*self._ours.passwords, *self._ours.certificates)} - gone
        stored = [s for s in stored_in(self._ours.notes, self._wanted.sync) if s.key_id in there]
        stored.append(Stored(credential.key_id, place_digest(self._place.address)))
        notes = noted(self._ours.notes, self._wanted.sync, stored)
        self._update({"notes": notes}, "note that the credential is stored")

    def _remove(self, credential: Credential) -> None:
        keys = tuple(key for key in self._ours.keys if key.get("keyId") != credential.key_id)
        if len(keys) < len(self._ours.keys):
            self._keys(keys, "remove a certificate")
            return
        path, body = f"{self._path}/removePassword", {"keyId": credential.key_id}
        try:
            self._entra.post(path, body, "remove a client secret", repeatable=True)
        except EntraError as error:
            if error.status not in (400, 404) or self._has(credential):
                raise

    def _has(self, credential: Credential) -> bool:
        application = self._registry.application(self._ours.id)
        return any(each.key_id == credential.key_id for each in application.passwords)

    def _settled(self, call: Callable[[], T]) -> T:
        """Return what a call returns, tried again while Graph does not have everything yet."""
        for _ in range((FRESH_TRIES if self._fresh else TRIES) - 1):
            try:
                return call()
            except EntraError as error:
                if error.status != 404 and not _not_yet(error):
                    raise
            self._clock.sleep(PAUSE)
        return call()


def _not_yet(error: EntraError) -> bool:
    return error.status == 400 and any(part in f"{error.code} {error}" for part in NOT_YET)
