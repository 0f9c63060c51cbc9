from __future__ import annotations

from aadsync_lib.apply.schedule import schedule
from aadsync_lib.apply.tasks import Phase
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.rates import Verb


def change(action, oid, name=None, *, target_id=None, members=(), before=None, after=None):
    return Change(action, oid, target_id, name or oid, "why", before, after, tuple(members))


def person(oid, target_id=None):
    return MemberRef(oid, target_id, oid, Kind.USER)


def nested(oid, target_id=None):
    return MemberRef(oid, target_id, oid, Kind.GROUP)


def rename(oid, old, new):
    before, after = Attributes(display_name=old), Attributes(display_name=new)
    return change(Action.RENAME_GROUP, oid, new, target_id=oid, before=before, after=after)


def tasks(*changes):
    return {task.key: task for task in schedule(changes)}


def actions(task):
    return [one.action.value for one in task.changes]


def test_a_group_is_created_with_its_members_in_one_request():
    found = tasks(
        change(Action.CREATE_GROUP, "g1"),
        change(Action.ADD_MEMBERS, "g1", members=[person("u1", "1")]),
    )
    (task,) = found.values()
    assert actions(task) == ["create_group", "add_members"]
    assert (task.verb, task.phase) == (Verb.WRITE, Phase.BUILD)


def test_what_changes_of_an_account_goes_in_one_request():
    found = tasks(
        change(Action.ADOPT_USER, "u1", target_id="1"),
        change(Action.ACTIVATE_USER, "u1", target_id="1"),
        change(Action.UPDATE_USER, "u1", target_id="1"),
    )
    (task,) = found.values()
    assert len(task.changes) == 3
    assert task.verb is Verb.PATCH


def test_who_becomes_a_member_is_made_before():
    found = tasks(
        change(Action.CREATE_USER, "u1"),
        change(Action.CREATE_GROUP, "g2"),
        change(Action.CREATE_GROUP, "g1"),
        change(Action.ADD_MEMBERS, "g1", members=[person("u1"), nested("g2"), person("u3")]),
    )
    assert found["g1/itself"].after == {"u1/itself", "g2/itself"}
    assert found["g1/itself"].needs == frozenset()


def test_members_of_an_adopted_group_need_the_adoption():
    found = tasks(
        change(Action.ADOPT_GROUP, "g1", target_id="9"),
        change(Action.ADD_MEMBERS, "g1", target_id="9", members=[person("u1", "1")]),
        change(Action.ADD_MEMBERS, "g2", target_id="8", members=[person("u1", "1")]),
    )
    assert found["g1/members"].needs == {"g1/itself"}
    assert found["g2/members"].needs == frozenset()


def test_additions_come_before_removals_and_deletions_last():
    found = tasks(
        change(Action.ADD_MEMBERS, "g1", target_id="9", members=[person("u1", "1")]),
        change(Action.REMOVE_MEMBERS, "g2", target_id="8", members=[person("u1", "1")]),
        change(Action.DEACTIVATE_USER, "u2", target_id="2"),
        change(Action.DELETE_USER, "u3", target_id="3"),
        change(Action.DELETE_GROUP, "g3", target_id="7"),
    )
    phases = {key: task.phase for key, task in found.items()}
    assert phases == {
        "g1/members": Phase.BUILD,
        "g2/members": Phase.REMOVE,
        "u2/end": Phase.REMOVE,
        "u3/end": Phase.DELETE,
        "g3/end": Phase.DELETE,
    }
    assert list(phases.values()) == sorted(phases.values())
    assert found["u3/end"].verb is Verb.WRITE


def test_groups_are_taken_out_before_groups_go_in():
    found = tasks(
        change(Action.ADD_MEMBERS, "g1", target_id="9", members=[nested("g2", "8")]),
        change(Action.REMOVE_MEMBERS, "g2", target_id="8",
               members=[nested("g1", "9"), person("u1", "1")]),
        change(Action.REMOVE_MEMBERS, "g3", target_id="7", members=[nested("g1", "9")]),
    )  # fmt: skip
    assert found["g1/members"].after == {"g2/members/unnest", "g3/members/unnest"}
    first = found["g2/members/unnest"]
    assert (first.phase, [m.external_id for m in first.changes[0].members]) == (
        Phase.BUILD,
        ["g1"],
    )
    assert [m.external_id for m in found["g2/members"].changes[0].members] == ["u1"]
    assert "g3/members" not in found


def test_a_new_group_that_holds_an_old_one_waits_for_that_too():
    found = tasks(
        change(Action.CREATE_GROUP, "g1"),
        change(Action.ADD_MEMBERS, "g1", members=[nested("g2", "8")]),
        change(Action.REMOVE_MEMBERS, "g2", target_id="8", members=[nested("g3", "7")]),
    )
    assert found["g1/itself"].after == {"g2/members/unnest"}


