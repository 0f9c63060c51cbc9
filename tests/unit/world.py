"""A whole sync in memory: planner and runner over fakes and the real store."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from aadsync_lib.config.policy import Policy
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.model.directory import Snapshot
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.unit.build import directory, settings
from tests.unit.fakes import FakeSource, FakeTarget, Killed
from tests.unit.workspaces import FakeWorkspaces


class World:
    """Entra, one or more targets and a store; each run has a planner of its own, as a command has."""

    def __init__(
        self,
        snapshot: Snapshot | None = None,
        *targets: FakeTarget,
        config: Settings | None = None,
        progress: Any = None,
        **policy: Any,
    ) -> None:
        self.source = FakeSource(snapshot or directory())
        self.targets = targets or (FakeTarget(),)
        names = tuple(target.name for target in self.targets)
        self.settings = config or settings(targets=names, **policy)
        self.workspaces = {target.name: FakeWorkspaces(target) for target in self.targets}
        self.clock = FakeClock()
        self.progress = progress
        self.report: RunReport | None = None  # of the latest sync that got to its end
        self._directory = TemporaryDirectory()
        self.store = self._open()

    @property
    def target(self) -> FakeTarget:
        """The first target."""
        return self.targets[0]

    def planner(self) -> Planner:
        """Return a new planner, as a new process would have."""
        return Planner(
            self.settings, self.source, self.targets, self.store, self.clock, self.workspaces
        )

    def runner(self) -> Runner:
        """Return a new runner, as a new process would have."""
        return Runner(self.planner(), self.store, self.progress)

    def plan(self) -> Plan:
        """Plan, as ``aadsync plan`` does."""
        return self.planner().plan().plan

    def planned(self) -> TargetPlan:
        """Plan and return the part of the first target."""
        return self.plan().targets[0]

    def sync(self, snapshot: Snapshot | None = None, *, approve: str | None = None) -> RunReport:
        """Sync, after Entra has become ``snapshot``."""
        if snapshot is not None:
            self.source.snapshot = snapshot
        self.report = None
        try:
            self.report = self.runner().sync(approve=approve)
            return self.report
        finally:
            self.clock.advance(1.0)  # so that runs have an order

    def synced(self, snapshot: Snapshot | None = None) -> TargetPlan:
        """Sync, and return what was planned for the first target."""
        if snapshot is not None:
            self.source.snapshot = snapshot
        planned = self.planned()
        self.sync()
        return planned

    def configure(self, **policy: Any) -> None:
        """Change the policy; everything else of the settings stays."""
        changed = Policy.model_validate(self.settings.policy.model_dump() | policy)
        self.settings = self.settings.model_copy(update={"policy": changed})

    def sync_until_killed(self) -> bool:
        """Sync with a target that may kill the process; return whether it did, and revive it."""
        store, self.store = self.store, _Mortal(self.store, self.targets)
        try:
            self.sync()
        except Killed:
            return True
        finally:
            self.store = store
            for target in self.targets:
                target.dead = False
                target.faults.clear()
                self.workspaces[target.name].faults.clear()
        return False

    def names_of_links(self) -> dict[str, str]:
        """Return, by object id, the name on the first target of what is linked to it."""
        links = self.store.links(self.target.name).by_external.values()
        accounts = self.target.accounts
        return {one.external_id: accounts[one.target_id].name for one in links}

    def links_of(self, external_id: str) -> str | None:
        """Return what is linked to an identity on the first target."""
        link = self.store.links(self.target.name).by_external.get(external_id)
        return link.target_id if link else None

    def store_of(self, sync: str, config: Settings | None = None) -> SqliteStore:
        """Open the store for another sync in the same file, with targets of its own where it has any."""
        path = Path(self._directory.name) / "store.db"
        places = {target.name: target.place for target in (config or self.settings).targets}
        return SqliteStore(path, sync, self.clock, renew_every=3600.0, places=places)

    def _open(self) -> SqliteStore:
        return self.store_of(self.settings.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()
        self._directory.cleanup()


class _Mortal:
    """A store that records nothing once the process is dead."""

    def __init__(self, store: SqliteStore, targets: tuple[FakeTarget, ...]) -> None:
        self._store = store
        self._targets = targets

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **named: Any) -> Any:
            if any(target.dead for target in self._targets):
                raise Killed
            return method(*args, **named)

        return call
