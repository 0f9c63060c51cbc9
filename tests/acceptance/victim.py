"""Syncs in processes that are killed at one of their writes, each forked from a warm one.

Is called with settings to warm up with. Reads one death a line from stdin, ``{"settings": path, "at": n, "when": "before" | "after", "ahead": seconds}``, and
answers each with a line: ``killed`` or ``lived``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import aadsync_lib.auth
from aadsync_lib.auth import databricks_api
from aadsync_lib.config.load import load_settings
from aadsync_lib.wiring import open_planner, open_runner
from tests.acceptance.cheap import make_clients_cheap
from tests.clock import START, FakeClock


class Death:
    """The n-th write of a process, to whatever host, before or after it is answered."""

    def __init__(self, at: int, when: str) -> None:
        self.when = when
        self._at = at
        self._lock = threading.Lock()
        self._writes = 0

    def comes(self) -> bool:
        """Count a write, and return whether it is the last one."""
        with self._lock:
            self._writes += 1
            return self._writes == self._at


class Killing:
    """The SDK's client of one host, which ends the process at its death."""

    def __init__(self, api: Any, death: Death) -> None:
        self._api = api
        self._death = death
        self._cfg = api._cfg

    def do(self, method: str, path: str, **others: Any) -> Any:
        if method == "GET":
            return self._api.do(method, path, **others)
        mine = self._death.comes()
        if mine and self._death.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self._api.do(method, path, **others)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def sync(settings: Path, at: int, when: str, ahead: float) -> None:
    """Sync until the n-th write, or to the end if there are fewer; the clock is ``ahead``."""
    death = Death(at, when)
    aadsync_lib.auth.databricks_api = lambda *given: Killing(databricks_api(*given), death)
    with open_runner(load_settings(settings), clock=FakeClock(START + ahead)) as runner:
        runner.sync()


def warm(settings: Path) -> None:
    """Plan once, so that everything is imported, and no thread is left that a fork would lose."""
    make_clients_cheap(pytest.MonkeyPatch())
    open_planner(load_settings(settings), clock=FakeClock()).plan()
    assert threading.active_count() == 1


def main() -> None:
    warm(Path(sys.argv[1]))
    for line in sys.stdin:
        death = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                sync(Path(death["settings"]), death["at"], death["when"], death["ahead"])
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print("killed", flush=True)
        else:
            print("lived" if os.WEXITSTATUS(status) == 0 else "failed", flush=True)


if __name__ == "__main__":
    main()