def test_without_nesting_groups_leave_with_everybody_else():
    found = tasks(
        change(Action.REMOVE_MEMBERS, "g2", target_id="8", members=[nested("g1", "9")]),
    )
    assert found["g2/members"].phase is Phase.REMOVE


def test_a_name_is_taken_after_it_is_given_up():
    found = tasks(
        rename("g1", "A", "B"), rename("g2", "B", "C"), change(Action.CREATE_GROUP, "g3", "a")
    )
    assert found["g1/itself"].after == {"g2/itself"}
    assert found["g2/itself"].after == frozenset()
    assert found["g3/itself"].after == {"g1/itself"}


def test_of_a_circle_of_renames_one_steps_aside():
    found = tasks(rename("g1", "A", "B"), rename("g2", "B", "C"), rename("g3", "C", "A"),
                  rename("g4", "D", "E"))  # fmt: skip
    temporary_renames = [key for key in found if key.endswith("/aside")]
    assert temporary_renames == ["g1/itself/aside"]
    aside = found["g1/itself/aside"].changes[0]
    assert aside.name == aside.after.display_name
    assert aside.name.startswith("A (aadsync ")
    assert found["g3/itself"].after == {"g1/itself/aside"}
    assert found["g2/itself"].after == {"g3/itself"}
    assert found["g1/itself"].after == {"g1/itself/aside", "g2/itself"}


def test_the_name_aside_is_never_too_long():
    long = "x" * 255
    found = tasks(rename("g1", long, "B"), rename("g2", "B", long))
    (aside,) = (task for key, task in found.items() if key.endswith("/aside"))
    assert len(aside.changes[0].name) <= 255


def test_a_rename_of_case_only_waits_for_nothing():
    found = tasks(rename("g1", "Data", "DATA"))
    assert found["g1/itself"].after == frozenset()
    assert len(found) == 1


def moves(*leaving, joins=(), group_id="9"):
    """The changes of one group: those leave and those join."""
    removal = change(Action.REMOVE_MEMBERS, "g1", target_id=group_id, members=leaving)
    return change(Action.ADD_MEMBERS, "g1", target_id=group_id, members=joins), removal


def test_who_leaves_by_another_way_leaves_after_all_additions():
    ada, bob, cy = (person(f"u{n}", str(n)) for n in range(3))
    changes = moves(ada, bob, nested("g3", "7"), joins=[cy, nested("g2", "8")])
    found = {task.key: task for task in schedule(changes, {("9", "0")})}
    assert set(found) == {"g1/members", "g1/members/later", "g1/members/unnest"}
    assert actions(found["g1/members"]) == ["add_members"]
    later = found["g1/members/later"]
    assert later.phase is Phase.REMOVE
    assert [one.members for one in later.changes] == [(ada, bob)]
    assert [m.external_id for m in found["g1/members/unnest"].changes[0].members] == ["g3"]


def test_a_group_that_goes_down_by_another_way_leaves_after_all_additions_too():
    changes = moves(nested("g3", "7"), nested("g4", "6"), joins=[nested("g2", "8")])
    found = {task.key: task for task in schedule(changes, {("9", "7")})}
    assert [m.external_id for m in found["g1/members/later"].changes[0].members] == ["g3"]
    assert [m.external_id for m in found["g1/members/unnest"].changes[0].members] == ["g4"]


def test_who_leaves_another_group_that_way_leaves_this_one_as_before():
    changes = moves(person("u1", "1"), joins=[person("u2", "2")])
    assert [task.key for task in schedule(changes, {("8", "1")})] == ["g1/members"]


def test_who_leaves_an_adopted_group_by_another_way_needs_the_adoption():
    adoption = change(Action.ADOPT_GROUP, "g1", target_id="9")
    changes = (adoption, *moves(person("u1", "1"), joins=[person("u2", "2")]))
    found = {task.key: task for task in schedule(changes, {("9", "1")})}
    assert found["g1/members/later"].needs == {"g1/itself"}


def test_groups_that_entra_and_a_hand_have_nested_are_taken_out_in_one_request():
    """What mends drift is a change of its own, of the same group."""
    found = tasks(
        change(Action.ADD_MEMBERS, "g1", target_id="1", members=[nested("g4", "4")]),
        change(Action.REMOVE_MEMBERS, "g2", target_id="2", members=[nested("g3", "3")]),
        change(Action.REMOVE_MEMBERS, "g2", target_id="2", members=[nested("g4", "4")]),
    )
    taken = [m.external_id for c in found["g2/members/unnest"].changes for m in c.members]
    assert taken == ["g3", "g4"]
