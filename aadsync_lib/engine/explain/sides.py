"""Both sides of a sync as planning read them: Entra, and each target with what is planned for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aadsync_lib.config.scope import Scope
from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.engine.views import View
from aadsync_lib.model.account import Account, Members, Unread
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.directory import Snapshot
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.ports import Target


@dataclass(frozen=True)
class Side:
    """One target as it is, and as the plan would change it, which the guard may have ``refused``.

    ``read`` are the groups read so far.
    """

    target: Target
    part: TargetPlanning
    accounts: Mapping[str, Account]
    refused: bool = False
    read: dict[str, Members] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.target.name

    @property
    def plan(self) -> TargetPlan:
        """What the next sync would do, if the guard lets it."""
        return self.part.plan

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """By target id, the object id that something belongs to or says it belongs to."""
        own = {a.id: a.external_id for a in self.accounts.values() if a.external_id}
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
        ids = sorted(self.owners.keys() & self.accounts.keys(), key=linked.__contains__)
        return {(self.accounts[id_].kind, self.owners[id_]): self.accounts[id_] for id_ in ids}

    def account(self, kind: Kind, external_id: str | None, name: str) -> Account | None:
        """Return what the target has of an identity: linked, of its id, or the only one of its name."""
        owned = self._owned.get((kind, external_id)) if external_id else None
        if owned:
            return owned
        same = [
            account
            for account in self.accounts.values()
            if account.kind is kind
            and name_key(account.name) == name_key(name.strip())
            and account.id not in self.owners
        ]
        return same[0] if len(same) == 1 else None

    def members(self, group_id: str) -> frozenset[str]:
        """Return the direct members of a group as far as they could be read."""
        members = self.read.get(group_id)
        return members if isinstance(members, frozenset) else frozenset()

    def read_below(self, group_id: str) -> tuple[str, ...]:
        """Read what planning did not need of a group and all nested in it; return what was refused."""
        level, done, refused = {group_id}, set[str](), list[str]()
        while level:
            new = sorted(level - self.read.keys())
            if new:
                self.read.update(self.target.members(new))
            done |= level
            refused += self._refused(level)
            below = {member for group in level for member in self.members(group)}
            level = {member for member in below if self._is_group(member)} - done
        return tuple(refused)

    def _refused(self, groups: Iterable[str]) -> Iterable[str]:
        for group in sorted(groups):
            members = self.read.get(group)
            if isinstance(members, Unread):
                yield f"{self.accounts[group].name} on {self.name}: {members.reason}"

    def _is_group(self, target_id: str) -> bool:
        account = self.accounts.get(target_id)
        return account is not None and account.kind is Kind.GROUP


@dataclass(frozen=True)
class Sides:
    """Entra as targets of one scope and mapping see it, what it asks for, and these targets."""

    scope: Scope
    snapshot: Snapshot
    desired: Desired
    targets: tuple[Side, ...]

    @classmethod
    def of(cls, planning: Planning, targets: Iterable[Target]) -> tuple[Sides, ...]:
        """Return what planning read, by what the targets see; a group that it did not need is read when somebody asks."""
        views: dict[int, tuple[View, list[Side]]] = {}
        for target in targets:
            part = planning.parts[target.name]
            assert part.view
            _, sides = views.setdefault(id(part.view.desired), (part.view, []))
            sides.append(_side(target, part, refused=not planning.verdict.allowed))
        return tuple(
            cls(view.settings.scope, view.snapshot, view.desired, tuple(sides))
            for view, sides in views.values()
        )


def _side(target: Target, part: TargetPlanning, *, refused: bool) -> Side:
    assert part.context
    context = part.context
    return Side(target, part, context.target.accounts, refused, dict(context.members))
