"""Plan of a connector: every difference between its settings and Entra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aadsync_lib.connector import assigning, credentials
from aadsync_lib.connector.application import MADE, Application
from aadsync_lib.connector.changes import own_change
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.schema_changes import schema_changes
from aadsync_lib.connector.secret_changes import secret_changes
from aadsync_lib.connector.state import State
from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.connector import ConnectorTargetPlan
from aadsync_lib.model.directory import Notice
from aadsync_lib.secrets import Secret


def plan(connector: Connector, state: State, token: Secret) -> ConnectorTargetPlan:
    """Return every change in the order of its write. Raises ``AadsyncError`` for what Entra cannot express."""
    changes = [
        *_application(connector, state),
        *_job(connector, state),
        *secret_changes(connector, state, token),
        *schema_changes(connector, state),
        *assigning.changes(connector, state),
        *_running(connector, state),
    ]
    changes.sort(key=lambda change: ORDER[change.action])
    return ConnectorTargetPlan(connector.target, tuple(changes), tuple(_warnings(connector, state)))


def notes_with(connector: Connector, application: Application) -> str:
    """Return the notes with all that is ours; what a person wrote stays as it is."""
    written = str(application.row.get("notes") or "").rstrip()
    ours = (connector.tag, MADE) if application.made else (connector.tag,)
    missing = (line for line in ours if line not in application.notes)
    return "\n".join(filter(None, (written, *missing)))


def _application(connector: Connector, state: State) -> Iterator[Change]:
    name, application = connector.settings.name, state.application
    if application is None:
        created = {"name": name, "template": state.template}
        reason = "there is no application of this sync and target"
        yield own_change(Action.CREATE_APPLICATION, name, reason, after=created)
        reason, tag = "marks it as the one of this sync and target", {"tag": connector.tag}
        yield own_change(Action.UPDATE_APPLICATION, name, reason, after=tag)
        return
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if application.name != name:
        before["name"], after["name"] = application.name, name
    if connector.tag not in application.notes:
        before["tag"], after["tag"] = None, connector.tag
    if after:
        reason = "name or tag is not the one of the settings"
        yield own_change(Action.UPDATE_APPLICATION, name, reason, before, after)


def _job(connector: Connector, state: State) -> Iterator[Change]:
    if state.job is None:
        reason = "the application has no provisioning job"
        yield own_change(Action.CREATE_JOB, connector.settings.name, reason)


def _running(connector: Connector, state: State) -> Iterator[Change]:
    name, enabled = connector.settings.name, connector.settings.enabled
    before, after = {"running": state.runs}, {"running": enabled}
    if enabled and not state.runs:
        yield own_change(Action.START, name, "the settings want it to run", before, after)
    elif state.runs and not enabled:
        yield own_change(Action.STOP, name, "the settings want it stopped", before, after)


def _warnings(connector: Connector, state: State) -> Iterator[Notice]:
    yield from assigning.warnings(connector, state)
    settings = connector.settings
    if state.quarantine:
        yield Notice(
            "quarantine",
            f"The job is in quarantine ({state.quarantine}), which setup does not end: "
            f"aadsync connector status says what to do.",
        )
    if settings.delete_threshold is not None and settings.notify is None:
        yield Notice(
            "threshold_without_notice",
            "delete_threshold is set and notify is not: Entra may refuse that, or tell nobody.",
        )
    for key in credentials.lost(state.secrets):
        yield Notice(
            "secret_lost",
            f"The application has a secret {key} that nobody can read back; setting the credentials drops it.",
        )
    if state.other_jobs:
        jobs = ", ".join(state.other_jobs)
        yield Notice("several_jobs", f"The application has other provisioning jobs, too: {jobs}.")
