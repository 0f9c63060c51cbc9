"""State that a run carries to the next one: missing people, retries, quarantine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from aadsync_lib.model.carried import QuarantineRecord, Retry
from aadsync_lib.model.change import MEMBERS, Action
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.principals import PEOPLE
from aadsync_lib.reconcile.state.retries import keys_of, retry_key


def missing(
    context: TargetContext, only: Collection[str] | None = None
) -> Mapping[str, float] | None:
    """Return since when linked people are certainly missing; ``None`` where nothing changed.

    ``only``: of nobody but these (object ids) anything else is told than was known.
    """
    before = context.missing
    now = {
        link.external_id: context.missing_since(link.external_id)
        for link in context.out_of_scope
        if link.kind in PEOPLE and (link.external_id in before or context.certainly_left(link))
    }
    if only is not None:
        others = {key: since for key, since in before.items() if key not in only}
        now = {**others, **{key: since for key, since in now.items() if key in only}}
    return None if now == before else now


def retries_after(
    before: Sequence[Retry],
    waiting: frozenset[str],
    outcomes: Iterable[Outcome],
    now: float,
    *,
    complete: bool,
) -> tuple[Retry, ...] | None:
    """Return what failed until now; ``None`` where nothing changed.

    What succeeded, or is not planned any more, is forgotten; a partial read does not tell the latter.
    """
    past = {retry.key: retry for retry in before}
    failed, ended, touched = _failures(outcomes)
    retries: dict[str, Retry] = {}
    for key, retry in past.items():
        if key in waiting:
            retries[key] = replace(retry, waited=retry.waited + 1)
        elif key not in failed and key not in ended and (key in touched or not complete):
            retries[key] = retry
    for key, (external_id, name, error) in failed.items():
        old = past.get(key)
        failures, first = (old.failures + 1, old.first) if old else (1, now)
        retries[key] = Retry(key, external_id, name, error, failures, 0, first, now)
    after = tuple(retries[key] for key in sorted(retries))
    return None if after == tuple(sorted(before, key=lambda retry: retry.key)) else after


Failures = dict[str, tuple[str | None, str, str]]


def _failures(outcomes: Iterable[Outcome]) -> tuple[Failures, set[str], set[str]]:
    """Return the failures by key, the keys that are over and done with, and those of all the rest.

    Members of a group that could not be made have not failed by themselves.
    """
    outcomes = tuple(outcomes)
    unmade = {
        outcome.change.external_id
        for outcome in outcomes
        if outcome.change.action is Action.CREATE_GROUP and outcome.result is not Result.DONE
    }
    failed: Failures = {}
    ended: set[str] = set()
    touched: set[str] = set()
    for outcome in outcomes:
        if outcome.result is Result.FAILED:
            if outcome.change.action not in MEMBERS or outcome.change.external_id not in unmade:
                failed |= _failed(outcome)
        elif outcome.result is Result.DONE or outcome.result is Result.QUARANTINED:
            ended.update(keys_of(outcome.change))
        else:
            touched.update(keys_of(outcome.change))
    return failed, ended - failed.keys(), touched


def _failed(outcome: Outcome) -> Failures:
    change, error = outcome.change, outcome.error or "no reason given"
    if change.action not in MEMBERS:
        return {retry_key(change): (change.external_id, change.name, error)}
    return {
        retry_key(change, member): (change.external_id, f"{member.name} in {change.name}", error)
        for member in change.members
    }


def quarantine_after(
    before: Iterable[QuarantineRecord],
    now_held: Iterable[Quarantined],
    now: float,
    *,
    complete: bool,
) -> tuple[QuarantineRecord, ...] | None:
    """Return who is in quarantine, since when; ``None`` where nobody is and nobody was.

    It ends by itself when its cause is gone; a partial read does not tell that.
    """
    known = {_key(record.external_id, record.name): record for record in before}
    held: dict[str, list[Quarantined]] = {}
    for entry in now_held:
        held.setdefault(_key(entry.external_id, entry.name), []).append(entry)
    records = {} if complete else {key: record for key, record in known.items() if key not in held}
    for key, entries in held.items():
        old, reasons = known.get(key), dict.fromkeys(entry.reason for entry in entries)
        records[key] = QuarantineRecord(
            external_id=entries[0].external_id,
            name=entries[0].name,
            reason="; ".join(reasons),
            first_seen=old.first_seen if old else now,
            last_seen=now,
            times=old.times + 1 if old else 1,
        )
    return tuple(records[key] for key in sorted(records)) if records or known else None


def _key(external_id: str | None, name: str) -> str:
    return external_id or name
