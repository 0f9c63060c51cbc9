from __future__ import annotations

import pytest

from aadsync_lib.config.scope import Clause, Scope
from aadsync_lib.reconcile.desired.filters import excluded, holds
from tests.unit.build import guest, user

ADA = user("ada", attributes={"department": "Data", "city": ""}, mail="Ada@Contoso.com")


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "expected"),
    [
        ("department", "equals", "data", True),
        ("department", "equals", "AI", False),
        ("department", "not_equals", "AI", True),
        ("department", "not_equals", "DATA", False),
        ("country", "not_equals", "PT", True),
        ("department", "in", ["AI", "data"], True),
        ("department", "in", ["AI"], False),
        ("department", "not_in", ["AI"], True),
        ("department", "not_in", ["Data"], False),
        ("mail", "starts_with", "ada@", True),
        ("mail", "starts_with", "contoso", False),
        ("mail", "ends_with", "@CONTOSO.com", True),
        ("mail", "ends_with", "ada", False),
        ("displayName", "contains", "DA", True),
        ("displayName", "contains", "bob", False),
        ("country", "starts_with", "P", False),
        ("country", "ends_with", "P", False),
        ("country", "contains", "P", False),
        ("city", "is_null", None, True),
        ("department", "is_null", None, False),
        ("department", "is_not_null", None, True),
        ("city", "is_not_null", None, False),
        ("accountEnabled", "equals", True, True),
        ("accountEnabled", "equals", "false", False),
        ("userType", "equals", "Member", True),
        ("userPrincipalName", "ends_with", "contoso.com", True),
        ("id", "equals", "u-ada", True),
    ],
)
def test_an_operator_compares_without_case_and_takes_empty_as_absent(
    attribute, operator, value, expected
):
    clause = Clause.model_validate({"attribute": attribute, "operator": operator, "value": value})
    assert holds(clause, ADA) is expected


def scope(*users, guests=True):
    return Scope.model_validate(
        {"groups": [{"prefix": "x"}], "users": [list(one) for one in users], "guests": guests}
    )


DATA = {"attribute": "department", "value": "Data"}
GUESTS = {"attribute": "userType", "value": "Guest"}


def test_without_a_filter_everybody_is_in_scope():
    assert excluded(ADA, scope()) is None


def test_all_clauses_of_a_list_have_to_hold():
    reason = excluded(ADA, scope([DATA, GUESTS]))
    assert reason == "scope.users: userType equals 'Guest' does not hold"


def test_one_list_of_several_is_enough():
    assert excluded(ADA, scope([GUESTS], [DATA])) is None


def test_guests_can_be_left_out_as_a_whole():
    assert excluded(guest("eve"), scope(guests=False)) == "is a guest, and scope.guests is false"
    assert excluded(ADA, scope(guests=False)) is None


def test_a_guest_is_of_user_type_guest():
    assert excluded(guest("eve"), scope([GUESTS])) is None
