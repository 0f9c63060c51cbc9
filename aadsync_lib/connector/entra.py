"""Requests to Graph about applications, whose failures tell an operator what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from aadsync_lib.connector.permissions import permission_for
from aadsync_lib.errors import AnswerUnclearError, EntraError
from aadsync_lib.graph.calls import GraphCalls, UnclearError
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject

T = TypeVar("T")

# What Graph answers about an application that its replicas do not all have yet
# (terraform-provider-azuread, internal/services/synchronization).
NOT_YET = frozenset({403, 404, 409})
PAUSE = 5.0  # the most seconds between two looks; the first ones follow quicker
FIRST = 0.5
TRIES = 6  # looks at what has been there for long: some seconds
FRESH_TRIES = 24  # looks at what was made just now: well over a minute


Advice = Callable[[str, str], str]
"""Says what to do about a request that was refused, by its method and path."""


def grant(method: str, path: str) -> str:
    """Name the permission that the application lacks."""
    return f"Grant {permission_for(method, path)} to the application, with admin consent."


class Entra:
    """Graph, for one command. ``doing`` completes the sentence "… could not …"."""

    def __init__(self, calls: GraphCalls, clock: Clock, advice: Advice = grant) -> None:
        self._calls = calls
        self._clock = clock
        self._advice = advice

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self._calls.requests

    def get(self, path: str, doing: str) -> JsonObject:
        """Return an object. Raises ``EntraError``."""
        return self._call("GET", path, doing, lambda: self._calls.get(path))

    def find(self, path: str, doing: str) -> JsonObject | None:
        """Return an object, ``None`` where there is none of this address."""
        try:
            return self.get(path, doing)
        except EntraError as error:
            if error.status != 404:
                raise
            return None

    def rows(self, path: str, doing: str, *, eventual: bool = False) -> list[JsonObject]:
        """Return a whole collection."""
        return self._call("GET", path, doing, lambda: self._calls.rows(path, eventual=eventual))

    def pages(self, path: str, doing: str) -> Iterator[tuple[list[JsonObject], bool]]:
        """Yield the rows of each page of a collection, and whether more are to come, as they are read."""
        pages = self._calls.pages(path)
        while page := self._call("GET", path, doing, lambda: next(pages, None)):
            yield page

    def post(
        self, path: str, body: JsonObject | None, doing: str, *, repeatable: bool = False
    ) -> JsonObject:
        """Create, or act. Raises ``AnswerUnclearError`` where it may have been done, unless it is repeatable."""
        return self._call(
            "POST", path, doing, lambda: self._calls.post(path, body, repeatable=repeatable)
        )

    def put(self, path: str, body: JsonObject, doing: str) -> JsonObject:
        """Replace."""
        return self._call("PUT", path, doing, lambda: self._calls.put(path, body))

    def patch(self, path: str, body: JsonObject, doing: str) -> JsonObject:
        """Change what the body names."""
        return self._call("PATCH", path, doing, lambda: self._calls.patch(path, body))

    def delete(self, path: str, doing: str) -> None:
        """Delete; what is gone already counts as deleted."""
        self._call("DELETE", path, doing, lambda: self._calls.delete(path))

    def settled(
        self, call: Callable[[], T], *, tries: int = TRIES, statuses: Collection[int] = NOT_YET
    ) -> T:
        """Return what a call returns, tried again while Graph does not have everything yet."""
        for look in range(tries - 1):
            try:
                return call()
            except EntraError as error:
                if error.status not in statuses:
                    raise
            self.wait(look)
        return call()

    def until(self, look: Callable[[], T], *, tries: int = TRIES) -> T:
        """Return the first answer that is not empty, or the last one."""
        seen = look()
        for number in range(tries - 1):
            if seen:
                break
            self.wait(number)
            seen = look()
        return seen

    def wait(self, looks: int) -> None:
        """Wait for the next look, after so many others."""
        self._clock.sleep(min(PAUSE, FIRST * 2.0**looks))

    def _call(self, method: str, path: str, doing: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except UnclearError as error:
            message = self._message(error, method, path, doing)
            raise AnswerUnclearError(message, error.status, error.code) from error
        except GraphError as error:
            message = self._message(error, method, path, doing)
            raise EntraError(message, error.status, error.code) from error

    def _message(self, error: GraphError, method: str, path: str, doing: str) -> str:
        what = f"Graph answered {error.status} {error.code}" if error.status else "no usable answer"
        said = f": {error.message.rstrip('.')}" if error.message else ""
        advice = f" {self._advice(method, path)}" if error.status == 403 else ""
        return f"could not {doing}: {what}{said}.{advice}"
