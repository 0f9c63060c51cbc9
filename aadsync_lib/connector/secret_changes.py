"""Changes of credentials, scope, notification and threshold of a connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aadsync_lib.connector import credentials
from aadsync_lib.connector.changes import own_change
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.credentials import Rules
from aadsync_lib.connector.state import State
from aadsync_lib.model.change import Action, Change
from aadsync_lib.secrets import HIDDEN, Secret


def secret_changes(connector: Connector, state: State, token: Secret) -> Iterator[Change]:
    """Yield what is to be stored; a PUT of the secrets does both at once."""
    yield from _credentials(connector, state, token)
    yield from _rules(connector, state)


def _credentials(connector: Connector, state: State, token: Secret) -> Iterator[Change]:
    stored = state.secrets
    has_token = bool(stored.get(credentials.TOKEN))
    known = has_token and credentials.is_same(token, state.past.token)
    if known and credentials.same_address(stored, connector):
        return
    before = {
        "base_address": stored.get(credentials.ADDRESS) or None,
        "token": HIDDEN if has_token else None,
    }
    yield own_change(
        Action.SET_CREDENTIALS,
        connector.settings.name,
        _why(state, stored, known=known),
        before if stored else None,
        {"base_address": connector.base_address, "token": HIDDEN},
    )


def _rules(connector: Connector, state: State) -> Iterator[Change]:
    has, wanted = Rules.of(state.secrets), Rules.wanted(connector)
    there = credentials.ALL in state.secrets
    if has == wanted and there:
        return
    reason = "scope, notification or threshold is not the one of the settings"
    before = _as_json(has) if there else None
    name = connector.settings.name
    yield own_change(Action.SET_SETTINGS, name, reason, before, _as_json(wanted))


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
