"""A process of its own that uses a Delta store, says what it did, and then waits on stdin.

Usage: python -m tests.workspace.store.delta_worker URL SCHEMA SYNC announce|race
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

from aadsync_lib.errors import LeaseHeldError
from aadsync_lib.store.delta.store import DeltaStore
from tests.contract.store.worker import StoppedClock, announce, say


def race(store: DeltaStore) -> None:
    """Take the lease of each target that stdin names, at the same moment as others; keep it until the next line."""
    say("ready")
    for line in sys.stdin:
        try:
            with store.lease(line.strip(), "racer"):
                say("won")
                sys.stdin.readline()
        except LeaseHeldError:
            say("held")
            sys.stdin.readline()


if __name__ == "__main__":
    url, schema, sync, task = sys.argv[1:]
    session = SparkSession.builder.remote(url).create()
    opened = DeltaStore(session, schema, sync, StoppedClock())
    (race if task == "race" else announce)(opened)
