"""Parts of an HTTP response that both sides read alike: its Retry-After, its text without the login."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

JsonObject = dict[str, Any]


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After asks for: an integer, a float (seen in Graph) or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return _until(header, now)
    return seconds if 0 <= seconds < math.inf else None


def without_login(text: str, authorization: str) -> str:
    """Take out the token that was sent, should a server or a proxy repeat it."""
    token = authorization.rpartition(" ")[2]
    return text.replace(token, "***") if token else text


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
