"""The store in Delta tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from aadsync_lib.model.carried import CarriedState
from aadsync_lib.model.change import Change
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.commit import Committer
from aadsync_lib.store.delta.lease import Lease, take
from aadsync_lib.store.delta.rows import as_json
from aadsync_lib.store.delta.schema import migrate, tables_of
from aadsync_lib.store.delta.session import Spark, Tables, micros, moment
from aadsync_lib.store.delta.steps import OF_THE_SYNC, Announce, Note, Remember, Settle
from aadsync_lib.store.leasing import RENEW, LeasingStore
from aadsync_lib.store.process import Process
from aadsync_lib.store.records import Row, storable, unknown_run

# What is kept is a short list that was read before: Delta's DELETE takes no subquery. An entry's two
# rows go together, by the time of the later one, so that no announcement loses its outcome alone.
OLD_ENTRIES = """
DELETE FROM {journal} WHERE sync = :sync AND (
  (event = 'settled' AND greatest(at, announced_at) < timestamp_micros(:before))
  OR (event = 'announced' AND at < timestamp_micros(:before)
    AND NOT array_contains(from_json(:kept, 'array<bigint>'), entry))
  OR (event IN ('missing', 'retries', 'quarantine', 'place', 'roots') AND at < timestamp_micros(:before)
    AND NOT array_contains(from_json(:kept, 'array<bigint>'), seq)))
"""

# Entries without an outcome, and the last word of what was remembered before.
KEPT = """
SELECT entry FROM {pending} WHERE sync = :sync AND announced_at < timestamp_micros(:before)
UNION ALL SELECT max(seq) FROM {journal} WHERE sync = :sync
  AND event IN ('missing', 'retries', 'quarantine', 'place', 'roots') AND at < timestamp_micros(:before)
GROUP BY target, event
"""

RUNS_WITH_ENTRIES = """
SELECT run_id FROM {runs} r LEFT SEMI JOIN {journal} j ON r.sync = j.sync AND r.run_id = j.run_id
  AND j.sync = :sync AND j.event IN ('announced', 'settled')
WHERE r.sync = :sync AND r.ended_at < timestamp_micros(:before)
"""

OLD_RUNS = """
DELETE FROM {runs} WHERE sync = :sync AND ended_at < timestamp_micros(:before)
  AND NOT array_contains(from_json(:kept, 'array<string>'), run_id)
"""

# A loss that nothing followed still tells what is drift, for as long as the group is ours.
OLD_MEMBERSHIPS = """
SELECT m.sync, m.target, m.group_external_id, m.member_target_id, m.since
FROM {memberships} m LEFT JOIN {links} l ON l.sync = m.sync AND l.target = m.target
  AND l.external_id = m.group_external_id
WHERE m.sync = :sync AND m.until < timestamp_micros(:before)
  AND (m.ending <> 'lost' OR NOT m.newest OR l.external_id IS NULL)
"""
ANY_OLD = OLD_MEMBERSHIPS + "LIMIT 1"

# Only additions, removals and notes are deleted; what ended with a group or a member tells of others, too.
FORGET = """
MERGE INTO {journal} AS j USING (
  SELECT DISTINCT e.sync, e.target, e.seq FROM {member_events} e JOIN (<old>) o
    ON e.sync = o.sync AND e.target = o.target AND e.group_external_id = o.group_external_id
    AND e.member_target_id = o.member_target_id AND e.since = o.since
) AS s ON j.sync = s.sync AND j.target = s.target AND j.seq = s.seq
  AND j.event IN ('member_added', 'member_removed', 'member_undone', 'member_noted')
