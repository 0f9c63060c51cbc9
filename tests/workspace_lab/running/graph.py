"""Rules of a job's graph: when a task runs, and the result of a job. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SUCCESS = "SUCCESS"
FAILED = "FAILED"
TIMEDOUT = "TIMEDOUT"
CANCELED = "CANCELED"
EXCLUDED = "EXCLUDED"
UPSTREAM_FAILED = "UPSTREAM_FAILED"
UPSTREAM_CANCELED = "UPSTREAM_CANCELED"
SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
TOO_MANY = "MAXIMUM_CONCURRENT_RUNS_REACHED"

NOT_STARTED = frozenset({EXCLUDED, UPSTREAM_FAILED, UPSTREAM_CANCELED, TOO_MANY})
FAILURES = frozenset({FAILED, TIMEDOUT, CANCELED, UPSTREAM_FAILED, UPSTREAM_CANCELED})
CANCELS = frozenset({CANCELED, UPSTREAM_CANCELED})


def refusal(run_if: str, results: Sequence[str], *, other_branch: bool) -> str | None:
    """The result of a task that its dependencies keep from running; None when it runs.

    ``other_branch``: a condition that it depends on went the other way; that dependency counts
    as excluded. Excluded tasks count as good, but a task is excluded when all it needs is.
    """
    if results and all(result == EXCLUDED for result in results):
        return EXCLUDED
    failed = [result for result in results if result in FAILURES]
    succeeded = SUCCESS in results
    match run_if:
        case "ALL_DONE":
            return None
        case "AT_LEAST_ONE_FAILED":
            return None if failed else EXCLUDED
        case "ALL_FAILED":
            return None if len(failed) == len(results) else EXCLUDED
        case "AT_LEAST_ONE_SUCCESS":
            return None if succeeded else UPSTREAM_FAILED
        case "NONE_FAILED":
            return None if succeeded and not failed else _upstream(failed)
    if failed:
        return _upstream(failed)
    return EXCLUDED if other_branch else None


def job_result(results: Mapping[str, str], needed: Iterable[str]) -> str:
    """The result of a job is that of its leaves: the tasks that no other one needs."""
    leaves = results.keys() - set(needed)
    failed = [results[key] for key in leaves if results[key] in FAILURES]
    if failed:
        return CANCELED if all(result in CANCELS for result in failed) else FAILED
    return SUCCESS_WITH_FAILURES if FAILURES & set(results.values()) else SUCCESS


def condition(left: str, operator: str, right: str) -> bool:
    """Equality compares texts, everything else numbers: 12.0 is not equal to 12, but >= 12."""
    if operator == "EQUAL_TO":
        return left == right
    if operator == "NOT_EQUAL":
        return left != right
    try:
        first, second = float(left), float(right)
    except ValueError:
        raise ValueError(f"{operator} compares numbers, not {left!r} and {right!r}") from None
    match operator:
        case "GREATER_THAN":
            return first > second
        case "GREATER_THAN_OR_EQUAL":
            return first >= second
        case "LESS_THAN":
            return first < second
        case "LESS_THAN_OR_EQUAL":
            return first <= second
    raise ValueError(f"{operator} is no operator of a condition")


def _upstream(failed: Sequence[str]) -> str:
    canceled = bool(failed) and all(result in CANCELS for result in failed)
    return UPSTREAM_CANCELED if canceled else UPSTREAM_FAILED
