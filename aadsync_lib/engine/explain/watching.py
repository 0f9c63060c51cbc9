"""Both sides as planning reads them, kept to be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.planning import TargetPlanning, plan_all
from aadsync_lib.model.account import Account, Members, TargetSnapshot, Unread
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import Presence, Snapshot
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.ports import Clock, Source, StoreReader, Target
from aadsync_lib.reconcile.desired.naming import desire


class WatchedSource:
    """Entra, with the snapshot that was read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.snapshot: Snapshot | None = None

    def read(self) -> Snapshot:
        """Read the scope, and keep it."""
        self.snapshot = self._source.read()
        return self.snapshot

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        """Say of each object id where it is."""
        return self._source.look_up(ids)


class WatchedTarget:
    """A target with all that was read of it. It has no method that writes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.name = target.name
        self.snapshot = TargetSnapshot({})
        self.seen: dict[str, Members] = {}

    def read(self) -> TargetSnapshot:
        """Read who exists, and keep it."""
        self.snapshot = self._target.read()
        return self.snapshot

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        """Read the direct members of groups, and keep them."""
        found = self._target.members(group_ids)
        self.seen |= found
        return found


@dataclass(frozen=True)
class Side:
    """One target as it is, and as the plan would change it."""

    target: WatchedTarget
    part: TargetPlanning

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.target.name

    @property
    def plan(self) -> TargetPlan:
        """What the next sync would do."""
        return self.part.plan

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Everybody there, by target id."""
        return self.target.snapshot.accounts

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """By target id, the object id that something belongs to or says it belongs to."""
        own = {one.id: one.external_id for one in self.accounts.values() if one.external_id}
        adopted = {
            change.target_id: change.external_id
            for change in self.plan.changes
            if change.action.verb == "adopt" and change.target_id and change.external_id
        }
        linked = {key: link.external_id for key, link in self.part.links.by_target.items()}
        return own | adopted | linked

    @cached_property
    def _owned(self) -> Mapping[tuple[Kind, str], Account]:
        """By object id; where two claim one, the linked object comes last and wins."""
        linked = self.part.links.by_target
        ids = sorted(self.owners.keys() & self.accounts.keys(), key=lambda one: one in linked)
        return {(self.accounts[one].kind, self.owners[one]): self.accounts[one] for one in ids}

    def account(self, kind: Kind, external_id: str | None, name: str) -> Account | None:
        """Return what the target has of an identity: linked, of its id, or the only one of its name."""
        found = self._owned.get((kind, external_id)) if external_id else None
        if found:
            return found
        same = [
            one
            for one in self.accounts.values()
            if one.kind is kind
            and name_key(one.name) == name_key(name)
            and one.id not in self.owners
        ]
        return same[0] if len(same) == 1 else None

    def members(self, group_id: str) -> frozenset[str]:
        """Return the direct members of a group as far as they could be read."""
        found = self.target.seen.get(group_id)
        return found if isinstance(found, frozenset) else frozenset()

    def read_below(self, group_id: str) -> tuple[str, ...]:
        """Read what planning did not need of a group and all nested in it; return what was refused."""
        level, done, refused = {group_id}, set[str](), list[str]()
        while level:
            new = sorted(level - self.target.seen.keys())
            if new:
                self.target.members(new)
            done |= level
            for one in sorted(level):
                members = self.target.seen.get(one)
                if isinstance(members, Unread):
                    refused.append(f"{self.accounts[one].name} on {self.name}: {members.reason}")
            below = {member for one in level for member in self.members(one)}
            level = {one for one in below if self._is_group(one)} - done
        return tuple(refused)

    def _is_group(self, target_id: str) -> bool:
        account = self.accounts.get(target_id)
        return account is not None and account.kind is Kind.GROUP


@dataclass(frozen=True)
class Seen:
    """Both sides."""

    snapshot: Snapshot
    desired: Desired
    sides: tuple[Side, ...]


def watch(
    settings: Settings,
    source: Source,
    targets: Sequence[Target],
    store: StoreReader,
    clock: Clock,
) -> Seen:
    """Plan as every run does, and keep what that read."""
    entra, watched = WatchedSource(source), [WatchedTarget(target) for target in targets]
    readers = cast("Source", entra), cast("list[Target]", watched)
    planned = plan_all(settings, *readers, store, clock)
    assert entra.snapshot
    desired = desire(entra.snapshot, settings.scope, settings.mapping)
    sides = tuple(Side(one, planned.parts[one.name]) for one in watched)
    return Seen(entra.snapshot, desired, sides)
