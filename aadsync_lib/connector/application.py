"""The application of a connector, found by its tag, by the journal, or by an intent that was kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.entra import FRESH_TRIES, TRIES, Entra
from aadsync_lib.connector.past import Past, listed
from aadsync_lib.errors import AadsyncError, EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import settings_in
from aadsync_lib.own_words import joined, own
from aadsync_lib.responses import JsonObject

FIELDS = "id,appId,displayName,notes,applicationTemplateId,createdDateTime"
PRINCIPAL = "id,appId,displayName,appRoles"
MADE = "Made by aadsync connector setup."  # a line of the notes, beside the tag
KNOWN = "known"  # in an intent: ids of applications that were there before


@dataclass(frozen=True, slots=True)
class Application:
    """An application with its service principal, as Graph has them.

    ``made``: a setup made it, and not a person who gave it the tag. ``fresh``: not every replica of
    Graph may have it yet.
    """

    row: JsonObject
    principal: JsonObject
    made: bool
    fresh: bool = False

    @property
    def id(self) -> str:
        """Object id of the application."""
        return str(self.row["id"])

    @property
    def app_id(self) -> str:
        """Client id, the same for both."""
        return str(self.row["appId"])

    @property
    def principal_id(self) -> str:
        """Object id of the service principal."""
        return str(self.principal["id"])

    @property
    def name(self) -> str:
        """displayName of the application."""
        return str(self.row.get("displayName") or "")

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines of the notes."""
        return lines_of(self.row)

    @property
    def path(self) -> str:
        """Address of the service principal."""
        return f"/servicePrincipals/{quote(self.principal_id)}"

    @property
    def jobs(self) -> str:
        """Address of the synchronization jobs."""
        return f"{self.path}/synchronization/jobs"

    def with_principal(self, principal: JsonObject) -> Application:
        """Return it with its service principal as it is now."""
        return replace(self, principal=principal)

    @property
    def tries(self) -> int:
        """Looks at what may not be there yet."""
        return FRESH_TRIES if self.fresh else TRIES


def lines_of(row: JsonObject) -> tuple[str, ...]:
    """Return the lines of the notes of an application."""
    return tuple(line.strip() for line in str(row.get("notes") or "").splitlines())


def of_template(entra: Entra, template: str) -> list[JsonObject]:
    """Return every application of the tenant that was made from a template."""
    condition = quote(f"applicationTemplateId eq '{template}'")
    path = f"/applications?$filter={condition}&$select={FIELDS}"
    return entra.rows(path, "list the applications of the gallery template")


def find(entra: Entra, connector: Connector, template: str, past: Past) -> Application | None:
    """Return the application of a connector, ``None`` where there is none.

    Raises ``AadsyncError`` where several may be it, or one that is as good as a stranger's.
    """
    rows = of_template(entra, template)
    row = _tagged(rows, connector) or _remembered(entra, rows, template, past)
    fresh = bool(past.pending)
    intents = past.under_way(Action.CREATE_APPLICATION)
    if row is None and intents:
        row = entra.until(
            lambda: intended(of_template(entra, template), connector, intents), tries=FRESH_TRIES
        )
    elif row is None:
        _refuse_strangers(rows, connector)
    if row is None:
        return None
    made = MADE in lines_of(row) or row["id"] == past.application or _untagged(row)
    return Application(row, principal_of(entra, row, fresh=fresh), made, fresh)


def principal_of(entra: Entra, row: JsonObject, *, fresh: bool) -> JsonObject:
    """Return the service principal of an application."""
    path = f"/servicePrincipals(appId='{row['appId']}')?$select={PRINCIPAL}"
    doing = f"read the service principal of {row.get('displayName')}"
    return entra.settled(lambda: entra.get(path, doing), tries=FRESH_TRIES if fresh else TRIES)


def intended(
    rows: Iterable[JsonObject], connector: Connector, intents: Iterable[Change]
) -> JsonObject | None:
    """Return the application that a request asked for whose answer never came."""
    intents = tuple(intents)
    names = {change.name for change in intents}
    known = {key for change in intents for key in settings_in(change.after).get(KNOWN, ())}
    candidates = [
        row
        for row in rows
        if row.get("displayName") in names and row["id"] not in known and _untagged(row)
    ]
    if len(candidates) > 1:
        raise _several(connector, candidates, "may be the one that an earlier setup made")
    return candidates[0] if candidates else None


def _tagged(rows: Iterable[JsonObject], connector: Connector) -> JsonObject | None:
    ours = [row for row in rows if connector.tag in lines_of(row)]
    if len(ours) > 1:
        raise _several(connector, ours, f"have the line {connector.tag} in their notes")
    return ours[0] if ours else None


def _remembered(
    entra: Entra, rows: Iterable[JsonObject], template: str, past: Past
) -> JsonObject | None:
    """Return the application that the journal knows, whatever became of its notes."""
    if past.application is None:
        return None
    row = next((row for row in rows if row["id"] == past.application), None)
    row = row or _by_id(entra, past.application)
    if row and str(row.get("applicationTemplateId") or template).lower() != template.lower():
        raise AadsyncError(
            joined(
                f"connector.template: the application {row.get('displayName')} ({row['id']}) was made from "
                f"another template ({row['applicationTemplateId']}). ",
                own(
                    "Name that one, or remove the application first: aadsync connector remove --application. "
                    "Nothing was changed."
                ),
            )
        )
    return row


def _by_id(entra: Entra, key: str) -> JsonObject | None:
    path, doing = f"/applications/{quote(key)}?$select={FIELDS}", "read the application"
    if _deleted(entra, key):
        return None
    try:
        return entra.settled(lambda: entra.get(path, doing), tries=FRESH_TRIES)
    except EntraError as error:
        if error.status == 404:
            return None
        raise


def _deleted(entra: Entra, key: str) -> bool:
    """Return whether an application is in the recycle bin, as far as we may look there."""
    path, doing = f"/directory/deletedItems/{quote(key)}?$select=id", "look into the recycle bin"
    try:
        entra.get(path, doing)
    except EntraError as error:
        if 400 <= error.status < 500:
            return False
        raise
    return True


def _untagged(row: JsonObject) -> bool:
    return not any(line.startswith("aadsync:") for line in lines_of(row))


def _refuse_strangers(rows: Iterable[JsonObject], connector: Connector) -> None:
    """Refuse to make a second application where one of this name is there that nobody has marked."""
    name = connector.settings.name
    same = [row for row in rows if row.get("displayName") == name and _untagged(row)]
    if same:
        raise AadsyncError(
            f"{connector.target}: there is an application {name!r} from this template already, and nothing "
            f"tells whose it is: {_ids(same)}. To have this sync use it, add the line {connector.tag} to its "
            f"notes; else choose another connector.name, or delete it. Nothing was changed."
        )


def _several(connector: Connector, rows: list[JsonObject], what: str) -> AadsyncError:
    return AadsyncError(
        f"{connector.target}: several applications {what}: {_ids(rows)}. Add the line {connector.tag} to the "
        f"notes of the right one and remove it from, or delete, the others. Nothing was changed."
    )


def _ids(rows: Iterable[JsonObject]) -> str:
    return listed(f"{row.get('displayName')} (object id {row['id']})" for row in rows)
