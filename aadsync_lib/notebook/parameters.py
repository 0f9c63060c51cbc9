"""The parameters of the notebooks and of the job: names, choices, and what each is for.

A setting's parameter has the setting's own dotted name. An empty one counts as not given: the file's
value holds, or the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from aadsync_lib.config.keys import bare, literals, method_of, setting_key, union_of_sections
from aadsync_lib.config.policy import Adopt, AdoptWord
from aadsync_lib.config.problems import SLIP
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import UsageError
from aadsync_lib.model.change import Action
from aadsync_lib.model.codec import digest_in
from aadsync_lib.notebook.setting_lines import problems_in, settings_of

SETTINGS: tuple[str, ...] = (
    "name",
    "source.tenant_id",
    "source.cloud",
    "source.endpoint",
    "source.auth.method",
    "source.auth.client_id",
    "source.auth.client_secret",
    "scope.groups",
    "scope.nested",
    "scope.guests",
    "scope.service_principals",
    "targets.0.name",
    "targets.0.host",
    "targets.0.account_id",
    "targets.0.auth.method",
    "targets.0.auth.client_id",
    "targets.0.auth.client_secret",
    "targets.0.pace",
    "policy.mode",
    "policy.members",
    "policy.leavers",
    "policy.retired_groups",
    "policy.grace_days",
    "policy.user_name_change",
    "policy.adopt",
    "policy.drift",
    "policy.limits.users_deprovisioned.count",
    "policy.limits.groups_removed.count",
    "policy.limits.members_removed.count",
    "store.delta",
    "store.sqlite",
    "store.retention_days",
)
"""The settings that the job has parameters for; all others come by the file, by ``settings``, or by name."""

CONNECTOR_SETTINGS: tuple[str, ...] = (
    "targets.0.connector.name",
    "targets.0.connector.token",
    "targets.0.connector.scope",
    "targets.0.connector.assign.groups",
    "targets.0.connector.notify",
    "targets.0.connector.delete_threshold",
    "targets.0.connector.enabled",
)
"""Those that the notebook about the connector takes beside them."""

SWITCH = ("false", "true")
STATUS, COMPARE, SETUP = "status", "compare", "setup"
NOT_WATCHED, WARN, FAIL = "none", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. Of ``choices``, the first is the default."""

    name: str
    choices: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        """What holds until somebody sets it."""
        return self.choices[0] if self.choices else ""


CONFIG = Parameter("config")
TARGET = Parameter("target")
FULL = Parameter("full", SWITCH)
PLAN_ONLY = Parameter("plan_only", SWITCH)
APPROVE = Parameter("approve")
PLAN = Parameter("plan")
REPORTS = Parameter("reports")
RUN = Parameter("run")
PLANNED = Parameter("planned")
USER = Parameter("user")
GROUP = Parameter("group")
ACTION = Parameter("action", ("", *(action.value for action in Action)))
ON = Parameter("on")
UNDO = Parameter("undo")
CONFIRM = Parameter("confirm")
DO = Parameter("do", (STATUS, COMPARE, SETUP))
WATCH_CONNECTOR = Parameter("watch_connector", (NOT_WATCHED, WARN, FAIL))
WATCHED = Parameter("watched")
LINES = Parameter("settings")

# What each notebook takes beside the settings.
RUN_PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "setup": (CONFIG,),
    "plan": (CONFIG, TARGET, FULL, PLAN_ONLY, APPROVE, REPORTS, RUN),
    "apply": (CONFIG, TARGET, PLAN, APPROVE),
    "sync": (CONFIG, TARGET, FULL, APPROVE, REPORTS, RUN),
    "explain": (CONFIG, TARGET, USER, GROUP),
    "history": (CONFIG, RUN, USER, GROUP, ACTION, ON, UNDO, CONFIRM),
    "connector": (CONFIG, TARGET, DO, CONFIRM, WATCH_CONNECTOR),
    "report": (CONFIG, PLAN_ONLY, APPROVE, REPORTS, RUN, PLANNED, WATCHED),
}


