"""The guard counts people who lose a group, whatever the shape of the change, as a share of what is active."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.identity import Kind
from tests.unit.build import NO_LIMITS, directory, group, service, user
from tests.unit.world import World

PEOPLE = [user(f"p{n}") for n in range(5)]
BOT = service("bot")
KEEPER = user("keeper")
REST = group("Rest", [KEEPER])


def limited(**limit):
    return NO_LIMITS | {"members_removed": {"count": 3, "share": None} | limit}


def refused(before, after, **policy):
    """Return how many lose a group where the guard refuses, and what it says."""
    with World(before, **policy) as world:
        world.configure(limits=NO_LIMITS)
        world.sync()
        world.configure(limits=policy.get("limits", limited()))
        with pytest.raises(RefusedError) as error:
            world.sync(after)
        assert len(error.value.plan.targets[0].losing) > 0
        return error.value.verdict.breaches[0].count


NEST = directory(KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER, "g-low"]))


def test_a_group_that_is_deleted_counts_everybody_in_it():
    before = directory(KEEPER, *PEOPLE, REST, group("Data", PEOPLE))
    assert refused(before, directory(KEEPER, REST), retired_groups="delete") == 5


def test_a_group_that_is_emptied_counts_everybody_in_it():
    before = directory(KEEPER, *PEOPLE, REST, group("Data", PEOPLE))
    assert refused(before, directory(KEEPER, REST), retired_groups="empty") == 5


def test_a_nested_group_that_is_taken_out_counts_everybody_in_it_at_any_depth():
    deep = directory(
        KEEPER, *PEOPLE, BOT, REST, group("Low", [*PEOPLE, BOT]), group("Mid", ["g-low"]),
        group("Top", [KEEPER, "g-mid"]),
    )  # fmt: skip
    after = directory(
        KEEPER, *PEOPLE, BOT, REST, group("Low", [*PEOPLE, BOT]), group("Mid", ["g-low"]),
        group("Top", [KEEPER]),
    )  # fmt: skip
    assert refused(deep, after) == 6


def test_a_group_whose_members_leave_or_are_deleted_counts_as_emptied():
    ada, bob = PEOPLE[:2]
    with World(
        directory(KEEPER, ada, bob, REST, group("Data", [ada]), assigned=[bob]),
        members="managed",
        leavers="delete",
    ) as world:
        world.sync()
        world.target.groups[world.target.named("Data").id].add(
            world.target.named("p1@contoso.com").id
        )
        world.source.snapshot = directory(KEEPER, ada, REST, group("Data"), assigned=[ada])
        assert world.planned().emptied == ("Data",)
        world.source.snapshot = directory(
            KEEPER, ada, bob, REST, group("Data"), assigned=[ada, bob]
        )
        assert world.planned().emptied == ()


def test_a_loss_says_who_and_why_and_which_kind_of_principal():
    before = directory(KEEPER, BOT, PEOPLE[0], REST, group("Data", [KEEPER, BOT, PEOPLE[0]]))
    with World(before) as world:
        world.configure(limits=NO_LIMITS)
        world.sync()
        world.source.snapshot = directory(KEEPER, REST, group("Data", [KEEPER]))
        losses = {loss.kind: loss for loss in world.planned().losing}
    assert losses[Kind.USER].name == "p0@contoso.com"
    assert {loss.group for loss in losses.values()} == {"Data"}
    assert all(loss.reason for loss in losses.values())
    assert losses.keys() == {Kind.USER, Kind.SERVICE_PRINCIPAL}


def moved(team_in, *people):
    """Return a company whose Team is in EMEA, in Sales, in All, or elsewhere."""
    inside = {name: [KEEPER, "g-team"] if name == team_in else [KEEPER] for name in ("EMEA", "Eng")}
    return directory(
        KEEPER, *people, group("Team", people), group("EMEA", inside["EMEA"]),
        group("Sales", ["g-emea"]), group("All", ["g-sales"]), group("Eng", inside["Eng"]),
    )  # fmt: skip


def test_a_loss_names_the_nested_group_that_moved_and_the_groups_above_that_are_lost_with_it():
    people = PEOPLE[:2]
    with World(moved("EMEA", *people)) as world:
        world.configure(limits=NO_LIMITS)
        world.sync()
        after = moved("Eng", *people)
        all_ = group("All", ["g-sales", people[0]])
        world.source.snapshot = replace(after, groups={**after.groups, all_.id: all_})
        losses = {loss.name: loss for loss in world.planned().losing}
    assert {(loss.group, loss.through) for loss in losses.values()} == {("EMEA", "Team")}
    assert sorted(losses["p1@contoso.com"].above) == ["All", "Sales"]
    assert losses["p0@contoso.com"].above == ("Sales",)


def test_who_leaves_directly_leaves_through_nothing():
    with World(NEST) as world:
        world.configure(limits=NO_LIMITS)
        world.sync()
        world.source.snapshot = directory(
            KEEPER, *PEOPLE, REST, group("Low", PEOPLE[1:]), group("Top", [KEEPER, "g-low"])
        )
        [loss] = world.planned().losing
    assert (loss.group, loss.through, loss.above) == ("Low", "", ("Top",))


def test_a_foreign_group_that_is_taken_out_counts_whoever_is_in_it():
    with World(directory(KEEPER, REST)) as world:
        world.sync()
        strangers = [world.target.add(Kind.USER, f"s{n}@contoso.com") for n in range(5)]
        foreign = world.target.add(Kind.GROUP, "Foreign", strangers)
        world.target.groups[world.target.named("Rest").id].add(foreign)
        world.configure(limits=limited())
        with pytest.raises(RefusedError) as error:
            world.sync()
        assert error.value.verdict.breaches[0].count == 5
        world.target.unreadable = {foreign}
        report = world.sync()  # it stays where it is: nobody knows who would lose the group
        assert foreign in world.target.groups[world.target.named("Rest").id]
        assert "could not be looked up: 403 for the test" in report.targets[0].on_hold[0].reason


def test_who_stays_in_the_group_by_another_way_loses_nothing():
    after = directory(KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER, *PEOPLE]))
    with World(NEST) as world:
        world.sync()
        world.configure(limits=limited())
        world.sync(after)
        assert world.target.members_of("Top") == {
            "keeper@contoso.com",
            *(f"p{n}@contoso.com" for n in range(5)),
        }
        world.sync(NEST)
        assert world.target.effective("Top") == {
            "keeper@contoso.com",
            *(f"p{n}@contoso.com" for n in range(5)),
        }


def test_an_undo_is_counted_alike():
    before = directory(KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER]))
    with World(before) as world:
        world.sync()
        run = world.sync(NEST)
        world.configure(limits=limited())
        with pytest.raises(RefusedError) as error:
            world.runner().undo(run.run_id)
        assert error.value.verdict.breaches[0].count == 5


def test_the_share_is_of_who_is_active_now():
    people = [user(f"p{n:02}") for n in range(20)]
    with World(directory(*people, group("Data", people))) as world:
        world.sync()
        world.sync(directory(*people[:6], group("Data", people[:6])))  # 14 left long ago
        world.configure(
            limits=NO_LIMITS | {"users_deprovisioned": {"count": None, "share": 0.25, "floor": 0}}
        )
        with pytest.raises(RefusedError) as error:
            world.sync(directory(people[0], group("Data", people[:1])))
        assert "users_deprovisioned is 5, allowed 25% of 6 managed" in str(error.value)


def test_groups_that_were_emptied_long_ago_are_no_part_of_the_share():
    groups = [group(f"G{n}", [KEEPER]) for n in range(10)]
    with World(directory(KEEPER, *groups)) as world:
        world.sync()
        world.sync(directory(KEEPER, *groups[:3]))
        world.configure(
            limits=NO_LIMITS | {"groups_removed": {"count": None, "share": 0.2, "floor": 0}}
        )
        with pytest.raises(RefusedError) as error:
            world.sync(directory(KEEPER, groups[0]))
        assert "groups_removed is 2, allowed 20% of 3 managed" in str(error.value)


def test_a_plan_says_how_many_lose_access():
    from aadsync_lib.report.as_json import plan_to_json

    with World(NEST) as world:
        world.sync()
        world.source.snapshot = directory(
            KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER])
        )
        (target,) = plan_to_json(world.plan())["targets"]
        assert (target["members_removed"], target["losing_access"]) == (1, 5)


def test_who_leaves_a_group_directly_and_with_one_that_was_nested_by_hand_counts_once():
    before = directory(KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER, *PEOPLE]))
    with World(before) as world:
        world.sync()
        top, low = (world.target.named(name, Kind.GROUP).id for name in ("Top", "Low"))
        world.target.groups[top].add(low)
        world.source.snapshot = directory(
            KEEPER, *PEOPLE, REST, group("Low", PEOPLE), group("Top", [KEEPER])
        )
        plan = world.planned()
        assert len([change for change in plan.changes if change.name == "Top"]) == 2
        assert sorted(map(str, plan.losing)) == [f"p{n}@contoso.com from Top" for n in range(5)]


def test_what_is_nested_in_a_foreign_group_that_is_taken_out_counts_at_any_depth():
    before = directory(KEEPER, REST, group("Top", [KEEPER]))
    with World(before) as world:
        world.sync()
        strangers = [world.target.add(Kind.USER, f"s{n}@x.com") for n in range(4)]
        low = world.target.add(Kind.GROUP, "low", strangers)
        mid = world.target.add(Kind.GROUP, "mid", [low])
        high = world.target.add(Kind.GROUP, "high", [mid])
        world.target.groups[world.target.named("Top").id].add(high)
        assert sorted(map(str, world.planned().losing)) == [
            f"s{n}@x.com from Top" for n in range(4)
        ]
