"""A sync in memory that follows what Entra announces."""

from __future__ import annotations

from typing import Any

from aadsync_lib.model.directory import Announcement, Changes, Cursor, Snapshot
from tests.unit.fakes import FakeTarget
from tests.unit.world import World


class Following(World):
    """A world whose Entra announces what is put into ``said``, to whoever asks since before then."""

    def __init__(self, snapshot: Snapshot, *targets: FakeTarget, **policy: Any) -> None:
        super().__init__(snapshot, *targets, **{"full_every": "24h", **policy})
        self.said: list[Announcement] = []
        self.announced: list[tuple[int, Announcement]] = []
        self.dead = False
        self.number = 0
        self.source.feed = self._feed

    def _feed(self, since: Cursor | None) -> Changes:
        self.number += 1
        if self.dead and since:
            return Changes(reason="410")
        self.announced += [(self.number, each) for each in self.said]
        self.said = []
        cursor = Cursor({"user": f"link {self.number}"})
        if not since:
            return Changes(cursor, reason="nothing before")
        before = int(since.links["user"].split()[1])
        return Changes(cursor, tuple(each for number, each in self.announced if number > before))

    def quiet(self) -> bool:
        """Sync; whether that read neither side."""
        return self.kind_of_run() == "quiet"

    def kind_of_run(self) -> str:
        """Sync; say how much of both sides that read: ``quiet`` for nothing, ``little``, or ``full``."""
        reads, sent = self.target.requests, self.source.requests
        report = self.sync()
        if report.full:
            return "full"
        quiet = (self.target.requests, self.source.requests) == (reads, sent + 1)
        return "quiet" if quiet else "little"
