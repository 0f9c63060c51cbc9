"""A refusal is read first in Markdown, with what to do about it, and so is a selector that finds nothing."""

from dataclasses import replace

import pytest

from aadsync_lib.config.policy import Limits
from aadsync_lib.model.directory import SCOPE_EMPTY, Notice
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.report.markdown import as_markdown
from aadsync_lib.report.next_steps import Call, InNotebook
from aadsync_lib.report.plans import plan_document
from tests.unit.report import samples

NOTHING = "scope.groups[0]: no group has the prefix dbx-; it adds nobody to the scope."


def refused(advice, plan):
    return plan_document(plan, judge(plan, Limits()), advice)


def empty_plan():
    plan = samples.full_plan()
    targets = [replace(t, warnings=(Notice(SCOPE_EMPTY, NOTHING),)) for t in plan.targets]
    return replace(plan, targets=tuple(targets))


@pytest.mark.parametrize("advice", [Call("f.yml"), InNotebook()])
def test_the_refusal_and_the_approval_stand_before_the_changes_and_the_digest_is_code(advice):
    plan = samples.full_plan()
    text = as_markdown(refused(advice, plan))
    assert text.index("Over the limits") < text.index("approve") < text.index("###")
    code = text.split("```\n")[1]
    assert code.strip().endswith(plan.digest)
    assert text.count("Next: ") == 1


@pytest.mark.parametrize("advice", [Call("f.yml"), InNotebook()])
def test_a_selector_that_finds_nothing_is_said_first_and_before_an_approval_is_offered(advice):
    document = refused(advice, empty_plan())
    titles = [alert.title for alert in document.alerts if alert.lines]
    assert [title.split(":")[0] for title in titles] == [
        "A selector of scope.groups finds nothing",
        "Over the limits",
    ]
    assert document.next.startswith("Next: look in scope.groups")
    assert "If all that it found is to go" in document.next
    text = as_markdown(document)
    assert text.index("finds nothing") < text.index("Over the limits")


def test_a_plan_within_its_limits_ends_with_the_next_step():
    plan = samples.plan(samples.target_plan(samples.create_user()))
    lines = as_markdown(refused(Call(), plan)).strip().splitlines()
    assert lines[-1].startswith("Next: ")
