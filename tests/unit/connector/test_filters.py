"""Scoping filters in Entra's words, judged as the sandbox judges them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aadsync_lib.config.scope import Clause
from aadsync_lib.connector.filters import canonical, same, set_filter, words_of, words_wanted
from aadsync_lib.errors import AadsyncError
from aadsync_lib.sandbox.entra.provisioning.operators import described, holds

OPERATORS = tuple(operator["name"] for operator in described(capitals=False))
CAPITALS = tuple(operator["name"] for operator in described(capitals=True))
USER = {"sourceObjectName": "User", "targetObjectName": "urn:User"}


def schema(scope: dict[str, Any] | None = None, *attributes: str) -> dict[str, Any]:
    known = {"name": "User", "attributes": [{"name": name} for name in attributes]}
    rule = {"objectMappings": [{**USER, "scope": scope}, {"sourceObjectName": "Group"}]}
    return {
        "synchronizationRules": [rule],
        "directories": [{"objects": [known]}] if attributes else [],
    }


def written(clause: Clause, operators: tuple[str, ...] = OPERATORS) -> dict[str, Any]:
    made = schema()
    set_filter(made, "users", ((clause,),), operators)
    (group,) = made["synchronizationRules"][0]["objectMappings"][0]["scope"]["groups"]
    return dict(group["clauses"][0])


VALUES = ("Data", "data", "Data.Science", "DataXScience", "my Data", "", "a|b", "(x")
CLAUSES = [
    (Clause(attribute="department", operator="equals", value="Data"), {"Data"}),
    (
        Clause(attribute="department", operator="not_equals", value="Data"),
        set(VALUES) - {"Data", ""},
    ),
    (
        Clause(attribute="department", operator="in", value=("Data", "a|b", "(x")),
        {"Data", "a|b", "(x"},
    ),
    (
        Clause(attribute="department", operator="not_in", value=("Data", "Data.Science")),
        set(VALUES) - {"Data", "Data.Science", ""},
    ),
    (
        Clause(attribute="department", operator="starts_with", value="Data."),
        {"Data.Science"},
    ),
    (Clause(attribute="department", operator="ends_with", value="Data"), {"Data", "my Data"}),
    (Clause(attribute="department", operator="contains", value="a|"), {"a|b"}),
    (Clause(attribute="department", operator="is_null"), {""}),
    (Clause(attribute="department", operator="is_not_null"), set(VALUES) - {""}),
]


@pytest.mark.parametrize(
    "operators", [OPERATORS, CAPITALS, ()], ids=["usual", "capitals", "unread"]
)
@pytest.mark.parametrize(("clause", "passing"), CLAUSES, ids=lambda v: getattr(v, "operator", ""))
def test_each_operator_lets_the_right_values_pass(
    clause: Clause, passing: set[str], operators: tuple[str, ...]
) -> None:
    row = written(clause, operators)
    values = row["targetOperand"]["values"]
    assert not operators or row["operatorName"] in operators
    assert {v for v in VALUES if holds(row["operatorName"], v, values)} == passing


@pytest.mark.parametrize("operator", ["ends_with", "contains"])
def test_an_operator_that_this_tenant_lacks_is_an_expression(operator: Any) -> None:
    few = ("EQUALS", "REGEX MATCH")
    row = written(Clause(attribute="department", operator=operator, value="a.b"), few)
    assert row["operatorName"] == "REGEX MATCH"
    assert holds("REGEX MATCH", "xa.b", row["targetOperand"]["values"])
    assert not holds("REGEX MATCH", "xaxb", row["targetOperand"]["values"])


def test_one_without_any_way_is_refused() -> None:
    with pytest.raises(AadsyncError, match=r"no operator IS NULL here; it has EQUALS"):
        written(Clause(attribute="department", operator="is_null"), ("EQUALS",))


def test_a_switch_is_text() -> None:
    row = written(Clause(attribute="accountEnabled", operator="equals", value=True))
    assert row["targetOperand"]["values"] == ["True"]


def test_graphs_names_become_those_of_the_service_where_it_has_others() -> None:
    clause = Clause(attribute="onPremisesSyncEnabled", operator="equals", value=True)
    assert written(clause)["sourceOperandName"] == "dirSyncEnabled"
    made = schema(None, "dirSyncEnabled", "Department")
    set_filter(made, "users", ((clause,),), OPERATORS)
    assert words_of(made, "users") == [["dirSyncEnabled EQUALS True"]]
    with pytest.raises(AadsyncError, match="'shoeSize' is no source attribute"):
        set_filter(made, "users", ((Clause(attribute="shoeSize", value="9"),),), OPERATORS)


WANTED = (
    (Clause(attribute="department", value="Data"), Clause(attribute="country", value="NO")),
    (Clause(attribute="department", operator="is_null"),),
)


def test_order_names_and_spelling_make_no_difference() -> None:
    made = schema()
    set_filter(made, "users", WANTED, OPERATORS)
    assert same(made, "users", WANTED, OPERATORS)
    scope = made["synchronizationRules"][0]["objectMappings"][0]["scope"]
    other = copy.deepcopy(scope)
    other["groups"].reverse()
    other["groups"][1]["clauses"].reverse()
    for group in other["groups"]:
        group["name"] = "anything"
        for clause in group["clauses"]:
            clause["operatorName"] = clause["operatorName"].replace(" ", "_").lower()
    assert canonical(other) == canonical(scope)
    assert same(schema(other), "users", WANTED, OPERATORS)
    assert not same(schema(other), "users", WANTED[:1], OPERATORS)
    assert words_wanted(WANTED)[1] == ["department is_null"]


def test_what_else_is_in_the_scope_stays() -> None:
    before = {"groups": [], "inputFilterGroups": [{"name": "x"}], "unknown": {"a": 1}}
    made = schema(before)
    set_filter(made, "users", WANTED, OPERATORS)
    scope = made["synchronizationRules"][0]["objectMappings"][0]["scope"]
    assert scope["inputFilterGroups"] == [{"name": "x"}]
    assert scope["unknown"] == {"a": 1}
    set_filter(made, "users", (), OPERATORS)
    scope = made["synchronizationRules"][0]["objectMappings"][0]["scope"]
    assert scope["groups"] == []
    assert scope["inputFilterGroups"] == [{"name": "x"}]


def test_an_empty_filter_is_none() -> None:
    made = schema()
    set_filter(made, "users", WANTED, OPERATORS)
    set_filter(made, "users", (), OPERATORS)
    assert made["synchronizationRules"][0]["objectMappings"][0]["scope"] is None
    assert same(made, "users", (), ())
