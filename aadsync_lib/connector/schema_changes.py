"""Changes of mappings and scoping filters of a connector."""

from __future__ import annotations

from aadsync_lib.connector.changes import own_change
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.filters import same, words_of, words_wanted
from aadsync_lib.connector.mappings import TYPES, differing, mappings_of
from aadsync_lib.connector.state import State
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.responses import JsonObject


def schema_changes(connector: Connector, state: State) -> list[Change]:
    """Return the changes of mappings and filters.

    Raises ``AadsyncError`` with all that Entra has no words for.
    """
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
        own_change(
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
        own_change(
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
