"""The probe of every target of the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.auth import read_vaults
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.target import ScimTarget
from aadsync_lib.databricks.translate import on_azure
from aadsync_lib.doctor.finding import one_line
from aadsync_lib.doctor.probe.answers import Left, Row, Seen, Stopped, TargetProbe, Untried
from aadsync_lib.doctor.probe.bench import Bench
from aadsync_lib.doctor.probe.catalogue import AFTER_NESTING, BEFORE_NESTING, NESTING
from aadsync_lib.doctor.probe.cleanup import clean, drop, earlier
from aadsync_lib.doctor.probe.definition import Probe, Use
from aadsync_lib.doctor.probe.wordings import scrubbed
from aadsync_lib.errors import AadsyncError
from aadsync_lib.ports import ChangeRefused, Clock
from aadsync_lib.report.wording import count
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.wiring import open_target

log = logging.getLogger(__name__)

STOPPED = "it was stopped before its end; what it made was removed as far as is told below"
ONLY_ACCOUNTS = "this version probes accounts, not workspaces"
NOT_ADMIN = "The login may not do this: it must be an account admin's."
WOULD_FAIL = "A sync sends this request, too, and would get the same answer."
AGAIN = "Nothing is proved by this: run the probe again."


def probe_all(
    settings: Settings,
    *,
    secrets: SecretResolver,
    clock: Clock,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[TargetProbe, ...]:
    """Probe each target after the other; after a request to stop, none that has not begun."""
    read_vaults(secrets, settings.source, folder=settings.folder)
    return tuple(_probed(settings, target, secrets, clock, stopped) for target in settings.targets)


def _probed(
    settings: Settings,
    target: TargetSettings,
    secrets: SecretResolver,
    clock: Clock,
    stopped: Callable[[], bool],
) -> TargetProbe:
    place = TargetProbe(target.name, target.host, target.account_id)
    if target.level != "account":
        return _failed(place, ONLY_ACCOUNTS)
    if stopped():
        return _failed(place, "it was stopped before this target was begun")
    try:
        account = open_target(target, clock, secrets)
        assert isinstance(account, ScimTarget)
        client = account.scim()
    except AadsyncError as error:
        return _failed(place, scrubbed(one_line(error, f"{target.name}: ")))
    scope = settings.for_target(target.name).scope
    use = Use(scope.nested == "preserve", scope.service_principals)
    bench = Bench(client, clock, on_azure(target.host), stopped)
    return Session(place, bench, account.pacer, use).run()


def _failed(place: TargetProbe, error: str) -> TargetProbe:
    return TargetProbe(place.target, place.host, place.account_id, error=error)


@dataclass
class Session:
    """One probe of one target, from its first request to its last removal."""

    place: TargetProbe
    bench: Bench
    pacer: Pacer
    use: Use = field(default_factory=Use)

    def run(self) -> TargetProbe:
        """Try everything, then remove what it took, whatever happens in between."""
        began = self.bench.clock.monotonic()
        rows: list[Row] = []
        before: tuple[Left, ...] = ()
        error = None
        try:
            before = self._earlier()
            for row in self._rows():
                rows.append(row)  # noqa: PERF402  what was tried before an error is kept
        except Stopped:
            error = STOPPED
        except Exception as failure:  # what is left has to be told whatever happens
            log.exception("the probe ended early")
            error = scrubbed(f"it ended early: {type(failure).__name__}: {one_line(failure)}")
        finally:
            left = self._clean()
        if not error and not self.bench.group:
            error = "no group could be made, so there was nothing to try the rest on"
        return TargetProbe(
            self.place.target,
            self.place.host,
            self.place.account_id,
            self.bench.client.root.split("/")[2],
            (*rows, limits(self.pacer)),
            left,
            before,
            self.bench.client.requests,
            self.bench.clock.monotonic() - began,
            error,
        )

    def _clean(self) -> tuple[Left, ...]:
        try:
            return clean(self.bench)
        except Exception as failure:
            log.exception("the removal ended early")
            reason = f"{type(failure).__name__}: {scrubbed(one_line(failure))}"
            made = self.bench.made.items()
            return tuple(Left(kind, name, key, reason) for key, (kind, name) in made)

    def _earlier(self) -> tuple[Left, ...]:
        try:
            return earlier(self.bench)
        except ChangeRefused as failure:
            log.warning("what earlier probes left could not be listed: %s", failure)
            return ()

    def _rows(self) -> Iterator[Row]:
        for probe in BEFORE_NESTING:
            yield self._row(probe)
        for probe in NESTING:
            yield self._row(probe)
        drop(self.bench, *self.bench.extras)
        for probe in AFTER_NESTING:
            yield self._row(probe)

    def _row(self, probe: Probe) -> Row:
        row = attempt(probe, self.bench, self.use)
        log.info("probe %s: %s", row.probe, row.status, extra={"target": self.place.target})
        return row


def attempt(probe: Probe, bench: Bench, use: Use) -> Row:
    """Try one probe, and say what its answer means to a sync that uses these parts."""
    try:
        return _judged(probe, probe.attempt(bench), use)
    except Untried as why:
        return Row(probe.name, probe.tried, probe.assumption, f"not tried: {why}", "untried")
    except ChangeRefused as failure:
        return _unexpected(probe, failure, use)


def _judged(probe: Probe, seen: Seen, use: Use) -> Row:
    outcome = probe.outcomes[seen.key]
    text = f"{outcome.text} ({seen.detail})" if seen.detail else outcome.text
    row = Row(probe.name, probe.tried, probe.assumption, text, outcome.status, outcome.meaning)
    return _for(probe, row, use)


def _unexpected(probe: Probe, failure: ChangeRefused, use: Use) -> Row:
    text = scrubbed(str(failure))
    if isinstance(failure, Refusal) and 400 <= failure.status < 500 and failure.status != 429:
        meaning = NOT_ADMIN if failure.status in {401, 403} else WOULD_FAIL
        row = Row(probe.name, probe.tried, probe.assumption, text, "matters", meaning)
        return _for(probe, row, use)
    return Row(probe.name, probe.tried, probe.assumption, text, "unclear", AGAIN)


def _for(probe: Probe, row: Row, use: Use) -> Row:
    """Return the row as it concerns these settings."""
    if row.status != "matters" or probe.relied_on(use):
        return row
    meaning = f"These settings make no use of it; a sync that does: {row.meaning}"
    return Row(row.probe, row.tried, row.assumed, row.seen, "safe", meaning)


def limits(pacer: Pacer) -> Row:
    """Return what the probe met of rate limits; it never looks for them."""
    names = ("rate_limits", "rate limits, as they were met", "none met")
    met = pacer.met
    if not met:
        return Row(*names, "none met", "assumed")
    waits = sorted(wait for wait in met if wait is not None)
    times = count(met.total(), "answer")
    if not waits:
        seen = f"{times} of 429, without Retry-After"
        return Row(
            *names, seen, "safe", "A sync doubles its pauses, then goes on at half the rate."
        )
    seen = f"{times} of 429, with Retry-After of {waits[0]:.0f} to {waits[-1]:.0f} s"
    return Row(
        *names, seen, "safe", "A sync waits as it is asked to, then goes on at half the rate."
    )
