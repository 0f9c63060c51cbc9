"""The questions that ``history`` answers, each as a report and as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import chain

from aadsync_lib.errors import UnknownNameError
from aadsync_lib.model.carried import JournalEntry, Membership
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.link import Link
from aadsync_lib.ports import HistoryReader
from aadsync_lib.report.document import Document
from aadsync_lib.report.history import as_json
from aadsync_lib.report.history.as_json import iso_time
from aadsync_lib.report.history.select import (
    GROUPS,
    PEOPLE,
    Wanted,
    identities,
    known_as,
    moment,
    named_in,
    run_named,
    selected,
    within,
)
from aadsync_lib.report.history.view import (
    members_document,
    outcomes_document,
    quarantine_document,
    run_document,
    runs_document,
)

Answer = tuple[Document, JsonObject]


def runs(store: HistoryReader, sync: str) -> Answer:
    """Which runs were there?"""
    found = store.runs()
    document = as_json.document(sync, runs=[as_json.run_to_json(run) for run in found])
    return runs_document(sync, found), document


def quarantine(store: HistoryReader, sync: str) -> Answer:
    """What is held back, since when, and why?"""
    found = [(target, record) for target in store.targets() for record in store.quarantine(target)]
    document = as_json.document(sync, quarantine=as_json.quarantine_to_json(found))
    return quarantine_document(sync, found), document


def outcomes(
    store: HistoryReader, sync: str, run_id: str | None, wanted: Wanted, *, full: bool
) -> Answer:
    """What came of each change, of one run or of all, for a user, a group or a kind of change?"""
    if run_id is not None:
        run = run_named(store.runs(), run_id)
        check_known(store, wanted)
        entries = outcomes_of(store, wanted, run.run_id)
        found = as_json.outcomes_to_json(entries)
        document = as_json.document(sync, run=as_json.run_to_json(run, whole=True), outcomes=found)
        return run_document(sync, run, entries, full=full), document
    check_known(store, wanted)
    entries = outcomes_of(store, wanted, None)
    places = memberships_of(store, wanted) if wanted.user else ()
    document = as_json.document(
        sync,
        memberships=[as_json.membership_to_json(membership) for membership in places],
        outcomes=as_json.outcomes_to_json(entries),
    )
    title = f"History of {sync}: {_about(wanted)}"
    return outcomes_document(title, places, entries, full=full), document


def check_known(store: HistoryReader, wanted: Wanted) -> None:
    """Raise ``UnknownNameError`` where nobody has or had a name that is asked for."""
    asked = ((wanted.user, PEOPLE), (wanted.group, GROUPS))
    for name, kinds in asked:
        if name:
            known_ids(store, store.entries(), store.members_at(), name, kinds)


def outcomes_of(
    store: HistoryReader, wanted: Wanted, run_id: str | None
) -> tuple[JournalEntry, ...]:
    """Return outcomes; names are looked for in all runs, because a name may have changed since."""
    if not (wanted.user or wanted.group):
        return selected(store.entries(run_id), wanted)
    every = store.entries()
    users, groups = _meant(wanted, every, store.members_at())
    of_run = (entry for entry in every if run_id in (None, entry.run_id))
    return selected(of_run, wanted, users, groups)


def memberships_of(store: HistoryReader, wanted: Wanted) -> tuple[Membership, ...]:
    """Return where somebody is or was a direct member: the latest time in each group."""
    every, open_now = store.entries(), store.members_at()
    users, groups = _meant(wanted, every, open_now)
    found = {
        (membership.target, membership.group, membership.member.target_id): membership
        for membership in (*_ended(store, every, users), *open_now)
        if not users.isdisjoint(
            (membership.member.external_id or "", membership.member.target_id or "")
        )
        and (not wanted.group or membership.group in groups)
    }
    return tuple(
        sorted(
            found.values(),
            key=lambda membership: (membership.group_name, membership.target, membership.since),
        )
    )


def _meant(
    wanted: Wanted, entries: Iterable[JournalEntry], memberships: Iterable[Membership]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of the users and the groups that are named."""
    users = known_as(entries, wanted.user, PEOPLE) | named_in(memberships, wanted.user, PEOPLE)
    groups = known_as(entries, wanted.group, GROUPS) | named_in(memberships, wanted.group, GROUPS)
    return users, groups


