"""Decides whether a sync has to read anything, and records where the next one may go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aadsync_lib.engine.kept import holds, made_for
from aadsync_lib.engine.mirrored import MirrorPlanner, mirror_after
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.planning import Planning
from aadsync_lib.model.carried import Checkpoint
from aadsync_lib.model.directory import Changes, Notice
from aadsync_lib.model.mirror import digest_of_mirror, mirror_to_text
from aadsync_lib.model.run import RunReport
from aadsync_lib.ports import Store
from aadsync_lib.reconcile.agreement import Agreement, agreement
from aadsync_lib.reconcile.incremental import Watched, concern, settled, watched_ids
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded
from aadsync_lib.reconcile.mirror.target import unsure_of

SHOWN_BY_THEN = 3_600.0  # seconds after which a read shows whatever was announced before it
CODE = "incremental"
NOT_FULL = (
    "Entra announced nothing for this sync since {since}, so Databricks was not asked; both sides were last "
    "read in full at {full} (policy.full_every: {every}; --full reads them now)"
)
ONLY = (
    "only what Entra announced since {since} was read, by itself, and laid over what both sides are believed to be; "
    "they were last read in full at {full} (policy.full_every: {every}; --full reads them now)"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """How a run begins: what Entra announced before anything was read, and what the run before it left.

    ``why_full`` says why everything has to be read, ``concern`` what of the sync may have changed; ``None``: nothing.
    """

    at: float
    changes: Changes
    before: Checkpoint | None
    why_full: str | None
    concern: str | None


class Incremental:
    """The feed of Entra's changes, as one run of a sync follows it.

    The cursor is taken before a full read begins and kept with the record of what came of the run, and of
    no other than one that left nothing open. Whatever else happens, the next run reads everything, and holds
    it against what was announced since the cursor that was kept last.
    ``asked`` says why this one has to, whatever Entra announces.
    """

    def __init__(self, planner: Planner, store: Store, asked: str | None = None) -> None:
        self._planner = planner
        self._store = store
        self._asked = asked
        self._names = sorted(target.name for target in planner.targets)
        self._scope = planner.settings.whole_scope(self._names)
        self._made_for = made_for(planner.settings, self._names)
        policies = [planner.settings.for_target(name).policy for name in self._names]
        self._policy = min(policies, key=lambda policy: policy.seconds_between_full)
        self._start: Start | None = None

    def plan(self, read: Callable[[], Planning]) -> Planning:
        """Ask Entra what has changed, and ``read`` both sides and plan unless that is nothing."""
        if not self._policy.seconds_between_full:
            return read()
        self._start = start = self._ask()
        why = start.why_full
        if why is None:
            try:
                return self._little(start)
            except FullRunNeeded as needed:
                why = "; ".join(filter(None, (start.concern, str(needed))))
        log.info("this run reads everything: %s", why)
        self._start = replace(start, why_full=why)
        return read()

    def checkpoint(self, planning: Planning, report: RunReport) -> Checkpoint | None:
        """Return where the next run may go on, ``None`` where it has to read everything."""
        start = self._start
        if not start or not start.changes.cursor or not self._nothing_open(report):
            return None
        before, cursor = start.before, start.changes.cursor
        if not start.why_full:
            assert before
            here = replace(before, cursor=cursor, given_at=start.at, watched=None, unsure={})
            if planning.snapshot is None:
                return here
            here = replace(here, watched=self._watched(planning))
            return self._with_mirror(here, planning, report)
        if not _read_all(planning):
            return None
        if before and not self._shown(start, before, planning):
            doubted_at = start.at if before.doubted_at is None else before.doubted_at
            return replace(before, watched=None, doubted_at=doubted_at)
        if not all(settled(planning.parts[each.target].plan, each) for each in report.targets):
            return None
        here = Checkpoint(self._made_for, cursor, start.at, start.at, self._watched(planning))
        return self._with_mirror(here, planning, report) or here

    def _with_mirror(
        self, here: Checkpoint, planning: Planning, report: RunReport
    ) -> Checkpoint | None:
        """Add what both sides are believed to be; ``None`` where that cannot be told."""
        mirror = mirror_after(planning, report, self._store)
        if mirror is None:
            return None
        mirror = replace(mirror, logins={t.name: t.login() for t in self._planner.targets})
        text = mirror_to_text(mirror)
        unsure = {each.target: unsure_of(each.outcomes) for each in report.targets}
        return replace(
            here,
            mirror=text,
            mirror_digest=digest_of_mirror(text),
            unsure={target: ids for target, ids in unsure.items() if ids},
        )

    def _ask(self) -> Start:
        now, before = self._planner.clock.now(), self._store.checkpoint()
        if before and not self._holds(before, now):
            before = None
        changes = self._changes(before)
        concerns = self._concern(before, changes)
        unknown = concerns if changes.announced is None else None
        why = next(filter(None, (self._asked, *self._reasons(before, now), unknown)), None)
        return Start(now, changes, before, why, concerns)

    def _little(self, start: Start) -> Planning:
        """Plan what little there is to do, or nothing. Raises ``FullRunNeeded``."""
        before = start.before
        assert before
        if not start.concern and not before.unsure:
            return self._quiet(start)
        planner = MirrorPlanner.of(self._planner, self._store, before)
        planner.look(before.unsure)
        if not start.concern:
            return self._quiet(start)
        watched = Watched(before.watched or "")
        notices = (Notice(CODE, self._message(ONLY, before)),)
        planning = planner.plan(start.changes, watched, notices)
        log.info("only what Entra announced was read: %s", start.concern)
        return planning

    def _message(self, text: str, before: Checkpoint) -> str:
        since, full = _utc(before.given_at), _utc(before.full_at)
        return text.format(since=since, full=full, every=self._policy.full_every)

    def _quiet(self, start: Start) -> Planning:
        """Return the planning of a run that has nothing to read and nothing to do."""
        assert start.before
        log.info("Entra announces nothing that concerns this sync")
        return self._planner.plan_nothing((Notice(CODE, self._message(NOT_FULL, start.before)),))

    def _holds(self, before: Checkpoint, now: float) -> bool:
        """Return whether Entra still knows the links of a checkpoint, and these settings ask the same."""
        return holds(before, self._made_for, now)

    def _changes(self, before: Checkpoint | None) -> Changes:
        source, roots = self._planner.source, self._store.roots()
        changes = source.changes(before.cursor if before else None, roots)
        if before and not changes.cursor:
            log.info(
                "Entra no longer tells what has changed since the last run: %s", changes.reason
            )
            changes = replace(source.changes(None, roots), reason=changes.reason)
        elif not changes.cursor:
            log.info(
                "every run reads everything, as there is no feed of changes: %s", changes.reason
            )
        return changes

    def _reasons(self, before: Checkpoint | None, now: float) -> Iterator[str]:
        if before is None or not before.current:
            yield "no earlier run of these settings left where to go on"
        elif before.doubted_at is not None:
            yield "the last one may not have been shown yet what Entra had announced"
        elif not 0 <= now - before.full_at < self._policy.seconds_between_full:
            full, every = _utc(before.full_at), self._policy.full_every
            yield f"the last run that did began at {full} (policy.full_every: {every})"
        yield from self._open()

    def _open(self) -> Iterator[str]:
        store = self._store
        for name in self._names:
            if store.pending(name) or store.retries(name) or store.quarantine(name):
                yield f"{name}: something waits from an earlier run"

    def _concern(self, before: Checkpoint | None, changes: Changes) -> str | None:
        return concern(changes, self._scope, Watched(before.watched or "")) if before else None

    def _nothing_open(self, report: RunReport) -> bool:
        return report.clean and not any(self._open())

    def _shown(self, start: Start, before: Checkpoint, planning: Planning) -> bool:
        """Return whether the read showed what was announced, or would by now if it ever did."""
        if start.changes.announced is None:
            return True
        assert planning.snapshot
        watched = Watched(before.watched or "")
        found = agreement(planning.snapshot, start.changes, self._scope, watched)
        if before.doubted_at is None or found is Agreement.WHOLE:
            return found is Agreement.WHOLE
        return found is Agreement.UNSURE or not 0 <= start.at - before.doubted_at < SHOWN_BY_THEN

    def _watched(self, planning: Planning) -> str:
        assert planning.snapshot
        linked = (key for part in planning.parts.values() for key in part.links.by_external)
        return Watched.packed(watched_ids(planning.snapshot, self._scope, linked))


def _read_all(planning: Planning) -> bool:
    """Return whether both sides were read, and Entra in full."""
    return planning.snapshot is not None and planning.snapshot.complete


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
