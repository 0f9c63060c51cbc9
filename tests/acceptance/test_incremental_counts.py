"""Runs that read, of both sides, only what a few changes can reach: what each costs, whatever the size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.sandbox import company
from aadsync_lib.sandbox.entra.state import EntraState
from tests.acceptance.stage import Stage

MEMBERSHIP, HIRED = 6, 8  # requests at the most, logins and discovery included


class Cast:
    """A group of the scope that is nested in another one, and two people of whom one is in it, and elsewhere."""

    def __init__(self, stage: Stage) -> None:
        self.entra: EntraState = stage.box.world.entra
        links, _ = stage.links_and_pending()
        groups = [key for key, link in links.items() if link.kind is Kind.GROUP]
        people = {key for key, link in links.items() if link.kind is Kind.USER}
        members = {key: set(self.entra.members[key]) for key in groups}
        nested = sorted(set(groups) & set().union(*members.values()))
        self.group, self.member = next(
            (key, person)
            for key in nested
            for person in sorted(people & members[key])
            if (others := {g for g in groups if person in members[g]} - {key})
            if not any(_above(key, members) & _above(other, members) for other in others)
        )
        self.only = next(
            (key, person)
            for key in sorted(groups)
            for person in sorted(people & members[key])
            if sum(person in inside for inside in members.values()) == 1
        )
        self.other = next(p for p in sorted(people) if p not in members[self.group])

    def joins(self) -> None:
        self.entra.add_member(self.group, self.other)

    def leaves(self) -> None:
        self.entra.remove_member(self.group, self.member)

    def leaves_altogether(self) -> None:
        self.entra.remove_member(*self.only)

    def hired(self) -> None:
        new = self.entra.add_user("new.hire@contoso.com", displayName="New Hire")
        self.entra.add_member(self.group, new)


def _above(group: str, members: dict[str, set[str]]) -> set[str]:
    """Return a group and all that it is nested in: who is below these by another way costs more to take out."""
    parents = {key for key, inside in members.items() if group in inside}
    return {group}.union(*(_above(parent, members) for parent in parents))


CASES: tuple[tuple[Callable[[Cast], None], int], ...] = (
    (Cast.joins, MEMBERSHIP),
    (Cast.leaves, MEMBERSHIP),
    (Cast.leaves_altogether, MEMBERSHIP),
    (Cast.hired, HIRED),
)


@pytest.mark.parametrize(
    "users",
    [30, 90, *(pytest.param(size, marks=pytest.mark.soak) for size in (1_000, 10_000))],
)
def test_a_change_costs_as_many_requests_in_a_large_directory_as_in_a_small_one(
    stage: Stage, users: int
) -> None:
    stage.full_every = "24h"
    stage.show(company(users))
    assert stage.sync().full
    cast = Cast(stage)
    for act, most in CASES:
        stage.sync()  # looks at what the one before took away
        act(cast)
        mark = stage.box.log.mark()
        report = stage.sync()
        sent = stage.box.log.select(after=mark)
        assert not report.full
        assert len(sent) <= most, [(e.method, e.path) for e in sent]
        assert report.requests.graph == 2
    stage.sync()
    assert stage.plan().empty
    assert stage.sync().requests.databricks == 0
