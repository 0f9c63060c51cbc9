"""Plans and runs as tidy pandas frames.

All columns have the dtype ``string``, those without a value too, so that a frame of any content
becomes the same Arrow schema and the same Spark table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter

import pandas as pd

from aadsync_lib.model.change import Change, MemberRef
from aadsync_lib.model.codec import attributes_to_json
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.plan import Plan, Quarantined, Unowned
from aadsync_lib.model.run import Result, RunReport, TargetReport

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

HELD_BACK = "held"
ENCODER = json.JSONEncoder(ensure_ascii=False)


def plan_frame(plan: Plan) -> pd.DataFrame:
    """See ``Plan.to_frame``."""
    columns = Columns(PLAN)
    for target in plan.targets:
        for change in target.changes:
            columns.change(change, target=target.target)
    return columns.frame()


def held_frame(plan: Plan) -> pd.DataFrame:
    """See ``Plan.held_frame``."""
    columns = Columns(HELD)
    for target in plan.targets:
        columns.waiting(target.quarantined, Result.QUARANTINED.value, target=target.target)
        columns.waiting(target.on_hold, HELD_BACK, target=target.target)
    return columns.frame()


def left_frame(plan: Plan) -> pd.DataFrame:
    """See ``Plan.left_frame``."""
    columns = Columns(LEFT)
    for target in plan.targets:
        for left in target.unapplied:
            columns.change(left.change, target=target.target, by=left.by.value)
    return columns.frame()


def found_frame(plan: Plan) -> pd.DataFrame:
    """See ``Plan.found_frame``."""
    columns = Columns(FOUND)
    for target in plan.targets:
        for found in target.unowned:
            columns.found(found, target.target)
    return columns.frame()


def run_frame(report: RunReport) -> pd.DataFrame:
    """See ``RunReport.to_frame``."""
    columns = Columns(RUN)
    for target in report.targets:
        where = {"run_id": report.run_id, "target": target.target}
        for outcome in target.outcomes:
            ending = {"result": outcome.result.value, "error": outcome.error}
            columns.change(outcome.change, **where, **ending)
        columns.waiting(_only_planned(target), Result.QUARANTINED.value, **where)
        columns.waiting(target.on_hold, HELD_BACK, **where)
    return columns.frame()


def _only_planned(target: TargetReport) -> Iterable[Quarantined]:
    """What planning quarantined, without what a change of the run says already."""
    said = {
        (outcome.change.external_id, outcome.change.name, outcome.error)
        for outcome in target.outcomes
        if outcome.result is Result.QUARANTINED
    }
    return (q for q in target.quarantined if (q.external_id, q.name, q.reason) not in said)


class Columns:
    """A table that is filled column by column: a million memberships take no object for each row."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._values: dict[str, list[str | None]] = {name: [] for name in names}

    def change(self, change: Change, **more: str | None) -> None:
        """Add a row, or one for each member; ``more`` are values of the columns beside the change."""
        values = {
            "action": change.action.value,
            "kind": change.action.kind.value,
            "name": change.name,
            "external_id": change.external_id,
            "target_id": change.target_id,
            "before": _json(change.before),
            "after": _json(change.after),
            "reason": change.reason,
            "drift": "true" if change.drift else "false",
        }
        self.add(values | more, change.members)

    def waiting(self, items: Iterable[Quarantined], result: str, **more: str | None) -> None:
        """Add a row without an action for everything that waits."""
        for item in items:
            values = {"name": item.name, "external_id": item.external_id, "reason": item.reason}
            self.add({"result": result, **values, **more})

    def found(self, one: Unowned, target: str) -> None:
        """Add a row for an object that is not ours."""
        self.add(
            {
                "target": target,
                "kind": one.kind.value,
                "name": one.name,
                "external_id": one.external_id,
                "target_id": one.target_id,
                "owner": one.owner,
                "setting": one.setting,
            }
        )

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
