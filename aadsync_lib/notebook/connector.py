"""Entra's gallery connector in a notebook: its state, who it provisions, and its setup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.connector.compare.as_json import comparison_to_json
from aadsync_lib.connector.compare.document import INCOMPLETE, comparison_document
from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.connector.report.as_json import plan_to_json, run_to_json
from aadsync_lib.connector.report.document import plan_document, run_document
from aadsync_lib.connector.setup import plan_connectors, set_up
from aadsync_lib.connector.status.as_json import status_to_json
from aadsync_lib.connector.status.document import status_document
from aadsync_lib.connector.status.kept import records_of
from aadsync_lib.connector.status.model import ConnectorStatus
from aadsync_lib.connector.status.read import StatusReader
from aadsync_lib.errors import AadsyncError, PartialError, UsageError
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.connector import ConnectorPlan, ConnectorRecord, ConnectorRun
from aadsync_lib.notebook import connector_frames as frames
from aadsync_lib.notebook.parameters import COMPARE, NOT_WATCHED, SETUP, WARN
from aadsync_lib.report.document import Document
from aadsync_lib.report.escape import visible
from aadsync_lib.wiring import open_comparer, open_connector, open_store

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 50  # failures and differences of a target in the result of a notebook
LONG = ("failures", "only_connector", "only_sync", "changes")


@dataclass(frozen=True, slots=True)
class ConnectorAnswer:
    """What a notebook shows of the connectors. ``error`` is how it ends, where it does not end well."""

    document: Document
    result: JsonObject
    tables: tuple[tuple[str, pd.DataFrame], ...]
    error: AadsyncError | None = None


@dataclass(frozen=True, slots=True)
class ConnectorDesk:
    """The connectors of these settings, for one notebook.

    ``given`` is what the composition root takes besides, ``show`` shows a plan before an error about it.
    """

    settings: Settings
    given: Mapping[str, Any]
    show: Callable[[ConnectorAnswer], None]

    def answer(self, values: Mapping[str, str]) -> ConnectorAnswer:
        """Do what the widget ``do`` says. Raises ``UsageError`` for a confirmation of something else."""
        confirm = values.get("confirm")
        match values.get("do"):
            case str(word) if word == SETUP:
                return self._setup(confirm, plan_only=values.get("plan_only") == "true")
            case _ if confirm:
                raise UsageError("confirm: says nothing without do = setup. Nothing was changed.")
            case str(word) if word == COMPARE:
                return self._compare()
            case _:
                return self._status(values.get("watch_connector", NOT_WATCHED))

    def _status(self, watch: str) -> ConnectorAnswer:
        with open_connector(self.settings, **self.given) as connectors:
            status = StatusReader(connectors).whole()
        tables = frames.of_status(status)
        if watch != NOT_WATCHED:
            tables += frames.of_records(self._recorded(status))
        problem = None if status.healthy or watch == WARN else PartialError(_problems(status))
        document, result = status_document(status), _short(status_to_json(status))
        return ConnectorAnswer(document, result, tables, problem)

    def _recorded(self, status: ConnectorStatus) -> tuple[ConnectorRecord, ...]:
        """Record what was seen, and return what was seen last."""
        clock, spark = self.given["clock"], self.given["spark"]
        with open_store(self.settings, clock, spark=spark) as store:
            store.keep_connectors(records_of(status))
            return store.connectors()

    def _compare(self) -> ConnectorAnswer:
        with open_comparer(self.settings, **self.given) as comparer:
            comparison = comparer.run()
        problem = None if comparison.complete else PartialError(INCOMPLETE)
        document, result = comparison_document(comparison), comparison_to_json(comparison)
        return ConnectorAnswer(document, _short(result), frames.of_comparison(comparison), problem)

    def _setup(self, confirm: str | None, *, plan_only: bool) -> ConnectorAnswer:
        """Plan the setup, and do it where the digest of that plan was typed."""
        with open_connector(self.settings, **self.given) as connectors:
            plan = plan_connectors(connectors)
        shown = _planned(plan)
        if confirm is None or plan.empty:
            return shown
        if plan_only:
            raise UsageError("plan_only: is true, and this sets up. Nothing was changed.")
        if confirm != plan.digest:
            self.show(shown)
            raise UsageError(
                f"confirm: {visible(confirm)} is not the digest of the plan above. Nothing was changed. Read "
                f"the plan; if it is what you want, set confirm to {plan.digest} and run the notebook again."
            )
        return self._writing(partial(set_up, confirmed=confirm))

    def _writing(self, act: Callable[[Connectors], ConnectorRun]) -> ConnectorAnswer:
        with open_connector(self.settings, write=True, **self.given) as connectors:
            run = act(connectors)
        document = replace(run_document(run), next="Next: do = status shows where it is.")
        return ConnectorAnswer(document, _short(run_to_json(run)), frames.of_run(run), _undone(run))


def _planned(plan: ConnectorPlan) -> ConnectorAnswer:
    document = plan_document(plan)
    if not plan.empty:
        advice = "Next: to do it, type this digest into confirm and run the notebook again."
        document = replace(document, digest=plan.digest, next=advice)
    result = {**_short(plan_to_json(plan)), "digest": plan.digest}
    return ConnectorAnswer(document, result, frames.of_plan(plan))


def _problems(status: ConnectorStatus) -> str:
    lines = [
        f"  {target.target}: {visible('; '.join(target.problems))}"
        for target in status.targets
        if target.problems
    ]
    text = "\n".join(lines)
    return f"Connectors to look at: {len(lines)}. What to do stands above.\n{text}"


def _undone(run: ConnectorRun) -> AadsyncError | None:
    """Return the error that a setup ends with: 1 where Databricks does not take the credentials."""
    if run.not_accepted:
        return AadsyncError(
            f"{', '.join(run.not_accepted)}: Databricks does not accept the credentials. Nothing was "
            f"started. Put a valid token where connector.token says, then run the notebook again."
        )
    if run.exit_code == 0:
        return None
    failed = [
        f"  {target.target}: {outcome.change.action.value} {visible(outcome.change.name)}: "
        f"{visible(outcome.reason)}"
        for target in run.targets
        for outcome in target.failed
    ]
    text = "\n".join(failed)
    return PartialError(
        f"Run {run.run_id}: {len(failed)} changes of the setup were not done.\n{text}\n"
        f"What was done is recorded. Mend the cause and run the notebook again."
    )


def _short(document: JsonObject) -> JsonObject:
    """Return a document small enough for the result of a notebook; ``more`` counts what is left out."""
    targets = [dict(target) for target in document["targets"]]
    for target in targets:
        for key in LONG:
            if len(rows := target.get(key) or ()) > SHOWN:
                target[key] = rows[:SHOWN]
                target[f"more_{key}"] = len(rows) - SHOWN
    return {**document, "targets": targets}
