"""What the report that a run left behind says of it, in numbers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aadsync_lib.model.carried import RunRecord


@dataclass(frozen=True, slots=True)
class Numbers:
    """Changes by action and memberships of a run on all targets, and what it left undone."""

    applied: Counter[str]
    members_added: int = 0
    members_removed: int = 0
    failed: int = 0
    quarantined: int = 0
    held: int = 0
    over: tuple[str, ...] = ()
    targets: frozenset[str] = frozenset()
    left: int = 0  # by the policy

    @property
    def changes(self) -> int:
        """Number of changes made."""
        return self.applied.total()


def numbers_of(run: RunRecord) -> Numbers:
    """Return the numbers of a run; one that has not ended has none yet."""
    document: dict[str, Any] = json.loads(run.report) if run.report else {}
    targets: list[dict[str, Any]] = document.get("targets", [])
    applied: Counter[str] = Counter()
    for target in targets:
        applied.update(target["applied"])
    return Numbers(
        applied=applied,
        members_added=sum(one["members_added"] for one in targets),
        members_removed=sum(one["members_removed"] for one in targets),
        failed=sum(len(one["failed"]) for one in targets),
        quarantined=sum(len(one["quarantined"]) for one in targets),
        held=sum(len(one["held"]) for one in targets),
        over=tuple(document.get("over", ())),
        targets=frozenset(one["target"] for one in targets),
        left=sum(len(one.get("left", ())) for one in targets),
    )


def shown_time(seconds: float) -> str:
    """Return a time in UTC as a person reads it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def iso_time(seconds: float) -> str:
    """Return a time in UTC as machines read it."""
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}Z"
