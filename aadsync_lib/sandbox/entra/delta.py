"""Delta query for users, groups and service principals."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

from aadsync_lib.sandbox.entra.calls import Routes, require
from aadsync_lib.sandbox.entra.changes import Net, fold
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request, unsupported
from aadsync_lib.sandbox.entra.kinds import GROUP, KINDS, SERVICE_PRINCIPAL, USER, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest, link, read_token
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.entra.tokens import TokenError

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


LATEST = "latest"
MOST_IDS = 50
_ID_TERM = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_RELATIONS = frozenset({"members", "owners"})


def add_routes(routes: Routes) -> None:
    for kind in (USER, GROUP, SERVICE_PRINCIPAL):
        for path in ("delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"):
            routes.get(f"/{kind.collection}/{path}", _delta(kind))


def _delta(kind: Kind) -> Callable[[GraphRequest], JsonObject]:
    def handler(call: GraphRequest) -> JsonObject:
        require(call, kind)
        now = _round(call, kind)
        answer: JsonObject = {"@odata.context": f"{call.root}/$metadata#{kind.collection}"}
        if call.query.delta_token == LATEST:
            return {**answer, **_delta_link(call, now), "value": []}
        minimal = "return=minimal" in call.request.headers.get("Prefer", "")
        value, rest = Reader(call.state, kind, minimal).page(now)
        if rest is None:
            return {**answer, **_delta_link(call, now), "value": value}
        token = call.state.page_tokens.issue(rest.to_token())
        next_link = link(call.request, "$skiptoken", token, keep_query=False)
        return {**answer, "@odata.nextLink": next_link, "value": value}

    return handler


def _delta_link(call: GraphRequest, now: Round) -> JsonObject:
    token = call.state.delta_tokens.issue(now.following().to_token())
    return {"@odata.deltaLink": link(call.request, "$deltatoken", token, keep_query=False)}


def _round(call: GraphRequest, kind: Kind) -> Round:
    """The round that the caller goes on with or starts."""
    query, state = call.query, call.state
    if query.skip_token is not None:
        return Round.from_token(read_token(state.page_tokens, query.skip_token))
    until = max(0, len(state.log) - state.delta_lag)
    if query.delta_token and query.delta_token != LATEST:
        last = _last_round(call, query.delta_token)
        since = max(0, (last.since or 0) - state.delta_replays)
        return replace(last, since=since, until=max(until, since))
    _refuse_unsupported(call, kind)
    ids = None if query.filter is None else _ids(query.filter)
    return Round(query.select, ids, None, until)


def _refuse_unsupported(call: GraphRequest, kind: Kind) -> None:
    if "$top" in call.request.query_params:
        raise unsupported("The query specified in the URI is not valid: $top is not supported.")
    for name in call.query.select or ():
        if not kind.knows(name) and not (kind is GROUP and name in _RELATIONS):
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' "
                f"on type 'microsoft.graph.{kind.name}'."
            )


def _ids(text: str) -> tuple[str, ...]:
    """The only $filter that delta takes: ``id eq 'a' or id eq 'b'``, up to fifty objects."""
    terms = [_ID_TERM.fullmatch(term) for term in re.split(r"\bor\b", text, flags=re.IGNORECASE)]
    ids = [term.group(1) for term in terms if term is not None]
    if len(ids) != len(terms) or len(ids) > MOST_IDS:
        raise unsupported(f"Delta supports $filter on at most {MOST_IDS} objects by id only.")
    return tuple(ids)


def _last_round(call: GraphRequest, token: str) -> Round:
    try:
        return Round.from_token(call.state.delta_tokens.read(token))
    except TokenError:
        if call.state.delta_expiry == "gone":
            location = link(call.request, "$deltatoken", "", keep_query=False)
            raise GraphError(
                410,
                "resyncRequired",
                "Resync required. Replace any local items with the server's version.",
                {"Location": location},
            ) from None
        raise GraphError(
            400,
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be "
            "synchronized again.",
        ) from None
