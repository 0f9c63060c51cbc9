"""Plans: the complete, ordered list of changes for every target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.codec import digest_of
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.head import Address, Head
from aadsync_lib.model.identity import Kind

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An identity or change that is held back until a person looks or the cause is gone."""

    external_id: str | None
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unowned:
    """An object on the target that an identity in scope would be, and that is not ours.

    ``owner`` says who seems to own it. ``setting`` is what would adopt it, such as
    ``policy.adopt.groups: unowned``; ``None`` where no setting does.
    """

    kind: Kind
    external_id: str
    target_id: str
    name: str
    owner: str
    setting: str | None


class UnappliedBy(StrEnum):
    """What of the policy leaves a difference alone."""

    ADDITIVE = "additive"  # policy.mode
    MANAGED = "managed"  # policy.members
    DRIFT = "drift"  # policy.drift: report


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A change that would make both sides equal, and that the policy does not make."""

    change: Change
    by: UnappliedBy


@dataclass(frozen=True, slots=True)
class GroupNode:
    """A group of the desired nesting, for a tree: object ids of the groups in it, number of people."""

    external_id: str
    name: str
    groups: tuple[str, ...]
    people: int


Step = tuple[str, str]  # a group and a member that it gets, by object id


@dataclass(frozen=True, slots=True)
class ReplacementPath:
    """Somebody who leaves a group, by target ids, because another way leads into it.

    ``through`` are the additions of the same plan that open that way: without them nobody leaves.
    """

    group: str | None
    member: str | None
    through: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Managed:
    """What this sync manages on a target, as the guard's shares are counted against it.

    All of it is what is active now: people who are, groups that have members, and the number of direct
    memberships of these; ``access`` counts the assignments and entitlements that it gave in workspaces.
    """

    users: int = 0
    groups: int = 0
    members: int = 0
    access: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What applying will cost: requests, and seconds at the published limits."""

    requests: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Somebody who is in a group now, at any depth, and is not after the plan: ``ada from Data``.

    ``through`` is the nested group that is taken out, where one is; ``above`` are the groups that contain
    this one and are lost with it.
    """

    name: str
    group: str
    kind: Kind = Kind.USER
    reason: str = ""
    through: str = ""
    above: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} from {self.group}"


@dataclass(frozen=True)
class TargetPlan:
    """The changes of one target, with what was held back and why.

    ``emptied`` names groups that stay but would lose their last member, ``retired`` those that left the
    scope, ``losing`` the people and service principals who lose a group, once for each group. ``on_hold`` are the changes that wait because a part of the source could not be read.
    ``protected`` are target ids that no change may touch. ``unowned`` is what is there and not ours,
    ``unapplied`` what the policy leaves as it is. ``state_digest`` tells whether the target has moved.
    ``replacement_paths`` are the removals that depend on additions; they follow from the rest of the plan.
    ``address`` is where the target is; ``None`` in a plan that an earlier version saved.
    """

    target: str
    changes: tuple[Change, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    on_hold: tuple[Quarantined, ...] = ()
    warnings: tuple[Notice, ...] = ()
    managed: Managed = Managed()
    estimate: Estimate = Estimate()
    emptied: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    protected: frozenset[str] = frozenset()
    unowned: tuple[Unowned, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()
    losing: tuple[Loss, ...] = ()
    address: Address | None = None
    state_digest: str | None = field(default=None, compare=False)
    replacement_paths: tuple[ReplacementPath, ...] = field(default=(), compare=False)

    @property
    def drift(self) -> tuple[Change, ...]:
        """Every difference that nobody made in Entra, mended by this plan or left alone."""
        mended = (change for change in self.changes if change.drift)
        return (*mended, *(kept.change for kept in self.unapplied if kept.change.drift))

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of changes by action, in plan order."""
        return Counter(change.action.value for change in self.changes)

    @property
    def members_added(self) -> int:
        """Number of memberships that the plan adds."""
        return self._members(Action.ADD_MEMBERS)

    @property
    def members_removed(self) -> int:
        """Number of memberships that the plan removes."""
        return self._members(Action.REMOVE_MEMBERS)

    def _members(self, action: Action) -> int:
        return sum(len(change.members) for change in self.changes if change.action is action)


