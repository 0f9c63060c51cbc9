"""Watch of the cycles under way: asks again and again, and shows how far they are."""

from __future__ import annotations

from collections.abc import Callable

from aadsync_lib.connector.status.model import NOT_RUN, ConnectorStatus, Job, Units
from aadsync_lib.ports import Clock, Progress

POLL = 10.0  # seconds between two looks


def under_way(status: ConnectorStatus) -> bool:
    """Return whether any connector has a cycle to wait for: one that is not over, or the first one."""
    jobs = (target.job for target in status.targets)
    return any(job is not None and _busy(job) for job in jobs)


def _busy(job: Job) -> bool:
    if not job.runs or job.quarantine is not None:
        return False
    open_end = job.last is not None and job.last.began is not None and job.last.ended is None
    return _part_done(job.units) or open_end or job.state == NOT_RUN


def _part_done(units: Units | None) -> bool:
    return units is not None and units.completed < units.total


def watch(
    read: Callable[[], ConnectorStatus], clock: Clock, progress: Progress, poll: float = POLL
) -> ConnectorStatus:
    """Return the state once no cycle is under way any more.

    ``read`` reads what the watch needs. Every look moves the bar, which reckons the time left.
    """
    bar = _Bar(progress)
    try:
        status = read()
        while under_way(status):
            bar.show(status)
            clock.sleep(poll)
            status = read()
        bar.show(status)
    finally:
        bar.end()
    return status


class _Bar:
    """One bar for the cycles of all connectors; it begins once Graph tells how much there is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total = self._done = 0

    def show(self, status: ConnectorStatus) -> None:
        units = [target.job.units for target in status.targets if target.job and target.job.units]
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
