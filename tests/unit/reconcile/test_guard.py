from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.config.policy import Limits
from aadsync_lib.engine.refusal import refusal
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Managed, Plan, TargetPlan
from aadsync_lib.reconcile.guard import breaches, judge, touches_protected
from tests.unit.build import NO_LIMITS


def leaver(number, action=Action.DEACTIVATE_USER):
    return Change(action, f"u{number}", str(number), f"user {number}", "left the scope")


def removal(*numbers, name="Data", target_id="900"):
    members = tuple(MemberRef(f"u{n}", str(n), f"user {n}", Kind.USER) for n in numbers)
    return Change(Action.REMOVE_MEMBERS, "g1", target_id, name, "not members", members=members)


def plan(*changes, **more):
    losing = tuple(f"{m.name} from {change.name}" for change in changes for m in change.members)
    return Plan("contoso", (TargetPlan("account", changes, losing=losing, **more),))


def limits(**limit):
    return Limits.model_validate(NO_LIMITS | limit)


def texts(found):
    return [str(breach) for breach in found]


def test_without_limits_nothing_is_too_much():
    many = plan(*map(leaver, range(500)), removal(*range(500)), retired=("a",), emptied=("b",))
    assert breaches(many, limits()) == ()


@pytest.mark.parametrize("action", [
    Action.DEACTIVATE_USER, Action.DELETE_USER, Action.DEACTIVATE_SERVICE_PRINCIPAL,
    Action.DELETE_SERVICE_PRINCIPAL,
])  # fmt: skip
def test_as_many_as_the_count_may_go_and_not_one_more(action):
    limit = limits(users_deprovisioned={"count": 2, "share": None})
    assert breaches(plan(leaver(1, action), leaver(2, action)), limit) == ()
    (breach,) = breaches(plan(leaver(1, action), leaver(2, action), leaver(3, action)), limit)
    assert str(breach) == ("account: users_deprovisioned is 3, allowed 2: user 1, user 2, user 3")


def test_a_count_of_nothing_allows_nothing():
    limit = limits(groups_emptied={"count": 0, "share": None})
    found = breaches(plan(emptied=("Data",)), limit)
    assert texts(found) == ["account: groups_emptied is 1, allowed 0: Data"]


def test_the_share_is_of_what_is_managed():
    limit = limits(users_deprovisioned={"count": None, "share": 0.1, "floor": 0})
    two = (leaver(1), leaver(2))
    assert breaches(plan(*two, managed=Managed(users=20)), limit) == ()
    found = breaches(plan(*two, managed=Managed(users=19)), limit)
    assert texts(found) == [
        "account: users_deprovisioned is 2, allowed 10% of 19 managed accounts: user 1, user 2"
    ]


def test_up_to_the_floor_no_share_is_too_large():
    limit = limits(users_deprovisioned={"count": None, "share": 0.1, "floor": 3})
    assert breaches(plan(*map(leaver, range(3)), managed=Managed(users=3)), limit) == ()
    assert breaches(plan(*map(leaver, range(4)), managed=Managed(users=4)), limit) != ()


def test_over_both_halves_says_both_and_only_the_first_names():
    limit = limits(members_removed={"count": 2, "share": 0.1})
    (breach,) = breaches(plan(removal(*range(7)), managed=Managed(members=7)), limit)
    assert str(breach) == (
        "account: members_removed is 7, allowed 2 and 10% of 7 managed direct memberships (a person counts "
        "for each group lost, directly or by nesting): user 0 from Data, user 1 from Data, user 2 from Data, user 3 from Data, user 4 from Data and 2 more"
    )


def test_retired_groups_count_as_removed():
    limit = limits(groups_removed={"count": 0, "share": None})
    found = breaches(plan(retired=("Ops",)), limit)
    assert texts(found) == ["account: groups_removed is 1, allowed 0: Ops"]


def test_every_target_is_checked_by_itself():
    limit = limits(users_deprovisioned={"count": 1, "share": None})
    two = TargetPlan("b", (leaver(1), leaver(2)))
    found = breaches(Plan("contoso", (TargetPlan("a", (leaver(1),)), two)), limit)
    assert [breach.target for breach in found] == ["b"]