WHEN MATCHED THEN DELETE
""".replace("<old>", OLD_MEMBERSHIPS)


def prune(tables: Tables, sync: str, before: float) -> None:
    """Delete what was settled before, and the runs that ended before and have nothing left."""
    when = {"sync": sync, "before": micros(before)}
    _delete(tables, KEPT, OLD_ENTRIES, when)
    if tables.query(ANY_OLD, **when):
        tables.execute(FORGET, **when)
    _delete(tables, RUNS_WITH_ENTRIES, OLD_RUNS, when)


def _delete(tables: Tables, keep: str, old: str, when: dict[str, object]) -> None:
    kept = [row[0] for row in tables.query(keep, **when)]
    tables.execute(old, kept=kept, **when)


T = TypeVar("T")

RUN = (
    "run_id STRING, sync STRING, digest STRING, settings_digest STRING, `full` BOOLEAN,"
    " undoes STRING, host STRING, `user` STRING, started_at TIMESTAMP, status STRING"
)


class DeltaStore(LeasingStore[Lease]):
    """The memory of one sync; implements ``ports.Store``.

    Any number of threads may use it, and several processes and syncs may share the schema. What a call
    recorded is committed when it returns, all of it or nothing.
    """

    def __init__(
        self,
        spark: Spark,
        schema: str,
        sync: str,
        clock: Clock,
        *,
        places: Mapping[str, str] | None = None,
        holder: Process | None = None,
        renew_every: float = RENEW,
    ) -> None:
        super().__init__(sync, clock, places, holder, renew_every)
        self._tables = tables_of(spark, schema, clock)
        self._committer = Committer(self._tables, sync, clock, self._leases)
        migrate(self._tables, clock)

    def begin_run(
        self,
        run_id: str,
        digest: str,
        settings_digest: str,
        *,
        full: bool,
        undoes: str | None = None,
    ) -> None:
        """Record that a run begins to write, and which run it undoes, if it does."""
        who = self._holder
        row = (run_id, self.sync, digest, settings_digest, full, undoes, who.host, who.user)
        now = moment(self._clock.now())
        self._tables.append("runs", RUN, [(*row, now, "running")])

    def end_run(self, run_id: str, status: str, report: str) -> None:
        """Record how a run ended; ``report`` is its JSON."""
        run = {"run_id": run_id, "sync": self.sync}
        there = self._tables.query(
            "SELECT 1 FROM {runs} WHERE run_id = :run_id AND sync = :sync", **run
        )
        if not there:
            raise unknown_run(self._tables.schema, self.sync, run_id)
        self._tables.execute(
            "UPDATE {runs} SET status = :status, report = :report,"
            " ended_at = timestamp_micros(:now) WHERE run_id = :run_id AND sync = :sync",
            status=status,
            report=storable(report),
            now=micros(self._clock.now()),
            **run,
        )

    def announce(self, run_id: str, target: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent, and return their journal entries.

        Raises ``StoreError`` unless this run holds the lease when they are recorded.
        """
        step = Announce(target, self._required(target, run_id), changes)
        self._committer.record(step)
        return step.entries

    def settle(
        self,
        target: str,
        outcomes: Mapping[int, Outcome],
        *,
        linked: Iterable[Link] = (),
        unlinked: Iterable[str] = (),
    ) -> None:
        """Record outcomes together with the links they made or ended, all or nothing.

        Needs no lease: what was sent was sent. Links end before others are made, so that a target
        object can pass from one Entra object to another in one step.
        """
        lease = self._leases.get(target)
        run_id = lease.run_id if lease else None
        step = Settle(target, dict(outcomes), tuple(linked), tuple(unlinked), run_id)
        if step.outcomes or step.linked or step.unlinked:
            self._committer.record(step)

    def remember(self, run_id: str, target: str, memory: CarriedState) -> None:
        """Keep what a run leaves behind, all or nothing: it is one commit of the journal.

        Needs no lease, because a run that was refused remembers, too; but a run that lost its lease
        says nothing over what its successor says.
        """
        if memory == CarriedState():
            return
        lease, now = self._held(target, run_id), self._clock.now()
        if lease and not lease.trusted(now):
            lease.renew(self._tables, now)
            if lease.error:
                raise lease.error
        self._committer.record(Remember(target, memory))

    def prune(self, before: float) -> None:
        """Delete outcomes and ended runs that are older; links, members and what is open stay."""
        prune(self._tables, self.sync, before)

    def close(self) -> None:
        """Leave the session to its owner. A lease that is still held then ends by itself."""

    def _keep_place(self, target: str, place: str) -> None:
        statement = "SELECT place FROM {places} WHERE sync = :sync AND target = :target"
        if self._tables.query(statement, sync=self.sync, target=target) != [(place,)]:
            self._committer.record(Note(target, "place", {"name": place}))

    def _replace_roots(self, roots: Iterable[KnownRoot]) -> None:
        whole = [{"selector": r.selector, "external_id": r.id, "name": r.name} for r in roots]
        self._committer.record(Note(OF_THE_SYNC, "roots", {"change": as_json(whole)}))

    def _take(self, target: str, run_id: str) -> Lease:
        return take(self._tables, self.sync, target, run_id, self._holder, self._clock)

    def _renew(self, lease: Lease) -> bool:
        return lease.renew(self._tables, self._clock.now())

    def _release(self, lease: Lease) -> None:
        lease.release(self._tables, self._clock.now())

    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        return build(self._tables.query(statement, **args))
