"""The rules of a run that need no run: dependencies, conditions, references."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workspace_lab.running.graph import condition, job_result, refusal
from tests.workspace_lab.running.references import (
    MISSING,
    UnknownReferenceError,
    resolve,
    within,
)


@pytest.mark.parametrize(
    ("run_if", "before", "result"),
    [
        ("ALL_SUCCESS", ["SUCCESS", "SUCCESS"], None),
        ("ALL_SUCCESS", ["SUCCESS", "EXCLUDED"], None),
        ("ALL_SUCCESS", ["SUCCESS", "FAILED"], "UPSTREAM_FAILED"),
        ("ALL_SUCCESS", ["SUCCESS", "CANCELED"], "UPSTREAM_CANCELED"),
        ("ALL_SUCCESS", ["EXCLUDED", "EXCLUDED"], "EXCLUDED"),
        ("ALL_DONE", ["FAILED", "UPSTREAM_FAILED"], None),
        ("ALL_DONE", ["EXCLUDED"], "EXCLUDED"),
        ("NONE_FAILED", ["SUCCESS", "EXCLUDED"], None),
        ("NONE_FAILED", ["SUCCESS", "TIMEDOUT"], "UPSTREAM_FAILED"),
        ("AT_LEAST_ONE_SUCCESS", ["SUCCESS", "FAILED"], None),
        ("AT_LEAST_ONE_SUCCESS", ["EXCLUDED", "FAILED"], "UPSTREAM_FAILED"),
        ("AT_LEAST_ONE_FAILED", ["SUCCESS", "FAILED"], None),
        ("AT_LEAST_ONE_FAILED", ["SUCCESS", "SUCCESS"], "EXCLUDED"),
        ("ALL_FAILED", ["FAILED", "UPSTREAM_FAILED"], None),
        ("ALL_FAILED", ["SUCCESS", "FAILED"], "EXCLUDED"),
    ],
)
def test_run_if_decides_on_the_results_of_the_dependencies(
    run_if: str, before: list[str], result: str | None
) -> None:
    assert refusal(run_if, before, other_branch=False) == result


@pytest.mark.parametrize(
    ("results_of_tasks", "job"),
    [
        ({"plan": "SUCCESS", "report": "SUCCESS"}, "SUCCESS"),
        ({"plan": "FAILED", "report": "SUCCESS"}, "SUCCESS_WITH_FAILURES"),
        ({"plan": "SUCCESS", "report": "FAILED"}, "FAILED"),
        ({"plan": "FAILED", "report": "UPSTREAM_FAILED"}, "FAILED"),
        ({"plan": "SUCCESS", "report": "EXCLUDED"}, "SUCCESS"),
        ({"plan": "CANCELED", "report": "UPSTREAM_CANCELED"}, "CANCELED"),
    ],
)
def test_the_result_of_a_job_is_that_of_its_leaves(
    results_of_tasks: dict[str, str], job: str
) -> None:
    assert job_result(results_of_tasks, ["plan"]) == job


@pytest.mark.parametrize(
    ("left", "op", "right", "outcome"),
    [
        ("12.0", "EQUAL_TO", "12", False),
        ("12.0", "NOT_EQUAL", "12", True),
        ("12.0", "GREATER_THAN_OR_EQUAL", "12", True),
        ("9", "GREATER_THAN", "10", False),
        ("9", "LESS_THAN", "10", True),
        ("10", "LESS_THAN_OR_EQUAL", "9.5", False),
    ],
)
def test_conditions_compare_numbers_but_for_equality(
    left: str, op: str, right: str, outcome: bool
) -> None:
    assert condition(left, op, right) is outcome


@pytest.mark.parametrize(("left", "op"), [("many", "GREATER_THAN"), ("1", "LIKE")])
def test_a_condition_that_cannot_be_evaluated_is_an_error(left: str, op: str) -> None:
    with pytest.raises(ValueError, match=op):
        condition(left, op, "0")


def lookup(path: tuple[str, ...]) -> Any:
    values = {"job": {"id": 5, "parameters": {"policy.mode": "mirror", "flag": True}}}
    return within(values, path)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("run-{{job.id}}", "run-5"),
        ("{{ job.id }}{{job.id}}", "55"),
        ("{{job.parameters.`policy.mode`}}", "mirror"),
        ("{{job.parameters.flag}}", "true"),
        ("{{my.value}}", "{{my.value}}"),
        ("{{job.id}", "{{job.id}"),
        ("{{job.parameters.policy mode}}", "{{job.parameters.policy mode}}"),
    ],
)
def test_references_are_replaced_by_their_values(text: str, resolved: str) -> None:
    assert resolve(text, lookup) == resolved


@pytest.mark.parametrize("text", ["{{job.naem}}", "{{job.parameters.policy.mode}}", "{{input}}"])
def test_a_reference_to_nothing_in_a_known_namespace_is_an_error(text: str) -> None:
    with pytest.raises(UnknownReferenceError, match="does not exist"):
        resolve(text, lookup)


def test_a_missing_field_is_missing() -> None:
    assert within({"a": 1}, ("a", "b")) is MISSING
