"""The application and the job of a connector, for commands that use what setup has made."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.status.model import Application
from aadsync_lib.errors import EntraError
from aadsync_lib.model.identity import GUID
from aadsync_lib.responses import JsonObject

SELECT = "$select=id,appId,displayName,notes,createdDateTime"
TEMPLATE = "databricks"  # Graph's name of the connector's synchronization template, in lower case
UNSETTLED = frozenset({404, 409})  # not yet known to every replica


def located(connectors: Connectors, connector: Connector) -> Application | None:
    """Return the application that carries the tag of a connector; ``None`` where there is none.

    Raises ``EntraError`` where several do, or where only the name of one is right.
    """
    entra, name = connectors.entra, connector.settings.name
    same_name = _applications(entra, f"displayName eq {literal(name)}", name)
    ours = _tagged(same_name, connector.tag) or _renamed(entra, connector)
    if len(ours) > 1:
        raise EntraError(
            f"{connector.target}: several applications have the line {connector.tag} in their notes: "
            f"{_listed(ours)}. Nothing was changed. Take it out of all but the one that is meant."
        )
    if same_name and not ours:
        raise EntraError(
            f"{connector.target}: an application of this name is there, and nothing says that it is this "
            f"sync's: {_listed(same_name)}. Nothing was changed. Write {connector.tag} on a line of its "
            f"own into its notes (Entra: App registrations, Branding & properties, Internal note), or "
            f"choose another connector.name."
        )
    return _application(entra, ours[0]) if ours else None


def _applications(entra: Entra, condition: str, name: str) -> list[JsonObject]:
    path = f"/applications?$filter={quote(condition)}&{SELECT}"
    return entra.rows(path, f"look up the application {name}")


def _renamed(entra: Entra, connector: Connector) -> list[JsonObject]:
    """Return the application where somebody gave it another name; the gallery's template stays."""
    template, name = connector.settings.template, connector.settings.name
    ids = [template]
    if not GUID.fullmatch(template):
        condition = quote(f"displayName eq {literal(template)}")
        path = f"/applicationTemplates?$filter={condition}"
        rows = entra.rows(path, f"look up the gallery's template {template}")
        ids = [str(row.get("id")) for row in rows]
    conditions = (f"applicationTemplateId eq {literal(key)}" for key in ids)
    each = (row for condition in conditions for row in _applications(entra, condition, name))
    return _tagged(each, connector.tag)


def _tagged(rows: Iterable[JsonObject], tag: str) -> list[JsonObject]:
    return [row for row in rows if tag in map(str.strip, str(row.get("notes") or "").splitlines())]


def _listed(rows: Iterable[JsonObject]) -> str:
    return ", ".join(
        f"{row.get('displayName')} (object id {row.get('id')}, client id {row.get('appId')})"
        for row in rows
    )


def _application(entra: Entra, row: JsonObject) -> Application | None:
    """Return an application with its service principal, without which there is nothing to provision with."""
    app_id, name = str(row.get("appId")), str(row.get("displayName"))
    path = f"/servicePrincipals?$filter={quote(f'appId eq {literal(app_id)}')}&$select=id,appId"
    principals = entra.rows(path, f"look up the service principal of {name}")
    if not principals:
        return None
    return Application(str(row.get("id")), app_id, str(principals[0].get("id")), name)


def jobs_of(entra: Entra, connector: Connector, application: Application) -> list[JsonObject]:
    """Return the jobs of a connector, the one that is ours first; none where there is none yet."""
    path = f"/servicePrincipals/{quote(application.service_principal_id)}/synchronization/jobs"
    doing = f"read the provisioning job of {connector.settings.name}"
    try:
        rows = entra.settled(lambda: entra.rows(path, doing), statuses=UNSETTLED)
    except EntraError as error:
        if error.status == 404:
            return []
        raise
    return sorted(rows, key=lambda row: str(row.get("templateId")).lower() != TEMPLATE)


def literal(text: str) -> str:
    """Return a literal of OData, whatever the text holds."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"
