"""State of a target that the store carries from run to run, beside links and journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aadsync_lib.model.change import MemberRef
from aadsync_lib.model.directory import Cursor
from aadsync_lib.model.run import Outcome

DAY = 86_400.0  # seconds


class MembershipOrigin(StrEnum):
    """How a membership came to be known."""

    ADDED = "added"  # by this sync
    FOUND = "found"  # was there, and Entra has it, too
    FOREIGN = "foreign"  # was there, and Entra does not have it


class EndReason(StrEnum):
    """How a membership ended."""

    REMOVED = "removed"  # by this sync, by Entra and the target alike, or with the group itself
    LOST = "lost"  # on the target, by somebody else, while Entra still had it


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody directly in a managed group for a time.

    ``group`` is the group's object id; ``member.target_id`` is set. ``since`` and ``until`` are seconds
    since the epoch: when a run made, saw or missed it. ``run_id`` is that first run, ``ended_by`` that
    last one. Of a pair of group and member only the latest can be open.
    """

    target: str
    group: str
    group_name: str
    member: MemberRef
    how: MembershipOrigin
    since: float
    run_id: str
    until: float | None = None
    ending: EndReason | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A change that failed, by a key that tells the same change in a later plan.

    ``failures`` in a row, and how many runs it has ``waited`` since the last one. ``first`` and
    ``last`` failure are seconds since the epoch.
    """

    key: str
    external_id: str | None
    name: str
    error: str
    failures: int
    waited: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """An identity that is held back, with every reason, since when and in how many runs."""

    external_id: str | None
    name: str
    reason: str
    first_seen: float
    last_seen: float
    times: int


@dataclass(frozen=True, slots=True)
class CarriedState:
    """What a run leaves behind for the next one; ``None`` leaves a part as it is.

    ``missing``, ``retries`` and ``quarantine`` are whole and replace what was there. ``names`` are other
    names of linked identities (``Link.names``), by object id, kept where there are none yet. Each of
    ``memberships`` replaces the latest one of its group and member where that has the same ``since``, or
    follows it.
    """

    missing: Mapping[str, float] | None = None
    retries: tuple[Retry, ...] | None = None
    quarantine: tuple[QuarantineRecord, ...] | None = None
    memberships: tuple[Membership, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store keeps it.

    ``status`` is ``"running"`` and ``ended_at`` and ``report`` are ``None`` until it ends, and stay so
    when it was killed. ``undoes`` is the run that it takes back. Times are seconds since the epoch.
    """

    run_id: str
    digest: str
    settings_digest: str
    full: bool
    undoes: str | None
    host: str
    user: str
    started_at: float
    ended_at: float | None
    status: str
    report: str | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What came of one announced change of a run; times are seconds since the epoch."""

    entry: int
    run_id: str
    target: str
    outcome: Outcome
    announced_at: float
    settled_at: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the next run may go on: everything that Entra announced before ``cursor`` is applied and recorded.

    ``made_for`` is a digest of settings, targets and version. ``given_at`` is when Entra gave the cursor,
    ``full_at`` when the last run began that read everything, in seconds since the epoch. ``watched`` are the
    marks (``reconcile.incremental.Watched``) of whom every change concerns; ``None`` keeps those that there are.
    ``doubted_at`` is when a run first read less than what was announced after ``cursor``, which then stays.
    ``run_id`` is the run that left it, and it is ``current`` while that is the last one and succeeded: the next
    run may go on from there. Any other one only says since when to ask, to hold what is read against.
    ``mirror`` is what both sides are believed to be (``model.mirror``), kept as ``watched`` is; ``mirror_digest`` is
    that of the one that belongs to it, empty where none does. ``unsure`` are target ids, by target, of what the run
    before has changed and the next one is to look at.
    """

    made_for: str
    cursor: Cursor
    given_at: float
    full_at: float
    watched: str | None = None
    doubted_at: float | None = None
    mirror_digest: str = ""
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mirror: str | None = field(default=None, compare=False, repr=False)
    run_id: str = field(default="", compare=False)
    current: bool = field(default=False, compare=False)
