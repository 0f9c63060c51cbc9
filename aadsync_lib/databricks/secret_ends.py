"""Ends of the OAuth secrets of a service principal, as the listing of its secrets shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.model.account import Unread
from aadsync_lib.ports import ChangeRefused
from aadsync_lib.responses import JsonObject


def read_secret_ends(
    client: ScimClient, base: str, principal_id: str
) -> tuple[float | None, ...] | Unread:
    """Return when each secret ends, in seconds since the epoch, ``None`` for never; or why that is not known.

    By the account, account admins read it, on the host of a workspace its admins (databricks-sdk,
    ``ServicePrincipalSecretsAPI`` and its proxy). What a secret hash is made of is not documented, so
    which secret is whose is not told.
    """
    path = f"{base}/servicePrincipals/{principal_id}/credentials/secrets"
    try:
        return tuple(_end(row) for row in _rows(client, path))
    except ChangeRefused as failure:
        return Unread(str(failure))
    except (TypeError, ValueError, AttributeError):
        return Unread(f"GET {path}: the answer is not the one that is documented")


def _rows(client: ScimClient, path: str) -> Iterator[JsonObject]:
    token, seen = "", set[str]()
    while token not in seen:
        seen.add(token)
        answer = client.list_page(path, {"page_token": token} if token else {})
        yield from answer.get("secrets") or ()
        token = str(answer.get("next_page_token") or "")


def _end(row: JsonObject) -> float | None:
    written = row.get("expire_time")
    if not written:
        return None
    moment = datetime.fromisoformat(written)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
