"""What can become of one request, told apart by type and status alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from aadsync_lib.ports import ChangeRefused

LONGEST = 300  # characters of a server's text that are worth telling


class Refusal(ChangeRefused):
    """Databricks answered with an error status."""

    def __init__(self, what: str, status: int, detail: str, retry_after: float | None) -> None:
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(f"{what}: {status} {detail}".rstrip())


class NotSent(ChangeRefused):
    """No connection: Databricks cannot have seen the request."""


class LoginFailed(NotSent):
    """No token was to be had, so the request was not sent."""


def refusal_of(what: str, response: requests.Response, text: str, now: float) -> Refusal:
    """Read an error answer in either of the two shapes Databricks has.

    ``text`` is what the SDK makes of an answer that is an error in spite of its status.
    """
    if response.status_code < 400:
        return Refusal(what, 403, one_line(text), None)
    detail = _without_login(response, _detail(response) or response.reason or "")
    after = retry_after(response.headers.get("Retry-After"), now)
    return Refusal(what, response.status_code, one_line(detail), after)


def _without_login(response: requests.Response, text: str) -> str:
    """Take out the token, should a server or a proxy repeat what it was sent."""
    sent = getattr(response.request, "headers", {})
    login = str(sent.get("Authorization", "")).rpartition(" ")[2]
    return text.replace(login, "***") if login else text


def _detail(response: requests.Response) -> str:
    """Return ``detail`` of a SCIM error, ``message`` of a Databricks error, or nothing."""
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    if not isinstance(body, Mapping):
        return ""
    told = (body.get("scimType"), body.get("detail") or body.get("message"))
    return ": ".join(str(part) for part in told if part)


def was_sent(error: requests.RequestException) -> bool:
    """Return whether the request may have reached the other side before this happened."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return False
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        return not isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)
    return True


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return _until(header, now)
    return seconds if 0 <= seconds < float("inf") else None


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def one_line(text: str) -> str:
    """Return the text as one line of bearable length, without a full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
