"""What undoing a run must leave behind: what the run changed is as before, the rest as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aadsync_lib.model.identity import Kind
from tests.oracle.ledger import Pair, pairs
from tests.oracle.watched import Scene

FIELDS = ("name", "display_name", "active", "external_id")


@dataclass(frozen=True)
class Regret:
    """The target before a run, right after it, right before it is undone, and after that."""

    before: Scene
    done: Scene
    found: Scene
    undone: Scene

    @property
    def untouched(self) -> bool:
        """Whether nobody changed anything between the run and its undo."""
        return (self.done.accounts, self.done.groups) == (self.found.accounts, self.found.groups)


def wrongs(regret: Regret) -> Iterator[str]:
    """Yield whatever the undo did to what is not the run's, or has changed since the run."""
    for tid, now in regret.found.accounts.items():
        then, done = regret.before.accounts.get(tid), regret.done.accounts.get(tid)
        after = regret.undone.accounts.get(tid)
        if after is None:
            if then is not None or done != now:
                yield f"{tid} was deleted, though the run did not make it as it was: {now}"
            continue
        for name in FIELDS:
            was, did, is_, ends = (getattr(one, name, None) for one in (then, done, now, after))
            by_run = then is not None and done is not None and was != did and did == is_
            if ends != is_ and not (by_run and ends == was):
                yield f"{tid}: {name} was {was!r}, then {did!r}, then {is_!r}, and now is {ends!r}"
    yield from _memberships(regret)


def _memberships(regret: Regret) -> Iterator[str]:
    before, done = pairs(regret.before), pairs(regret.done)
    found, undone = pairs(regret.found), pairs(regret.undone)
    there, new = (
        regret.undone.accounts,
        regret.undone.accounts.keys() - regret.found.accounts.keys(),
    )
    for pair in found - undone:
        if pair[0] in there and pair[1] in there and pair not in done - before:
            yield f"{pair} was taken out, though the run did not put it in"
    for pair in undone - found:
        if not {*pair} & new and pair not in before - done and not _moved(regret, pair):
            yield f"{pair} was put in, though the run did not take it out"


def _moved(regret: Regret, pair: Pair) -> bool:
    """Return whether the identity was in the group before the run by another object of it."""
    owner = regret.undone.accounts[pair[1]].external_id
    others = (tid for tid, one in regret.before.accounts.items() if one.external_id == owner)
    return any(member in regret.before.groups.get(pair[0], ()) for member in others)


def remains(regret: Regret) -> Iterator[str]:
    """Yield what an undo that nothing stood in the way of did not bring back.

    In which groups of others somebody was whom the run deleted, nobody knows any more.
    """
    lost = regret.before.accounts.keys() - regret.done.accounts.keys()
    gone = {_name(regret.before, tid) for tid in lost}
    was, is_ = _state(regret.before, gone), _state(regret.undone, gone)
    yield from (f"not brought back: {one}" for one in was if one not in is_)
    yield from (f"left over: {one}" for one in is_ if one not in was)


def _name(scene: Scene, tid: str) -> str:
    return f"{scene.accounts[tid].kind} {scene.accounts[tid].name}"


def _state(scene: Scene, gone: set[str]) -> list[tuple[Any, ...]]:
    """Return everything without ids; an externalId can be taken back from groups only."""
    names = {tid: _name(scene, tid) for tid in scene.accounts}
    return sorted(
        (
            names[tid],
            one.display_name or "",
            one.active,
            tuple(sorted({names[m] for m in scene.groups.get(tid, ())} - gone)),
            one.external_id or "" if one.kind is Kind.GROUP else "",
        )
        for tid, one in scene.accounts.items()
    )
