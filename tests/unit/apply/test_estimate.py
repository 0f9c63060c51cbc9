from __future__ import annotations

import pytest
from hypothesis import given

from aadsync_lib.apply.estimate import estimate
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import Estimate, TargetPlan
from aadsync_lib.model.rates import ACCOUNT_RATES, WORKSPACE_RATES
from aadsync_lib.model.run import Result
from tests.unit.build import settings
from tests.unit.randoms import account, directories, existing, policies
from tests.unit.world import World


def change(action, *, number=1, members=0, before=None, after=None):
    refs = tuple(MemberRef(f"u{n}", str(n), f"user {n}", Kind.USER) for n in range(members))
    return Change(action, f"e{number}", None, "name", "why", before, after, refs)


def seconds(*changes, pace=1.0, rates=ACCOUNT_RATES):
    plan = TargetPlan("account", changes)
    return estimate(plan, {verb: rate * pace for verb, rate in rates.items()})


def test_nothing_costs_nothing():
    assert seconds() == Estimate(0, 0.0)


def test_classes_of_requests_run_beside_each_other_so_the_slowest_counts():
    creates = [change(Action.CREATE_USER, number=n) for n in range(10)]
    on = Attributes(active=True)
    patches = [change(Action.ACTIVATE_USER, number=n + 10, after=on) for n in range(6)]
    assert seconds(*creates, *patches) == Estimate(16, 3.0)


def test_the_pace_is_a_share_of_the_limits():
    deletes = [change(Action.DELETE_USER, number=n) for n in range(10)]
    assert seconds(*deletes, pace=0.5) == Estimate(10, 4.0)


def test_a_phase_begins_when_the_one_before_it_has_ended():
    creates = [change(Action.CREATE_USER, number=n) for n in range(10)]
    off = Attributes(active=False)
    leavers = [change(Action.DEACTIVATE_USER, number=n + 10, after=off) for n in range(6)]
    assert seconds(*creates, *leavers) == Estimate(16, 5.0)


def test_a_workspace_takes_its_time():
    creates = [change(Action.CREATE_USER, number=n) for n in range(35)]
    patches = [change(Action.ADD_MEMBERS, number=n + 50, members=1) for n in range(20)]
    assert seconds(*creates, rates=WORKSPACE_RATES) == Estimate(35, 60.0)
    assert seconds(*creates, *patches, rates=WORKSPACE_RATES) == Estimate(55, 120.0)


@pytest.mark.parametrize(
    ("members", "requests"), [(0, 1), (5000, 1), (5001, 2), (6000, 2), (6001, 3)]
)
def test_a_group_is_created_with_its_first_members(members, requests):
    made = change(Action.CREATE_GROUP)
    assert seconds(made, change(Action.ADD_MEMBERS, members=members)).requests == requests


@pytest.mark.parametrize(
    ("added", "removed", "requests"),
    [(1000, 0, 1), (1001, 0, 2), (0, 101, 2), (1000, 100, 1), (2000, 200, 2)],
)
def test_additions_and_removals_share_requests(added, removed, requests):
    changes = [change(Action.ADD_MEMBERS, members=added)]
    changes += [change(Action.REMOVE_MEMBERS, members=removed)] if removed else []
    assert seconds(*changes).requests == requests


def test_what_changes_of_one_object_goes_in_one_request_and_only_if_it_differs():
    same, other = Attributes(external_id="e1"), Attributes(external_id=None)
    adopted = change(Action.ADOPT_USER, before=same, after=same)
    assert seconds(adopted).requests == 0
    taken = change(Action.ADOPT_USER, before=other, after=same)
    active = change(Action.ACTIVATE_USER, before=other, after=Attributes(active=True))
    assert seconds(taken, active).requests == 1


@given(directories(tidy=True), directories(tidy=True), existing(), policies)
def test_the_estimate_is_what_is_sent_where_nothing_fails(first, second, before, policy):
    target = account(before)
    with World(first, target, config=settings(**policy)) as world:
        for snapshot in (first, second):
            sent = len(target.log)
            world.source.snapshot = snapshot
            planned = world.planned()
            outcomes = world.sync().targets[0].outcomes
            if all(outcome.result is Result.DONE for outcome in outcomes):
                assert len(target.log) - sent == planned.estimate.requests
