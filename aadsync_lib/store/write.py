"""Records of one target: journal entries, links, and what the next run has to know."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple

from aadsync_lib.model.carried import CarriedState, QuarantineRecord, Retry
from aadsync_lib.model.change import Change
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome
from aadsync_lib.store.database import TargetWriter
from aadsync_lib.store.memberships import end_group, keep_memberships, prune_memberships
from aadsync_lib.store.records import (
    KEPT_ACTIONS,
    already_linked,
    change_to_text,
    names_to_text,
    plain,
    storable,
    unknown_entry,
)

ADD_LINK = """
INSERT INTO links (sync, target, kind, external_id, target_id, origin, name, names, linked_at, run_id)
VALUES (:sync, :target, :kind, :external_id, :target_id, :origin, :name, :names, :now, :run_id)
ON CONFLICT (sync, target, external_id) DO UPDATE SET
  linked_at = iif(target_id = excluded.target_id, linked_at, excluded.linked_at),
  run_id = iif(target_id = excluded.target_id, run_id, excluded.run_id),
  missing_since = iif(target_id = excluded.target_id, missing_since, NULL),
  names = iif(target_id = excluded.target_id, coalesce(names, excluded.names), excluded.names),
  kind = excluded.kind, origin = excluded.origin, name = excluded.name,
  target_id = excluded.target_id
"""
# The object that this Entra object had until now.
LEAVE = """
INSERT INTO former SELECT sync, target, target_id, kind, external_id, origin, name FROM links
WHERE sync = :sync AND target = :target AND external_id = :external_id AND target_id <> :target_id
ON CONFLICT DO UPDATE SET kind = excluded.kind, external_id = excluded.external_id,
  origin = excluded.origin, name = excluded.name
"""
# Never a number that was given before, also when the row that had it was deleted.
NEXT = """(SELECT 1 + max(coalesce((SELECT max({0}) FROM {1}), 0),
  coalesce((SELECT highest FROM numbers WHERE of = '{1}'), 0)))"""
NEXT_ENTRY, NEXT_RUN = NEXT.format("entry", "journal"), NEXT.format("number", "runs")
ADD_ENTRY = """
INSERT INTO journal (entry, run_id, sync, target, action, external_id, target_id, name, change,
  announced_at)
VALUES (<next>, :run_id, :sync, :target, :action, :external_id, :target_id, :name, :change, :now)
""".replace("<next>", NEXT_ENTRY)
KEEP_NUMBERS = """
INSERT INTO numbers
  SELECT * FROM (SELECT 'journal', max(entry) AS highest FROM journal
    UNION ALL SELECT 'runs', max(number) FROM runs) WHERE highest IS NOT NULL
ON CONFLICT DO UPDATE SET highest = max(highest, excluded.highest)
"""
PRUNE_JOURNAL = """
DELETE FROM journal WHERE sync = ? AND result IS NOT NULL AND settled_at < ?
  AND NOT (result = 'done' AND action IN (<access>))
