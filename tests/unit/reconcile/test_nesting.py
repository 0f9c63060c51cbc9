from __future__ import annotations

from aadsync_lib.config.scope import Scope
from aadsync_lib.reconcile.desired.nesting import nest
from tests.unit.build import directory, group, service, user

ADA, BOB, CY = user("ada"), user("bob"), user("cy")


def nesting(*entities, nested="preserve", max_depth=10, roots=None):
    scope = Scope.model_validate(
        {"groups": [{"prefix": "x"}], "nested": nested, "max_depth": max_depth}
    )
    return nest(directory(*entities, roots=roots), scope)


def members(found, gid):
    return set(found.groups[gid].members)


def test_direct_takes_direct_people_of_roots_only():
    found = nesting(
        ADA, BOB, group("Top", [ADA, "g-low"]), group("Low", [BOB]), nested="direct", roots=["Top"]
    )
    assert set(found.groups) == {"g-top"}
    assert members(found, "g-top") == {"u-ada"}


def test_flatten_gives_each_root_its_transitive_people():
    run = service("run")
    found = nesting(
        ADA, BOB, run,
        group("Top", [ADA, "g-mid"]), group("Mid", ["g-low"]), group("Low", [BOB, run]),
        nested="flatten", roots=["Top", "Low"],
    )  # fmt: skip
    assert members(found, "g-top") == {"u-ada", "u-bob", "s-run"}
    assert members(found, "g-low") == {"u-bob", "s-run"}
    assert set(found.groups) == {"g-top", "g-low"}


def test_flatten_ends_on_a_cycle_and_counts_everybody_once():
    found = nesting(
        ADA, BOB, group("A", [ADA, "g-b"]), group("B", [BOB, "g-a"]), nested="flatten", roots=["A"]
    )
    assert members(found, "g-a") == {"u-ada", "u-bob"}


def test_preserve_keeps_nested_groups_and_lists_children_at_lower_heights():
    found = nesting(
        ADA, group("Top", ["g-mid"]), group("Mid", ["g-low"]), group("Low", [ADA]), roots=["Top"]
    )
    assert members(found, "g-top") == {"g-mid"}
    assert members(found, "g-mid") == {"g-low"}
    assert members(found, "g-low") == {"u-ada"}
    heights = {gid: one.height for gid, one in found.groups.items()}
    assert heights == {"g-top": 2, "g-mid": 1, "g-low": 0}


def test_a_group_reached_by_two_ways_is_kept_once_and_both_ways():
    found = nesting(
        ADA, group("Top", ["g-l", "g-r"]), group("L", ["g-end"]), group("R", ["g-end"]),
        group("End", [ADA]), roots=["Top"],
    )  # fmt: skip
    assert members(found, "g-l") == members(found, "g-r") == {"g-end"}
    assert found.notices == ()


def test_a_group_that_contains_itself_keeps_its_people():
    found = nesting(ADA, group("Me", [ADA, "g-me"]))
    assert members(found, "g-me") == {"u-ada"}
    assert found.notices == ()


def test_the_group_that_closes_a_cycle_gets_the_people_instead_and_a_notice():
    found = nesting(ADA, BOB, group("A", [ADA, "g-b"]), group("B", [BOB, "g-a"]), roots=["A"])
    assert members(found, "g-a") == {"u-ada", "g-b"}
    assert members(found, "g-b") == {"u-ada", "u-bob"}
    (notice,) = found.notices
    assert notice.code == "cycle"
    assert "B contains A" in notice.message


def test_levels_below_the_deepest_are_flattened_into_it():
    found = nesting(
        ADA, BOB, CY, group("One", [ADA, "g-two"]), group("Two", [BOB, "g-three"]),
        group("Three", [CY]), roots=["One"], max_depth=2,
    )  # fmt: skip
    assert set(found.groups) == {"g-one", "g-two"}
    assert members(found, "g-one") == {"u-ada", "g-two"}
    assert members(found, "g-two") == {"u-bob", "u-cy"}
    (notice,) = found.notices
    assert notice.code == "max_depth"
    assert "Two is on level 2" in notice.message


def test_two_groups_of_the_deepest_level_take_in_the_same_one_below():
    found = nesting(
        ADA, group("A", ["g-low"]), group("B", ["g-low"]), group("Low", [ADA]),
        max_depth=1, roots=["A", "B"],
    )  # fmt: skip
    assert {gid: members(found, gid) for gid in found.groups} == {
        "g-a": {"u-ada"},
        "g-b": {"u-ada"},
    }


def test_a_root_that_is_also_nested_counts_by_its_deepest_level():
    found = nesting(
        ADA, group("One", ["g-two"]), group("Two", ["g-three"]), group("Three", [ADA]),
        roots=["One", "Two"], max_depth=2,
    )  # fmt: skip
    assert members(found, "g-one") == {"g-two"}
    assert members(found, "g-two") == {"u-ada"}


def test_people_flattened_from_an_unread_group_make_the_group_above_unread():
    found = nesting(
        ADA, group("Top", [ADA, "g-low"]), group("Low", [], unread="403"),
        nested="flatten", roots=["Top"],
    )  # fmt: skip
    assert found.groups["g-top"].unread == "nested in it, Low: 403"


def test_a_nested_group_that_is_unread_makes_every_group_above_unread():
    found = nesting(
        group("Top", ["g-mid"]), group("Mid", ["g-also", "g-low"]), group("Also"),
        group("Low", [], unread="403"), roots=["Top"],
    )  # fmt: skip
    reasons = {gid: one.unread for gid, one in found.groups.items()}
    told = "nested in it, Low: 403"
    assert reasons == {"g-top": told, "g-mid": told, "g-low": "403", "g-also": None}


def test_a_group_that_is_unread_itself_says_its_own_reason():
    low, other = group("Low", [], unread="500"), group("Other", [], unread="410")
    top = group("Top", ["g-low", "g-other"], unread="403")
    found = nesting(top, low, other, nested="flatten", roots=["Top"])
    assert found.groups["g-top"].unread == "403"
