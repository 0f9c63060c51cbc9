"""What holds for any directory, any account and any policy."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from aadsync_lib.config.policy import Limits
from aadsync_lib.config.scope import Scope
from aadsync_lib.model.codec import change_from_json, change_to_json
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan
from aadsync_lib.reconcile.context import build_context
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.desired.nesting import nest
from aadsync_lib.reconcile.guard import touches_protected
from aadsync_lib.reconcile.planner import draft
from tests.unit.build import settings
from tests.unit.randoms import account, directories, existing, mostly, policies, reachable, scopes
from tests.unit.world import World


def config(policy, scope=None):
    return settings(scope=scope, **policy)


@given(directories(), directories(), existing(), policies, scopes)
def test_planning_after_applying_yields_nothing(first, second, before, policy, scope):
    """Where somebody is quarantined, what freed the name in this run may let them in in the next."""
    with World(first, account(before), config=config(policy, scope)) as world:
        for snapshot in (first, second):
            report = world.sync(snapshot).targets[0]
            assert not report.failed or _cycle_with_strangers(report)
            if report.quarantined or report.failed:
                world.sync()
            assert world.planned().changes == () or report.failed


def _cycle_with_strangers(report):
    """Groups that are not ours to take apart can make a nesting impossible: that is told."""
    return all("cycle" in one.error or "deep" in one.error for one in report.failed)


@given(directories(tidy=True), directories(tidy=True), existing(), policies, scopes)
def test_applying_twice_equals_applying_once(first, second, before, policy, scope):
    policy |= {"adopt": "same_name"}
    with World(first, account(before), config=config(policy, scope)) as world:
        world.sync()
        report = world.sync(second).targets[0]
        assume(not report.failed and not report.quarantined)
        state, sent = world.target.state(), len(world.target.log)
        world.sync()
        assert (world.target.state(), len(world.target.log)) == (state, sent)


@given(directories(), directories(unread=True), existing(), policies, scopes)
def test_what_is_not_linked_is_never_deactivated_deleted_renamed_or_emptied(
    first, second, before, policy, scope
):
    with World(first, account(before), config=config(policy, scope)) as world:
        for snapshot in (first, second):
            there = dict(world.target.accounts)
            members = {gid: set(found) for gid, found in world.target.groups.items()}
            world.sync(snapshot)
            links = world.store.links("account").by_target
            for tid in there.keys() - links.keys() - _were_linked(world):
                assert world.target.accounts[tid] == there[tid]
                assert world.target.groups.get(tid, set()) == {
                    m for m in members.get(tid, set()) if m in world.target.accounts
                }


def _were_linked(world):
    """What a run deleted or passed on was ours."""
    outcomes = (one for run in world.store.runs() for one in world.store.outcomes(run.run_id))
    ended = ("adopt", "delete", "create")
    return {one.change.target_id for one in outcomes if one.change.action.verb in ended}


@given(directories(), directories(unread=True), existing(), policies, scopes)
def test_the_protected_never_change_nor_lose_a_membership(first, second, before, policy, scope):
    with World(first, account(before), config=config(policy, scope)) as world:
        for snapshot in (first, second):
            world.source.snapshot = snapshot
            there = dict(world.target.accounts)
            members = {gid: set(found) for gid, found in world.target.groups.items()}
            plan = world.plan()
            assert touches_protected(plan) == ()
            world.sync()
            for tid in plan.targets[0].protected & there.keys():
                assert world.target.accounts[tid] == there[tid]
                was_in = {gid for gid, found in members.items() if tid in found}
                assert was_in <= {gid for gid, found in world.target.groups.items() if tid in found}


@st.composite
def half_read(draw, snapshot):
    """The same tenant, of which some groups could be read in part only."""
    groups = {}
    for gid, one in sorted(snapshot.groups.items()):
        groups[gid] = one
        if not draw(mostly(True)):
            kept = draw(st.frozensets(st.sampled_from([*sorted(one.members), "u0"])))
            groups[gid] = replace(one, members=kept & one.members, unread="503")
    return reachable(replace(snapshot, groups=groups))


@given(directories(tidy=True), st.data(), policies, scopes)
def test_an_incomplete_read_takes_nobodys_access_away(first, data, policy, scope):
    with World(first, config=config(policy, scope)) as world:
        world.sync()
        target = world.target
        names = [target.accounts[gid].name for gid in target.groups]
        access = {name: target.effective(name) for name in names}
        active = {tid for tid, one in target.accounts.items() if one.active}
        short = data.draw(half_read(first))
        assume(not short.complete)
        report = world.sync(short)
        assert all(access[name] <= target.effective(name) for name in names)
        assert active <= {tid for tid, one in target.accounts.items() if one.active}
        assert report.status == "partial"


@given(directories(unread=True), existing(), policies, scopes, st.randoms())
def test_the_order_of_input_does_not_change_the_plan(snapshot, before, policy, scope, chance):
    with World(snapshot, account(before), config=config(policy, scope)) as world:
        digest = world.plan().digest
        world.source.snapshot = replace(
            snapshot,
            users=_shuffled(snapshot.users, chance),
            groups=_shuffled(snapshot.groups, chance),
        )
        world.target.accounts = _shuffled(world.target.accounts, chance)
        assert world.plan().digest == digest


def _shuffled(mapping, chance: random.Random):
    items = list(mapping.items())
    chance.shuffle(items)
    return dict(items)


@given(directories(), directories(), existing(), policies, scopes)
def test_a_plan_survives_json_and_back_with_the_same_digest(first, second, before, policy, scope):
    with World(first, account(before), config=config(policy, scope)) as world:
        world.sync()
        world.source.snapshot = second
        plan = world.plan()
    raw = json.dumps([[change_to_json(c) for c in one.changes] for one in plan.targets])
    back = [tuple(map(change_from_json, changes)) for changes in json.loads(raw)]
    targets = [replace(t, changes=c) for t, c in zip(plan.targets, back, strict=True)]
    assert Plan(plan.sync, tuple(targets)).digest == plan.digest


def transitive(snapshot, gid):
    """Who is in a group of Entra at any depth, worked out in the plainest way."""
    seen, stack = {gid}, [gid]
    while stack:
        for member in snapshot.groups[stack.pop()].members & snapshot.groups.keys() - seen:
            seen.add(member)
            stack.append(member)
    return frozenset().union(*(snapshot.groups[one].members for one in seen)) - seen


@given(directories())
def test_flattening_ends_on_cycles_and_gives_exactly_the_transitive_people(snapshot):
    scope = Scope.model_validate({"groups": [{"prefix": "x"}], "nested": "flatten"})
    found = nest(snapshot, scope).groups
    assert found.keys() == snapshot.roots
    assert all(
        one.members == transitive(snapshot, gid) - snapshot.groups.keys()
        for gid, one in found.items()
    )


@given(directories(), st.sampled_from([1, 2, 3, 10]))
def test_preserving_gives_everybody_exactly_the_memberships_that_entra_gives(snapshot, depth):
    scope = Scope.model_validate({"groups": [{"prefix": "x"}], "max_depth": depth})
    found = nest(snapshot, scope).groups
    heights = {gid: one.height for gid, one in found.items()}
    assert snapshot.roots <= found.keys()
    assert all(height < depth for height in heights.values())
    for gid, one in found.items():
        nested = one.members & found.keys()
        assert all(heights[child] < heights[gid] for child in nested)
        assert _people(found, gid) == transitive(snapshot, gid) - snapshot.groups.keys()


def _people(found, gid):
    nested = found[gid].members & found.keys()
    return (found[gid].members - nested).union(*(_people(found, child) for child in nested))


@given(directories(tidy=True), policies, scopes)
def test_the_account_ends_up_with_the_memberships_that_entra_gives(snapshot, policy, scope):
    with World(snapshot, config=config({"adopt": policy["adopt"]}, scope)) as world:
        world.sync()
        desired = desire(snapshot, world.settings.scope, world.settings.mapping)
        assume(not desired.quarantined)
        there = {oid: one.name for oid, one in desired.principals.items() if one.active}
        for gid in desired.groups:
            wanted = snapshot.groups[gid].members
            if world.settings.scope.nested != "direct":
                wanted = transitive(snapshot, gid)
            name = desired.groups[gid].principal.name
            assert world.target.effective(name) == {there[m] for m in wanted if m in there}


@given(directories(tidy=True), existing(), policies)
def test_additive_never_removes(snapshot, before, policy):
    target = account(before)
    with World(snapshot, target, config=config(policy | {"mode": "additive"})) as world:
        names, members = set(target.accounts), {g: set(m) for g, m in target.groups.items()}
        active = {tid for tid, one in target.accounts.items() if one.active}
        world.sync()
        assert names <= target.accounts.keys()
        assert active <= {tid for tid, one in target.accounts.items() if one.active}
        assert all(found <= target.groups[gid] for gid, found in members.items())


@given(directories(unread=True), existing(), policies, scopes)
def test_a_plan_is_made_of_values_alone(snapshot, before, policy, scope):
    """The same case gives the same plan, and making it changes nothing of what went in."""
    target, chosen = account(before), config(policy, scope)
    desired = desire(snapshot, chosen.scope, chosen.mapping)
    with World(snapshot, target, config=chosen) as world:
        links = world.store.links("account")
    context = build_context(desired, target.read(), links, chosen.policy)
    members = target.members(context.editable_groups())
    once = draft("account", replace(context, members=members)).plan
    again = draft("account", replace(context, members=members)).plan
    assert once == again
    assert {change.action.kind for change in once.changes} <= set(Kind)
    assert chosen.policy.limits != Limits()
