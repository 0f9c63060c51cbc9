"""A person leaves when no sync of the store has her in scope; places count, not what they are called."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.model.identity import Kind
from aadsync_lib.store.sqlite import SqliteStore
from tests.unit.build import directory, group, settings, user
from tests.unit.fakes import FakeSource
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")


class Second:
    """Another sync of the same store and the same place, perhaps under another name of the target."""

    def __init__(self, world, stack, name, snapshot, **policy):
        self.world, self.name = world, name
        self.settings = settings(name="sales", targets=(name,), **policy)
        self.source = FakeSource(snapshot)
        places = {name: self.settings.targets[0].place}
        path = world.store._database.path
        store = SqliteStore(path, "sales", world.clock, renew_every=3600.0, places=places)
        self.store = stack.enter_context(store)

    def sync(self, snapshot=None):
        self.source.snapshot = snapshot or self.source.snapshot
        target, was = self.world.target, self.world.target.name
        target.name = self.name
        try:
            planner = Planner(self.settings, self.source, (target,), self.store, self.world.clock)
            return Runner(planner, self.store).sync()
        finally:
            target.name = was
            self.world.clock.advance(1.0)


@pytest.fixture(params=["account", "prod"])
def two(request):
    leavers = {"leavers": "deactivate"}
    first = directory(ADA, BOB, group("Data", [ADA, BOB]))
    with World(first, **leavers) as world, ExitStack() as stack:
        second = Second(
            world, stack, request.param, directory(ADA, group("Sales", [ADA])), **leavers
        )
        world.sync()
        second.sync()
        yield world, second


def active(world):
    return world.target.named("ada@contoso.com", Kind.USER).active


def without(world):
    return world.sync(directory(BOB, group("Data", [BOB])))


def test_both_manage_her_and_neither_changes_anything_again(two):
    world, second = two
    for sync in (world.sync, second.sync, world.sync, second.sync):
        written = len(world.target.log)
        sync()
        assert len(world.target.log) == written


def test_who_leaves_the_scope_of_the_sync_that_made_the_account_keeps_it(two):
    world, second = two
    report = without(world)
    assert active(world)
    assert "ada@contoso.com" not in world.target.members_of("Data")
    assert "ada@contoso.com" in world.target.members_of("Sales")
    assert "the sync sales has it in scope" in next(
        n.message for n in report.targets[0].warnings if n.code == "shared"
    )
    second.sync()
    assert active(world)


@pytest.mark.parametrize("first", ["made", "other"])
def test_who_leaves_both_scopes_is_deprovisioned_by_whichever_is_last(two, first):
    world, second = two
    leave = {
        "made": lambda: without(world),
        "other": lambda: second.sync(directory(group("Sales"))),
    }
    leave.pop(first)()
    assert active(world)
    next(iter(leave.values()))()
    assert not active(world)
    written = len(world.target.log)
    world.sync()
    second.sync()
    assert len(world.target.log) == written


def test_the_other_sync_manages_her_alone_from_then_on(two):
    world, second = two
    without(world)
    off = user("ada", enabled=False)
    second.sync(directory(off, group("Sales", [off])))
    assert not active(world)
    second.sync(directory(ADA, group("Sales", [ADA])))
    assert active(world)


def test_what_one_of_them_made_is_deleted_by_the_last_one_where_leavers_are_deleted():
    first = directory(ADA, BOB, group("Data", [ADA, BOB]))
    with World(first, leavers="delete") as world, ExitStack() as stack:
        second = Second(
            world, stack, "prod", directory(ADA, group("Sales", [ADA])), leavers="delete"
        )
        world.sync()
        second.sync()
        without(world)
        assert active(world)
        second.sync(directory(group("Sales")))
        assert [a.name for a in world.target.accounts.values() if a.kind is Kind.USER] == [
            "bob@contoso.com"
        ]


def test_a_group_has_one_owner_whatever_the_target_is_called(two):
    world, second = two
    report = second.sync(directory(ADA, group("Data", [ADA])))
    assert "is a group of the sync contoso" in report.targets[0].quarantined[0].reason
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}


def test_who_is_joined_by_a_second_sync_is_aligned_by_the_same_run(two):
    world, second = two
    account = world.target.named("bob@contoso.com", Kind.USER)
    world.target.accounts[account.id] = replace(account, active=False, display_name="Zoe")
    both = directory(ADA, BOB, group("Sales", [ADA, BOB]))
    second.sync(both)
    bob = world.target.accounts[account.id]
    assert (bob.active, bob.display_name) == (True, "Bob")
    written = len(world.target.log)
    second.sync()
    assert len(world.target.log) == written


def test_who_is_disabled_is_not_joined_by_a_second_sync(two):
    world, second = two
    bob = replace(BOB, enabled=False)
    second.sync(directory(ADA, bob, group("Sales", [ADA, bob])))
    assert BOB.id not in second.store.links(second.name).by_external
    assert world.target.named("bob@contoso.com", Kind.USER).active


def test_whom_the_other_sync_has_and_no_listing_shows_is_looked_up_and_not_made_twice(two):
    world, second = two
    bob = world.target.named("bob@contoso.com", Kind.USER).id
    world.target.behind = {bob}
    renamed = replace(BOB, user_principal_name="rob@contoso.com")  # so that no name is in the way
    second.sync(directory(ADA, renamed, group("Sales", [ADA, renamed])))
    assert [a.id for a in world.target.accounts.values() if a.external_id == BOB.id] == [bob]
    assert second.store.links(second.name).by_external[BOB.id].target_id == bob


def test_whom_the_other_sync_had_and_nobody_wants_is_not_asked_for(two):
    world, second = two
    world.target.delete(Kind.USER, world.target.named("bob@contoso.com", Kind.USER).id)
    before = world.target.looked_up
    second.sync()
    assert world.target.looked_up == before
