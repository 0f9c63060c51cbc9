"""Another sync of the same store and place, whose scope overlaps, under a target's name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.model.identity import Kind
from tests.oracle.ledger import RunLog, Shared
from tests.oracle.tenant import Tenant, TenantSource
from tests.oracle.watched import Scene, WatchedTarget
from tests.oracle.wishes import Wishes, wish
from tests.unit.build import settings
from tests.unit.world import World

NAME, TARGET = "fabrikam", "lake"


class _Alias:
    """The same target under another name."""

    name = TARGET

    def __init__(self, target: WatchedTarget) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


class OtherSync:
    """Runs whenever it is asked to. What it writes counts as somebody's hand."""

    def __init__(self, world: World, tenant: Tenant, target: WatchedTarget) -> None:
        self._settings = settings(name=NAME, targets=(TARGET,))
        self._world, self._tenant, self._target = world, tenant, target
        self._in_scope: set[str] = set()

    def sync(self) -> None:
        """Run once, and leave no trace in what is kept of the writes of the sync under test."""
        target, mark = self._target, len(self._target.effects)
        announced, target.announced = target.announced, lambda _: True
        with self._world.store_of(NAME, self._settings) as store:
            source = TenantSource(self._tenant, self._tenant.read_by_other)
            clock = self._world.clock
            planner = Planner(self._settings, source, (_Alias(target),), store, clock)  # type: ignore[arg-type]
            Runner(planner, store).sync()
        self._world.clock.advance(1.0)
        del target.effects[mark:]
        target.tried.clear()
        target.touched.clear()
        target.announced = announced
        self._in_scope = set(self._wishes().all)

    def shared(self) -> Mapping[str, Shared]:
        """Return what is linked to this sync, by target id."""
        with self._world.store_of(NAME, self._settings) as store:
            links = store.links(TARGET).by_external.values()
        return {
            link.target_id: Shared(link.external_id, link.external_id in self._in_scope)
            for link in links
        }

    def _wishes(self) -> Wishes:
        return wish(self._tenant.read_by_other(), self._settings.scope)


def ended_for_us(
    ledger: RunLog, tenant: Tenant, in_scope: set[str], before: Scene, after: Scene
) -> Iterator[str]:
    """Yield whose account another sync ended though Entra has them enabled, and this sync in scope."""
    for oid, link in ledger.links.items():
        was, is_ = before.accounts.get(link.target_id), after.accounts.get(link.target_id)
        user = tenant.users.get(oid) or tenant.services.get(oid)
        ours = link.kind is not Kind.GROUP and oid in in_scope and oid not in ledger.missing
        if ours and user and user.enabled and was and was.active and not (is_ and is_.active):
            yield f"{oid} ({link.target_id}) is in scope here, and another sync ended the account"
