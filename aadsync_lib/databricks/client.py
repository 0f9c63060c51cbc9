"""Client that sends each request to Databricks, and repeats it where that is safe."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

import requests
from databricks.sdk.core import DatabricksError

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.auth.single_attempt import CONNECTIONS
from aadsync_lib.databricks.errors import (
    LoginFailed,
    NotSent,
    Refusal,
    one_line,
    refusal_of,
    was_sent,
)
from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import AnswerLost, ChangeRefused, Clock
from aadsync_lib.responses import JsonObject

log = logging.getLogger(__name__)

Sign = Callable[[requests.PreparedRequest], requests.PreparedRequest]

TRIES = 4
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds before another try
PATIENCE = 600.0  # seconds of 429 before a request is given up
LOOPBACK_CONNECTIONS = 10  # databricks-sdk enlarges the connection pool for https alone


class SdkConfig(Protocol):
    """The part of ``databricks.sdk.config.Config`` that is used."""

    host: str

    def authenticate(self) -> dict[str, str]:
        """Return the headers of a request."""


class Api(Protocol):
    """The part of ``databricks.sdk.core.ApiClient`` that is used, from 0.30 on."""

    @property
    def _cfg(self) -> Any: ...

    def do(
        self,
        method: str,
        path: str,
        *,
        query: JsonObject | None,
        body: JsonObject | None,
        auth: Sign | None,
    ) -> Any:
        """Send a request and return the JSON of its answer."""


class ScimClient:
    """SCIM requests of one account or workspace: paced, repeated where that is safe, counted.

    Everything it raises is a ``ChangeRefused``: a ``Refusal`` with its status, ``NotSent``, or
    ``AnswerLost`` when a write may or may not have been done. A POST is never sent again after
    its answer was lost.
    """

    def __init__(self, api: Api, root: str, *, pacer: Pacer, clock: Clock) -> None:
        self.root = root
        self._api = api
        # The SDK has no other way to sign a request and see the answer of a failed one as well.
        self._config: SdkConfig = api._cfg  # noqa: SLF001 - see above
        self._pacer = pacer
        self._clock = clock
        self._lock = threading.Lock()
        self._requests = 0
        secure = self._config.host.startswith("https:")
        self._slots = threading.BoundedSemaphore(CONNECTIONS if secure else LOOPBACK_CONNECTIONS)

    @property
    def requests(self) -> int:
        """Requests sent so far, repeated ones included."""
        with self._lock:
            return self._requests

    def list_page(self, resource: str, query: JsonObject) -> JsonObject:
        """Return one page of a listing."""
        return self._request(Verb.LIST, "GET", resource, query=query)

    def get(self, path: str, query: JsonObject | None = None) -> JsonObject:
        """Return one object."""
        return self._request(Verb.GET, "GET", path, query=query)

    def post(self, resource: str, body: JsonObject) -> JsonObject:
        """Create an object and return it."""
        return self._request(Verb.WRITE, "POST", resource, body=body)

    def patch(self, path: str, body: JsonObject) -> None:
        """Change an object."""
        self._request(Verb.PATCH, "PATCH", path, body=body)

    def put(self, path: str, body: JsonObject) -> JsonObject:
        """Set something, whatever it was, and return the answer."""
        return self._request(Verb.WRITE, "PUT", path, body=body)

    def delete(self, path: str) -> JsonObject:
        """Delete an object and return the answer."""
        return self._request(Verb.WRITE, "DELETE", path)

    def _request(
        self,
        verb: Verb,
        method: str,
        path: str,
        *,
        query: JsonObject | None = None,
        body: JsonObject | None = None,
    ) -> JsonObject:
        tries = 0
        lost = False
        deadline: float | None = None
        while True:
            self._pacer.wait(verb)
            try:
                answer = self._attempt(method, path, query, body)
            except ChangeRefused as failure:
                if isinstance(failure, Refusal) and failure.status == 429:
                    self._pacer.throttled(verb, failure.retry_after)
                    now = self._clock.monotonic()
                    deadline = now + PATIENCE if deadline is None else deadline
                    if now < deadline:
                        continue
                else:
                    self._pacer.succeeded(verb)
                    tries += 1
                    lost = lost or isinstance(failure, AnswerLost)
                    if tries < TRIES and _may_resend(method, failure):
                        self._clock.sleep(_delay(failure, tries))
                        continue
                raise _final(method, failure, lost=lost) from failure.__cause__
            self._pacer.succeeded(verb)
            return answer

    def _attempt(
        self, method: str, path: str, query: JsonObject | None, body: JsonObject | None
    ) -> JsonObject:
        """Send once: return the answer, or raise ``Refusal``, ``NotSent`` or ``AnswerLost``."""
        name = f"{method} {path}"
        responses: list[requests.Response] = []

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers.update(self._login())
            request.hooks["response"].append(lambda response, **_: responses.append(response))
            return request

        with self._slots:
            self._count()
            try:
                content = self._api.do(
                    method, f"{self.root}/{path}", query=query, body=body, auth=sign
                )
            except DatabricksError as error:
                refusal = refusal_of(name, responses[-1], str(error), self._clock.now())
                log.debug("%s: %s", name, refusal.status)
                raise refusal from None  # the SDK's text carries its configuration
            except requests.RequestException as error:
                log.debug("%s: %s", name, type(error).__name__)
                if was_sent(error):
                    raise AnswerLost(f"{name}: no answer ({type(error).__name__})") from error
                raise NotSent(f"{name}: no connection ({type(error).__name__})") from error
        log.debug("%s: %s", name, responses[-1].status_code)
        if not isinstance(content, dict):
            raise AnswerLost(f"{name}: the answer is not a JSON object")
        return content

    def _login(self) -> dict[str, str]:
        try:
            return self._config.authenticate()
        except Exception as error:  # each way to log in fails with errors of its own
            cause = one_line(str(error)).partition(" Config: ")[0]
            raise LoginFailed(f"the login failed: {cause or type(error).__name__}") from error

    def _count(self) -> None:
        with self._lock:
            self._requests += 1


def _may_resend(method: str, failure: ChangeRefused) -> bool:
    match failure:
        case NotSent() | Refusal(status=503):
            return True
        case AnswerLost():
            return method != "POST"
        case Refusal(status=500 | 502 | 504):
            return method != "POST"
        case Refusal(status=409):  # two writers at once; a POST's conflict is a duplicate
            return method in {"PATCH", "DELETE"}
    return False


def _delay(failure: ChangeRefused, tries: int) -> float:
    asked = failure.retry_after if isinstance(failure, Refusal) else None
    return min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1) if asked is None else asked)


def _final(method: str, failure: ChangeRefused, *, lost: bool) -> ChangeRefused:
    """Return the error to raise: a write that may have been done is no refusal."""
    if method == "GET":
        return failure
    match failure:
        case Refusal(status=status) if status >= 500:
            unclear = lost or (method == "POST" and status not in {501, 503})
        case Refusal(status=429) | NotSent():
            unclear = lost
        case _:
            unclear = False
    return AnswerLost(f"{failure}; it may or may not have been done") if unclear else failure
