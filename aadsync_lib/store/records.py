"""Records of a store: model values made of rows, text as rows can hold it, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace
from typing import Any

from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import (
    Checkpoint,
    EndReason,
    JournalEntry,
    Membership,
    MembershipOrigin,
    RunRecord,
)
from aadsync_lib.model.change import ACCESS, MADE, Action, Change, MemberRef
from aadsync_lib.model.codec import change_from_json, change_to_json
from aadsync_lib.model.connector import ConnectorRecord
from aadsync_lib.model.directory import Cursor
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin, Sharer
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Pending

Row = tuple[Any, ...]

# As a list of SQL. What was given in workspaces is ours as long as its entries tell so.
ACCESS_ACTIONS = ", ".join(f"'{action}'" for action in sorted(ACCESS))
# And what was made in Entra, which a person could have made as well.
KEPT_ACTIONS = ", ".join(f"'{action}'" for action in sorted(ACCESS | MADE))

# For memberships in their hundreds of thousands a look-up is quicker than the enumeration.
KINDS = {kind.value: kind for kind in Kind}
ORIGINS = {origin.value: origin for origin in Origin}
MEMBERSHIP_ORIGINS = {origin.value: origin for origin in MembershipOrigin}
END_REASONS = {reason.value: reason for reason in EndReason}


def storable(text: str) -> str:
    """Return what a store can hold: half a surrogate pair, as cut-off names end in, is replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain(value: object) -> object:
    """Return a value of a row, storable if it is text."""
    return storable(value) if isinstance(value, str) else value


def change_to_text(change: Change) -> str:
    """Return a change as the journal holds it."""
    return json.dumps(change_to_json(change), separators=(",", ":"))


def change_of(text: str) -> Change:
    """Read what ``change_to_text`` wrote."""
    return change_from_json(json.loads(text))


def link_of(
    kind: str, external_id: str, target_id: str, origin: str, name: str, names: str | None = None
) -> Link:
    """Return a link from its columns."""
    if names is None:
        return Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name)
    known = tuple(json.loads(names))
    return Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name, known)


def names_to_text(names: Iterable[str]) -> str:
    """Return the names of a link as its column holds them."""
    return json.dumps([storable(name) for name in names], separators=(",", ":"))


def sharers_of(rows: Iterable[Row]) -> dict[str, Sharer]:
    """Return sharers from their columns, by target id; the last one of an object holds."""
    sharers = (Sharer(sync, link_of(*link), bool(in_scope)) for sync, in_scope, *link in rows)
    return {sharer.link.target_id: sharer for sharer in sharers}


def owners_of(rows: Iterable[Row]) -> dict[str, str]:
    """Return the last owner of each object by the actions that begin and end a link, oldest first."""
    owners: dict[str, str] = {}
    for target_id, external_id, action in rows:
        verb = Action(action).verb
        if verb in ("create", "adopt"):
            owners[target_id] = external_id
        elif verb in ("delete", "release"):
            owners.pop(target_id, None)
    return owners


def connector_rows(sync: str, records: Iterable[ConnectorRecord]) -> list[Row]:
    """Return what was seen of connectors as rows: sync, target, time, state, problems, failing, document."""
    return [(sync, *map(plain, astuple(record))) for record in records]


def pending_of(entry: int, run_id: str, change: str) -> Pending:
    """Return an open write from its columns."""
    return Pending(entry, run_id, change_of(change))


def run_of(run_id: str, digest: str, settings_digest: str, full: object, *more: Any) -> RunRecord:
    """Return a run from its columns."""
    return RunRecord(run_id, digest, settings_digest, bool(full), *more)


def checkpoint_of(state: str, watched: str, run_id: str, status: str | None) -> Checkpoint:
    """Return a checkpoint from its columns; ``status`` is that of its run, if that is the last one."""
    fields = json.loads(state)
    cursor = Cursor(fields.pop("links"), fields.pop("assigned"))
    unsure = {target: tuple(ids) for target, ids in fields.pop("unsure", {}).items()}
    kept = Checkpoint(cursor=cursor, watched=watched, unsure=unsure, run_id=run_id, **fields)
    return replace(kept, current=status == "succeeded")


def checkpoint_to_text(checkpoint: Checkpoint) -> str:
    """Return a checkpoint, but for whom it watches, as its column holds it."""
    fields = {
        "made_for": checkpoint.made_for,
        "given_at": checkpoint.given_at,
        "full_at": checkpoint.full_at,
        "doubted_at": checkpoint.doubted_at,
        "links": dict(checkpoint.cursor.links),
        "assigned": dict(checkpoint.cursor.assigned),
        "mirror_digest": checkpoint.mirror_digest,
        "unsure": dict(checkpoint.unsure),
    }
    return json.dumps(fields)


def entry_of(
    entry: int, run_id: str, target: str, change: str, result: str, error: str | None, *times: float
) -> JournalEntry:
    """Return an entry of the journal from its columns."""
    outcome = Outcome(change_of(change), Result(result), error)
    return JournalEntry(entry, run_id, target, outcome, *times)


def memberships_of(rows: Iterable[Row]) -> tuple[Membership, ...]:
    """Return memberships from their columns; there may be a million, so what is equal is one object."""
    known: dict[object, Any] = {}
    same: Callable[[Any, Any], Any] = known.setdefault
    memberships = []
    for target, group, group_name, *about, how, since, run_id, until, ending, ended_by in rows:
        key = tuple(about)
        member = known.get(key) or same(key, _member(*about))
        memberships.append(
            Membership(
                same(target, target),
                same(group, group),
                same(group_name, group_name),
                member,
                MEMBERSHIP_ORIGINS[how],
                same(since, since),
                same(run_id, run_id),
                until,
                ending and END_REASONS[ending],
                ended_by,
            )
        )
    return tuple(memberships)


def _member(external_id: str | None, target_id: str, name: str, kind: str) -> MemberRef:
    return MemberRef(external_id, target_id, name, KINDS[kind])


def unknown_run(place: object, sync: str, run_id: str) -> StoreError:
    """Return what to raise when a run ends that never began."""
    return StoreError(
        f"{place}: sync {sync} has no run {run_id}, so its end was not recorded. Was the store "
        f"replaced during the run?"
    )


def unknown_entry(target: str, sync: str, entry: int) -> StoreError:
    """Return what to raise for the outcome of a change that was never announced."""
    return StoreError(
        f"{target}: the journal of sync {sync} has no entry {entry}, so its outcome was not "
        f"recorded. Was the store replaced during the run? Run again to find out what was done."
    )


def already_linked(target: str, link: Link, owner: str) -> StoreError:
    """Return what to raise when a target object would be linked twice."""
    return StoreError(
        f"{target}: {link.kind.value} {link.target_id} is linked to Entra object {owner} and "
        f"cannot be linked to {link.external_id} as well. Nothing of this step was recorded. "
        f"Run again: what was sent is looked up on the target first."
    )
