"""A synchronization job, with what the service remembers between two cycles."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from aadsync_lib.sandbox.entra.kinds import JsonObject

NEVER = "0001-01-01T00:00:00Z"
INTERVAL = "PT40M"
SETTING = "QuarantineTooManyDeletesThreshold"


@dataclass
class Job:
    """One job of one service principal. Everything in it is JSON."""

    id: str
    principal: str
    template: str
    code: str
    interval: str
    state: str = "Disabled"
    """``schedule.state``: whether the job runs."""
    settings: dict[str, str] = field(default_factory=dict)
    schema: JsonObject | None = None
    """``None`` is the default one."""
    schema_version: int = 2
    quarantine: JsonObject | None = None
    escrows_pruned: bool = False
    complete_failures: int = 0
    last: JsonObject | None = None
    last_success: JsonObject | None = None
    last_export: JsonObject | None = None
    steady_first: str = NEVER
    steady_last: str = NEVER
    progress: list[JsonObject] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    due: str | None = None
    """When the next cycle is; ``None`` is at once."""

    initial: bool = True
    """The next cycle looks at every object, as after a reset of the watermark."""
    links: dict[str, str] = field(default_factory=dict)
    """Target ids by object ids of Entra."""
    exported: dict[str, Any] = field(default_factory=dict)
    """By object id, what was sent last."""
    types: dict[str, str] = field(default_factory=dict)
    """By object id, ``User`` or ``Group``."""
    escrows: dict[str, JsonObject] = field(default_factory=dict)
    """By object id, the failure that is tried again."""
    staged: list[str] = field(default_factory=list)
    """Object ids of deletions that are held."""
    force_deletes: bool = False
    cycle: JsonObject | None = None
    """The cycle that is under way: its objects still to do, and what came of the others."""
    busy: bool = False
    """Whether its cycle is at work this moment."""

    @property
    def running(self) -> bool:
        return self.state == "Active"

    def reset(self, *flags: str) -> None:
        """Forget what the flags of a restart say. ``Full`` is all of it, links too."""
        everything = "Full" in flags
        if everything or "Watermark" in flags:
            self.initial, self.cycle, self.progress = True, None, []
        if everything or "Escrows" in flags:
            self.escrows, self.escrows_pruned = {}, False
        if everything or "QuarantineState" in flags:
            self.quarantine = None
        if everything:
            self.links, self.exported, self.types, self.counts = {}, {}, {}, {}
            self.staged, self.steady_first, self.steady_last = [], NEVER, NEVER
        if everything or "ForceDeletes" in flags:
            self.force_deletes = True

    def settle(self) -> None:
        """Make ``code`` say what is the case."""
        if self.quarantine is not None:
            self.code = "Quarantine"
        elif not self.running:
            self.code = "Paused"
        else:
            self.code = "NotRun" if self.last is None or self.initial else "Active"

    def shown(self) -> JsonObject:
        """The job as Graph shows it."""
        return {
            "id": self.id,
            "templateId": self.template,
            "schedule": {"expiration": None, "interval": self.interval, "state": self.state},
            "status": {
                "code": self.code,
                "countSuccessiveCompleteFailures": self.complete_failures,
                "escrowsPruned": self.escrows_pruned,
                "lastExecution": self.last,
                "lastSuccessfulExecution": self.last_success,
                "lastSuccessfulExecutionWithExports": self.last_export,
                "progress": self.progress,
                "quarantine": self.quarantine,
                "steadyStateFirstAchievedTime": self.steady_first,
                "steadyStateLastAchievedTime": self.steady_last,
                "synchronizedEntryCountByType": [
                    {"key": key, "value": value} for key, value in self.counts.items()
                ],
                "troubleshootingUrl": None,
            },
            "synchronizationJobSettings": [
                {"name": "AzureIngestionAttributeOptimization", "value": "False"},
                *({"name": name, "value": value} for name, value in self.settings.items()),
            ],
        }

    def to_json(self) -> JsonObject:
        return {name: value for name, value in asdict(self).items() if name != "busy"}