@dataclass(frozen=True)
class Plan:
    """The changes of one sync on all its targets. ``complete``: all of the source was read.

    ``full``: it was read afresh, not only what changed. ``undoes`` is the run that the plan is the inverse of. ``source_digest`` tells whether Entra has
    moved; ``tree`` holds the desired groups, parents first. ``head`` says when it was made, and by whom.
    """

    sync: str
    targets: tuple[TargetPlan, ...]
    complete: bool = True
    settings_digest: str = field(default="", compare=False)
    undoes: str | None = None
    source_digest: str | None = field(default=None, compare=False)
    tree: tuple[GroupNode, ...] = field(default=(), compare=False)
    full: bool = field(default=True, compare=False)
    head: Head | None = field(default=None, compare=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the changes of all targets and where these are: what ``--approve`` names."""
        return digest_of(
            (target.target, target.address.key if target.address else (), target.changes)
            for target in self.targets
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(target.changes for target in self.targets)

    def for_target(self, name: str) -> TargetPlan:
        """Return the part of one target."""
        return next(target for target in self.targets if target.target == name)

    def to_frame(self) -> pd.DataFrame:
        """Return the changes as a tidy frame: a row for each, and for each member of a change of members.

        Every column has the dtype ``string``; what does not apply is missing (``pd.NA``).

        - ``target``: name of the target in the settings
        - ``action``: ``create_user``, ``add_members`` and so on, see ``Action``
        - ``kind``: ``user``, ``service_principal`` or ``group``: what is changed
        - ``name``, ``external_id`` (object id in Entra), ``target_id`` (id on the target, missing
          before it is created): whom or what it changes; for a change of members, the group
        - ``member``, ``member_type``, ``member_external_id``, ``member_target_id``: who is added or
          removed
        - ``before``, ``after``: JSON text of the attributes that the change touches, by SCIM names; of
          access, ``workspace_id`` with ``permission`` or ``entitlements``
        - ``reason``: why
        - ``drift``: ``true`` where it mends a difference that nobody made in Entra, else ``false``
        """
        from aadsync_lib.model.frames import PLAN, Columns

        columns = Columns(PLAN)
        for target in self.targets:
            for change in target.changes:
                columns.change(change, target=target.target)
        return columns.frame()

    def left_frame(self) -> pd.DataFrame:
        """Return the changes that the policy does not make, with the columns of ``to_frame`` and one more.

        ``by`` is what leaves them alone: ``additive`` (``policy.mode``), ``managed`` (``policy.members``)
        or ``drift`` (``policy.drift: report``).
        """
        from aadsync_lib.model.frames import LEFT, Columns

        columns = Columns(LEFT)
        for target in self.targets:
            for left in target.unapplied:
                columns.change(left.change, target=target.target, by=left.by.value)
        return columns.frame()

    def found_frame(self) -> pd.DataFrame:
        """Return what is on the targets, would be an identity in scope, and is not ours.

        Every column has the dtype ``string``: ``target``, ``kind``, ``name``, ``external_id`` (of the
        identity), ``target_id`` (of the object), ``owner`` (who seems to own it), ``setting`` (what
        would adopt it, missing where nothing does).
        """
        from aadsync_lib.model.frames import FOUND, Columns

        columns = Columns(FOUND)
        for target in self.targets:
            for unowned in target.unowned:
                where = {"target": target.target, "kind": unowned.kind.value}
                columns.add(asdict(unowned) | where)
        return columns.frame()

    def held_frame(self) -> pd.DataFrame:
        """Return what the plan leaves alone until a person looks or the cause is gone.

        Every column has the dtype ``string``: ``target``, ``result`` (``quarantined``, or ``held``
        where a part of the source could not be read), ``name``, ``external_id``, ``reason``.
        """
        from aadsync_lib.model.frames import HELD, Columns

        columns = Columns(HELD)
        for target in self.targets:
            columns.rows(target.quarantined, target=target.target, result="quarantined")
            columns.rows(target.on_hold, target=target.target, result="held")
        return columns.frame()
