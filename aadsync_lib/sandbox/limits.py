"""The published rate limits of the SCIM and assignment APIs, by class of request."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

RequestClass = Literal[
    "get",
    "list",
    "patch",
    "write",
    "assignment",
    "workspace_get",
    "workspace_patch",
    "workspace_write",
]

PER_SECOND: dict[RequestClass, float] = {
    "get": 20.0,
    "list": 4.0,
    "patch": 2.0,
    "write": 5.0,
    "assignment": 5.0,
    "workspace_get": 255 / 60,
    "workspace_patch": 10 / 60,
    "workspace_write": 35 / 60,
}

RESOURCE = r"(Users|Groups|ServicePrincipals)(/[^/]+)?/?$"
ACCOUNT_PATH = re.compile(rf"/api/2\.[01]/(accounts/[^/]+|account)/scim/v2/{RESOURCE}")
WORKSPACE_PATH = re.compile(rf"/api/2\.0/preview/scim/v2/{RESOURCE}")
ASSIGNMENT_PATH = re.compile(
    r"^/api/2\.0/(accounts/[^/]+/workspaces/[^/]+|preview)/permissionassig"
)


def classify(method: str, path: str) -> RequestClass | None:
    """Return the class a request is counted in, ``None`` where no limit is published."""
    if WORKSPACE_PATH.search(path):
        return _of_workspace(method)
    if ASSIGNMENT_PATH.search(path):
        return "assignment"
    match = ACCOUNT_PATH.search(path)
    if match is None:
        return None
    if method == "PATCH":
        return "patch"
    if method in {"POST", "PUT", "DELETE"}:
        return "write"
    return "get" if match.group(3) else "list"


def _of_workspace(method: str) -> RequestClass:
    if method == "PATCH":
        return "workspace_patch"
    return "workspace_write" if method in {"POST", "PUT", "DELETE"} else "workspace_get"


SLACK = 0.05
"""Of a token: a request on its way for less long than the one before comes a little early."""


@dataclass(slots=True)
class Bucket:
    """A token bucket that holds about one second's worth, one token at least."""

    rate: float
    tokens: float
    filled: float

    def wait(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        capacity = max(1.0, self.rate)
        self.tokens = min(capacity, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens >= 1.0 - SLACK:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.rate


class Limits:
    """Limits of one account and its workspaces, ``speed`` times as fast as published.

    ``None`` is no limit. What is counted for each workspace is counted by its name.
    """

    def __init__(
        self,
        speed: float | None = None,
        *,
        retry_after: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.retry_after = retry_after
        self.clock = clock
        self.refused: Counter[RequestClass] = Counter()
        self._lock = threading.Lock()
        self._speed: float | None = None
        self._buckets: dict[tuple[str, RequestClass], Bucket] = {}
        self.speed = speed

    @property
    def speed(self) -> float | None:
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        with self._lock:
            self._speed = speed
            self._buckets = {}

    @property
    def refusals(self) -> int:
        """How many requests got a 429."""
        return self.refused.total()

    def admit(self, method: str, path: str, place: str = "") -> float:
        """Return 0 for a request within its limit, else the seconds to wait."""
        name = classify(method, path)
        if name is None or self._speed is None:
            return 0.0
        now = self.clock()
        with self._lock:
            key = (place if name.startswith("workspace_") else "", name)
            if key not in self._buckets:
                rate = PER_SECOND[name] * self._speed
                self._buckets[key] = Bucket(rate, max(1.0, rate), now)
            wait = self._buckets[key].wait(now)
            if wait:
                self.refused[name] += 1
        return wait


class LimitMiddleware:
    """Answers 429 to requests over the limit. Belongs inside the faults, around the app."""

    def __init__(self, app: ASGIApp, limits: Limits, place: str = "") -> None:
        self.app = app
        self.limits = limits
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        wait = self.limits.admit(scope["method"], scope["path"], self.place) if is_http else 0
        if not wait:
            await self.app(scope, receive, send)
            return
        headers = {"Retry-After": str(max(1, math.ceil(wait)))} if self.limits.retry_after else {}
        body = {
            "error_code": "REQUEST_LIMIT_EXCEEDED",
            "message": f"The rate limit for {scope['method']} on this API is exceeded.",
        }
        await JSONResponse(body, 429, headers)(scope, receive, send)
