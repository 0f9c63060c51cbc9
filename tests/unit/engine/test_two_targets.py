"""Two targets of one sync, with scopes, mappings and policies of their own, end as two syncs would have ended them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Selected, Snapshot
from aadsync_lib.reconcile.desired.view import seen_by
from tests.unit.build import directory, group, settings, user
from tests.unit.fakes import FakeTarget
from tests.unit.randoms import GROUPS, directories, mostly, policies
from tests.unit.world import World

NAMES = ("account", "sales")
APPLICATION = GroupSelector(application="Databricks")
ADA, BOB = user("ada"), user("bob")
TOGETHER = directory(group("Data", [ADA, BOB]), ADA, BOB)
LINES = {gid: GroupSelector(name=gid) for gid in GROUPS}


@st.composite
def tenants(draw: st.DrawFn) -> Snapshot:
    """All groups of a tenant, some of them of another kind, as a read for every selector brings them."""
    whole = draw(directories(every=True))
    kinds = {gid: draw(mostly(True)) for gid in GROUPS}
    groups = {
        gid: replace(group, security_enabled=kinds[gid]) for gid, group in whole.groups.items()
    }
    found = [Selected(line.line, frozenset({gid})) for gid, line in LINES.items()]
    assigned = Selected(APPLICATION.line, assigned=whole.assigned)
    return replace(whole, groups=groups, selected=(*found, assigned))


@st.composite
def own(draw: st.DrawFn) -> dict[str, Any]:
    """Keys of one target."""
    chosen = draw(st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3, unique=True))
    lines = [{"name": gid} for gid in chosen]
    scope = {
        "groups": [*lines, {"application": "Databricks"}] if draw(st.booleans()) else lines,
        "nested": draw(st.sampled_from(["preserve", "flatten", "direct"])),
        "groups_of_kind": draw(st.sampled_from(["all", "security"])),
        "service_principals": draw(mostly(True)),
        "guests": draw(mostly(True)),
    }
    template = draw(st.sampled_from(["{displayName}", "x-{displayName}", "{displayName} {id}"]))
    return {"scope": scope, "mapping": {"group_name": template}, "policy": draw(policies)}


@given(own(), own(), st.lists(tenants(), min_size=1, max_size=3))
def test_each_target_ends_as_if_it_were_alone(
    first: dict[str, Any], second: dict[str, Any], days: list[Snapshot]
) -> None:
    by_name = dict(zip(NAMES, (first, second), strict=True))
    with ExitStack() as worlds:
        targets = [FakeTarget(name) for name in NAMES]
        together = worlds.enter_context(
            World(days[0], *targets, config=settings(targets=NAMES, own=by_name))
        )
        alone = [worlds.enter_context(_alone(keys)) for keys in (first, second)]
        for day in days:
            together.sync(seen_by(day, together.settings.whole_scope()))
            for keys, world in zip((first, second), alone, strict=True):
                world.sync(seen_by(day, Scope.model_validate(keys["scope"])))
            for target, world in zip(targets, alone, strict=True):
                assert target.state() == world.target.state()


def _alone(keys: dict[str, Any]) -> World:
    config = settings(scope=keys["scope"], mapping=keys["mapping"], **keys["policy"])
    return World(config=config)


def test_targets_that_share_a_group_ask_entra_about_its_leavers_once() -> None:
    """Where they are, and what they are called, as one of the names may be protected."""
    asked: list[tuple[int, int]] = []
    for names in (NAMES[:1], NAMES):
        config = settings(targets=names, protected={"users": ["root@contoso.com"]})
        with World(TOGETHER, *map(FakeTarget, names), config=config) as world:
            world.sync()
            before = world.source.requests
            world.sync(directory(group("Data", [ADA]), ADA))
            asked.append(
                (len([ids for ids in world.source.asked if ids]), world.source.requests - before)
            )
            assert not any(t.named("bob@contoso.com").active for t in world.targets)
    assert asked[0] == asked[1]


def test_what_entra_did_not_say_about_a_leaver_holds_back_all_targets() -> None:
    with World(TOGETHER, *map(FakeTarget, NAMES), config=settings(targets=NAMES)) as world:
        world.sync()
        world.source.places["u-bob"] = Unread("503 for the test")
        world.sync(directory(group("Data", [ADA]), ADA))
        assert all(t.named("bob@contoso.com").active for t in world.targets)


def test_a_leaver_of_whom_entra_says_nothing_stays_on_all_targets() -> None:
    with World(TOGETHER, *map(FakeTarget, NAMES), config=settings(targets=NAMES)) as world:
        world.sync()
        world.source.silent = frozenset({"u-bob"})
        world.sync(directory(group("Data", [ADA]), ADA))
        assert all(t.named("bob@contoso.com").active for t in world.targets)
        world.source.silent = frozenset()
        world.sync()
        assert not any(t.named("bob@contoso.com").active for t in world.targets)
