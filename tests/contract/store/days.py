"""Random days of a sync, as calls of a store with the time and the run of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aadsync_lib.model.carried import CarriedState, EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.sqlite import SqliteStore
from tests.contract.store.build import change, member
from tests.contract.store.contract import running
from tests.contract.store.memory_contract import adds, removes

GROUPS = ("g1", "g2", "g3")
MEMBERS = (1, 2, 3)


@dataclass(frozen=True)
class Call:
    """An outcome with the links that it made or ended, or a membership to remember."""

    at: float
    run_id: str
    outcome: Outcome | None = None
    linked: tuple[Link, ...] = ()
    unlinked: tuple[str, ...] = ()
    noted: Membership | None = None


def live(store: SqliteStore, clock, seed: int, runs: int = 30) -> Iterator[Call]:
    """Live through some runs with a store and yield each call of it. Time often stands still."""
    chance = random.Random(seed)
    for number in range(runs):
        with running(store, f"r{number}") as run:
            for _ in range(chance.randint(0, 5)):
                clock.advance(chance.choice((0, 0, 10)))
                call = replace(_change(chance), at=clock.now(), run_id=run.run_id)
                (entry,) = run.announce(call.outcome.change)
                store.settle("account", {entry: call.outcome}, linked=call.linked,
                             unlinked=call.unlinked)  # fmt: skip
                yield call
            if chance.random() < 0.5:
                yield Call(clock.now(), run.run_id, noted=_noted(chance, store, clock, run.run_id))
        clock.advance(chance.choice((0, 50)))


def _change(chance: random.Random) -> Call:
    group, number = chance.choice(GROUPS), chance.choice(MEMBERS)
    tie = Link(Kind.GROUP, group, f"t {group} {number}", Origin.CREATED, "Data")
    made = Change(Action.CREATE_GROUP, group, tie.target_id, "Data", "in scope")
    deleted = Change(Action.DELETE_GROUP, group, f"t {group} 1", "Data", "left the scope")
    gone = change(f"e{number}", action=Action.DELETE_USER, target_id=f"t{number}")
    members = chance.sample(MEMBERS, 2)
    done, failed = Result.DONE, Result.FAILED
    calls = (
        Call(0, "", Outcome(adds(*members, group=group), done)),
        Call(0, "", Outcome(adds(number, group=group), done)),
        Call(0, "", Outcome(adds(number, group=group), failed)),
        Call(0, "", Outcome(removes(number, group=group), done)),
        Call(0, "", Outcome(removes(number, group=group), failed)),
        Call(0, "", Outcome(gone, done), unlinked=(f"e{number}",)),
        Call(0, "", Outcome(deleted, done), unlinked=(group,)),
        Call(0, "", Outcome(made, done), linked=(tie,)),
    )
    return chance.choices(calls, (6, 6, 3, 4, 1, 1, 1, 2))[0]


def _noted(chance: random.Random, store: SqliteStore, clock, run_id: str) -> Membership:
    """Remember what a run may have seen of a pair: nobody else is there twice at once."""
    group, number, now = chance.choice(GROUPS), chance.choice(MEMBERS), clock.now()
    known = {one.member.target_id: one for one in store.memberships("account", [group])}
    latest = known.get(f"t{number}")
    how = chance.choice((MembershipOrigin.FOUND, MembershipOrigin.FOREIGN))
    if latest is None or latest.until is not None:
        since = max(now, latest.until if latest else now)
        noted = Membership("account", group, "Data", member(number), how, since, run_id)
    elif chance.random() < 0.5:
        noted = replace(latest, until=now, ending=EndReason.LOST, ended_by=run_id)
    else:
        noted = replace(latest, group_name="Data Platform", how=how)
    store.remember(run_id, "account", CarriedState(memberships=(noted,)))
    return noted
