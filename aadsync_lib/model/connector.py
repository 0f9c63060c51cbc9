"""Plans, runs and results of Entra's gallery connectors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import ENCODER
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.run import Status, TargetReport

JOURNAL = (
    "/connector"  # what the journal calls the connector of a target: no target has such a name
)
NO_PLAN = "connector"  # the digest of a run of connectors: it is no sync


def journal_name(target: str) -> str:
    """Return what store and history call the connector of a target."""
    return f"{target}{JOURNAL}"


def tag_of(sync: str, target: str) -> str:
    """Return the line in an application's notes that says whose it is."""
    return f"aadsync:{sync}/{target}"


def as_settings(values: Mapping[str, Any] | None) -> Attributes | None:
    """Return settings as a change holds them before and after."""
    return None if values is None else Attributes(settings=ENCODER.encode(values))


def settings_in(attributes: Attributes | None) -> dict[str, Any]:
    """Return the settings that ``as_settings`` wrote, none for ``None``."""
    known: dict[str, Any] = json.loads(attributes.settings or "{}") if attributes else {}
    return known


@dataclass(frozen=True, slots=True)
class ConnectorTargetPlan:
    """Every difference between the settings of one connector and Entra, in the order of its writes."""

    target: str
    changes: tuple[Change, ...] = ()
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """The connectors of a sync."""

    sync: str
    targets: tuple[ConnectorTargetPlan, ...]

    @property
    def empty(self) -> bool:
        """Whether everything is as the settings want it."""
        return not any(target.changes for target in self.targets)


@dataclass(frozen=True, slots=True)
class ConnectorRun:
    """What a setup did; ``run_id`` is its run in the history, empty where nothing was to be done."""

    sync: str
    run_id: str
    targets: tuple[TargetReport, ...]

    @property
    def status(self) -> Status:
        """The worst status of its targets."""
        return Status.worst(target.status for target in self.targets)


class Ending(StrEnum):
    """How an action on one connector, or a step of it, ended."""

    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an action, with what to know about it."""

    name: str
    status: Ending
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What an action did to the connector of one target."""

    target: str
    status: Ending
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorResult:
    """What an action did: ``start``, ``stop``, ``restart``, ``provision`` or ``remove``."""

    sync: str
    action: str
    targets: tuple[TargetResult, ...]

    @property
    def failed(self) -> bool:
        """Whether any of it was not done."""
        return any(target.status is Ending.FAILED for target in self.targets)
