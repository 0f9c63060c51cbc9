"""Documents of a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aadsync_lib.model.carried import (
    JournalEntry,
    Membership,
    MembershipOrigin,
    QuarantineRecord,
    RunRecord,
)
from aadsync_lib.model.change import ACCESS, Change
from aadsync_lib.model.codec import attributes_to_json
from aadsync_lib.model.run import Result, RunReport
from aadsync_lib.report.access_words import access_words
from aadsync_lib.report.document import Document, Table
from aadsync_lib.report.history.as_json import report_of, shown_time
from aadsync_lib.report.plan_rows import ADD, REMOVE, first_names, words
from aadsync_lib.report.wording import REFUSED_BY, count

ADDED_BY = {
    MembershipOrigin.ADDED: "this sync",
    MembershipOrigin.FOUND: "found in both",
    MembershipOrigin.FOREIGN: "somebody else",
}
NAMES = 5  # members named in a line
ATTRIBUTES = frozenset({"update", "rename", "activate", "deactivate", "adopt", "release"})


def runs_document(sync: str, runs: Sequence[RunRecord]) -> Document:
    """Show the runs, newest first."""
    head = ("Run", "Began (UTC)", "By", "Ended", "Changes", "Members", "Notes")
    rows = tuple(map(_run_row, runs))
    title = f"History of {sync}: {count(len(runs), 'run')}"
    tables = (Table("Runs", head, rows),)
    return Document(title, tables=tables, empty="No run has been recorded yet.")


def run_document(
    sync: str, run: RunRecord, entries: Sequence[JournalEntry], *, full: bool
) -> Document:
    """Show one run and what came of each change."""
    report = report_of(run)
    ended = f", ended {shown_time(run.ended_at)}" if run.ended_at is not None else ""
    lines = (
        f"Began {shown_time(run.started_at)}{ended} (UTC), by {run.user} on {run.host}",
        f"Plan {run.digest}",
        f"Settings {run.settings_digest}",
        *((f"It undoes run {run.undoes}",) if run.undoes else ()),
        *((_undone(report),) if _undone(report) else ()),
    )
    title = f"Run {run.run_id} of {sync}: {_status(run)}"
    table = outcomes_table(entries, full=full, of_one_run=True)
    over = Table(REFUSED_BY, ("Why",), tuple((line,) for line in report.over))
    empty = "No change of it was sent, or none is what was asked for."
    return Document(title, lines=lines, tables=(over, table), empty=empty)


def outcomes_document(
    title: str, memberships: Iterable[Membership], entries: Sequence[JournalEntry], *, full: bool
) -> Document:
    """Show where somebody is and was a member, and what came of each change of all runs."""
    tables = (memberships_table(memberships), outcomes_table(entries, full=full))
    return Document(title, tables=tables, empty="No run has changed it.")


def members_document(
    title: str, found: Iterable[tuple[Membership, tuple[str, ...]]], lines: tuple[str, ...]
) -> Document:
    """Show who was in a group."""
    head = ("Member", "Type", "Through", "Since (UTC)", "Run", "Added by")
    rows = tuple(
        (
            membership.member.name,
            membership.member.type.value.replace("_", " "),
            " > ".join(via) or "direct",
            shown_time(membership.since),
            membership.run_id,
            ADDED_BY[membership.how],
        )
        for membership, via in found
    )
    table = Table("Members", head, rows)
    return Document(title, lines=lines, tables=(table,), empty="Nobody that is known of.")


def quarantine_document(sync: str, found: Iterable[tuple[str, QuarantineRecord]]) -> Document:
    """Show what is held back until a person looks or the cause is gone."""
    head = ("Name", "Target", "First seen (UTC)", "Last seen (UTC)", "Runs", "Why")
    rows = tuple(
        (
            record.name,
            target,
            shown_time(record.first_seen),
            shown_time(record.last_seen),
            str(record.times),
            record.reason,
        )
        for target, record in found
    )
    title = f"Quarantine of {sync}: {len(rows):,}"
    tables = (Table("Quarantined", head, rows),)
    return Document(title, tables=tables, empty="Nothing is held back.")


def memberships_table(memberships: Iterable[Membership]) -> Table:
    """Return since when, and until when, somebody is in groups."""
    head = ("Group", "Target", "Since (UTC)", "Run", "Added by", "Until (UTC)")
    rows = tuple(
        (
            membership.group_name,
            membership.target,
            shown_time(membership.since),
            membership.run_id,
            ADDED_BY[membership.how],
            _until(membership),
        )
        for membership in memberships
    )
    return Table("Directly in groups", head, rows)


def outcomes_table(
    entries: Iterable[JournalEntry], *, full: bool, of_one_run: bool = False
) -> Table:
    """Return what came of each change; the id of a run tells when it was."""
    run = () if of_one_run else ("Run",)
    rows = tuple(
        (
            entry.outcome.change.name,
            entry.target,
            *(() if of_one_run else (entry.run_id,)),
            entry.outcome.result.value,
            _what(entry, full=full),
        )
        for entry in entries
    )
    return Table("Outcomes", ("Name", "Target", *run, "Result", "Change"), rows)


def _run_row(run: RunRecord) -> tuple[str, ...]:
    report = report_of(run)
    undoes = f"undoes {run.undoes}" if run.undoes else ""
    return (
        run.run_id,
        shown_time(run.started_at),
        run.user,
        _status(run),
        f"{report.applied.total():,}",
        f"{ADD}{report.members_added:,} {REMOVE}{report.members_removed:,}",
        ", ".join(filter(None, (undoes, _undone(report)))),
    )


def _status(run: RunRecord) -> str:
    return run.status if run.ended_at is not None else "not ended"


def _undone(report: RunReport) -> str:
    parts = (
        ("failed", report.failed),
        ("quarantined", report.in_quarantine),
        ("held back", report.on_hold),
    )
    return ", ".join(f"{len(items):,} {what}" for what, items in parts if items)


def _until(membership: Membership) -> str:
    if membership.until is None:
        return "now"
    by = f", by run {membership.ended_by}" if membership.ended_by else ""
    ending = f" ({membership.ending.value}{by})" if membership.ending else ""
    return f"{shown_time(membership.until)}{ending}"


def _what(entry: JournalEntry, *, full: bool) -> str:
    change, outcome = entry.outcome.change, entry.outcome
    about = [access_words(change)] if change.action in ACCESS else []
    parts = [words(change.action), *about, *_differences(change), *_members(change, full=full)]
    if change.drift:
        parts.append("mends drift")
    if outcome.result is not Result.DONE and outcome.error:
        parts.append(outcome.error)
    elif change.reason:
        parts.append(f"({change.reason})")
    return " ".join(parts)


def _differences(change: Change) -> Iterable[str]:
    if change.action.verb not in ATTRIBUTES:
        return
    before, after = (
        attributes_to_json(attributes) or {} for attributes in (change.before, change.after)
    )
    for key in dict.fromkeys((*before, *after)):
        yield f"{key} {_value(before.get(key))} -> {_value(after.get(key))}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{value}"' if value else "(none)"


def _members(change: Change, *, full: bool) -> Iterable[str]:
    if change.members:
        names = tuple(member.name for member in change.members)
        yield first_names(names, None if full else NAMES)
