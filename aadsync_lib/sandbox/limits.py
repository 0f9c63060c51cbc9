"""The published rate limits of the account SCIM API, by class of request."""

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

RequestClass = Literal["get", "list", "patch", "write"]

PER_SECOND: dict[RequestClass, float] = {"get": 20.0, "list": 4.0, "patch": 2.0, "write": 5.0}

SCIM_PATH = re.compile(
    r"/api/2\.[01]/accounts/[^/]+/scim/v2/(Users|Groups|ServicePrincipals)(/[^/]+)?/?$"
)


def classify(method: str, path: str) -> RequestClass | None:
    """Return the class a request is counted in, ``None`` where no limit is published."""
    match = SCIM_PATH.search(path)
    if match is None:
        return None
    if method == "PATCH":
        return "patch"
    if method in {"POST", "PUT", "DELETE"}:
        return "write"
    return "get" if match.group(2) else "list"


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
        # A hair below one is one: the refill is a sum of floats.
        if self.tokens >= 1.0 - 1e-9:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.rate


class Limits:
    """Limits of one account, ``speed`` times as fast as published; ``None`` is no limit."""

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
        self._buckets: dict[RequestClass, Bucket] = {}
        self.speed = speed

    @property
    def speed(self) -> float | None:
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        now = self.clock()
        with self._lock:
            self._speed = speed
            factor = speed or 0.0
            rates = {name: rate * factor for name, rate in PER_SECOND.items()}
            self._buckets = {name: Bucket(r, max(1.0, r), now) for name, r in rates.items()}

    @property
    def refusals(self) -> int:
        """How many requests got a 429."""
        return self.refused.total()

    def admit(self, method: str, path: str) -> float:
        """Return 0 for a request within its limit, else the seconds to wait."""
        name = classify(method, path)
        if name is None or self._speed is None:
            return 0.0
        with self._lock:
            wait = self._buckets[name].wait(self.clock())
            if wait:
                self.refused[name] += 1
        return wait


class LimitMiddleware:
    """Answers 429 to requests over the limit. Belongs inside the faults, around the app."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = self.limits.admit(scope["method"], scope["path"]) if scope["type"] == "http" else 0
        if not wait:
            await self.app(scope, receive, send)
            return
        headers = {"Retry-After": str(max(1, math.ceil(wait)))} if self.limits.retry_after else {}
        body = {
            "error_code": "REQUEST_LIMIT_EXCEEDED",
            "message": f"The rate limit for {scope['method']} on account SCIM is exceeded.",
        }
        await JSONResponse(body, 429, headers)(scope, receive, send)
