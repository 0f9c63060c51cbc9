"""Each target's view of one read of Entra: its settings, what it sees, and what it is to have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.config.settings import Settings
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import ASSIGNED_BY, KnownRoot, Snapshot
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.desired.view import seen_by


@dataclass(frozen=True)
class View:
    """One read of Entra as a target sees it. ``settings`` are those of this target."""

    settings: Settings
    snapshot: Snapshot
    desired: Desired


class Views:
    """The views of all targets; targets of one scope and mapping share theirs."""

    def __init__(self, settings: Settings, targets: Collection[str], snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._settings = settings
        self._whole = settings.whole_scope(targets)
        self._seen: dict[Scope, Snapshot] = {}
        self._desired: dict[tuple[Scope, MappingSettings], Desired] = {}

    def of(self, target: str) -> View:
        """Return the view of a target, by its name in the settings."""
        own = self._settings.for_target(target)
        key = own.scope, own.mapping
        if key not in self._desired:
            self._desired[key] = desire(self._snapshot(own.scope), *key)
        return View(own, self._snapshot(own.scope), self._desired[key])

    def roots(self, known: Iterable[KnownRoot]) -> tuple[KnownRoot, ...]:
        """Return what was found, and of what was ``known`` that of targets that were not read for."""
        read = {selector.key for selector in self._whole.groups}
        other = {selector.key for selector in self._settings.whole_scope().groups} - read
        kept = (root for root in known if root.selector.removeprefix(ASSIGNED_BY) in other)
        return (*self.snapshot.found, *kept)

    def _snapshot(self, scope: Scope) -> Snapshot:
        if scope == self._whole:
            return self.snapshot
        if scope not in self._seen:
            self._seen[scope] = seen_by(self.snapshot, scope)
        return self._seen[scope]
