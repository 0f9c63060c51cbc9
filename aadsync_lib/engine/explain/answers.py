"""Answers about one identity over both sides: a person's paths, and everybody in a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from aadsync_lib.engine.explain.finder import Finder
from aadsync_lib.engine.explain.sides import Side, Sides
from aadsync_lib.engine.explain.standing import path_on, standing
from aadsync_lib.engine.explain.target_identity import TargetIdentity
from aadsync_lib.model.account import Account
from aadsync_lib.model.explanation import (
    EdgeOutcome,
    GroupExplained,
    Identity,
    Member,
    Next,
    Path,
    Paths,
    Person,
    Place,
    Standing,
    Step,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import StoreReader
from aadsync_lib.reconcile.explain import Explained
from aadsync_lib.reconcile.paths import shortest_down

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


@dataclass(frozen=True)
class Answers:
    """Explains people and groups over both sides as they were read."""

    sides: Sides
    explained: Explained
    finder: Finder
    reader: StoreReader

    def person(self, who: Identity, group: Identity | None) -> Person:
        """Return every path, and what each target has of it."""
        key = who.external_id or ""
        top = group.external_id or "" if group else None
        paths = self.explained.paths(key, top)
        return Person(
            identity=who,
            group=group,
            paths=paths,
            assigned=key in self.sides.snapshot.assigned,
            others=self.explained.beyond(key),
            targets=tuple(self._standing(side, who, group, paths) for side in self.sides.targets),
        )

    def group(self, group: Identity) -> GroupExplained:
        """Return everybody in a group at any depth, on either side."""
        views = [self._on(side, group) for side in self.sides.targets]
        refused = [reason for view in views for reason in _read_below(view)]
        top = group.external_id or ""
        shown = [_members(view) for view in views]
        return GroupExplained(
            identity=group,
            targets=tuple(map(standing, views)),
            members=self._members(self.explained.members(top), shown),
            unread=(*self.explained.unread(top), *refused),
        )

    def _on(self, side: Side, who: Identity, group: Identity | None = None) -> TargetIdentity:
        return TargetIdentity(side, self.sides.desired, self.reader, who, group)

    def _standing(
        self, side: Side, who: Identity, group: Identity | None, paths: Paths
    ) -> Standing:
        there = standing(self._on(side, who, group))
        kept = next((path for path in paths.listed if path.kept), None)
        if there.paths is None or there.paths.listed or kept is None:
            return there
        return replace(there, gap=self._gap(side, who, kept))

    def _gap(self, side: Side, who: Identity, path: Path) -> str | None:
        """Return the first membership of a path in Entra that the target does not have."""
        missing = (
            _missing(standing(self._on(side, member)), member.name, step)
            for member, step in self._memberships(who, path)
        )
        return next(filter(None, missing), None)

    def _memberships(self, who: Identity, path: Path) -> Iterator[tuple[Identity, Step]]:
        """Yield who has to be in which group on a target for the path to be one there."""
        for step, below in pairwise(path.steps):
            if step.fate is not EdgeOutcome.KEPT:
                yield who, step
                return
            yield self.finder.group(below.group), step
        yield who, path.steps[-1]

    def _members(
        self, below: Mapping[str, Path], shown: Sequence[Mapping[str, Path]]
    ) -> tuple[Member, ...]:
        keys = dict.fromkeys((*below, *(key for side in shown for key in side)))
        members = (
            Member(self._identity(key), below.get(key), tuple(side.get(key) for side in shown))
            for key in keys
        )
        return tuple(sorted(members, key=_by_name))

    def _identity(self, key: str) -> Identity:
        snapshot = self.sides.snapshot
        if key in snapshot.users or key in snapshot.service_principals:
            return self.finder.person(key)
        account = next(filter(None, (_account(side, key) for side in self.sides.targets)), None)
        if account is None:
            why = "Entra has it in the group, but did not show who it is"
            return Identity(Kind.USER, key, Place.UNREAD, key, reason=why)
        owner = key if key != account.id else None
        place = Place.OUT_OF_SCOPE if owner else Place.UNKNOWN
        return Identity(account.kind, account.name, place, owner, account.display_name)


def _missing(there: Standing, name: str, step: Step) -> str | None:
    row = next((row for row in there.groups if row.group == step.group), None)
    if row and row.there:
        return None
    if row and row.next is Next.ADDS:
        return f"{name} is not in {step.name} there yet; the next sync adds it"
    why = row.reason if row else "the target is to have no such group"
    return f"{name} is not in {step.name} there: {why}"


def _by_name(member: Member) -> tuple[str, str]:
    return member.identity.name.casefold(), member.identity.external_id or member.identity.name


def _read_below(group: TargetIdentity) -> tuple[str, ...]:
    return group.side.read_below(group.account.id) if group.account else ()


def _members(group: TargetIdentity) -> Mapping[str, Path]:
    """Return who is in the group on a target, by object id where there is one."""
    if group.account is None:
        return {}
    side = group.side
    ways = shortest_down(group.account.id, side.members)
    return {
        side.owners.get(key, key): path_on(side, way)
        for key, way in ways.items()
        if key in side.accounts and side.accounts[key].kind is not Kind.GROUP
    }


def _account(side: Side, key: str) -> Account | None:
    owned = (side.account(kind, key, "") for kind in PEOPLE)
    return side.accounts.get(key) or next(filter(None, owned), None)