def settings_parameters(names: Iterable[str] = SETTINGS) -> tuple[Parameter, ...]:
    """Return a parameter for each of these settings, with the choices that the settings know."""
    return tuple(Parameter(name, _choices(name)) for name in names)


def parameters_of(notebook: str) -> tuple[Parameter, ...]:
    """Return everything that one notebook takes, as a widget or without one."""
    more = CONNECTOR_SETTINGS if notebook == "connector" else ()
    return (*RUN_PARAMETERS[notebook], LINES, *settings_parameters((*SETTINGS, *more)))


JOB_PARAMETERS: tuple[str, ...] = (
    *(one.name for one in (CONFIG, FULL, PLAN_ONLY, APPROVE, WATCH_CONNECTOR, REPORTS, RUN)),
    LINES.name,
    *SETTINGS,
)
"""What the job passes to every task; ``target``, ``plan``, ``planned`` and ``watched`` come from task to task."""


def _choices(name: str) -> tuple[str, ...]:
    """Return the values of a setting that is a choice, after the empty one that leaves it alone."""
    steps = [int(part) if part.isdigit() else part for part in name.split(".")]
    annotation = bare(setting_key(steps).annotation)
    if annotation is bool:
        return ("", "true", "false")
    if name.endswith(".auth.method"):
        arms = union_of_sections(bare(setting_key(steps[:-1]).annotation))
        return ("", *map(method_of, arms))
    known = literals(AdoptWord if annotation is Adopt else annotation)
    return ("", *map(str, known)) if known else ()


KNOWN = {each.name: each for some in (*RUN_PARAMETERS.values(), (LINES,)) for each in some}


def read(dbutils: Any, parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return what is set, by name, those without a widget included: any setting may be a parameter.

    The lines of ``settings`` count as parameters of their names.
    Raises ``UsageError`` rather than take ``plan_only`` = True, or ``planonly`` = true, for nothing.
    """
    if dbutils is None:
        return {parameter.name: parameter.default for parameter in parameters if parameter.default}
    given = _given(dbutils, parameters)
    values = {name: value.strip() for name, value in given.items() if value.strip()}
    if problems := tuple(_problems(values)):
        raise UsageError("\n".join(problems))
    if APPROVE.name in values:
        values[APPROVE.name] = digest_in(values[APPROVE.name])
    return {**settings_of(values.pop(LINES.name, "")), **values}


def settings_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return those of the values that are settings, or meant to be: nothing else has a dotted name."""
    return {
        name: value
        for name, value in values.items()
        if "." in name or name in Settings.model_fields
    }


def _problems(values: Mapping[str, str]) -> Iterator[str]:
    """Say what of a run is misspelt; the settings tell of themselves."""
    lines = values.get(LINES.name, "")
    yield from problems_in(lines, values)
    for name in settings_of(lines):
        if not settings_in({name: ""}):
            yield f"{LINES.name}: {name} is no setting; those have names such as policy.mode"
    for name, value in values.items():
        if name in KNOWN:
            choices = KNOWN[name].choices
            if choices and value not in choices:
                yield f"{name}: found {value!r}; expected {' or '.join(choices)}"
            if name == APPROVE.name:
                yield from _no_digest(value)
        elif not settings_in({name: value}):
            for near in get_close_matches(name, KNOWN, 1, SLIP):
                yield f"{name}: no such parameter; did you mean `{near}`?"


def _no_digest(value: str) -> Iterator[str]:
    try:
        digest_in(value)
    except ValueError as error:
        yield f"{APPROVE.name}: {error}"


def _given(dbutils: Any, parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return every parameter of the run.

    Not all places can tell all of them (databricks-sdk's stand-in has no getAll), so each is asked for.
    """
    every: dict[str, str] = {}
    with suppress(AttributeError, NotImplementedError):
        every.update(dbutils.widgets.getAll())
    for parameter in parameters:
        if parameter.name not in every:
            every[parameter.name] = current(dbutils, parameter.name)
    return every


def current(dbutils: Any, name: str) -> str:
    """Return the value of a widget or a parameter; nothing where there is neither."""
    try:
        return str(dbutils.widgets.get(name))
    except Exception:  # noqa: BLE001 - each place has an error of its own for a name that it does not know
        return ""
