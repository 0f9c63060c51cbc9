"""Plans what concerns a few identities: these are read afresh on both sides, all else is as it was read last."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.asked_once import AskedOnce
from aadsync_lib.engine.kept import usable_mirror
from aadsync_lib.engine.mirrored_target import ROUNDS, MirroredTarget
from aadsync_lib.engine.on_demand import Asked
from aadsync_lib.engine.planning import SyncPlanning, TargetPlanning
from aadsync_lib.engine.views import Views
from aadsync_lib.model.directory import Affected
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.mirror import Mirror
from aadsync_lib.ports import Source, StoreReader, Target
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.part import check_narrow, concerned, linked_objects
from aadsync_lib.reconcile.mirror.target import touched_by
from aadsync_lib.workspace_port import Assignments

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartPlanner:
    """Plans a part of a sync by the mirror of an earlier run. Raises ``FullRunNeeded`` where that does not do."""

    settings: Settings
    source: Source
    targets: Sequence[Target]
    reader: StoreReader
    now: float
    assignments: Mapping[str, Assignments]

    def plan(self, asked: Asked) -> tuple[Views, list[TargetPlanning]]:
        """Return the plans of all targets, narrowed to whom it is about."""
        if asked.above is None:
            raise FullRunNeeded("not every group that they are in could be read")
        kept, mirror = usable_mirror(self.settings, self.reader, self.targets, self.now)
        roots = self.reader.roots()
        changes = self.source.changes(kept.cursor, roots)
        if changes.announced is None:
            raise FullRunNeeded(changes.reason)
        about = concerned(mirror.directory, changes, asked.kinds, asked.above)
        snapshot = self.source.read_part(roots, mirror.directory, about)
        if not snapshot.complete:
            raise FullRunNeeded("something of it could not be read by itself")
        views = Views(self.settings, [target.name for target in self.targets], snapshot)
        sync = self._sync(views, mirror, asked)
        parts = [self._part(sync, target, mirror, asked, about) for target in self.targets]
        log.info("only what concerns %d identities was read", len(asked.kinds))
        return views, parts

    def _sync(self, views: Views, mirror: Mirror, asked: Asked) -> SyncPlanning:
        others = {key: at for key, at in mirror.presences.items() if key not in asked.kinds}
        return SyncPlanning(
            views,
            AskedOnce(self.source, others),
            self.reader,
            self.now,
            self.reader.latest_run(),
            frozenset(),
            self.assignments,
            asked.ids,
        )

    def _part(
        self,
        sync: SyncPlanning,
        target: Target,
        mirror: Mirror,
        asked: Asked,
        about: Affected,
    ) -> TargetPlanning:
        links = self.reader.links(target.name)
        mirrored = MirroredTarget(target, mirror.targets[target.name])
        mirrored.check_known(links)
        mirrored.seen_again(linked_objects(links, asked.ids | about.groups))
        for _ in range(ROUNDS):
            part = sync.plan(mirrored, mirrored.read())
            check_narrow(part.plan, about)
            assert part.context
            if mirrored.seen_again(touched_by(part.plan.changes, part.context)):
                groups = part.links.of_kind(Kind.GROUP)
                rest = {link.external_id for link in groups} - about.groups
                return replace(part, not_read=frozenset(rest))
        raise FullRunNeeded("each look at the target shows more to do")
