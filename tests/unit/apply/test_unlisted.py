"""Objects that no listing shows yet: what a dead run made of them, and what a creation runs into."""

from __future__ import annotations

from contextlib import closing

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import Fault
from tests.unit.world import World

ADA, RUN = user("ada"), service("run")
DAY = directory(ADA, RUN, group("Data", [ADA, RUN]))
OF = {
    Kind.USER: ("u-ada", "ada@contoso.com"),
    Kind.SERVICE_PRINCIPAL: ("s-run", "app-run"),
    Kind.GROUP: ("g-data", "Data"),
}
EACH = pytest.mark.parametrize("kind", Kind)


def only(kind):
    name = OF[kind][1]
    return {
        Kind.USER: directory(ADA, assigned=[ADA]),
        Kind.SERVICE_PRINCIPAL: directory(RUN, assigned=[RUN]),
        Kind.GROUP: directory(group(name)),
    }[kind]


def origin(world, kind):
    return world.store.links("account").by_external[OF[kind][0]].origin


@EACH
@pytest.mark.parametrize("adopt", ["never", "unowned"])
def test_what_a_dead_run_made_is_its_own_though_no_listing_shows_it(kind, adopt):
    with World(only(kind), adopt=adopt) as world:
        world.target.faults = {0: Fault.KILLED_AFTER}
        assert world.sync_until_killed()
        made = world.target.named(OF[kind][1]).id
        world.target.behind = {made}
        assert world.sync().status is Status.SUCCEEDED
        assert (world.links_of(OF[kind][0]), origin(world, kind)) == (made, Origin.CREATED)
        assert len(world.target.accounts) == 1


@EACH
def test_what_a_dead_run_adopted_is_not_made_a_second_time(kind):
    with World(only(kind)) as world:
        oid, name = OF[kind]
        there = world.target.add(kind, name, external_id=oid, active=kind is Kind.GROUP)
        world.target.faults = {0: Fault.KILLED_AFTER}
        world.sync_until_killed()
        world.target.behind = {there}
        world.sync()
        assert world.links_of(oid) == there
        assert list(world.target.accounts) == [there]


@EACH
def test_a_stranger_of_that_name_is_not_taken_for_what_a_dead_run_made(kind):
    with World(only(kind), adopt="never") as world:
        world.target.faults = {0: Fault.KILLED_BEFORE}
        assert world.sync_until_killed()
        stranger = world.target.add(kind, OF[kind][1])
        world.target.behind = {stranger}
        assert world.sync().status is Status.PARTIAL
        assert world.links_of(OF[kind][0]) is None


@EACH
def test_what_is_there_already_is_adopted_and_not_made(kind):
    with World(DAY, leavers="delete", retired_groups="delete") as world:
        there = world.target.add(kind, OF[kind][1])
        world.target.behind = {there}
        report = world.sync()
        assert report.status is Status.SUCCEEDED
        assert origin(world, kind) is Origin.ADOPTED
        done = {
            o.change.action.value for o in report.targets[0].outcomes if o.result is Result.DONE
        }
        assert f"adopt_{kind}" in done
        assert f"create_{kind}" not in done


@EACH
def test_undo_gives_up_what_was_there_already_and_deletes_nothing_of_others(kind):
    with World(DAY) as world:
        there = world.target.add(kind, OF[kind][1], active=kind is Kind.GROUP, display_name="Was")
        before = world.target.accounts[there]
        world.target.behind = {there}
        run = world.sync()
        world.target.behind = set()
        world.runner().undo(run.run_id)
        after = world.target.accounts[there]
        assert list(world.target.accounts) == [there]
        assert (after.name, after.active) == (before.name, before.active)
        assert world.links_of(OF[kind][0]) is None


@EACH
@pytest.mark.parametrize("fault", [Fault.KILLED_AFTER, Fault.LOST_AFTER])
def test_a_run_that_dies_over_what_was_there_already_has_not_made_it(kind, fault):
    """The change of an object that was adopted sets the externalId that proves a creation."""
    with World(only(kind)) as world:
        there = world.target.add(kind, OF[kind][1])
        world.target.behind = {there}
        world.target.faults = {1: fault}  # after the creation that was refused
        world.sync_until_killed()
        world.target.behind = set()
        world.sync()
        assert world.links_of(OF[kind][0]) == there
        assert origin(world, kind) is Origin.ADOPTED


@EACH
def test_what_refuses_to_be_adopted_fails_and_nothing_stays_open(kind):
    with World(only(kind)) as world:
        there = world.target.add(kind, OF[kind][1])
        world.target.behind = {there}
        world.target.faults = {1: Fault.REFUSED}
        report = world.sync()
        assert report.status is Status.PARTIAL
        assert next(o.change.action.value for o in report.targets[0].failed) == f"adopt_{kind}"
        assert world.store.pending("account") == ()
        assert world.links_of(OF[kind][0]) is None


@EACH
def test_what_another_sync_has_under_the_same_id_does_not_hide_what_a_dead_run_made(kind):
    with World(only(kind)) as world:
        world.target.faults = {0: Fault.KILLED_AFTER}
        world.sync_until_killed()
        made = world.target.named(OF[kind][1]).id
        oid = OF[kind][0]
        other = world.target.add(kind, "other", external_id=oid)
        with closing(world.store_of("fabrikam")) as store, store.lease("account", "r"):
            store.settle("account", {}, linked=[Link(kind, oid, other, Origin.CREATED, "other")])
        world.sync()
        assert world.links_of(oid) == made


