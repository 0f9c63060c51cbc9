"""Plan of a connector: every difference between its settings and Entra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aadsync_lib.connector import assigning, credentials
from aadsync_lib.connector.application import MADE, Application
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.credentials import Rules
from aadsync_lib.connector.filters import same, words_of, words_wanted
from aadsync_lib.connector.mappings import TYPES, differing, mappings_of
from aadsync_lib.connector.state import State
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.change import ORDER, Action, Change
from aadsync_lib.model.connector import ConnectorTargetPlan, as_settings
from aadsync_lib.model.directory import Notice
from aadsync_lib.responses import JsonObject
from aadsync_lib.secrets import Secret


def plan(connector: Connector, state: State, token: Secret) -> ConnectorTargetPlan:
    """Return every change in the order of its write. Raises ``AadsyncError`` for what Entra cannot express."""
    changes = [
        *_application(connector, state),
        *_job(connector, state),
        *_credentials(connector, state, token),
        *_schema(connector, state),
        *assigning.changes(connector, state),
        *_running(connector, state),
    ]
    changes.sort(key=lambda change: ORDER[change.action])
    return ConnectorTargetPlan(connector.target, tuple(changes), tuple(_warnings(connector, state)))


def change(
    action: Action,
    name: str,
    reason: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Return a change of the application itself."""
    return Change(action, None, None, name, reason, as_settings(before), as_settings(after))


def notes_with(connector: Connector, application: Application) -> list[str]:
    """Return the lines of the notes with all that is ours."""
    lines = list(application.notes)
    ours = (connector.tag, MADE) if application.made else (connector.tag,)
    return [line for line in lines if line] + [line for line in ours if line not in lines]


def _application(connector: Connector, state: State) -> Iterator[Change]:
    name, application = connector.settings.name, state.application
    if application is None:
        created = {"name": name, "template": state.template}
        reason = "there is no application of this sync and target"
        yield change(Action.CREATE_APPLICATION, name, reason, after=created)
        reason, tag = "marks it as the one of this sync and target", {"tag": connector.tag}
        yield change(Action.UPDATE_APPLICATION, name, reason, after=tag)
        return
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if application.name != name:
        before["name"], after["name"] = application.name, name
    if connector.tag not in application.notes:
        before["tag"], after["tag"] = None, connector.tag
    if after:
        reason = "name or tag is not the one of the settings"
        yield change(Action.UPDATE_APPLICATION, name, reason, before, after)


def _job(connector: Connector, state: State) -> Iterator[Change]:
    if state.job is None:
        reason = "the application has no provisioning job"
        yield change(Action.CREATE_JOB, connector.settings.name, reason)


def _credentials(connector: Connector, state: State, token: Secret) -> Iterator[Change]:
    name, stored = connector.settings.name, state.secrets
    address = stored.get(credentials.ADDRESS) or None
    known = bool(stored.get(credentials.TOKEN)) and credentials.is_same(token, state.past.token)
    if not (known and credentials.same_address(stored, connector)):
        before = {
            "base_address": address,
            "token": "***" if stored.get(credentials.TOKEN) else None,
        }
        after = {"base_address": connector.base_address, "token": "***"}
        reason = _why(state, stored, known=known)
        yield change(Action.SET_CREDENTIALS, name, reason, before if stored else None, after)
    has, wanted = Rules.of(stored), Rules.wanted(connector)
    if has != wanted or credentials.ALL not in stored:
        before = _as_json(has) if credentials.ALL in stored else None
        reason = "scope, notification or threshold is not the one of the settings"
        yield change(Action.SET_SETTINGS, name, reason, before, _as_json(wanted))


def _why(state: State, stored: Mapping[str, str], *, known: bool) -> str:
    if not stored.get(credentials.TOKEN):
        return "Entra has no credentials yet"
    if known:
        return "the address is another one"
    if state.past.token is None:
        return "nothing tells whether Entra has this token"
    return "the token is another one than was sent last"


def _as_json(rules: Rules) -> dict[str, Any]:
    return {
        "scope": rules.scope,
        "notify": rules.notify,
        "delete_threshold": rules.delete_threshold,
    }


def _schema(connector: Connector, state: State) -> list[Change]:
    """Return the changes of mappings and filters; raise all that Entra has no words for at once."""
    changes: list[Change] = []
    problems: list[str] = []
    for kind in TYPES:
        for make in (_mappings, _filter):
            try:
                changes += make(connector, state, kind)
            except AadsyncError as error:
                problems.append(f"targets.{connector.target}.{error}")
    if problems:
        raise AadsyncError("\n".join(problems))
    return changes


def _mappings(connector: Connector, state: State, kind: str) -> list[Change]:
    wanted = getattr(connector.settings.mappings, kind)
    if not wanted:
        return []
    schema = _checked(state.schema, kind)
    rows = [(target, None, source) for target, source in wanted.items()]
    found = list(differing(schema, kind, wanted)) if schema else rows
    return [
        change(
            Action.SET_MAPPING,
            f"{kind}: {target}",
            "mapped otherwise" if before else "not mapped yet",
            {"source": before} if before else None,
            {"source": after},
        )
        for target, before, after in found
    ]


def _filter(connector: Connector, state: State, kind: str) -> list[Change]:
    wanted = getattr(connector.settings.filters, kind)
    schema = _checked(state.schema, kind) if wanted is not None else None
    if wanted is None or (not schema and not wanted):
        return []
    if schema and same(schema, kind, wanted, state.operators):
        return []
    before = words_of(schema, kind) if schema else []
    return [
        change(
            Action.SET_FILTER,
            kind,
            "the scoping filter is another one",
            {"any_of": before} if before else None,
            {"any_of": words_wanted(wanted)} if wanted else None,
        )
    ]


def _checked(schema: JsonObject | None, kind: str) -> JsonObject | None:
    if schema is not None and not any(mappings_of(schema, kind)):
        raise AadsyncError(
            f"connector: the application provisions no {kind}: its schema has no mapping of "
            f"{TYPES[kind]}. Nothing was changed."
        )
    return schema


def _running(connector: Connector, state: State) -> Iterator[Change]:
    name, enabled = connector.settings.name, connector.settings.enabled
    before, after = {"running": state.runs}, {"running": enabled}
    if enabled and not state.runs:
        yield change(Action.START, name, "the settings want it to run", before, after)
    elif state.runs and not enabled:
        yield change(Action.STOP, name, "the settings want it stopped", before, after)


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
