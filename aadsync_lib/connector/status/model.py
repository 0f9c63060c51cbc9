"""The state of a connector as Graph shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ABSENT, NOT_CONFIGURED, NOT_RUN = "absent", "not_configured", "not_run"
ACTIVE, PAUSED, QUARANTINE = "active", "paused", "quarantine"


@dataclass(frozen=True, slots=True)
class Application:
    """The enterprise application of a connector: object id, client id, id of its service principal."""

    id: str | None
    app_id: str | None
    service_principal_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of the job. ``state`` is Graph's word, times are Graph's, in UTC."""

    state: str | None
    began: str | None
    ended: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Units:
    """Objects that the cycle under way has done, of how many."""

    completed: int
    total: int

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(1.0, max(0.0, self.completed / self.total))


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The quarantine of a job: Graph's reason, and our words for what causes and what ends it."""

    reason: str | None
    since: str | None
    next_attempt: str | None
    error: str | None
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Job:
    """A synchronization job.

    ``runs`` is whether Entra starts its cycles: the schedule says so, not the status. ``interval`` is in
    seconds, ``None`` where no cycle is to come. ``waits`` is true where Entra has paused the job after
    too many errors of the first cycle, until a person looks. ``lingers``: it is stopped, and its status
    still calls it active, as of one whose cycle goes on to its end.
    """

    id: str
    state: str
    runs: bool
    last: Cycle | None = None
    last_success: str | None = None
    units: Units | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    interval: float | None = None
    quarantine: Quarantine | None = None
    waits: bool = False
    lingers: bool = False

    @property
    def under_way(self) -> bool:
        """Whether anything shows a cycle that has begun and is not over; stopping a job does not end it."""
        open_end = self.last is not None and self.last.began is not None and self.last.ended is None
        part_done = self.units is not None and self.units.completed < self.units.total
        return part_done or open_end or self.lingers


@dataclass(frozen=True, slots=True)
class Failure:
    """The newest log entry of an object, where that is a failure. ``action`` and ``code`` are Graph's words."""

    name: str
    action: str | None
    code: str | None
    reason: str | None
    recommended: str | None
    when: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures of one code and one remedy."""

    code: str
    recommended: str | None
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """The connector of one target.

    ``enabled`` is what the settings want. ``assigned`` and ``failures`` are ``None`` where they could not
    be read, or there is nothing to read them of; ``unread`` says why. ``log_since`` is how far back
    the log was read, where older entries were left.
    """

    target: str
    enabled: bool
    application: Application | None = None
    job: Job | None = None
    assigned: Mapping[str, int] | None = None
    failures: tuple[Failure, ...] | None = None
    unread: tuple[str, ...] = ()
    log_since: str | None = None

    @property
    def state(self) -> str:
        """One of the six states, or Graph's own word where it is none of them."""
        if self.application is None:
            return ABSENT
        return self.job.state if self.job else NOT_CONFIGURED

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should look at; nothing where the connector is as its settings want it."""
        return (*self._of_the_job(), *self.unread, *self._of_the_log())

    def _of_the_job(self) -> tuple[str, ...]:
        if self.application is None:
            return ("the application is not there",)
        if self.job is None:
            return ("the application has no provisioning job",)
        if self.job.quarantine is not None:
            return (f"the job is in quarantine: {self.job.quarantine.reason or 'no reason given'}",)
        if self.job.waits:
            return ("Entra paused the job after too many errors, until a person looks",)
        if self.enabled and not self.job.runs:
            return (f"the job is stopped ({self.state}), and the settings want it running",)
        if self.job.runs and not self.enabled:
            return ("the job runs, and the settings want it stopped",)
        last = self.job.last
        if last is not None and last.state == "Failed":
            return ("the last cycle failed",)
        return ()

    def _of_the_log(self) -> tuple[str, ...]:
        count = len(self.failures or ())
        noun = "object fails" if count == 1 else "objects fail"
        return (f"{count:,} {noun} to be provisioned",) if count else ()


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """The connectors of a sync. ``now`` is when they were read, in seconds since the epoch."""

    sync: str
    targets: tuple[TargetStatus, ...]
    now: float

    @property
    def healthy(self) -> bool:
        """Whether every connector is as its settings want it, and nothing fails."""
        return not any(target.problems for target in self.targets)
