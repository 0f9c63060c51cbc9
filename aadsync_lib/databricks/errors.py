"""Outcomes of a failed request to Databricks, told apart by type and status alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from aadsync_lib.databricks.place import Place
from aadsync_lib.errors import AadsyncError, CredentialError, TargetError
from aadsync_lib.ports import ChangeRefused
from aadsync_lib.responses import retry_after, without_login

LONGEST = 300  # characters of a server's text that are worth showing


class Refusal(ChangeRefused):
    """Databricks answered with an error status."""

    def __init__(self, request: str, status: int, detail: str, retry_after: float | None) -> None:
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(f"{request}: {status} {detail}".rstrip())


class NotSent(ChangeRefused):
    """No connection: Databricks cannot have seen the request."""


class LoginFailed(NotSent):
    """No token was to be had, so the request was not sent."""


def refusal_of(request: str, response: requests.Response, text: str, now: float) -> Refusal:
    """Read an error answer in either of the two shapes Databricks has.

    ``text`` is what the SDK makes of an answer that is an error in spite of its status.
    """
    if response.status_code < 400:
        return Refusal(request, 403, one_line(text), None)
    sent = getattr(response.request, "headers", {})
    text = _detail(response) or response.reason or ""
    detail = without_login(text, str(sent.get("Authorization", "")))
    after = retry_after(response.headers.get("Retry-After"), now)
    return Refusal(request, response.status_code, one_line(detail), after)


def _detail(response: requests.Response) -> str:
    """Return ``detail`` of a SCIM error, ``message`` of a Databricks error, or nothing."""
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    if not isinstance(body, Mapping):
        return ""
    parts = (body.get("scimType"), body.get("detail") or body.get("message"))
    return ": ".join(str(part) for part in parts if part)


def was_sent(error: requests.RequestException) -> bool:
    """Return whether the request may have reached the other side before this happened."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return False
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        return not isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)
    return True


def one_line(text: str) -> str:
    """Return the text as one line of bearable length, without a full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def unreadable(target: str, place: Place, failure: ChangeRefused) -> AadsyncError:
    """Return the error of a target that could not be read, with what to do about it."""
    status = failure.status if isinstance(failure, Refusal) else None
    error: type[AadsyncError] = TargetError
    match status:
        case 401:
            hint = (
                "Databricks does not accept this login: check the auth of this target. The "
                f"token or secret may have expired, or be of another {place.name}."
            )
        case 403:
            hint = place.forbidden
        case 404:
            hint = place.missing
        case _ if isinstance(failure, LoginFailed):
            error, hint = CredentialError, "Check the auth of this target."
        case _ if isinstance(failure, NotSent):
            hint = "Check the host of this target, and the network."
        case _:
            hint = "Run it again; if it stays so, ask Databricks about it."
    return error(
        f"{target}: the {place.name} could not be read: {failure}. Nothing was changed. {hint}"
    )
