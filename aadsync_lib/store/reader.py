"""The reader of every store: one SELECT for each thing that planning and history ask for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import starmap
from typing import TypeVar

from aadsync_lib.model.carried import (
    Checkpoint,
    JournalEntry,
    Membership,
    QuarantineRecord,
    Retry,
    RunRecord,
)
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import NO_PLAN, ConnectorRecord
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.link import Link, Links, Sharer
from aadsync_lib.model.mirror import digest_of_mirror
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Pending
from aadsync_lib.store.records import (
    ACCESS_ACTIONS,
    Row,
    change_of,
    checkpoint_of,
    entry_of,
    link_of,
    memberships_of,
    owners_of,
    pending_of,
    run_of,
    sharers_of,
)

T = TypeVar("T")

LINK = "SELECT kind, external_id, target_id, origin, name FROM"
NAMED_LINK = "SELECT kind, external_id, target_id, origin, name, names FROM"
RUNS = """
SELECT run_id, digest, settings_digest, `full`, undoes, host, `user`, {seconds:started_at},
  {seconds:ended_at}, status, report
FROM {runs_in_order} WHERE sync = :sync
"""
BEGAN = "SELECT {seconds:started_at} FROM {runs_in_order} WHERE sync = :sync"
# Runs of before they had numbers are the oldest.
NEWEST_FIRST = "ORDER BY number DESC, started_at DESC, run_id DESC"
# One that another run followed, or that is of a run which did not end well, is not current.
CHECKPOINT = """
SELECT c.state, c.watched, c.run_id, r.status FROM {checkpoints} c
LEFT JOIN (SELECT run_id, status FROM {runs_in_order} WHERE sync = :sync <newest> LIMIT 1) r
  ON r.run_id = c.run_id
WHERE c.sync = :sync ORDER BY CASE WHEN r.run_id IS NULL THEN 0 ELSE 1 END DESC
""".replace("<newest>", NEWEST_FIRST)
ENTRY = """
SELECT entry, run_id, target, change, result, error, {seconds:announced_at}, {seconds:settled_at}
FROM {outcomes} WHERE sync = :sync
"""
OWNERS = """
SELECT target_id, external_id, action FROM {outcomes}
WHERE sync = :sync AND target = :target AND result = 'done' AND entry < :before
  AND {listed:target_id} ORDER BY entry
"""
ACCESS_DONE = """
SELECT change FROM {outcomes} WHERE sync = :sync AND target = :target AND result = 'done'
  AND action IN (<access>) ORDER BY entry
""".replace("<access>", ACCESS_ACTIONS)
MEMBERSHIP = """
SELECT target, group_external_id, group_name, member_external_id, member_target_id, member_name,
  type, how, {seconds:since}, run_id, {seconds:until}, ending, ended_by FROM {memberships}
"""

# The last of an object holds: the one that has it in scope, by the name that comes first.
SHARED = """
SELECT l.sync, m.external_id IS NULL AS in_scope, l.kind, l.external_id, l.target_id, l.origin, l.name
FROM {links} l LEFT JOIN {places} p ON p.sync = l.sync AND p.target = l.target
  LEFT JOIN {missing} m ON m.sync = l.sync AND m.target = l.target AND m.external_id = l.external_id
WHERE l.sync <> :sync
  AND CASE WHEN p.place IS NULL OR :place IS NULL THEN l.target = :target ELSE p.place = :place END
