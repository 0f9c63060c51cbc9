"""Runs in numbers, from reports or from the documents that were kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aadsync_lib.model.change import Action
from aadsync_lib.model.codec import change_from_json
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.plan import Quarantined, Unapplied, Unowned
from aadsync_lib.model.run import Requests, Status
from aadsync_lib.report.differences import Difference, ending
from aadsync_lib.report.items_json import found_from_json, left_from_json, quarantined_from_json
from aadsync_lib.report.outcomes import Failure


@dataclass(frozen=True, slots=True)
class TargetTally:
    """What a run did on one target, and what a person has to look at."""

    target: str
    status: Status
    applied: Mapping[str, int]
    members_added: int
    members_removed: int
    failed: tuple[Failure, ...]
    quarantined: tuple[Quarantined, ...]
    held: tuple[Quarantined, ...]
    warnings: tuple[Notice, ...]
    found: tuple[Unowned, ...] = ()
    left: tuple[Unapplied, ...] = ()
    repaired: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did; ``run_id`` is ``None`` for what several runs did together."""

    sync: str
    digest: str
    status: Status
    targets: tuple[TargetTally, ...]
    requests: Requests
    seconds: float
    run_id: str | None = None
    undoes: str | None = None


def tally_of(document: Mapping[str, Any]) -> Tally:
    """Read a ``run`` document."""
    return Tally(
        sync=document["sync"],
        digest=document["digest"],
        status=Status(document["status"]),
        targets=tuple(map(_target, document["targets"])),
        requests=Requests(**document["requests"]),
        seconds=document["seconds"],
        run_id=document.get("run_id"),
        undoes=document.get("undoes"),
    )


def _target(raw: Mapping[str, Any]) -> TargetTally:
    return TargetTally(
        target=raw["target"],
        status=Status(raw["status"]),
        applied=raw["applied"],
        members_added=raw["members_added"],
        members_removed=raw["members_removed"],
        failed=tuple(Failure(Action(f["action"]), f["name"], f["error"]) for f in raw["failed"]),
        quarantined=tuple(map(quarantined_from_json, raw["quarantined"])),
        held=tuple(map(quarantined_from_json, raw["held"])),
        warnings=tuple(Notice(one["code"], one["message"]) for one in raw["warnings"]),
        # A report that an earlier version kept has none of these.
        found=found_from_json(raw.get("found", ())),
        left=left_from_json(raw.get("left", ())),
        repaired=tuple(map(_repaired, raw.get("drift", ()))),
    )


def _repaired(raw: Mapping[str, Any]) -> Difference:
    return Difference(change_from_json(raw), ending(raw["result"]))
