"""Rows of the journal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aadsync_lib.model.carried import Membership, QuarantineRecord, Retry
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.run import Result
from aadsync_lib.store.delta.session import micros, moment
from aadsync_lib.store.delta.state import LinkRow, TargetState
from aadsync_lib.store.records import Row, change_to_text, names_to_text, plain, storable

TYPES = {
    "seq": "BIGINT", "at": "TIMESTAMP", "event": "STRING", "sync": "STRING", "target": "STRING",
    "run_id": "STRING", "entry": "BIGINT", "action": "STRING", "external_id": "STRING",
    "target_id": "STRING", "name": "STRING", "change": "STRING", "result": "STRING",
    "error": "STRING", "announced_at": "TIMESTAMP", "kind": "STRING", "origin": "STRING",
    "linked_at": "TIMESTAMP",
}  # fmt: skip
COLUMNS = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())

# The events of memberships that an outcome makes.
MEMBER_EVENTS = {
    (Action.ADD_MEMBERS, Result.DONE): "member_added",
    (Action.ADD_MEMBERS, Result.FAILED): "member_undone",
    (Action.REMOVE_MEMBERS, Result.DONE): "member_removed",
} | {(action, Result.DONE): "deleted" for action in Action if action.verb == "delete"}

TIMES = {"first", "last", "first_seen", "last_seen"}


class RowBuilder:
    """Gives rows their numbers; the state learns of them when all are written."""

    def __init__(self, state: TargetState, now: float) -> None:
        self._state = state
        self._at: datetime = moment(now)
        self.numbers = state.numbers(now)
        self._last = state.last

    def row(self, event: str, number: int | None = None, **values: Any) -> Row:
        """Return a row of ``COLUMNS``."""
        self._last = next(self.numbers) if number is None else number
        values |= {
            "seq": self._last,
            "at": self._at,
            "event": event,
            "sync": self._state.sync,
            "target": self._state.target,
        }
        return tuple(plain(values.get(name)) for name in TYPES)

    def keep(self) -> None:
        """Tell the state the highest number."""
        self._state.last = self._last


def about(change: Change) -> dict[str, Any]:
    """Return the columns that tell a change."""
    return {
        "action": change.action.value,
        "external_id": change.external_id,
        "target_id": change.target_id,
        "name": change.name,
        "change": change_to_text(change),
    }


def link_row(builder: RowBuilder, event: str, row: LinkRow) -> Row:
    """Return the row of a link that holds, or that is a former one."""
    link = row.link
    return builder.row(
        event,
        run_id=row.run_id,
        external_id=link.external_id,
        target_id=link.target_id,
        name=link.name,
        kind=link.kind.value,
        origin=link.origin.value,
        linked_at=moment(row.linked_at),
    )


def named_row(builder: RowBuilder, external_id: str, names: Iterable[str]) -> Row:
    """Return the row of what else Entra calls an identity."""
    return builder.row("named", external_id=external_id, change=names_to_text(names))


def member_row(
    builder: RowBuilder, event: str, run_id: str, change: Change, member: MemberRef
) -> Row:
    """Return the row of a member that was added or removed."""
    note = {"group_name": change.name, "external_id": member.external_id}
    return builder.row(
        event,
        run_id=run_id,
        external_id=change.external_id,
        target_id=member.target_id,
        name=member.name,
        kind=member.type.value,
        change=as_json(note) if event == "member_added" else None,
    )


def deleted_row(builder: RowBuilder, run_id: str, change: Change) -> Row:
    """Return the row of an object that is gone from the target."""
    return builder.row(
        "deleted",
        run_id=run_id,
        external_id=change.external_id,
        target_id=change.target_id,
        name=change.name,
        kind=change.action.kind.value,
    )


def noted_row(builder: RowBuilder, membership: Membership) -> Row:
    """Return the row of a membership that a run saw, or knows better by now."""
    note = {
        "group_name": membership.group_name,
        "external_id": membership.member.external_id,
        "how": membership.how.value,
        "until": None if membership.until is None else micros(membership.until),
        "ending": membership.ending and membership.ending.value,
        "ended_by": membership.ended_by,
    }
    return builder.row(
        "member_noted",
        run_id=membership.run_id,
        external_id=membership.group,
        target_id=membership.member.target_id,
        name=membership.member.name,
        kind=membership.member.type.value,
        linked_at=moment(membership.since),
        change=as_json(note),
    )


def record_json(record: Retry | QuarantineRecord) -> dict[str, Any]:
    """Return a record as the JSON of a row, times in microseconds."""
    raw = asdict(record)
    return raw | {name: micros(raw[name]) for name in TIMES & raw.keys()}


def as_json(value: object) -> str:
    """Return JSON that Spark reads itself: there half a surrogate pair has no place."""
    return storable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
