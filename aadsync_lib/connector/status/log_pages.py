"""The newest part of the provisioning log of a job: a month at most, and no more than some pages.

Sources: provisioning_api.md, section 5; graph_api.md, section 1 (five requests in ten seconds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote

from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.status.job import text
from aadsync_lib.connector.status.log import when_of
from aadsync_lib.errors import EntraError
from aadsync_lib.graph.odata import literal
from aadsync_lib.responses import JsonObject

KEPT = timedelta(days=30)  # for which Entra keeps its logs, at most
ROWS = 999  # of a page
MOST_PAGES = 10  # of a log that comes newest first: twenty seconds
MOST_UNSORTED = 100  # of one that does not, which shows the newest entries anywhere


@dataclass(frozen=True, slots=True)
class LogPart:
    """Rows of the log. ``since`` is the time of the oldest where older ones were left, ``None`` otherwise.

    ``unread`` says why there are no rows.
    """

    rows: tuple[JsonObject, ...] = ()
    since: str | None = None
    unread: str | None = None


def read_log(entra: Entra, job: str, now: float) -> LogPart:
    """Read the log of a job, newest first, as far as it is worth while."""
    try:
        return _read(entra, _path(job, now))
    except EntraError as error:
        return LogPart(unread=str(error))


def _path(job: str, now: float) -> str:
    since = datetime.fromtimestamp(now, UTC) - KEPT
    condition = f"jobId eq {literal(job)} and activityDateTime gt {since:%Y-%m-%dT%H:%M:%SZ}"
    order = quote("activityDateTime desc")
    return f"/auditLogs/provisioning?$filter={quote(condition)}&$orderby={order}&$top={ROWS}"


def _read(entra: Entra, path: str) -> LogPart:
    rows: list[JsonObject] = []
    pages = entra.pages(path, "read the provisioning log")
    for number, (page, more) in enumerate(pages, 1):
        rows += page
        if more and number >= MOST_PAGES and _newest_first(rows):
            return LogPart(tuple(rows), text(rows[-1].get("activityDateTime")))
        if more and number >= MOST_UNSORTED:
            return LogPart(
                unread=f"could not read the provisioning log: its {len(rows):,} first entries are not "
                f"the newest, and there are more. Look at it in Entra: Provisioning logs."
            )
    return LogPart(tuple(rows))


def _newest_first(rows: Sequence[JsonObject]) -> bool:
    return bool(rows) and all(when_of(a) >= when_of(b) for a, b in pairwise(rows))