def _ended(
    store: HistoryReader, entries: Iterable[JournalEntry], users: frozenset[str]
) -> tuple[Membership, ...]:
    """Return the latest membership in each group that the journal knows somebody in."""
    groups: dict[str, set[str]] = {}
    for entry in entries:
        change = entry.outcome.change
        ids = {key for member in change.members for key in (member.external_id, member.target_id)}
        if change.external_id and not users.isdisjoint(filter(None, ids)):
            groups.setdefault(entry.target, set()).add(change.external_id)
    return tuple(
        membership
        for target, names in groups.items()
        for membership in store.memberships(target, names)
        if membership.until is not None
    )


def members(store: HistoryReader, sync: str, group: str, on: str, now: float) -> Answer:
    """Who was in this group on that date, at any depth?"""
    at = moment(on, now)
    every, there = store.entries(), store.members_at(None if at == now else at)
    groups = known_ids(store, every, there, group, GROUPS)
    found = within(there, groups)
    first = min((run.started_at for run in store.runs()), default=None)
    lines: tuple[str, ...] = (f"As of {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC",)
    if first is None or at < first:
        lines += ("The store knows nothing of that time: its first run is later.",)
    document = as_json.document(
        sync,
        group=group,
        on=iso_time(at),
        memberships=[as_json.membership_to_json(membership, via) for membership, via in found],
    )
    return members_document(f"Members of {group} in {sync}", found, lines), document


def _about(wanted: Wanted) -> str:
    parts = (wanted.user, wanted.group, wanted.action and wanted.action.value)
    return ", ".join(part for part in parts if part)


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
    key, names = name_key(name.strip()), dict[str, str]()
    recorded = (
        identity for entry in entries for identity in identities(entry.outcome.change, kinds)
    )
    sources = (
        chain(recorded, _of_memberships(memberships, kinds), _of_state(store, kinds)),
        _of_the_past(store, kinds),  # many, so only for whom nothing else knows
    )
    for source in sources:
        ids = set[str]()
        for shown, found in source:
            names |= {name_key(alias): alias for alias in shown}
            if name in found or key in map(name_key, shown):
                ids.update((*found, name))
        if ids:
            return frozenset(ids)
    near = tuple(names[near] for near in get_close_matches(key, names, NEAREST))
    raise UnknownNameError("group" if Kind.GROUP in kinds else "user", name, near)


def _of_state(store: HistoryReader, kinds: Collection[Kind]) -> Iterator[Known]:
    for target in store.targets():
        yield from (_of_link(record) for record in _links(store, target) if record.kind in kinds)
        held = store.quarantine(target)  # of what kind is not recorded
        yield from (
            ([record.name], [record.external_id] if record.external_id else []) for record in held
        )


def _of_the_past(store: HistoryReader, kinds: Collection[Kind]) -> Iterator[Known]:
    for target in store.targets():
        groups = {link.external_id for link in _links(store, target) if link.kind is Kind.GROUP}
        yield from _of_memberships(store.memberships(target, groups), kinds)


def _links(store: HistoryReader, target: str) -> tuple[Link, ...]:
    return *store.links(target).by_external.values(), *store.former(target)


def _of_memberships(memberships: Iterable[Membership], kinds: Collection[Kind]) -> Iterator[Known]:
    for membership in memberships:
        if membership.member.type in kinds:
            ids = (membership.member.external_id, membership.member.target_id)
            yield [membership.member.name], [each for each in ids if each]
        if kinds == GROUPS:
            yield [membership.group_name], [membership.group]


def _of_link(link: Link) -> Known:
    return [link.name], [link.external_id, link.target_id]