""".replace("<access>", KEPT_ACTIONS)
FORGET_RETRIES = "DELETE FROM retries WHERE sync = :sync AND target = :target"
ADD_RETRY = "INSERT INTO retries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
FORGET_QUARANTINE = "DELETE FROM quarantine WHERE sync = :sync AND target = :target"
ADD_QUARANTINE = "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def add_entry(writer: TargetWriter, run_id: str, change: Change) -> int:
    """Add a journal entry without a result and return its number."""
    cursor = writer.run(
        ADD_ENTRY,
        run_id=run_id,
        action=change.action.value,
        external_id=change.external_id,
        target_id=change.target_id,
        name=storable(change.name),
        change=change_to_text(change),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def settle_entry(writer: TargetWriter, entry: int, outcome: Outcome) -> str:
    """Record what came of an entry and return the run that announced it."""
    row = writer.run(
        "SELECT run_id FROM journal WHERE entry = :entry AND sync = :sync AND target = :target",
        entry=entry,
    ).fetchone()
    if row is None:
        raise unknown_entry(writer.target, writer.sync, entry)
    writer.run(
        "UPDATE journal SET result = :result, error = :error, settled_at = :now, change = :change,"
        " target_id = coalesce(:target_id, target_id) WHERE entry = :entry",
        result=outcome.result.value,
        error=plain(outcome.error),
        change=change_to_text(outcome.change),
        target_id=outcome.change.target_id,
        entry=entry,
    )
    return str(row[0])


def add_link(writer: TargetWriter, link: Link, run_id: str | None) -> None:
    """Add a link, or bring it up to date: a new name of the same object keeps when and by whom it was linked."""
    row = {
        "kind": link.kind.value,
        "external_id": link.external_id,
        "target_id": link.target_id,
        "origin": link.origin.value,
        "name": storable(link.name),
        "names": names_to_text(link.names) if link.names else None,
        "run_id": run_id,
    }
    owner = writer.run(
        "SELECT external_id FROM links WHERE sync = :sync AND target = :target"
        " AND target_id = :target_id AND external_id <> :external_id",
        **row,
    ).fetchone()
    if owner is not None:
        raise already_linked(writer.target, link, owner[0])
    if writer.run(LEAVE, **row).rowcount:
        end_group(writer, link.external_id, run_id)
    forget_former(writer, link.target_id)
    writer.run(ADD_LINK, **row)


def forget_former(writer: TargetWriter, target_id: str | None) -> None:
    """Forget that an object is a former one: it is linked again, or deleted."""
    writer.run(
        "DELETE FROM former WHERE sync = :sync AND target = :target AND target_id = :target_id",
        target_id=target_id,
    )


def remove_link(writer: TargetWriter, external_id: str, run_id: str | None) -> None:
    """Remove a link and end what hangs on it; one that is not there counts as removed."""
    end_group(writer, external_id, run_id)
    writer.run(
        "DELETE FROM links WHERE sync = :sync AND target = :target AND external_id = :external_id",
        external_id=external_id,
    )


def keep_state(writer: TargetWriter, state: CarriedState) -> None:
    """Replace the parts that the state has, and keep its memberships."""
    if state.missing is not None:
        _keep_missing(writer, state.missing)
    if state.retries is not None:
        writer.run(FORGET_RETRIES)
        _add(writer, ADD_RETRY, state.retries)
    if state.quarantine is not None:
        writer.run(FORGET_QUARANTINE)
        _add(writer, ADD_QUARANTINE, state.quarantine)
    keep_memberships(writer, state.memberships)
    _keep_names(writer, state.names)


def _keep_names(writer: TargetWriter, names: Mapping[str, Iterable[str]]) -> None:
    writer.run_each(
        "UPDATE links SET names = :names WHERE sync = :sync AND target = :target"
        " AND external_id = :external_id AND names IS NULL",
        ({"external_id": each, "names": names_to_text(known)} for each, known in names.items()),
    )


def _keep_missing(writer: TargetWriter, missing: Mapping[str, float]) -> None:
    """Note it at the links themselves, so that it ends with them."""
    writer.run(
        "UPDATE links SET missing_since = NULL"
        " WHERE sync = :sync AND target = :target AND missing_since IS NOT NULL"
    )
    writer.run_each(
        "UPDATE links SET missing_since = :since"
        " WHERE sync = :sync AND target = :target AND external_id = :external_id",
        ({"since": since, "external_id": external_id} for external_id, since in missing.items()),
    )


def _add(
    writer: TargetWriter, statement: str, records: Iterable[Retry] | Iterable[QuarantineRecord]
) -> None:
    """Add rows whose columns are the fields of these records."""
    rows = ((writer.sync, writer.target, *map(plain, astuple(record))) for record in records)
    writer.connection.executemany(statement, rows)


def prune(connection: sqlite3.Connection, sync: str, before: float) -> None:
    """Delete what was settled before, and the runs that ended before and have nothing left.

    What was given in workspaces stays: nothing else tells that it may be taken back.
    """
    connection.execute(KEEP_NUMBERS)
    connection.execute(PRUNE_JOURNAL, (sync, before))
    prune_memberships(connection, sync, before)
    connection.execute(
        "DELETE FROM runs WHERE sync = ? AND ended_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.run_id = runs.run_id)",
        (sync, before),
    )
