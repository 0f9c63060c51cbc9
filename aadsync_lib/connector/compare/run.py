"""The comparison of every connector of a command with the sync, from one reading of Entra."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from aadsync_lib.config.overrides import covering
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.config.settings import Settings
from aadsync_lib.connector.compare.compare import SyncSide, compare
from aadsync_lib.connector.compare.filters import attributes_of
from aadsync_lib.connector.compare.model import Comparison, ConnectorScope, TargetComparison
from aadsync_lib.connector.compare.scope import ConnectorSide, side_of
from aadsync_lib.connector.compare.tenant import with_everybody
from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.model.directory import Snapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.desired.view import seen_by


class Directory(Protocol):
    """Entra, as a sync reads it."""

    def __call__(self, scope: Scope, attributes: Collection[str]) -> Snapshot:
        """Read a scope, with these properties of people. Raises ``SourceError``."""


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares the connectors of a command with the sync of these settings."""

    settings: Settings
    connectors: Connectors
    directory: Directory

    def run(self) -> Comparison:
        """Return who is on either side. Raises ``EntraError``, ``SourceError``."""
        sides = [side_of(self.connectors, connector) for connector in self.connectors.each]
        scopes = {side.target: self.settings.for_target(side.target).scope for side in sides}
        whole = covering((*scopes.values(), *_assigned_scopes(sides)))
        attributes = self._attributes(sides)
        snapshot = self.directory(whole, attributes)
        everybody = snapshot
        if any(side.scope.everybody for side in sides):
            everybody = with_everybody(self.connectors.entra, snapshot, _filtered(sides))
        compared = [
            self._compare(side, everybody if side.scope.everybody else snapshot, whole)
            for side in sides
        ]
        return Comparison(self.connectors.sync, compared, complete=snapshot.complete)

    def _attributes(self, sides: Collection[ConnectorSide]) -> tuple[str, ...]:
        mapped = self.settings.attributes([side.target for side in sides])
        return tuple(dict.fromkeys((*mapped, *_filtered(sides))))

    def _compare(self, side: ConnectorSide, snapshot: Snapshot, whole: Scope) -> TargetComparison:
        own = self.settings.for_target(side.target)
        seen = snapshot if own.scope == whole else seen_by(snapshot, own.scope)
        sync = SyncSide(own.scope, seen, desire(seen, own.scope, own.mapping))
        return compare(side.target, _assigned(side, snapshot), snapshot, sync)


def _selector(principal: str) -> GroupSelector:
    return GroupSelector(application=principal)


def _assigned_scopes(sides: Collection[ConnectorSide]) -> Iterator[Scope]:
    """Return what to read for the connectors: who is assigned, and what is nested there."""
    for side in sides:
        if side.principal is not None and not side.scope.everybody:
            yield Scope(groups=(_selector(side.principal),), groups_of_kind="all")


def _assigned(side: ConnectorSide, snapshot: Snapshot) -> ConnectorScope:
    """Return the scope with those who are assigned."""
    if side.principal is None:
        return side.scope
    line = _selector(side.principal).line
    parts = [part for part in snapshot.selected if part.line == line]
    users = frozenset[str]().union(*(part.assigned for part in parts)) & snapshot.users.keys()
    groups = frozenset[str]().union(*(part.roots for part in parts))
    return replace(side.scope, users=users, groups=groups)


def _filtered(sides: Collection[ConnectorSide]) -> tuple[str, ...]:
    names = (
        name for side in sides for name in attributes_of(side.scope.filters.get(Kind.USER, ()))
    )
    return tuple(dict.fromkeys(names))
