"""Ports: what the core needs from the outside, as protocols typed in model terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from aadsync_lib.model.account import Unread
from aadsync_lib.model.carried import (
    CarriedState,
    Checkpoint,
    JournalEntry,
    Membership,
    QuarantineRecord,
    Retry,
    RunRecord,
)
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import ConnectorRecord
from aadsync_lib.model.directory import (
    Affected,
    Changes,
    Cursor,
    DirectoryMatch,
    KnownRoot,
    Notice,
    Presence,
    Snapshot,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Sharer
from aadsync_lib.model.run import Outcome
from aadsync_lib.refusals import AlreadyThere as AlreadyThere
from aadsync_lib.refusals import AnswerLost as AnswerLost
from aadsync_lib.refusals import ChangeRefused as ChangeRefused
from aadsync_lib.refusals import MembersRefused as MembersRefused
from aadsync_lib.refusals import TogetherRefused as TogetherRefused
from aadsync_lib.target_port import Target as Target
from aadsync_lib.target_port import TargetReader as TargetReader


class Clock(Protocol):
    """Time and waiting, so that no test waits for real."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Source(Protocol):
    """Entra, read only."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    def read(self, known: Collection[KnownRoot] = ()) -> Snapshot:
        """Read everything in scope, or raise ``SourceError``.

        ``known`` is what the selectors found before: what a listing no longer shows is looked up by id.
        """

    def changes(self, since: Cursor | None = None, known: Collection[KnownRoot] = ()) -> Changes:
        """Return what Entra announces since a cursor, and where to go on; nothing else is read.

        Where that cannot be told, it says why, and everything has to be read.
        """

    def read_again(self, known: Snapshot, about: Affected) -> Snapshot:
        """Read a few groups and people of an earlier read by themselves; what could not be is ``unread``."""

    def read_part(self, found: Collection[KnownRoot], known: Snapshot, about: Affected) -> Snapshot:
        """Read whom it is about, and what the selectors find; take all others as an earlier read has them."""

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        """Say of each object id where it is, in scope or not."""

    def names(self, ids: Mapping[str, Kind]) -> Mapping[str, frozenset[str] | Unread]:
        """Return every name that Entra has for each object id now; none for one that is gone."""

    def search(
        self, name: str, kinds: Collection[Kind] = (Kind.USER, Kind.SERVICE_PRINCIPAL)
    ) -> tuple[DirectoryMatch, ...]:
        """Find whoever has this user name, mail, application id, display name or object id."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A write that was announced and whose outcome was never recorded: a run died in between."""

    entry: int
    run_id: str
    change: Change


class Neighbours(Protocol):
    """Provisioning into the same targets by others than this sync."""

    def notices(self) -> Mapping[str, tuple[Notice, ...]]:
        """Return by target what a person should know of it; what could not be read is told, too."""


class StoreReader(Protocol):
    """What planning needs to know."""

    def links(self, target: str) -> Links:
        """Who owns what on this target."""

    def pending(self, target: str) -> tuple[Pending, ...]:
        """Writes announced without an outcome, oldest first."""

    def shared(self, target: str) -> Mapping[str, Sharer]:
        """Target ids that other syncs of this store manage at the same place, whatever they call it."""

    def latest_run(self) -> float | None:
        """When the sync before began (seconds since the epoch), ``None`` before the first one. Runs of connectors are none."""

    def roots(self) -> tuple[KnownRoot, ...]:
        """What the selectors of the scope found when they were last read."""

    def former(self, target: str) -> tuple[Link, ...]:
        """Links whose Entra object has another target object by now: what became of the old one."""

    def memberships(self, target: str, groups: Collection[str]) -> tuple[Membership, ...]:
        """The latest membership, open or ended, of each member of these groups (object ids)."""

    def done(self, target: str, ids: Collection[str]) -> tuple[Change, ...]:
        """What was done to these objects (object ids), members apart, oldest first."""

    def access(self, target: str) -> tuple[Change, ...]:
        """Every change of access to workspaces that was done, oldest first. No pruning deletes these."""

    def checkpoint(self) -> Checkpoint | None:
        """Where a run may go on, if that is current; ``None`` where no run of this sync left it."""

    def mirror(self, digest: str) -> str | None:
        """The mirror that was kept with a checkpoint, by its digest (``model.mirror``), if it is there unharmed."""

    def missing(self, target: str) -> Mapping[str, float]:
        """Since when linked objects are missing from complete reads, by object id."""

    def retries(self, target: str) -> tuple[Retry, ...]:
        """Changes that failed when they were last tried."""

    def quarantine(self, target: str) -> tuple[QuarantineRecord, ...]:
        """What the last run held back until a person looks or the cause is gone."""