PROTECTED = pytest.mark.parametrize(("kind", "name"), [
    (Kind.USER, "ADA@contoso.com"), (Kind.USER, "u-ada"), (Kind.SERVICE_PRINCIPAL, "Run"),
    (Kind.SERVICE_PRINCIPAL, "by hand"), (Kind.GROUP, "data"), (Kind.GROUP, "g-data"),
])  # fmt: skip


@PROTECTED
def test_what_is_protected_is_not_adopted_though_no_listing_shows_it(kind, name):
    with World(only(kind), adopt="same_name", protected={f"{kind}s": [name]}) as world:
        there = world.target.add(kind, OF[kind][1], display_name="By hand")
        before = world.target.accounts[there]
        world.target.behind = {there}
        report = world.sync()
        assert world.target.accounts[there] == before
        assert world.links_of(OF[kind][0]) is None
        held = report.targets[0].outcomes[0]
        assert held.result is Result.QUARANTINED
        assert f"exists already as {there} (externalId none, protected)" in held.error
        assert "left alone" in held.error


def test_an_account_admin_is_not_adopted_though_no_listing_shows_it():
    with World(only(Kind.USER), adopt="same_name") as world:
        there = world.target.add(Kind.USER, "ada@contoso.com", admin=True)
        world.target.behind = {there}
        assert world.sync().status is Status.PARTIAL
        assert world.links_of("u-ada") is None


@PROTECTED
def test_what_is_protected_and_was_made_without_an_answer_is_ours(kind, name):
    with World(only(kind), protected={f"{kind}s": [name]}) as world:
        world.target.faults = {0: Fault.LOST_AFTER}
        assert world.sync().status is Status.SUCCEEDED
        assert world.links_of(OF[kind][0]) == world.target.named(OF[kind][1]).id


@pytest.mark.parametrize("kind", [Kind.USER, Kind.SERVICE_PRINCIPAL])
def test_what_is_protected_and_perhaps_not_made_by_this_run_is_changed_in_nothing(kind):
    oid, name = OF[kind]
    with World(only(kind), protected={f"{kind}s": [oid]}) as world:
        world.target.faults = {0: Fault.LOST_BEFORE}
        world.target.on_write = lambda index: (
            index
            or world.target.add(kind, name, external_id=oid, active=False, display_name="By hand")
        )
        report = world.sync()
        account = world.target.named(name)
        assert (account.active, account.display_name) == (False, "By hand")
        assert report.status is Status.PARTIAL
        assert world.links_of(oid) is None


def alone(*members):
    return directory(ADA, RUN, group("Data", members), assigned=[ADA, RUN])


@pytest.mark.parametrize("hand", [frozenset(), frozenset({"app-run"})])
def test_a_protected_group_that_lacks_a_member_was_not_made_by_this_run(hand):
    with World(alone(), protected={"groups": ["Data"]}) as world:
        world.target.faults = {2: Fault.LOST_BEFORE}
        ids = {}

        def by_hand(index):
            if index == 2:
                there = [world.target.named(name).id for name in hand]
                ids["Data"] = world.target.add(Kind.GROUP, "Data", there, external_id="g-data")

        world.target.on_write = by_hand
        world.source.snapshot = alone(ADA, RUN)
        assert world.sync().status is Status.PARTIAL
        assert world.target.members_of("Data") == hand
        assert world.links_of("g-data") is None


def test_a_protected_group_made_without_an_answer_is_ours_with_its_members():
    with World(alone(ADA, RUN), protected={"groups": ["Data"]}) as world:
        world.target.faults = {2: Fault.LOST_AFTER}
        assert world.sync().status is Status.SUCCEEDED
        made = world.target.named("Data")
        assert (world.links_of("g-data"), origin(world, Kind.GROUP)) == (made.id, Origin.CREATED)
        assert world.target.members_of("Data") == {"ada@contoso.com", "app-run"}


@EACH
@pytest.mark.parametrize("others", [["stranger"], ["stranger", "alien"]])
def test_of_several_with_its_object_id_a_dead_run_made_the_one_of_that_name(kind, others):
    with World(only(kind)) as world:
        oid, name = OF[kind]
        strangers = {world.target.add(kind, other, external_id=oid) for other in others}
        world.target.behind = set(strangers)
        world.target.faults = {0: Fault.KILLED_AFTER}
        assert world.sync_until_killed()
        world.target.behind = set()
        assert world.sync().status is Status.SUCCEEDED
        assert world.links_of(oid) == world.target.named(name).id
        assert origin(world, kind) is Origin.CREATED


@EACH
def test_of_several_with_its_object_id_none_is_taken_where_none_has_its_name(kind):
    with World(only(kind)) as world:
        oid = OF[kind][0]
        world.target.faults = {0: Fault.KILLED_BEFORE}
        assert world.sync_until_killed()
        for other in ("stranger", "alien"):
            world.target.add(kind, other, external_id=oid)
        assert world.sync().status is Status.PARTIAL
        assert world.links_of(oid) is None


@pytest.mark.parametrize("protected", ["bob@contoso.com", "u-bob"])
def test_what_says_to_be_somebody_protected_is_not_taken_over_though_no_listing_shows_it(protected):
    bob = user("bob")
    people = directory(ADA, bob, assigned=[ADA, bob])
    with World(people, adopt="same_name", protected={"users": [protected]}) as world:
        there = world.target.add(Kind.USER, "ada@contoso.com", external_id="u-bob")
        before = world.target.accounts[there]
        world.target.behind = {there}
        report = world.sync()
        assert world.target.accounts[there] == before
        assert world.links_of("u-ada") is None
        held = [o.error for o in report.targets[0].outcomes if o.result is Result.QUARANTINED]
        assert len(held) == 1
        assert "(externalId u-bob, protected)" in held[0]
