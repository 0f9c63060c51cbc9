"""Plans, runs and results of Entra's gallery connectors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import ENCODER
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes, Kind
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
class Principals:
    """Who is to be assigned, by object id; ``unread`` are selectors and names that were not answered."""

    kinds: Mapping[str, Kind]
    names: Mapping[str, str]
    unread: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class ConnectorRun:
    """What a setup did; ``run_id`` is its run in the history, empty where nothing was to be done.

    ``not_accepted`` are the targets whose credentials Databricks did not take.
    """

    sync: str
    run_id: str
    targets: tuple[TargetReport, ...]
    not_accepted: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 where all is as the settings want it, 3 where a part is, 1 where nothing is or may run."""
        if all(target.clean for target in self.targets):
            return 0
        in_part = any(t.applied or t.status is Status.PARTIAL for t in self.targets)
        return 3 if in_part and not self.not_accepted else 1

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

    @staticmethod
    def together(parts: Iterable[Ending]) -> Ending:
        """Return how several parts ended: as the worst of them."""
        return max(parts, key=WORST_LAST.index, default=Ending.UNCHANGED)


WORST_LAST = (Ending.UNCHANGED, Ending.DONE, Ending.SKIPPED, Ending.FAILED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an action, with what to know about it. ``status`` is an ``Ending``, or Graph's word."""

    name: str
    status: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What an action did to the connector of one target. ``impossible``: there was nothing to try it on."""

    target: str
    status: Ending
    steps: tuple[Step, ...] = ()
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class ConnectorResult:
    """What an action did: ``start``, ``stop``, ``restart``, ``provision`` or ``remove``."""

    sync: str
    action: str
    targets: tuple[TargetResult, ...]

    @property
    def exit_code(self) -> int:
        """0 where all is done, 1 where nothing could be tried, 3 where it is done in part or not."""
        if all(target.status in (Ending.DONE, Ending.UNCHANGED) for target in self.targets):
            return 0
        return 1 if all(target.impossible for target in self.targets) else 3
