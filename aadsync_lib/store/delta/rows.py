"""Rows of the journal."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aadsync_lib.model.carried import Membership, QuarantineRecord, Retry
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.codec import change_to_json
from aadsync_lib.model.run import Result
from aadsync_lib.store.delta.session import Row, micros, moment
from aadsync_lib.store.delta.view import LinkRow, View
from aadsync_lib.store.text import storable

TYPES = {
    "seq": "BIGINT", "at": "TIMESTAMP", "event": "STRING", "sync": "STRING", "target": "STRING",
    "run_id": "STRING", "entry": "BIGINT", "action": "STRING", "external_id": "STRING",
    "target_id": "STRING", "name": "STRING", "change": "STRING", "result": "STRING",
    "error": "STRING", "announced_at": "TIMESTAMP", "kind": "STRING", "origin": "STRING",
    "linked_at": "TIMESTAMP",
}  # fmt: skip
COLUMNS = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())

# What an outcome says of memberships.
MEMBER_EVENTS = {
    (Action.ADD_MEMBERS, Result.DONE): "member_added",
    (Action.ADD_MEMBERS, Result.FAILED): "member_undone",
    (Action.REMOVE_MEMBERS, Result.DONE): "member_removed",
} | {(action, Result.DONE): "deleted" for action in Action if action.verb == "delete"}

TIMES = {"first", "last", "first_seen", "last_seen"}


class RowBuilder:
    """Gives rows their numbers; the view learns of them when all are written."""

    def __init__(self, view: View, now: float) -> None:
        self._view = view
        self._at: datetime = moment(now)
        self.numbers = view.numbers(now)
        self._last = view.last

    def row(self, event: str, number: int | None = None, **values: Any) -> Row:
        """Return a row of ``COLUMNS``."""
        self._last = next(self.numbers) if number is None else number
        values |= {
            "seq": self._last,
            "at": self._at,
            "event": event,
            "sync": self._view.sync,
            "target": self._view.target,
        }
        return tuple(_plain(values.get(name)) for name in TYPES)

    def keep(self) -> None:
        """Tell the view the highest number."""
        self._view.last = self._last


def about(change: Change) -> dict[str, Any]:
    """Return the columns that tell a change."""
    return {
        "action": change.action.value,
        "external_id": change.external_id,
        "target_id": change.target_id,
        "name": change.name,
        "change": json.dumps(change_to_json(change), separators=(",", ":")),
    }


def link_row(paper: RowBuilder, event: str, made: LinkRow) -> Row:
    """Return the row of a link that holds, or that is a former one."""
    link = made.link
    return paper.row(
        event,
        run_id=made.run_id,
        external_id=link.external_id,
        target_id=link.target_id,
        name=link.name,
        kind=link.kind.value,
        origin=link.origin.value,
        linked_at=moment(made.linked_at),
    )


def member_row(
    paper: RowBuilder, event: str, run_id: str, change: Change, member: MemberRef
) -> Row:
    """Return the row of a member that was added or removed."""
    note = {"group_name": change.name, "external_id": member.external_id}
    return paper.row(
        event,
        run_id=run_id,
        external_id=change.external_id,
        target_id=member.target_id,
        name=member.name,
        kind=member.type.value,
        change=as_json(note) if event == "member_added" else None,
    )


def deleted_row(paper: RowBuilder, run_id: str, change: Change) -> Row:
    """Return the row of an object that is gone from the target."""
    return paper.row(
        "deleted",
        run_id=run_id,
        external_id=change.external_id,
        target_id=change.target_id,
        name=change.name,
        kind=change.action.kind.value,
    )


def noted_row(paper: RowBuilder, one: Membership) -> Row:
    """Return the row of a membership that a run saw, or knows better by now."""
    note = {
        "group_name": one.group_name,
        "external_id": one.member.external_id,
        "how": one.how.value,
        "until": None if one.until is None else micros(one.until),
        "ending": one.ending and one.ending.value,
        "ended_by": one.ended_by,
    }
    return paper.row(
        "member_noted",
        run_id=one.run_id,
        external_id=one.group,
        target_id=one.member.target_id,
        name=one.member.name,
        kind=one.member.type.value,
        linked_at=moment(one.since),
        change=as_json(note),
    )


def remembered(one: Retry | QuarantineRecord) -> dict[str, Any]:
    """Return what is remembered as JSON, times in microseconds."""
    raw = asdict(one)
    return raw | {name: micros(raw[name]) for name in TIMES & raw.keys()}


def as_json(value: object) -> str:
    """Return JSON that Spark reads itself: there half a surrogate pair has no place."""
    return storable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _plain(value: object) -> object:
    return storable(value) if isinstance(value, str) else value
