"""Columns of tidy pandas frames, filled from changes and rows.

All columns have the dtype ``string``, those without a value too, so that a frame of any content
becomes the same Arrow schema and the same Spark table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING

import pandas as pd

from aadsync_lib.model.change import Change, MemberRef
from aadsync_lib.model.codec import attributes_to_json
from aadsync_lib.model.identity import Attributes

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MEMBER: Mapping[str, Callable[[MemberRef], str | None]] = {
    "member": attrgetter("name"),
    "member_type": attrgetter("type.value"),
    "member_external_id": attrgetter("external_id"),
    "member_target_id": attrgetter("target_id"),
}
CHANGE = (
    *("target", "action", "kind", "name", "external_id", "target_id"),
    *MEMBER,
    *("before", "after"),
)
PLAN = (*CHANGE, "reason", "drift")
HELD = ("target", "result", "name", "external_id", "reason")
LEFT = (*PLAN, "by")
FOUND = ("target", "kind", "name", "external_id", "target_id", "owner", "setting")
RUN = ("run_id", *CHANGE, "result", "error", "reason", "drift")

ENCODER = json.JSONEncoder(ensure_ascii=False)


class Columns:
    """A table that is filled column by column: a million memberships take no object for each row."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._values: dict[str, list[str | None]] = {name: [] for name in names}

    def change(self, change: Change, **more: str | None) -> None:
        """Add a row, or one for each member; ``more`` are values of the columns beside the change."""
        values = {
            "action": change.action.value,
            "kind": change.kind.value,
            "name": change.name,
            "external_id": change.external_id,
            "target_id": change.target_id,
            "before": _json(change.before),
            "after": _json(change.after),
            "reason": change.reason,
            "drift": "true" if change.drift else "false",
        }
        self.add(values | more, change.members)

    def rows(self, items: Iterable[DataclassInstance], **more: str) -> None:
        """Add a row for each value whose fields are columns; ``more`` are values of the others."""
        for item in items:
            self.add(asdict(item) | more)

    def add(self, values: Mapping[str, str | None], members: Sequence[MemberRef] = ()) -> None:
        """Add a row, or one for each member."""
        count = len(members) or 1
        for name, column in self._values.items():
            if members and name in MEMBER:
                column.extend(map(_text, map(MEMBER[name], members)))
            else:
                column.extend(repeat(_text(values.get(name)), count))

    def frame(self) -> pd.DataFrame:
        """Return what was added."""
        arrays = {
            name: pd.array(values, dtype="string")  # the dtype of an empty column as well
            for name, values in self._values.items()
        }
        return pd.DataFrame(arrays)


def _json(attributes: Attributes | None) -> str | None:
    raw = attributes_to_json(attributes)
    return None if raw is None else ENCODER.encode(raw)


def _text(value: str | None) -> str | None:
    r"""Return text that Arrow and Spark can hold: half a surrogate pair is written as ``\ud83d``."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
