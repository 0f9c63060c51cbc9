"""Who is in a group, and by which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aadsync_lib.engine.explain.search import Finder
from aadsync_lib.engine.explain.standing import path_on, standing
from aadsync_lib.engine.explain.view import View
from aadsync_lib.engine.explain.watching import Seen, Side
from aadsync_lib.model.account import Account
from aadsync_lib.model.explanation import GroupExplained, Identity, Member, Path, Place
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import StoreReader
from aadsync_lib.reconcile.explain import Explained
from aadsync_lib.reconcile.paths import shortest_down

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)


@dataclass(frozen=True)
class GroupQuestion:
    """Explains groups over both sides as they were read."""

    seen: Seen
    explained: Explained
    finder: Finder
    store: StoreReader

    def explain(self, one: Identity) -> GroupExplained:
        """Return everybody in a group at any depth, on either side."""
        views = [View(side, self.seen.desired, self.store, one) for side in self.seen.sides]
        refused = [reason for view in views for reason in _read_below(view)]
        top = one.external_id or ""
        sides = [_on_target(view) for view in views]
        return GroupExplained(
            identity=one,
            targets=tuple(map(standing, views)),
            members=self._members(self.explained.members(top), sides),
            unread=(*self.explained.unread(top), *refused),
        )

    def _members(
        self, below: Mapping[str, Path], sides: Sequence[Mapping[str, Path]]
    ) -> tuple[Member, ...]:
        keys = dict.fromkeys((*below, *(key for side in sides for key in side)))
        found = (
            Member(self._identity(key), below.get(key), tuple(side.get(key) for side in sides))
            for key in keys
        )
        return tuple(sorted(found, key=_by_name))

    def _identity(self, key: str) -> Identity:
        snapshot = self.seen.snapshot
        if key in snapshot.users or key in snapshot.service_principals:
            return self.finder.person(key)
        account = next(filter(None, (_account(side, key) for side in self.seen.sides)), None)
        if account is None:
            why = "Entra has it in the group, but did not show who it is"
            return Identity(Kind.USER, key, Place.UNREAD, key, reason=why)
        owner = key if key != account.id else None
        place = Place.OUT_OF_SCOPE if owner else Place.UNKNOWN
        return Identity(account.kind, account.name, place, owner, account.display_name)


def _by_name(one: Member) -> tuple[str, str]:
    return one.identity.name.casefold(), one.identity.external_id or one.identity.name


def _read_below(view: View) -> tuple[str, ...]:
    return view.side.read_below(view.account.id) if view.account else ()


def _on_target(view: View) -> Mapping[str, Path]:
    """Return who is in the group on a target, by object id where there is one."""
    if view.account is None:
        return {}
    side = view.side
    ways = shortest_down(view.account.id, side.members)
    return {
        side.owners.get(key, key): path_on(side, way)
        for key, way in ways.items()
        if key in side.accounts and side.accounts[key].kind is not Kind.GROUP
    }


def _account(side: Side, key: str) -> Account | None:
    owned = (side.account(kind, key, "") for kind in PEOPLE)
    return side.accounts.get(key) or next(filter(None, owned), None)
