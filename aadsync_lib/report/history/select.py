"""Picking runs, outcomes and memberships out of a history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from aadsync_lib.errors import UsageError
from aadsync_lib.model.carried import JournalEntry, Membership, RunRecord
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.run import Result
from aadsync_lib.model.wording import listed
from aadsync_lib.own_words import joined, own
from aadsync_lib.ports import HistoryReader
from aadsync_lib.report.history.as_json import report_of

LAST = "last"
PEOPLE = frozenset({Kind.USER, Kind.SERVICE_PRINCIPAL})
GROUPS = frozenset({Kind.GROUP})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Names may be a name of any time, an object id or an id on the target."""

    user: str | None = None
    group: str | None = None
    action: Action | None = None


def run_named(runs: Sequence[RunRecord], text: str) -> RunRecord:
    """Return the run of this id, or of this beginning or end of one, or the ``last`` one; newest come first."""
    if text == LAST and runs:
        return runs[0]
    found = [run for run in runs if run.run_id == text] or [
        run for run in runs if text and run.run_id.startswith(text)
    ]
    found = found or [run for run in runs if text and run.run_id.endswith(f"-{text}")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            joined(
                f"There is no run {text} in the store, which has {len(runs)}. ",
                own("aadsync history lists them."),
            )
        )
    where = "begin" if found[0].run_id.startswith(text) else "end"
    ids = listed([run.run_id for run in found], 5)
    raise UsageError(f"{len(found)} runs {where} with {text}: {ids}. Name one of them.")


def run_to_undo(store: HistoryReader, text: str) -> RunRecord:
    """Return the run that is to be undone: ``last`` is the last one that changed anything."""
    runs = store.runs()
    if text != LAST:
        return run_named(runs, text)
    last = next((run for run in runs if _changed_anything(store, run)), None)
    if last is None:
        raise UsageError("No run has changed anything, so there is nothing to undo.")
    return last


def _changed_anything(store: HistoryReader, run: RunRecord) -> bool:
    """Whether a run did; of one that was killed, or that heard no answer, it is not known."""
    if run.report is None or report_of(run).applied:
        return True
    sent = (Result.DONE, Result.UNKNOWN)
    return any(entry.outcome.result in sent for entry in store.entries(run.run_id))


def moment(text: str, now: float) -> float:
    """Return the time that a date or a timestamp means, in seconds since the epoch.

    A date is its end, today now; what has no time zone is UTC.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        found = _timestamp(text)
    else:
        found = datetime.combine(day, time.max, UTC)
        if day == datetime.fromtimestamp(now, UTC).date():
            return now
    if found.timestamp() > now:
        raise UsageError(f"{text} is still to come: the history ends now.")
    if found.timestamp() < 0:
        raise UsageError(f"{text} is before 1970: no history is as old as that.")
    return found.timestamp()


def _timestamp(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a date nor a timestamp. Write 2026-11-22 or 2026-11-22T14:30:00, "
            f"both of which are UTC, or 2026-11-22T14:30:00+01:00."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def selected(
    entries: Iterable[JournalEntry],
    wanted: Wanted,
    users: frozenset[str] = frozenset(),
    groups: frozenset[str] = frozenset(),
) -> tuple[JournalEntry, ...]:
    """Return the outcomes asked for; ``users`` and ``groups`` are the ids of who is named.

    Of a change of members that is about a user, only that user is left.
    """
    found = (_narrowed(entry, wanted, users, groups) for entry in entries)
    return tuple(entry for entry in found if entry)


def named_in(
    memberships: Iterable[Membership], name: str | None, kinds: Collection[Kind]
) -> frozenset[str]:
    """Return the ids of who has this name or id in these memberships, which the journal may not know."""
    if name is None:
        return frozenset()
    key, found = name_key(name.strip()), set[str]()
    for membership in memberships:
        ids = _ids(membership.member)
        if membership.member.type in kinds and (
            name in ids or key == name_key(membership.member.name)
        ):
            found.update(ids)
        if Kind.GROUP in kinds and (
            name == membership.group or key == name_key(membership.group_name)
        ):
            found.add(membership.group)
    return frozenset(found)


def known_as(
    entries: Iterable[JournalEntry], name: str | None, kinds: Collection[Kind]
) -> frozenset[str]:
    """Return the ids, on both sides, of whoever has or had this name or id."""
    if name is None:
        return frozenset()
    key, ids = name_key(name.strip()), {name}
    for entry in entries:
        for names, found in identities(entry.outcome.change, kinds):
            if name in found or key in map(name_key, names):
                ids.update(found)
    return frozenset(ids)


def identities(change: Change, kinds: Collection[Kind]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the names and ids of everybody whom a change is about."""
    if change.kind in kinds:
        shown = [values.display_name for values in (change.before, change.after) if values]
        group = change.kind is Kind.GROUP
        former = [name for name in shown if name and group]
        yield [change.name, *former], [key for key in (change.external_id, change.target_id) if key]
    for member in change.members:
        if member.type in kinds:
            yield [member.name], _ids(member)


def _ids(member: MemberRef) -> list[str]:
    return [id_ for id_ in (member.external_id, member.target_id) if id_]


def _narrowed(
    entry: JournalEntry, wanted: Wanted, users: frozenset[str], groups: frozenset[str]
) -> JournalEntry | None:
    change = entry.outcome.change
    if wanted.action not in (None, change.action):
        return None
    about = {change.external_id, change.target_id}
    itself = bool(about & groups) or (not wanted.group and bool(about & users))
    sought = users if wanted.user else groups
    members = tuple(member for member in change.members if not sought.isdisjoint(_ids(member)))
    if not wanted.user and not wanted.group:
        return entry
    if wanted.user and wanted.group:
        if not (about & groups and members):
            return None
    elif itself and not (wanted.user and members):
        return entry
    if not members:
        return None
    return replace(entry, outcome=replace(entry.outcome, change=replace(change, members=members)))


Way = tuple[Membership, tuple[str, ...]]
Node = tuple[str, str]  # a target and a group's object id


def within(memberships: Iterable[Membership], groups: frozenset[str]) -> tuple[Way, ...]:
    """Return who is in these groups at any depth, each with the names of the groups in between.

    The shortest way counts; a circle ends where it began.
    """
    direct: dict[Node, list[Membership]] = {}
    for membership in sorted(memberships, key=lambda each: each.since):
        direct.setdefault((membership.target, membership.group), []).append(membership)
    names = {node: found[-1].group_name for node, found in direct.items()}
    found: dict[Node, Way] = {}
    level: list[tuple[Node, tuple[str, ...]]] = [
        (node, ()) for node in sorted(direct) if node[1] in groups
    ]
    seen = {node for node, _ in level}
    while level:
        deeper: list[tuple[Node, tuple[str, ...]]] = []
        for node, via in level:
            for membership in direct.get(node, ()):
                nested = (membership.target, membership.member.external_id or "")
                renamed = _renamed(membership, names.get(nested))
                found.setdefault(
                    (membership.target, membership.member.target_id or ""), (renamed, via)
                )
                if membership.member.type is Kind.GROUP and nested not in seen:
                    seen.add(nested)
                    deeper.append((nested, (*via, renamed.member.name)))
        level = deeper
    return tuple(sorted(found.values(), key=lambda pair: (pair[0].target, pair[0].member.name)))


def _renamed(membership: Membership, name: str | None) -> Membership:
    """Return a nested group under the name that it had by then, not when it was nested."""
    if membership.member.type is not Kind.GROUP or name is None:
        return membership
    return replace(membership, member=replace(membership.member, name=name))
