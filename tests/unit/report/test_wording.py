"""Sentences and rows that every format shares."""

import pytest

from aadsync_lib.model.change import Action, Change
from aadsync_lib.report.plan_rows import rows
from aadsync_lib.report.wording import duration, plan_line
from tests.unit.report import samples


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "under 1 s"),
        (1.4, "about 1 s"),
        (119, "about 119 s"),
        (600, "about 10 min"),
        (9000, "about 2.5 h"),
    ],
)
def test_time_is_said_as_a_person_says_it(seconds, said):
    assert duration(seconds) == said


def test_update_that_names_no_attribute_is_just_an_update():
    change = Change(Action.UPDATE_USER, "e", "t", "ada", "differs")
    assert [row.what for row in rows(samples.target_plan(change))] == ["update user"]


def test_groups_of_one_name_keep_a_row_each():
    one, two = (samples.members_of("Sales", add=(name,))[0] for name in ("ada", "bob"))
    other = Change(two.action, "e-other", "t-other", "Sales", two.reason, members=two.members)
    assert len(rows(samples.target_plan(one, other))) == 2


def test_line_of_a_target_leaves_out_what_is_zero():
    only = samples.members_of("Sales", remove=("ada",))
    assert plan_line(samples.target_plan(*only)) == "account: 1 change, members -1"
