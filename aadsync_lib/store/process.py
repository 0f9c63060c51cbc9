"""Identity of the process that holds a lease, by which others can tell if it still runs."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process as another one can recognise it later.

    ``place`` tells boots and containers of one host name apart, ``started`` two processes that had
    the same pid; both are empty where there is no /proc.
    """

    user: str
    host: str
    place: str
    pid: int
    started: str

    @classmethod
    def here(cls) -> Process:
        """Return this process."""
        pid = os.getpid()
        return cls(_user(), socket.gethostname(), _place(), pid, _started(pid) or "")

    def gone(self, here: Process) -> bool:
        """Return whether this process surely runs no more, as seen from ``here``.

        What cannot be seen from here (another host, another container) counts as running.
        """
        if (self.host, self.place) != (here.host, here.place):
            return False
        if not _exists(self.pid):
            return True
        started = _started(self.pid)
        return started is not None and started != self.started

    def __str__(self) -> str:
        return f"{self.user}@{self.host} pid {self.pid}"

    def to_json(self) -> str:
        """Return it as the lease stores it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Process:
        """Read what ``to_json`` wrote."""
        return cls(**json.loads(text))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as containers have
        return "unknown"


def _place() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str | None:
    """Return the start time in clock ticks, ``"dead"`` for a zombie, ``None`` when it is not shown."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the command before it may hold anything
    return "dead" if state in {"Z", "X"} else fields[18]
