"""One delta round over one kind of object, page by page."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

from aadsync_lib.sandbox.entra.changes import Net, fold
from aadsync_lib.sandbox.entra.kinds import GROUP, KINDS, JsonObject, Kind
from aadsync_lib.sandbox.entra.state import EntraState

_AFTER_ALL = 1 << 60
_GONE = {"@removed": {"reason": "deleted"}}


@dataclass(frozen=True, slots=True)
class Round:
    """The options a round was started with, and the position its pages have come to.

    ``since`` is the length of the change log at the round before, ``None`` in a first round;
    ``until`` is its length at the start of this one. ``item`` is the position of the next object,
    ``member`` that of its last member shown.
    """

    select: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    since: int | None
    until: int
    item: int = 0
    member: int = 0
    was_empty: bool = False

    def to_token(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_token(cls, token: dict[str, Any]) -> Self:
        lists = {k: None if token[k] is None else tuple(token[k]) for k in ("select", "ids")}
        fields: dict[str, Any] = {**token, **lists}
        return cls(**fields)

    def following(self) -> Self:
        """The round after this one, before it has started."""
        return replace(self, since=self.until, until=0, item=0, member=0, was_empty=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads pages of a round. ``minimal`` shows changed properties only."""

    state: EntraState
    kind: Kind
    minimal: bool

    def page(self, now: Round) -> tuple[list[JsonObject], Round | None]:
        """One page, and the round as it goes on after it, if it does."""
        if self._turn_empty() and not now.was_empty:
            return [], replace(now, was_empty=True)
        value: list[JsonObject] = []
        room = self.state.delta_members_per_page
        for position, net in self._changed(now):
            if len(value) == self.state.delta_page_size or room == 0:
                return value, replace(now, item=position, member=0, was_empty=False)
            after = now.member if position == now.item else 0
            members = self._members(now, net, after, room + 1)
            shown = self._show(now, net, [entry for _, entry in members[:room]])
            if shown is not None:
                value.append(shown)
            if len(members) > room:
                last = members[room - 1][0]
                return value, replace(now, item=position, member=last, was_empty=False)
            room -= len(members)
        return value, None

    def _turn_empty(self) -> bool:
        state = self.state
        state.pages_served += 1
        return state.empty_pages > 0 and state.pages_served % state.empty_pages == 0

    def _changed(self, now: Round) -> Iterator[tuple[int, Net]]:
        """Objects from where the round stands; all of them in a first round."""
        if now.since is None:
            rows = self._existing(now)
        else:
            rows = enumerate(fold(self.state.log[now.since : now.until], self.kind.name), 1)
        for position, net in rows:
            if position >= now.item and (now.ids is None or net.id in now.ids):
                yield position, net

    def _existing(self, now: Round) -> Iterator[tuple[int, Net]]:
        ids, positions = self.state.rows(self.kind.name)
        for index in range(bisect_left(positions, now.item), len(ids)):
            yield positions[index], Net(ids[index], created=True)
        if self.state.removed_in_first_round:
            gone = [key for key, d in self.state.deleted.items() if d.kind == self.kind.name]
            for number, key in enumerate(gone):
                yield _AFTER_ALL + number, Net(key, removed=True)

    def _show(self, now: Round, net: Net, members: list[JsonObject]) -> JsonObject | None:
        """An object as delta shows it; ``None`` when nothing that was asked for has changed."""
        item = self.state.objects.get(net.id)
        if item is None:
            reason = "changed" if net.id in self.state.deleted else "deleted"
            return {"id": net.id, "@removed": {"reason": reason}} if net.removed else None
        fields = self.kind.default
        if now.select is not None:
            fields = tuple(name for name in now.select if self.kind.knows(name))
        if not net.created and not members and net.properties.isdisjoint(fields):
            return None
        minimal = self.minimal and not net.created
        shown = {
            name: item.get(name)
            for name in fields
            if name in net.properties or (item.get(name) is not None and not minimal)
        }
        shown["id"] = net.id
        if members:
            shown["members@delta"] = members
        return shown

    def _members(self, now: Round, net: Net, after: int, most: int) -> list[tuple[int, JsonObject]]:
        """Members in a first round, or changes of membership in a later one, with positions."""
        state, wanted = self.state, now.select is None or "members" in now.select
        if self.kind is not GROUP or not wanted or net.id not in state.members:
            return []
        if not state.members_visible(net.id):
            return []
        if now.since is None:
            keys, positions = state.member_rows(net.id)
            start = bisect_right(positions, after)
            rows = zip(positions[start : start + most], keys[start : start + most], strict=True)
            return [(position, _entry(key, state.kinds[key])) for position, key in rows]
        changes = enumerate(net.members.items(), 1)
        return [
            (position, {**_entry(key, kind), **(_GONE if removed else {})})
            for position, (key, (kind, removed)) in islice(changes, after, after + most)
        ]


def _entry(key: str, kind: str) -> JsonObject:
    return {"@odata.type": KINDS[kind].odata_type, "id": key}