class HistoryReader(StoreReader, Protocol):
    """What history, undo and explain read."""

    def targets(self) -> tuple[str, ...]:
        """Names of the targets that this sync has written to, settings or not."""

    def runs(self) -> tuple[RunRecord, ...]:
        """Every run of this sync in the order in which they began, newest first, whatever a clock says."""

    def entries(self, run_id: str | None = None) -> tuple[JournalEntry, ...]:
        """Settled entries of one run or of all, oldest first."""

    def later(self, target: str, entry: int) -> tuple[JournalEntry, ...]:
        """Settled entries of a target that were announced after an entry, oldest first.

        Numbers of entries tell the order on one target, whatever a clock says.
        """

    def owners(self, target: str, ids: Collection[str], before: int) -> Mapping[str, str]:
        """Whose (object ids) these target objects were before an entry, as far as the journal goes back."""

    def members_at(self, at: float | None = None) -> tuple[Membership, ...]:
        """Every membership that was open at a time, or is open now, on all targets."""


class Store(HistoryReader, Protocol):
    """The memory of a sync. Every call is durable when it returns."""

    def lease(self, target: str, run_id: str) -> AbstractContextManager[None]:
        """Hold the target for this run and renew it until the block ends.

        Raises ``LeaseHeldError`` while another run holds it.
        """

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

    def end_run(
        self, run_id: str, status: str, report: str, checkpoint: Checkpoint | None = None
    ) -> None:
        """Record how a run ended; ``report`` is its JSON.

        The ``checkpoint`` counts from the moment on at which the run has ended well, and until another begins.
        One that moves another on, without whom it watches, does so only while that is the one that is kept; then
        the mirror stays, too.
        """

    def announce(self, run_id: str, target: str, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent, and return their journal entries."""

    def settle(
        self,
        target: str,
        outcomes: Mapping[int, Outcome],
        *,
        linked: Iterable[Link] = (),
        unlinked: Iterable[str] = (),
    ) -> None:
        """Record outcomes by journal entry together with the links they made or ended, all or nothing.

        ``unlinked`` are external ids.
        """

    def keep_roots(self, roots: Iterable[KnownRoot]) -> None:
        """Keep what the selectors found, in place of what was there."""

    def remember(self, run_id: str, target: str, memory: CarriedState) -> None:
        """Keep what a run leaves behind for the next one, all or nothing."""

    def keep_connectors(self, records: Sequence[ConnectorRecord]) -> None:
        """Add what was seen of connectors, all or nothing."""

    def connectors(self) -> tuple[ConnectorRecord, ...]:
        """What was seen of connectors last, newest first; of older records not all."""

    def prune(self, before: float) -> None:
        """Delete what is older (epoch seconds), by the order of runs, too.

        Links, open writes, and what was given in workspaces stay.
        """


class Progress(Protocol):
    """Somebody who shows how far a run is. Targets are written at the same time, and share it."""

    def start(self, total: int, label: str) -> None:
        """Say that so many steps begin."""

    def advance(self, count: int) -> None:
        """Say that so many more steps are done."""

    def done(self) -> None:
        """Say that what was started is over."""
