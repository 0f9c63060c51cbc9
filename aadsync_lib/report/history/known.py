"""Whether anybody of a name is known to a store at all: nobody at all reads like an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from itertools import chain

from aadsync_lib.errors import UnknownNameError
from aadsync_lib.model.carried import JournalEntry, Membership
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.link import Link
from aadsync_lib.ports import HistoryReader
from aadsync_lib.report.history.select import GROUPS, identities

NEAREST = 5

Known = tuple[list[str], list[str]]  # names, and ids on both sides


def known_ids(
    store: HistoryReader,
    entries: Iterable[JournalEntry],
    memberships: Iterable[Membership],
    name: str,
    kinds: Collection[Kind],
) -> frozenset[str]:
    """Return the ids of whoever has or had this name or id, by links, journal or memberships.

    Raises ``UnknownNameError`` when nobody has.
    """
    key, names = name_key(name), dict[str, str]()
    recorded = (one for entry in entries for one in identities(entry.outcome.change, kinds))
    sources = (
        chain(recorded, _of_memberships(memberships, kinds), _of_state(store, kinds)),
        _of_the_past(store, kinds),  # many, so only for whom nothing else knows
    )
    for source in sources:
        ids = set[str]()
        for shown, found in source:
            names |= {name_key(one): one for one in shown}
            if name in found or key in map(name_key, shown):
                ids.update((*found, name))
        if ids:
            return frozenset(ids)
    near = tuple(names[one] for one in get_close_matches(key, names, NEAREST))
    raise UnknownNameError("group" if Kind.GROUP in kinds else "user", name, near)


def _of_state(store: HistoryReader, kinds: Collection[Kind]) -> Iterator[Known]:
    for target in store.targets():
        yield from (_of_link(one) for one in _links(store, target) if one.kind in kinds)
        held = store.quarantine(target)  # of what kind is not recorded
        yield from (([one.name], [one.external_id] if one.external_id else []) for one in held)


def _of_the_past(store: HistoryReader, kinds: Collection[Kind]) -> Iterator[Known]:
    for target in store.targets():
        groups = {one.external_id for one in _links(store, target) if one.kind is Kind.GROUP}
        yield from _of_memberships(store.memberships(target, groups), kinds)


def _links(store: HistoryReader, target: str) -> tuple[Link, ...]:
    return *store.links(target).by_external.values(), *store.former(target)


def _of_memberships(memberships: Iterable[Membership], kinds: Collection[Kind]) -> Iterator[Known]:
    for one in memberships:
        if one.member.type in kinds:
            ids = (one.member.external_id, one.member.target_id)
            yield [one.member.name], [each for each in ids if each]
        if kinds == GROUPS:
            yield [one.group_name], [one.group]


def _of_link(link: Link) -> Known:
    return [link.name], [link.external_id, link.target_id]
