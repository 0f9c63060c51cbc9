"""The state of connectors as a document, which every format writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, timedelta

from aadsync_lib.connector.status.log import causes, moment_of
from aadsync_lib.connector.status.model import (
    ABSENT,
    ConnectorStatus,
    Cycle,
    Failure,
    Job,
    TargetStatus,
)
from aadsync_lib.model.wording import listed
from aadsync_lib.own_words import joined, own
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Document, Part, Table, Tile
from aadsync_lib.report.wording import count, duration

NAMES = 3  # objects named in the line of a cause
NEWEST = 50  # failures listed one by one
CAUSES = ("Code", "Objects", "Such as", "Reason", "What to do")
FAILURES = ("Name", "When (UTC)", "Change", "Code", "Reason")
WORDS = {
    "absent": "not there: aadsync connector setup makes it",
    "not_configured": "not configured: aadsync connector setup goes on with it",
    "not_run": "no cycle is complete yet",
    "active": "active",
    "paused": "paused",
    "quarantine": "in quarantine",
}


def status_document(status: ConnectorStatus) -> Document:
    """Show the connectors: state, cycles, quarantine with its remedy, and what fails by cause."""
    troubled = [target for target in status.targets if target.problems]
    return Document(
        f"Connector of {status.sync}",
        state="as its settings want it" if status.healthy else "look at it",
        tone=GOOD if status.healthy else BAD,
        alerts=tuple(_alerts(status.targets)),
        tiles=tuple(_tiles(status.targets)),
        parts=tuple(_part(target, status.now) for target in status.targets),
        next=_next(troubled),
    )


def _next(troubled: Sequence[TargetStatus]) -> str:
    if not troubled:
        return "Next: nothing to do."
    if all(target.state == ABSENT for target in troubled):
        return own("Next: aadsync connector plan shows what setup would make.")
    return own("Next: do what is named above; aadsync connector status tells when it is over.")


def _alerts(targets: Iterable[TargetStatus]) -> Iterator[Alert]:
    for target in targets:
        if target.problems:
            yield Alert(BENT, f"{target.target}: {'; '.join(target.problems)}")


def _tiles(targets: Sequence[TargetStatus]) -> Iterator[Tile]:
    running = sum(target.job is not None and target.job.runs for target in targets)
    held = sum(target.job is not None and target.job.quarantine is not None for target in targets)
    failing = sum(len(target.failures or ()) for target in targets)
    yield Tile("Running", f"{running} of {len(targets)}")
    yield Tile("In quarantine", f"{held:,}", BAD if held else "")
    yield Tile("Objects that fail", f"{failing:,}", BENT if failing else "")


def _part(target: TargetStatus, now: float) -> Part:
    lines = tuple(_lines(target, now))
    return Part(
        joined(f"{target.target}: ", own(WORDS.get(target.state, target.state))),
        target.target,
        lines=lines,
        tables=tuple(_tables(target)),
    )


def _lines(target: TargetStatus, now: float) -> Iterator[str]:
    application, job = target.application, target.job
    if application is None:
        return
    ids = f"client id {application.app_id}, " if application.app_id else ""
    yield (
        f"Application: {application.name} ({ids}service principal {application.service_principal_id})"
    )
    if target.assigned is not None:
        people = count(target.assigned.get("users", 0), "person").replace("persons", "people")
        yield f"Assigned: {people}, {count(target.assigned.get('groups', 0), 'group')}"
    if job is not None:
        yield from _of_job(job, now)
    if target.log_since:
        yield log_line(target.log_since)
    yield from (f"Not read: {reason}" for reason in target.unread)


def log_line(since: str) -> str:
    """Say how far back a log was read that is longer than what is read of it."""
    return (
        f"Provisioning log: read back to {_time(since)}; what has failed before, and not again since, is "
        f"not counted"
    )


def _of_job(job: Job, now: float) -> Iterator[str]:
    stopped = "stopped; its last cycle may not be over yet" if job.under_way else "stopped"
    yield f"Job: {job.id}, {'started' if job.runs else stopped}"
    if job.counts:
        pairs = (f"{key} {number:,}" for key, number in job.counts.items())
        yield f"Provisioned so far: {', '.join(pairs)}"
    yield f"Last cycle: {_cycle(job.last)}"
    if job.last_success:
        yield f"Last success: {_time(job.last_success)}"
    if job.units and job.units.completed < job.units.total:
        units = job.units
        yield (
            f"Cycle under way: {units.share:.0%}, {units.completed:,} of {count(units.total, 'object')}"
        )
    yield f"Next cycle: {next_cycle(job, now)}"
    if job.waits:
        yield own(
            "Entra met too many errors in the first cycle and waits for a person: mend the causes below, "
            "then aadsync connector restart --reset escrows"
        )


def _cycle(cycle: Cycle | None) -> str:
    if cycle is None:
        return "none yet"
    ended = f", ended {_time(cycle.ended)}" if cycle.ended else ""
    began = f", began {_time(cycle.began)}" if cycle.began else ""
    error = f"; {cycle.error}" if cycle.error else ""
    return f"{cycle.state or 'no state'}{began}{ended}{error}"


def next_cycle(job: Job, now: float) -> str:
    """Say when the next cycle is to be expected; Graph does not tell, the interval does."""
    if job.quarantine is not None:
        if not job.runs:
            return "none: the job is stopped"
        tried = job.quarantine.next_attempt
        return f"tried at {_time(tried)}" if tried else "tried by Entra, it does not say when"
    if not job.runs:
        return "none: the job is stopped"
    if job.interval is None:
        return "not known: the job has no interval"
    began = moment_of(job.last.began or job.last.ended or "") if job.last else None
    every = f"every {duration(job.interval).removeprefix('about ')}"
    if began is None:
        return f"the first one, at any time; then {every}"
    due = began + timedelta(seconds=job.interval)
    if due.timestamp() <= now:
        return f"due since {due:%Y-%m-%d %H:%M}, {every}"
    return f"about {due:%Y-%m-%d %H:%M}, {every}"


def _time(written: str | None) -> str:
    """Return a time as people read it, in UTC; one that is none, as it came."""
    moment = moment_of(written or "")
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else str(written)


def _tables(target: TargetStatus) -> Iterator[Table]:
    yield Table("Quarantine", ("Fact", "Words"), tuple(_of_quarantine(target.job)))
    failures = target.failures or ()
    yield Table("Failures by cause", CAUSES, tuple(_causes(failures)))
    yield Table("Newest failures", FAILURES, tuple(map(_failure, failures[:NEWEST])))


def _of_quarantine(job: Job | None) -> Iterator[tuple[str, str]]:
    quarantine = job and job.quarantine
    if quarantine:
        yield "Reason", quarantine.reason or "none given"
        yield "Since", _time(quarantine.since) if quarantine.since else "not known"
        yield "Error", quarantine.error or "none given"
        yield "Cause", quarantine.cause
        yield "Remedy", own(quarantine.remedy)


def _causes(failures: Sequence[Failure]) -> Iterator[tuple[str, ...]]:
    for cause in causes(failures):
        names = [failure.name for failure in cause.failures]
        yield (
            cause.code,
            f"{len(names):,}",
            listed(names, NAMES),
            cause.failures[0].reason or "",
            cause.recommended or "Microsoft recommends nothing for this code",
        )


def _failure(failure: Failure) -> tuple[str, ...]:
    moment = moment_of(failure.when or "")
    when = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else failure.when or ""
    return failure.name, when, failure.action or "", failure.code or "", failure.reason or ""
