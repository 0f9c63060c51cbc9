"""Net effects of a run on each object and each membership, by its journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from aadsync_lib.model.assignment import Recipient
from aadsync_lib.model.carried import JournalEntry
from aadsync_lib.model.change import ACCESS, MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.run import Result
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.undo.access_effects import AccessEffect, access_aspects

ENDS = frozenset({"create", "delete", "adopt", "release"})
LINK = "link"

Values = dict[str, Any]  # by field of ``Attributes``


@dataclass(slots=True)
class Effect:
    """What became of one object. ``before`` and ``after`` hold the attributes that were changed.

    ``ends`` holds, by verb, the changes that created, deleted, adopted and released it.
    """

    change: Change
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    ends: dict[str, Change] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of the object."""
        return self.change.action.kind

    def add(self, change: Change) -> None:
        """Take in one more change of this object; the first one knows what was there before."""
        if change.action.verb in ENDS:
            self.ends[change.action.verb] = change
            return
        for name in _set(change.after):
            old = getattr(change.before, name) if change.before else None
            self.before.setdefault(name, old)
            self.after[name] = getattr(change.after, name)


@dataclass(frozen=True, slots=True)
class Move:
    """A membership that was added or taken away."""

    member: MemberRef
    added: bool


@dataclass(slots=True)
class Effects:
    """What a run did: to objects by target id, to memberships by group and member, target ids, and to access.

    ``groups`` holds a change of each group whose members were changed.
    """

    objects: dict[str, Effect] = field(default_factory=dict)
    moves: dict[str, dict[str, Move]] = field(default_factory=lambda: defaultdict(dict))
    groups: dict[str, Change] = field(default_factory=dict)
    access: dict[Recipient, AccessEffect] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the objects of a journal are today.

    An identity may have been made anew since, under another target id. ``ended`` are the ids that the run
    itself deleted: what came in their place is another matter. ``apart`` are objects that were there
    before, so that nothing was made anew as one of them.
    """

    accounts: Container[str]
    links: Links
    ended: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()

    def of(self, external_id: str | None, target_id: str | None) -> str:
        """Return the target id of an object; a journal of an older version may lack it."""
        link = self.links.by_external.get(external_id or "")
        if target_id in self.ended or target_id in self.accounts:
            return target_id or ""
        there = link is not None and (target_id is None or self._anew(link.target_id))
        return (link.target_id if link and there else target_id) or external_id or ""

    def _anew(self, target_id: str) -> bool:
        return target_id in self.accounts and target_id not in self.apart

    def of_change(self, change: Change) -> str:
        """Return the target id of what a change is about."""
        return self.of(change.external_id, change.target_id)


def places_of(
    changes: Iterable[Change], later: Iterable[Change], accounts: Container[str], links: Links
) -> Places:
    """Return where the objects of a run's changes are today.

    What the run knew itself, or was adopted ``later``, is not what one of the others has become.
    """
    known = tuple(changes)
    ended = {change.target_id for change in known if change.action.verb == "delete"}
    apart = {change.target_id for change in known}
    apart |= {member.target_id for change in known for member in change.members}
    apart |= {change.target_id for change in later if change.action.verb == "adopt"}
    return Places(accounts, links, _ids(ended), _ids(apart))


def _ids(ids: Iterable[str | None]) -> frozenset[str]:
    return frozenset(each for each in ids if each)


@uncollected()
def effects_of(entries: Iterable[JournalEntry], places: Places) -> Effects:
    """Return what was done, oldest entry first.

    An addition that is followed by its failure was taken as done and was not.
    """
    effects = Effects()
    for entry in entries:
        change, result = entry.outcome.change, entry.outcome.result
        place = places.of_change(change)
        if change.action in MEMBERS:
            effects.groups.setdefault(place, change)
            _move(effects.moves[place], change, result, places)
        elif change.action in ACCESS and result is Result.DONE:
            recipient = change.workspace_id, place
            effects.access.setdefault(recipient, AccessEffect(change)).add(change)
        elif result is Result.DONE:
            effects.objects.setdefault(place, Effect(change)).add(change)
    return effects


def _move(moves: dict[str, Move], change: Change, result: Result, places: Places) -> None:
    added = change.action is Action.ADD_MEMBERS
    for member in change.members:
        key = places.of(member.external_id, member.target_id)
        known = moves.get(key)
        if result is Result.DONE and known and known.added is not added:
            del moves[key]
        elif result is Result.DONE:
            here = key == member.target_id
            moves[key] = Move(member if here else replace(member, target_id=key), added)
        elif result is Result.FAILED and known and added and known.added:
            del moves[key]


def _set(attributes: Attributes | None) -> tuple[str, ...]:
    names = (attribute.name for attribute in fields(Attributes))
    return tuple(name for name in names if getattr(attributes, name, None) is not None)


@dataclass(frozen=True, slots=True)
class Touched:
    """Which runs changed what, after the run in question; the last one of each.

    ``objects`` go by target id, ``aspects`` by that and an attribute, or ``LINK``; ``identities`` are external ids of what was
    made, adopted or ended; ``memberships`` go by the target ids of group and member, and by the external
    id of a member that is gone.
    """

    objects: Mapping[str, str]
    aspects: Mapping[tuple[str, str], str]
    identities: Mapping[str, str]
    memberships: Mapping[tuple[str, str], str]

    def object(self, place: str) -> str | None:
        """Return the run that changed an object in any way since."""
        return self.objects.get(place)

    def aspect(self, place: str, name: str) -> str | None:
        """Return the run that changed this of an object since."""
        return self.aspects.get((place, name))

    def membership(self, group: str, member: MemberRef) -> str | None:
        """Return the run that changed a membership since."""
        pairs = ((group, key) for key in (member.target_id, member.external_id) if key)
        return next((self.memberships[pair] for pair in pairs if pair in self.memberships), None)


@uncollected()
def touched_by(entries: Iterable[JournalEntry], places: Places) -> Touched:
    """Return what these entries changed."""
    objects: dict[str, str] = {}
    aspects: dict[tuple[str, str], str] = {}
    identities: dict[str, str] = {}
    memberships: dict[tuple[str, str], str] = {}
    for entry in entries:
        change, run_id = entry.outcome.change, entry.run_id
        if entry.outcome.result is not Result.DONE:
            continue
        if change.action in MEMBERS:
            group = places.of_change(change)
            for member in change.members:
                there = places.of(member.external_id, member.target_id)
                known = there if there in places.accounts else member.external_id or there
                memberships |= {(group, key): run_id for key in (there, known)}
            continue
        place, ends = places.of_change(change), change.action.verb in ENDS
        names = (LINK,) if ends else _set(change.after)
        if change.action in ACCESS:
            names = tuple(access_aspects(change))
        objects[place] = run_id
        aspects.update({(place, name): run_id for name in names})
        if ends and change.external_id:
            identities[change.external_id] = run_id
    return Touched(objects, aspects, identities, memberships)
