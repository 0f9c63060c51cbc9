"""One request carries everything of a group, unless the order between tasks forbids it."""

from __future__ import annotations

from aadsync_lib.apply.joining import join
from aadsync_lib.apply.tasks import Phase, Task
from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Attributes
from aadsync_lib.model.rates import Verb
from tests.unit.apply.test_schedule import actions, change, nested, person, rename, tasks


def add(group, *members, target_id=None):
    return change(Action.ADD_MEMBERS, group, target_id=target_id or group, members=members)


def remove(group, *members, target_id=None):
    return change(Action.REMOVE_MEMBERS, group, target_id=target_id or group, members=members)


def adopt(group, *, before=None, after=None):
    return change(Action.ADOPT_GROUP, group, target_id=group, before=before, after=after)


CLAIM = {"before": Attributes(), "after": Attributes(external_id="e")}


def test_a_rename_goes_with_who_comes_and_who_leaves():
    (task,) = tasks(
        rename("g1", "A", "B"), add("g1", person("u1", "1")), remove("g1", person("u2", "2"))
    ).values()
    assert actions(task) == ["rename_group", "add_members", "remove_members"]
    assert (task.key, task.phase) == ("g1/itself", Phase.BUILD)


def test_an_adoption_that_sets_something_goes_with_the_members():
    (task,) = tasks(adopt("g1", **CLAIM), add("g1", person("u1", "1"))).values()
    assert actions(task) == ["adopt_group", "add_members"]
    assert task.needs == frozenset()


def test_what_needs_the_group_needs_the_whole():
    grant = Attributes(entitlements=("workspace-access",))
    found = tasks(
        adopt("g1", **CLAIM),
        add("g1", person("u1", "1")),
        change(Action.GRANT_ENTITLEMENTS, "g1", target_id="g1", after=grant),
    )
    assert actions(found.pop("g1/itself")) == ["adopt_group", "add_members"]
    (entitlements,) = found.values()
    assert entitlements.needs == {"g1/itself"}


def test_an_adoption_that_sends_nothing_is_recorded_first():
    found = tasks(adopt("g1"), add("g1", person("u1", "1")))
    assert found["g1/members"].needs == {"g1/itself"}


def test_who_only_leaves_does_so_after_all_additions_and_the_name_with_them():
    (task,) = tasks(rename("g1", "A", "B"), remove("g1", person("u2", "2"))).values()
    assert (actions(task), task.phase) == (["rename_group", "remove_members"], Phase.REMOVE)


def test_a_name_that_somebody_waits_for_is_given_up_at_once():
    found = tasks(
        rename("g1", "A", "B"),
        remove("g1", person("u2", "2")),
        change(Action.CREATE_GROUP, "g2", "A"),
    )
    assert found["g1/itself"].phase is Phase.BUILD
    assert found["g1/members"].phase is Phase.REMOVE
    assert found["g2/itself"].after == {"g1/itself"}


def test_a_circle_of_waiting_is_left_apart():
    found = tasks(
        rename("g1", "A", "B"),
        add("g1", nested("g2")),
        change(Action.CREATE_GROUP, "g2", "A"),
    )
    assert found["g1/members"].after == {"g2/itself"}
    assert found["g2/itself"].after == {"g1/itself"}


def test_a_circle_that_only_joining_two_others_would_close_is_left_apart():
    found = tasks(
        rename("g1", "A", "B"),
        add("g1", nested("n2")),
        change(Action.CREATE_GROUP, "n2", "C"),
        rename("g2", "C", "D"),
        add("g2", nested("n1")),
        change(Action.CREATE_GROUP, "n1", "A"),
    )
    joined = [key for key in ("g1", "g2") if f"{key}/members" not in found]
    assert len(joined) == 1
    assert _ends(found)


def test_who_waits_for_the_members_waits_for_the_whole():
    found = tasks(
        rename("g2", "A", "B"),
        add("g2", person("u1", "1")),
        remove("g2", nested("g1", "g1")),
        add("g1", nested("g2", "g2")),
    )
    assert actions(found["g2/itself"]) == ["rename_group", "add_members", "remove_members"]
    assert found["g1/members"].after == {"g2/itself"}


def _ends(found):
    """Return whether everything can be done in some order."""
    left = dict(found)
    while ready := [k for k, t in left.items() if not (t.after | t.needs) & left.keys()]:
        for key in ready:
            del left[key]
    return not left


def test_two_objects_of_one_identity_are_not_put_together():
    own, others = rename("g1", "A", "B"), add("g1", person("u1", "1"), target_id="another")
    left = join(
        [
            Task("g1/itself", Phase.BUILD, Verb.PATCH, (own,)),
            Task("g1/members", Phase.BUILD, Verb.PATCH, (others,)),
        ]
    )
    assert [task.changes for task in left] == [(own,), (others,)]


def test_two_ways_of_waiting_that_meet_are_no_circle():
    change_of = {key: rename(key, key, key) for key in "abc"}
    waiting = {"a": {"c"}, "b": {"c"}, "c": ()}
    left = join(
        [
            Task("g1/itself", Phase.BUILD, Verb.PATCH, (rename("g1", "A", "B"),)),
            Task(
                "g1/members", Phase.BUILD, Verb.PATCH, (add("g1", person("u1", "1")),),
                after=frozenset({"a", "b"}),
            ),
            *(
                Task(key, Phase.BUILD, Verb.PATCH, (change_of[key],), after=frozenset(after))
                for key, after in waiting.items()
            ),
        ]
    )  # fmt: skip
    [whole] = [task for task in left if task.key == "g1/itself"]
    assert actions(whole) == ["rename_group", "add_members"]
