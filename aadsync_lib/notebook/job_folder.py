"""The folder of one job run: its plan, what became of each target, the page of totals and the full report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

from aadsync_lib import files
from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.report.as_json import plan_to_json, run_from_json, run_to_json

PLAN = "plan.json"
REPORT = ".run.json"
PAGE = "summary.html"
REPORT_PAGE = "report.html"
WHOLE = "all"  # stands for the target in the name of a report over all of them
NOTHING_YET = "{}"
SILENT = "its task ended without a report: see the run page of the task"
DAMAGED = "its report is damaged: see the run page of the task"


class RunFolder:
    """``{reports}/run={run}``, or nothing at all where no ``reports`` is set."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def of(cls, values: Mapping[str, str], now: float) -> RunFolder | None:
        """Return the folder that the parameters name; without a ``run`` it is named after the time."""
        reports = values.get("reports")
        if reports is None:
            return None
        run = values.get("run") or f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
        return cls(f"{reports.rstrip('/')}/run={run}")

    @classmethod
    def around(cls, plan: str) -> RunFolder:
        """Return the folder that a saved plan is in."""
        return cls(str(PurePosixPath(plan).parent))

    def clear(self) -> None:
        """Take back what an earlier attempt left: a repaired job run has the same folder.

        Raises where nothing can be written, before anything is read or changed.
        """
        for name in files.names(self.path):
            if name in (PAGE, REPORT_PAGE) or name.endswith(REPORT):
                self._write(name, NOTHING_YET)
        self._write(PLAN, NOTHING_YET)

    def save_plan(self, plan: Plan) -> str:
        """Write the plan and return its path."""
        return self._write(PLAN, json.dumps(plan_to_json(plan), indent=2))

    def save_report(self, target: str, report: RunReport) -> None:
        """Write what became of a target."""
        self._write(f"{target}{REPORT}", json.dumps(run_to_json(report), indent=2))

    def save_error(self, target: str, error: str) -> None:
        """Write why a target has no report."""
        self._write(f"{target}{REPORT}", json.dumps({"kind": "run", "error": error}, indent=2))

    def save_page(self, html: str) -> str:
        """Write the page of totals and return its path."""
        return self._write(PAGE, html)

    def save_report_page(self, html: str) -> str:
        """Write the full report and return its path."""
        return self._write(REPORT_PAGE, html)

    @property
    def report_page(self) -> str | None:
        """The path of the full report, if this attempt has one."""
        there = REPORT_PAGE in files.names(self.path)
        path = f"{self.path}/{REPORT_PAGE}"
        return path if there and files.read_text(path) != NOTHING_YET else None

    def plan(self) -> str:
        """Return the text of the plan."""
        there = PLAN in files.names(self.path)
        text = files.read_text(f"{self.path}/{PLAN}") if there else NOTHING_YET
        if text == NOTHING_YET:
            raise AadsyncError(
                f"{self.path} has no {PLAN}: the plan was not made. Look at the run page of the task "
                f"that plans; nothing was changed."
            )
        return text

    def reports(self) -> dict[str, RunReport | str]:
        """Return what became of each target, or why it has no report.

        The key is its name, or ``WHOLE`` for all of them.
        """
        found = (name for name in files.names(self.path) if name.endswith(REPORT))
        return {name.removesuffix(REPORT): self._report(name) for name in found}

    def _report(self, name: str) -> RunReport | str:
        """Read a report; one that a task could not write to its end hides no other."""
        try:
            document = json.loads(files.read_text(f"{self.path}/{name}"))
        except (ValueError, RecursionError, UsageError):
            return DAMAGED
        if not isinstance(document, dict):
            return DAMAGED
        if document.get("targets"):
            return run_from_json(document)
        return str(document.get("error", SILENT))

    def _write(self, name: str, text: str) -> str:
        path = f"{self.path}/{name}"
        files.write_text(path, text)
        return path
