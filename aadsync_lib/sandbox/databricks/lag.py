"""Listings that leave out what is there, as the real ones do for a while after a write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aadsync_lib.sandbox.databricks.records import Kind
from aadsync_lib.sandbox.databricks.state import DatabricksState


def left_out(state: DatabricksState, kind: Kind, *, first: bool, filtered: bool) -> frozenset[str]:
    """Return the ids that this page leaves out; its listing counts where it is the ``first``."""
    switches = state.switches
    if not (switches.list_lag.get(kind) or switches.unlisted):
        return frozenset()
    if filtered and not switches.lag_filters:
        return frozenset()
    if first:
        _count(state, kind)
    table = state.table(kind)
    newest = list(table)[max(0, len(table) - switches.list_lag.get(kind, 0)) :]
    named = {i for i in switches.unlisted if i in table} | {
        row.id for name in switches.unlisted for row in state.named(kind, name)
    }
    return frozenset(newest) | named


def without(rows: Sequence[Any], hidden: frozenset[str]) -> Sequence[Any]:
    """Return the rows that a listing shows."""
    return [row for row in rows if row.id not in hidden] if hidden else rows


def _count(state: DatabricksState, kind: Kind) -> None:
    """Count a listing that lags; after the last of them this kind is listed whole again."""
    switches = state.switches
    left = switches.lagging_listings.get(kind)
    if left is None:
        return
    if left > 0:
        switches.lagging_listings[kind] = left - 1
        return
    del switches.lagging_listings[kind]
    switches.list_lag.pop(kind, None)
    table = state.table(kind)
    ended = {n for n in switches.unlisted if n in table or state.named(kind, n)}
    switches.unlisted = [name for name in switches.unlisted if name not in ended]
