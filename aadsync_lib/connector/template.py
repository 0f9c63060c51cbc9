"""The template of the gallery that a connector is made from."""

from __future__ import annotations

from urllib.parse import quote

from aadsync_lib.config.connector import GALLERY
from aadsync_lib.connector.clouds import no_template
from aadsync_lib.connector.entra import Entra
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.odata import literal
from aadsync_lib.model.identity import GUID
from aadsync_lib.responses import JsonObject

PUBLISHED = "9c9818d2-2900-49e8-8ba4-22688be7c675"  # its id in the public cloud
DOING = "look for the template in the gallery"


def template_of(entra: Entra, wanted: str, cloud: str) -> str:
    """Return the id of a template, by displayName or id. Raises ``AadsyncError`` for one that is not there."""
    row = _by_id(entra, wanted) if GUID.fullmatch(wanted) else _by_name(entra, wanted)
    if row is None and wanted == GALLERY:
        row = _by_id(entra, PUBLISHED)
    if row is None:
        raise AadsyncError(no_template(cloud, wanted))
    return str(row["id"])


def _by_id(entra: Entra, key: str) -> JsonObject | None:
    return entra.find(f"/applicationTemplates/{key.lower()}", DOING)


def _by_name(entra: Entra, name: str) -> JsonObject | None:
    condition = quote(f"displayName eq {literal(name)}")
    rows = entra.rows(f"/applicationTemplates?$filter={condition}", DOING)
    if len(rows) > 1:
        ids = ", ".join(sorted(str(row.get("id")) for row in rows))
        raise AadsyncError(
            f"connector.template: the gallery has several templates {name!r}: {ids}. "
            f"Name the one that is meant by its id. Nothing was changed."
        )
    return rows[0] if rows else None
