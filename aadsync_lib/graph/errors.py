"""Failures of Graph, told apart by status and code."""

from __future__ import annotations

RETRIED = frozenset({0, 429, 500, 502, 503, 504})
EXPIRED_PAGE = frozenset({"Directory_ExpiredPageToken", "ExpiredPageToken", "InvalidPageToken"})


class GraphError(Exception):
    """A request that was refused, or that failed as often as it may be tried.

    ``status`` 0 stands for no usable answer; ``code`` then says what came instead.
    """

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = printable(code)
        self.message = printable(message)

    @property
    def expired(self) -> bool:
        """True where the listing has to be begun again from its first page."""
        return self.status == 410 or self.code in EXPIRED_PAGE

    def reason(self, permission: str) -> str:
        """Say what happened and what to do; ``permission`` is the one that this request needs."""
        what = f"Graph answered {self.status}" if self.status else "no usable answer from Graph:"
        return f"{what} {self.code}; {self._advice(permission)}"

    def _advice(self, permission: str) -> str:
        if self.status == 403:
            return f"grant {permission} to the application, with admin consent"
        if self.status == 404:
            return "it went away while it was read, the next run will tell"
        if self.status in RETRIED:
            return "it was tried several times, run again later"
        if self.expired:
            return "the listing expired twice, run again later"
        return self.message or "run again later"


def printable(text: str) -> str:
    """Return text of a server as one short line."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:300]