def test_a_change_of_something_protected_is_found_however_it_is_planned():
    protected = frozenset({"1", "900"})
    found = touches_protected(
        plan(leaver(1), leaver(2), removal(1, 2, target_id="8"), protected=protected)
    )
    assert texts(found) == ["account: protected is 2, allowed 0: user 1, user 1 from Data"]
    assert touches_protected(plan(leaver(2), removal(2, target_id="8"), protected=protected)) == ()
    assert touches_protected(plan(removal(2), protected=protected)) != ()


def test_a_plan_within_limits_is_not_refused():
    verdict = judge(plan(leaver(1)), Limits())
    assert (verdict.allowed, verdict.objections) == (True, ())


def test_the_refusal_names_limit_figure_and_the_digest_to_approve():
    many = plan(*map(leaver, range(21)), managed=Managed(users=1000))
    message = refusal(judge(many, Limits()), many)
    assert "goes over a limit" in message
    assert "users_deprovisioned is 21, allowed 20" in message
    assert "Nothing was changed" in message
    assert f"--approve {many.digest}" in message


def test_approval_is_of_one_plan_only():
    many = plan(*map(leaver, range(21)), managed=Managed(users=1000))
    assert judge(many, Limits(), many.digest).allowed
    message = refusal(judge(many, Limits(), "sha256:other"), many)
    assert "goes over a limit" in message
    assert f"  given:       sha256:other\n  this plan's: {many.digest}\n" in message


@pytest.mark.parametrize("other", [plan(), plan(leaver(1))], ids=["empty", "within limits"])
def test_approval_of_another_plan_stops_a_plan_that_needs_none(other):
    assert judge(other, Limits()).allowed
    assert judge(other, Limits(), other.digest).allowed
    verdict = judge(other, Limits(), "sha256:other")
    assert (verdict.allowed, verdict.approvable) == (False, True)
    message = refusal(verdict, other)
    assert message.startswith("This is not the plan that was approved. Nothing was changed.\n")
    assert f"  given:       sha256:other\n  this plan's: {other.digest}\n" in message
    assert f"--approve {other.digest}" in message


def test_no_approval_lets_something_protected_be_changed():
    touched = plan(leaver(1), protected=frozenset({"1"}))
    verdict = judge(touched, Limits(), touched.digest)
    assert (verdict.allowed, verdict.approvable) == (False, False)
    message = refusal(verdict, touched)
    assert "no approval lifts that" in message
    assert "--approve" not in message


def test_everything_against_a_plan_is_listed_and_what_is_protected_comes_first():
    both = plan(*map(leaver, range(21)), managed=Managed(users=1000), protected=frozenset({"1"}))
    verdict = judge(both, Limits(), both.digest)
    first, second = verdict.objections
    assert first == "account: protected is 1, allowed 0: user 1"
    assert second.startswith("account: users_deprovisioned is 21, allowed 20")
    assert (verdict.allowed, verdict.approvable) == (False, False)
    message = refusal(verdict, both)
    assert "goes over 2 limits" in message
    assert first in message
    assert second in message
    assert "--approve" not in message


def test_a_name_that_could_be_taken_for_two_is_quoted_in_the_refusal():
    many = plan(*map(leaver, range(21)), managed=Managed(users=1000))
    (breach,) = breaches(many, Limits())
    shown = str(
        replace(breach, names=("=SUM(A1:A9), quoted", "Data / Platform", "ada@contoso.com"))
    )
    assert shown.endswith(': "=SUM(A1:A9), quoted", Data / Platform, ada@contoso.com')


def test_a_name_with_a_line_end_begins_no_line_of_the_refusal():
    many = plan(*map(leaver, range(21)), managed=Managed(users=1000))
    (breach,) = breaches(many, Limits())
    shown = str(replace(breach, names=("dbx-a\n  approve = sha256:00",)))
    assert "\n" not in shown