ORDER BY in_scope, l.sync DESC, l.target DESC
"""


CONNECTORS = """
SELECT target, {seconds:seen_at}, state, problems, failing, document FROM {connector_states}
WHERE sync = :sync ORDER BY seen_at DESC, target LIMIT 100
"""


class Fragment(str):
    """A piece of SQL: ``{name:text}`` in a statement puts the text into its gap, ``?``."""

    __slots__ = ()

    def __format__(self, text: str) -> str:
        return self.replace("?", text)


# Where the stores differ, by name: tables (which a store may put together from others), and pieces of
# SQL. ``seconds`` reads a time, ``time`` compares with one that is a parameter, ``listed`` looks a column
# up in the list ``:ids``, ``newest`` leaves the last interval of each group and member.
Dialect = Mapping[str, str]


class SqlReader(ABC):
    """Implements ``ports.HistoryReader`` by whatever answers a query.

    ``places`` tell, by the name of a target, which account or workspace it is (``TargetSettings.place``).
    """

    sync: str
    places: Mapping[str, str]

    def links(self, target: str) -> Links:
        """Links of this target."""
        statement = f"{NAMED_LINK} {{links}} WHERE sync = :sync AND target = :target"
        return self._read(lambda rows: Links(starmap(link_of, rows)), statement, target=target)

    def pending(self, target: str) -> tuple[Pending, ...]:
        """Writes announced without an outcome by any run, oldest first."""
        statement = (
            "SELECT entry, run_id, change FROM {pending}"
            " WHERE sync = :sync AND target = :target ORDER BY entry"
        )
        return self._all(pending_of, statement, target=target)

    def shared(self, target: str) -> Mapping[str, Sharer]:
        """Target ids that other syncs of this store manage at the same place, with one that has them in scope if any has.

        What was last written by a version that kept no places goes by the name of the target.
        """
        place = self.places.get(target)
        return self._read(sharers_of, SHARED, target=target, place=place)

    def latest_run(self) -> float | None:
        """When the last sync began (seconds since the epoch), ``None`` before the first one."""
        statement = f"{BEGAN} AND digest <> :other {NEWEST_FIRST} LIMIT 1"
        return next(iter(self._all(float, statement, other=NO_PLAN)), None)

    def roots(self) -> tuple[KnownRoot, ...]:
        """What the selectors of the scope found when they were last read, in order."""
        statement = "SELECT selector, external_id, name FROM {roots} WHERE sync = :sync"
        return self._all(KnownRoot, f"{statement} ORDER BY selector, external_id")

    def checkpoint(self) -> Checkpoint | None:
        """Where a run may go on, if that is current; ``None`` where no run of this sync left it."""
        return next(iter(self._all(checkpoint_of, CHECKPOINT)), None)

    def mirror(self, digest: str) -> str | None:
        """The mirror of this digest, if it is there and whole."""
        statement = "SELECT mirror FROM {mirrors} WHERE sync = :sync AND digest = :digest"
        texts = self._all(str, statement, digest=digest)
        return next((text for text in texts if digest_of_mirror(text) == digest), None)

    def former(self, target: str) -> tuple[Link, ...]:
        """Links whose Entra object has another target object by now, by id of the one that it left."""
        statement = f"{LINK} {{former}} WHERE sync = :sync AND target = :target ORDER BY target_id"
        return self._all(link_of, statement, target=target)

    def memberships(self, target: str, groups: Collection[str]) -> tuple[Membership, ...]:
        """The latest membership, open or ended, of each member of these groups (object ids)."""
        statement = (
            f"{MEMBERSHIP} WHERE sync = :sync AND target = :target"
            " AND {listed:group_external_id} {newest} ORDER BY group_external_id, member_target_id"
        )
        ids = sorted(groups)
        return self._read(memberships_of, statement, target=target, ids=ids) if ids else ()

    def missing(self, target: str) -> Mapping[str, float]:
        """Times since when linked objects are missing from complete reads, by object id."""
        statement = (
            "SELECT external_id, {seconds:since} FROM {missing}"
            " WHERE sync = :sync AND target = :target"
        )
        return self._read(dict, statement, target=target)

    def retries(self, target: str) -> tuple[Retry, ...]:
        """Changes that failed when they were last tried, in order of their keys."""
        statement = (
            "SELECT key, external_id, name, error, failures, waited, {seconds:first}, {seconds:last}"
            " FROM {retries} WHERE sync = :sync AND target = :target ORDER BY key"
        )
        return self._all(Retry, statement, target=target)

    def quarantine(self, target: str) -> tuple[QuarantineRecord, ...]:
        """Identities that the last run held back, in order of names."""
        statement = (
            "SELECT external_id, name, reason, {seconds:first_seen}, {seconds:last_seen}, times"
            " FROM {quarantine} WHERE sync = :sync AND target = :target ORDER BY name, external_id"
        )
        return self._all(QuarantineRecord, statement, target=target)

    def done(self, target: str, ids: Collection[str]) -> tuple[Change, ...]:
        """Changes done to these objects, members apart, as far as the journal goes back."""
        statement = (
            "SELECT change FROM {outcomes} WHERE sync = :sync AND target = :target"
            " AND result = 'done' AND action NOT IN ('add_members', 'remove_members')"
            " AND {listed:external_id} ORDER BY entry"
        )
        return self._all(change_of, statement, target=target, ids=sorted(ids)) if ids else ()

    def access(self, target: str) -> tuple[Change, ...]:
        """Changes of access to workspaces that were done; no pruning deletes these."""
        return self._all(change_of, ACCESS_DONE, target=target)

    def targets(self) -> tuple[str, ...]:
        """Names of the targets that this sync has written to."""
        statement = "SELECT DISTINCT target FROM {targets} WHERE sync = :sync ORDER BY target"
        return self._all(str, statement)

    def runs(self) -> tuple[RunRecord, ...]:
        """Every run of this sync in the order in which they began, newest first."""
        return self._all(run_of, f"{RUNS} {NEWEST_FIRST}")

    def entries(self, run_id: str | None = None) -> tuple[JournalEntry, ...]:
        """Settled entries of one run or of all, as announced."""
        if run_id is None:
            return self._all(entry_of, f"{ENTRY} ORDER BY entry, target")
        return self._all(
            entry_of, f"{ENTRY} AND run_id = :run_id ORDER BY entry, target", run_id=run_id
        )

    def later(self, target: str, entry: int) -> tuple[JournalEntry, ...]:
        """Settled entries of a target that were announced after an entry, as announced."""
        statement = f"{ENTRY} AND target = :target AND entry > :entry ORDER BY entry"
        return self._all(entry_of, statement, target=target, entry=entry)

    def outcomes(self, run_id: str) -> tuple[Outcome, ...]:
        """Outcomes of a run, in order."""
        return tuple(entry.outcome for entry in self.entries(run_id))

    def owners(self, target: str, ids: Collection[str], before: int) -> Mapping[str, str]:
        """Whose (object ids) these target objects were before an entry, as far as the journal goes back."""
        asked = {"target": target, "ids": sorted(ids), "before": before}
        return self._read(owners_of, OWNERS, **asked) if ids else {}

    def members_at(self, at: float | None = None) -> tuple[Membership, ...]:
        """Every membership that was open at a time, or is open now, on all targets."""
        of_then = "since <= {time:at} AND (until IS NULL OR until > {time:at})"
        statement = (
            f"{MEMBERSHIP} WHERE sync = :sync AND {'until IS NULL' if at is None else of_then}"
            " ORDER BY target, group_external_id, member_target_id"
        )
        return self._read(memberships_of, statement, **({} if at is None else {"at": at}))

    def connectors(self) -> tuple[ConnectorRecord, ...]:
        """The last hundred records of connectors, newest first."""
        return self._all(ConnectorRecord, CONNECTORS)

    def _all(self, make: Callable[..., T], statement: str, **args: object) -> tuple[T, ...]:
        return self._read(lambda rows: tuple(starmap(make, rows)), statement, **args)

    def _read(self, build: Callable[[Iterable[Row]], T], statement: str, **args: object) -> T:
        return self._query(build, statement, {"sync": self.sync, **args})

    @abstractmethod
    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        """Return what ``build`` makes of the rows, of none where there is no store."""
