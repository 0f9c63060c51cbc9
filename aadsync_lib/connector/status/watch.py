"""Watch of the cycles under way: asks again and again, and shows how far they are."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aadsync_lib.connector.status.model import NOT_RUN, ConnectorStatus, Job
from aadsync_lib.ports import Clock, Progress

POLL = 10.0  # seconds between two looks
PATIENCE = 600.0  # seconds without any change of a job that is stopped

log = logging.getLogger(__name__)


def under_way(status: ConnectorStatus) -> bool:
    """Return whether any connector has a cycle to wait for: one that is not over, or the first one."""
    return any(map(_busy, _jobs(status)))


def _busy(job: Job) -> bool:
    if job.quarantine is not None:
        return False
    return job.under_way or (job.runs and job.state == NOT_RUN)


def _jobs(status: ConnectorStatus) -> list[Job]:
    return [target.job for target in status.targets if target.job is not None]


def watch(
    read: Callable[[], ConnectorStatus], clock: Clock, progress: Progress, poll: float = POLL
) -> ConnectorStatus:
    """Return the state once no cycle is under way any more.

    ``read`` reads what the watch needs. Every look moves the bar, which reckons the time left. What a
    stopped job shows of a cycle may be all that is left of it, so that is waited for while it changes.
    """
    bar, changed = _Bar(progress), _Changed(clock)
    try:
        status = read()
        while under_way(status) and not changed.not_for_long(status):
            bar.show(status)
            clock.sleep(poll)
            status = read()
        bar.show(status)
    finally:
        bar.end()
    return status


class _Changed:
    """When the jobs were last seen to change, where nothing but stopped ones is waited for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: list[Job] = []
        self._since = clock.monotonic()

    def not_for_long(self, status: ConnectorStatus) -> bool:
        """Return whether only stopped jobs are left, and none of them has changed for long."""
        jobs, now = _jobs(status), self._clock.monotonic()
        if jobs != self._seen or any(job.runs for job in filter(_busy, jobs)):
            self._seen, self._since = jobs, now
        over = now - self._since >= PATIENCE
        if over:
            text = "a stopped job shows a cycle under way that has not changed for %d minutes; not waited for"
            log.warning(text, PATIENCE / 60)
        return over


class _Bar:
    """One bar for the cycles of all connectors; it begins once Graph tells how much there is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total = self._done = 0

    def show(self, status: ConnectorStatus) -> None:
        units = [job.units for job in _jobs(status) if job.units]
        total, done = sum(each.total for each in units), sum(each.completed for each in units)
        if not total:
            return
        if total != self._total or done < self._done:
            self.end()
            self._progress.start(total, "provisioning cycle")
            self._total, self._done = total, 0
        self._progress.advance(done - self._done)
        self._done = done

    def end(self) -> None:
        """Take the bar away."""
        if self._total:
            self._progress.done()
        self._total = self._done = 0
