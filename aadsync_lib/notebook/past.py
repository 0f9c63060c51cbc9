"""Past of a sync for the history notebook: frames, and one run taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aadsync_lib.errors import UsageError
from aadsync_lib.history import History
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.identity import name_key
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.results import plan_result, run_result
from aadsync_lib.report.history.select import LAST

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = ("member", "member_external_id", "member_target_id")
GROUPS = ("group", "group_external_id")


@dataclass(frozen=True, slots=True)
class Past:
    """The past of a sync. ``undo`` is the plan that takes a run back, ``report`` what became of it."""

    sync: str
    runs: pd.DataFrame
    outcomes: pd.DataFrame
    memberships: pd.DataFrame
    drift: pd.DataFrame
    quarantine: pd.DataFrame
    undo: Plan | None = None
    report: RunReport | None = None

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield the frames with their titles."""
        yield "Runs, newest first", self.runs
        yield "What came of each change", self.outcomes
        yield "Who is directly in which group", self.memberships
        yield "Drift: what nobody changed in Entra", self.drift
        yield "In quarantine", self.quarantine

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows each frame has."""
        frames = ("runs", "outcomes", "memberships", "drift", "quarantine")
        return {name: len(getattr(self, name)) for name in frames}

    @property
    def result(self) -> JsonObject:
        """The sizes of all of it, small enough for the result of a notebook."""
        return {
            "kind": "history",
            "sync": self.sync,
            **self.sizes,
            "undo": plan_result(self.undo, None) if self.undo else None,
            "report": run_result(self.report) if self.report else None,
        }


def look_back(
    history: History,
    sync: str,
    values: Mapping[str, str],
    undo: Plan | None = None,
    report: RunReport | None = None,
) -> Past:
    """Ask the history what the widgets ask; without any of them, for the outcomes of the last run."""
    runs = history.runs()
    about = {name: values.get(name) for name in ("user", "group", "action")}
    if len(runs):
        history.check_known(about["user"], about["group"])
    newest = LAST if len(runs) and not any(about.values()) else None
    return Past(
        sync=sync,
        runs=runs,
        outcomes=history.outcomes(values.get("run", newest), **about),
        memberships=_about(history.memberships(values.get("on")), about["user"], about["group"]),
        drift=history.drift(),
        quarantine=history.quarantine(),
        undo=undo,
        report=report,
    )


def check_confirmed(plan: Plan, confirm: str) -> None:
    """Raise ``UsageError`` unless what was typed is the digest of this very plan."""
    if confirm != plan.digest:
        raise UsageError(
            f"confirm: {confirm} is not the digest of the plan above. Nothing was changed. Read the plan; "
            f"if it is what you want, set confirm to {plan.digest} and run the notebook again."
        )


def _about(frame: pd.DataFrame, user: str | None, group: str | None) -> pd.DataFrame:
    """Return the rows of a user, of a group, or of both, by name or id."""
    for name, columns in ((user, PEOPLE), (group, GROUPS)):
        if name:
            rows = frame[list(columns)].itertuples(index=False)
            kept = [any(_same(name, value) for value in row) for row in rows]
            frame = frame.loc[kept].reset_index(drop=True)
    return frame


def _same(name: str, value: object) -> bool:
    return isinstance(value, str) and name_key(value) == name_key(name)
