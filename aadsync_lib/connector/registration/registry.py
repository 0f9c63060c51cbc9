"""The application of a sync as Entra has it, read through Graph."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.registration.credential import Credential
from aadsync_lib.connector.registration.marks import is_tagged, stored_in
from aadsync_lib.connector.registration.model import Application, Found, Wanted
from aadsync_lib.errors import AadsyncError
from aadsync_lib.responses import JsonObject

GRAPH_APP = "00000003-0000-0000-c000-000000000000"  # in every tenant and cloud
READ = "read the application registration"
FIELDS = "id,appId,displayName,notes,createdDateTime,requiredResourceAccess,passwordCredentials,keyCredentials"


class Registry:
    """Reads of one tenant."""

    def __init__(self, entra: Entra) -> None:
        self._entra = entra

    def found(self, wanted: Wanted, *, looks: int = 1) -> Found:
        """Return all that a registration is about. An application that is not found is looked for ``looks`` times."""
        application, warnings = self._application(wanted, looks)
        graph, roles = self._graph()
        if application is None:
            return Found(graph, roles, warnings=warnings)
        principal = self.principal(application.app_id)
        return Found(
            graph,
            roles,
            application,
            principal,
            self.granted(principal, graph) if principal else frozenset(),
            self.federated(application.id) if wanted.federation else frozenset(),
            warnings,
        )

    def tagged(self, wanted: Wanted) -> list[Application]:
        """Return the applications that ``register`` made for this sync, oldest first."""
        return [each for each in self._named(wanted.name) if is_tagged(each.notes, wanted.sync)]

    def application(self, key: str) -> Application:
        """Return an application by its object id."""
        path = f"/applications/{key}?$select={FIELDS}"
        return application_from(self._entra.get(path, READ))

    def by_app_id(self, app_id: str) -> Application | None:
        """Return an application by its client id, ``None`` where this tenant has none."""
        path = f"/applications(appId='{quote(app_id)}')?$select={FIELDS}"
        row = self._entra.find(path, READ)
        return None if row is None else application_from(row)

    def principal(self, app_id: str) -> str | None:
        """Return the id of the service principal of an application."""
        path = f"/servicePrincipals(appId='{app_id}')?$select=id"
        row = self._entra.find(path, "read the service principal")
        return None if row is None else str(row["id"])

    def granted(self, principal: str, graph: str) -> frozenset[str]:
        """Return the ids of Graph's permissions that a service principal was granted."""
        path = f"/servicePrincipals/{principal}/appRoleAssignments"
        rows = self._entra.rows(path, "read the permissions that were granted")
        return frozenset(str(row["appRoleId"]) for row in rows if row.get("resourceId") == graph)

    def federated(self, key: str) -> frozenset[tuple[str, str]]:
        """Return issuer and subject of every federated credential."""
        path = f"/applications/{key}/federatedIdentityCredentials"
        rows = self._entra.rows(path, "read the federated credentials")
        return frozenset((str(row.get("issuer")), str(row.get("subject"))) for row in rows)

    def _application(
        self, wanted: Wanted, looks: int
    ) -> tuple[Application | None, tuple[str, ...]]:
        by_settings = self.by_app_id(wanted.client_id) if wanted.client_id else None
        if by_settings:
            return by_settings, ()
        rows = self._entra.until(lambda: self._named(wanted.name), tries=looks)
        ours = [each for each in rows if is_tagged(each.notes, wanted.sync)]
        if not ours:
            _refuse_strangers(wanted, rows)
            return None, ()
        # Two runs at once may have made two: one that has a credential comes first, then the older.
        ours.sort(key=lambda each: not stored_in(each.notes, wanted.sync))
        return ours[0], tuple(_spare(each, ours[0]) for each in ours[1:])

    def _named(self, name: str) -> list[Application]:
        named = quote(f"displayName eq '{name}'")
        query = f"$filter={named}&$select={FIELDS}"
        rows = self._entra.rows(f"/applications?{query}", "look for the application registration")
        rows.sort(key=lambda row: (str(row.get("createdDateTime") or ""), str(row["id"])))
        return [application_from(row) for row in rows]

    def _graph(self) -> tuple[str, dict[str, str]]:
        path = f"/servicePrincipals(appId='{GRAPH_APP}')?$select=id,appRoles"
        row = self._entra.get(path, "read the permissions that Microsoft Graph has")
        roles = {
            str(role.get("value")): str(role.get("id"))
            for role in row.get("appRoles") or ()
            if "Application" in (role.get("allowedMemberTypes") or ("Application",))
        }
        return str(row["id"]), roles


def application_from(row: JsonObject) -> Application:
    """Return an application from Graph's row."""
    keys = tuple(row.get("keyCredentials") or ())
    return Application(
        str(row["id"]),
        str(row["appId"]),
        str(row.get("displayName") or ""),
        str(row.get("notes") or ""),
        tuple(row.get("requiredResourceAccess") or ()),
        tuple(_credential(e, str(e.get("hint") or "")) for e in row.get("passwordCredentials") or ()),
        tuple(_credential(entry, _thumbprint(entry)) for entry in keys),
        keys,
    )  # fmt: skip


def _credential(entry: JsonObject, mark: str) -> Credential:
    return Credential(
        str(entry.get("keyId")),
        str(entry.get("displayName") or ""),
        mark,
        _moment(entry.get("startDateTime")),
        _moment(entry.get("endDateTime")),
    )


def _thumbprint(entry: JsonObject) -> str:
    """Return the SHA-1 of a certificate in hex, from itself where Graph shows it."""
    try:
        if entry.get("key"):
            certificate = base64.b64decode(str(entry["key"]))
            return hashlib.sha1(certificate, usedforsecurity=False).hexdigest()
        return base64.b64decode(str(entry.get("customKeyIdentifier") or "")).hex()
    except binascii.Error:
        return ""


def _moment(text: object) -> float:
    moment = datetime.fromisoformat(str(text)) if text else datetime.fromtimestamp(0, UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _refuse_strangers(wanted: Wanted, rows: Iterable[Application]) -> None:
    """Refuse an application that has the name and no tag: it may be anybody's."""
    strangers = ", ".join(each.app_id for each in rows)
    if strangers:
        raise AadsyncError(
            f"Entra has an application called {wanted.name} that aadsync did not make (client id "
            f"{strangers}). Nothing was changed. Name it in source.auth as client_id if it is the one to "
            f"log in with; otherwise give it another name, or this sync."
        )


def _spare(application: Application, used: Application) -> str:
    return (
        f"{application.name} is there twice: {used.app_id} is used; delete {application.app_id} in Entra, "
        f"where nothing logs in with it."
    )
