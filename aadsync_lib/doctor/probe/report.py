"""The result of a probe, as JSON for support and as a document for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from aadsync_lib.clock import utc
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.doctor.probe.answers import Left, Row, Status, TargetProbe
from aadsync_lib.doctor.probe.bench import PREFIX
from aadsync_lib.model.identity import Kind
from aadsync_lib.report.document import Document, Part, Table
from aadsync_lib.report.wording import count
from aadsync_lib.responses import JsonObject

WORDS: dict[Status, str] = {
    "assumed": "as assumed",
    "safe": "safe",
    "matters": "matters",
    "unclear": "not clear",
    "untried": "not tried",
}
NOUNS = {
    Kind.GROUP: "group",
    Kind.SERVICE_PRINCIPAL: "service principal",
    Kind.USER: "user",
}
COMMANDS = {Kind.GROUP: "groups", Kind.SERVICE_PRINCIPAL: "service-principals"}
OK, COULD_NOT_RUN, DIFFERS = 0, 1, 3


def exit_code(results: Iterable[TargetProbe]) -> int:
    """Return 1 when a target could not be probed, 3 when a difference matters, 0 otherwise."""
    results = tuple(results)
    if any(result.error for result in results):
        return COULD_NOT_RUN
    return DIFFERS if any(result.differs for result in results) else OK


def announcement(targets: Iterable[TargetSettings]) -> str:
    """Say what a probe will make, before it does."""
    places = ", ".join(f"{target.name} ({target.host})" for target in targets)
    return (
        f"The probe writes to: {places}. On each it makes one group and one service principal, both "
        f"named {PREFIX}…, changes them, and removes both. It also asks for a second object of the "
        "same name, and for groups whose names differ by case or by ß alone: what is taken of these "
        "is removed as well. No person and nothing that exists is touched. It takes about half a minute "
        "a target, and some minutes where Databricks shows changes late."
    )


def to_json(sync: str, results: tuple[TargetProbe, ...], now: float, version: str) -> JsonObject:
    """Return the document for support: no names of people, no secrets."""
    words = {0: "as_assumed", 1: "failed", 3: "differs"}
    return {
        "kind": "probe",
        "version": 1,
        "head": {"time": utc(now), "version": version},
        "sync": sync,
        "status": words[exit_code(results)],
        "targets": [_target(result) for result in results],
    }


def _target(result: TargetProbe) -> JsonObject:
    return {
        "target": result.target,
        "host": result.host,
        "account_id": result.account_id,
        "api": result.api or None,
        "error": result.error,
        "counts": _counts(result.rows),
        "rows": [
            {
                "probe": row.probe,
                "tried": row.tried,
                "assumed": row.assumed,
                "seen": row.seen,
                "status": row.status,
                "meaning": row.meaning or None,
            }
            for row in result.rows
        ],
        "left": [_left(left) for left in result.left],
        "earlier": [_left(left) for left in result.earlier],
        "requests": result.requests,
        "seconds": round(result.seconds, 1),
    }


def _left(left: Left) -> JsonObject:
    return {
        "kind": left.kind.value,
        "id": left.id,
        "name": left.name,
        "reason": left.reason or None,
        "remedy": remedy(left),
    }


def remedy(left: Left) -> str:
    """Say how to remove what is left."""
    if left.id is None:
        return f"Look for {left.name} in the account console, and delete it there if it exists."
    return (
        f"Delete it in the account console, or: databricks account {COMMANDS[left.kind]} delete "
        f"{left.id}"
    )


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    counts = dict.fromkeys(WORDS, 0)
    for row in rows:
        counts[row.status] += 1
    return {status: number for status, number in counts.items() if number}


def to_document(sync: str, results: tuple[TargetProbe, ...], now: float, version: str) -> Document:
    """Return the table assumed → seen of each target, with what each difference means."""
    return Document(
        title=f"Probe for {sync}: {ENDINGS[exit_code(results)]}",
        lines=(f"{utc(now)}, aadsync {version}",),
        parts=tuple(_part(result) for result in results),
        tables=tuple(table for result in results for table in _tables(result)),
        next=NEXT[exit_code(results)],
    )


ENDINGS = {
    OK: "Databricks answers as a sync assumes, or in a way that it copes with",
    COULD_NOT_RUN: "it could not run, or not to its end",
    DIFFERS: "something differs that matters",
}
NEXT = {
    OK: "Next: nothing. Please send us the table all the same: docs/probe.md says how.",
    COULD_NOT_RUN: "Next: mend what is told above, then run it again.",
    DIFFERS: "Next: read what is marked matters or not clear, and send us the table: docs/probe.md says how.",
}


def _part(result: TargetProbe) -> Part:
    place = urlsplit(result.host).hostname or result.host
    return Part(f"{result.target} ({place})", result.target, tuple(_lines(result)))


def _tables(result: TargetProbe) -> Iterator[Table]:
    name = result.target
    yield Table(f"{name}: left behind", LEFT_HEAD, tuple(map(_cells, result.left)))
    earlier = tuple(map(_cells, result.earlier))
    yield Table(f"{name}: of earlier probes, or of others that run now", LEFT_HEAD, earlier)
    yield Table(f"{name}: assumed and seen", HEAD, tuple(map(_row, result.rows)))


def _lines(result: TargetProbe) -> Iterator[str]:
    if result.error:
        yield f"Not done: {result.error}"
    if result.rows:
        numbers = (f"{number} {WORDS[status]}" for status, number in _named(result.rows))
        yield ", ".join(numbers)
        removed = (
            "not everything that it made is known to be removed"
            if result.left
            else "nothing of it is left"
        )
        requests = count(result.requests, "request")
        yield f"SCIM {result.api}, {requests}, {result.seconds:.0f} s; {removed}"


def _named(rows: Iterable[Row]) -> Iterator[tuple[Status, int]]:
    counts = _counts(rows)
    for status in WORDS:
        if status in counts:
            yield status, counts[status]


HEAD = ("Tried", "Assumed", "Seen", "What it means")
LEFT_HEAD = ("Name", "What", "Why", "What to do")


def _row(row: Row) -> tuple[str, ...]:
    word = WORDS[row.status]
    meaning = f"{word}: {row.meaning}" if row.meaning else word
    return row.tried, row.assumed, row.seen, meaning


def _cells(left: Left) -> tuple[str, ...]:
    return left.name, f"{NOUNS[left.kind]} {left.id or ''}".strip(), left.reason, remedy(left)
