"""A process of its own that uses a store, says what it did, and then waits on stdin.

Usage: python -m tests.contract.store.worker FILE announce|race
"""

from __future__ import annotations

import sys
from pathlib import Path

from aadsync_lib.clock import SystemClock
from aadsync_lib.errors import LeaseHeldError
from aadsync_lib.model.carried import CarriedState
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import START
from tests.contract.store.build import change, done, link


class StoppedClock(SystemClock):
    """Waits for real for the lock of another process, at a time that is the same in all of them."""

    def now(self) -> float:
        return START


def say(word: str) -> None:
    print(word, flush=True)


def wait() -> None:
    sys.stdin.readline()


def announce(store: SqliteStore) -> None:
    """Leave one change settled, one announced, one link missing, and hold the lease."""
    with store.lease("account", "killed"):
        store.begin_run("killed", "", "", full=False)
        first, _ = store.announce("killed", "account", [change("e1"), change("e2")])
        store.settle("account", {first: done()}, linked=[link("e1", "t1")])
        store.remember("killed", "account", CarriedState({"e1": 5.0}, (), ()))
        say("ready")
        wait()


def race(path: Path) -> None:
    """Open the store and take the lease at the same moment as others do."""
    say("ready")
    wait()
    with SqliteStore(path, "contoso", StoppedClock()) as store:
        try:
            with store.lease("account", "racer"):
                say("won")
                wait()
        except LeaseHeldError:
            say("held")


if __name__ == "__main__":
    file = Path(sys.argv[1])
    if sys.argv[2] == "race":
        race(file)
    else:
        announce(SqliteStore(file, "contoso", StoppedClock()))
