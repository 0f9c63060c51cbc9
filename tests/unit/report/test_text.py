"""Plans and runs as text."""

import pytest

from aadsync_lib.reconcile.guard import Breach, Verdict
from aadsync_lib.report.next_steps import Call
from aadsync_lib.report.terminal_page import Look, Page
from tests.unit.report import pages, samples
from tests.unit.report.golden import assert_golden
from tests.unit.report.written import plan_text, run_text

PLANS = {
    "plan_full": samples.full_plan(),
    "plan_empty": samples.plan(samples.target_plan()),
    "plan_big": samples.big_plan(300, 40),
    "plan_hostile": samples.hostile_plan(),
    "plan_drifted": samples.drifted_plan(),
}
RUNS = {
    "run_done": samples.done(),
    "run_partial": samples.partial(),
    "run_refused": samples.refused(),
    "run_drifted": samples.drifted(),
}


@pytest.mark.parametrize("name", PLANS)
def test_plan_reads_as_agreed(name):
    assert_golden(f"{name}.txt", plan_text(PLANS[name], call=Call()))


@pytest.mark.parametrize("name", RUNS)
def test_run_reads_as_agreed(name):
    assert_golden(f"{name}.txt", run_text(RUNS[name], call=Call()))


def test_colours_mark_what_is_added_changed_and_removed():
    assert_golden("plan_color.txt", plan_text(samples.full_plan(), Look(120, color=True)))


def test_narrow_terminal_breaks_names_and_loses_none():
    text = plan_text(samples.full_plan(), Look(50))
    table = [line for line in text.splitlines() if line.startswith("  ")]
    assert max(map(len, table)) <= 50
    assert "contoso.com" in "".join(text.split())


def test_names_never_bring_control_characters():
    for full in (False, True):
        text = plan_text(samples.hostile_plan(), full=full)
        assert {char for char in text if not char.isprintable()} == {"\n"}
        assert "\\x1b[31m[red]x" in text
        assert "\\u202e" in text


def test_names_of_a_coloured_plan_bring_no_escape_of_their_own():
    text = plan_text(samples.hostile_plan(), Look(100, color=True))
    assert "\x1b[31m[red]" not in text
    assert "\x9b" not in text


def test_plan_of_200_changes_lists_each_and_one_of_201_is_summed_up():
    small, large = (
        plan_text(samples.plan(samples.target_plan(*[samples.create_user()] * n)))
        for n in (200, 201)
    )
    assert small.count("ada@contoso.com") == 200
    assert "ada@contoso.com" not in large
    assert "create user  201" in large


def test_full_list_of_a_large_plan_names_every_change_and_member():
    plan = samples.big_plan(300, 40)
    lines = plan_text(plan, full=True).splitlines()
    assert sum(line.startswith("  + user") for line in lines) == 300
    assert sum(line.startswith("      + u") for line in lines) == sum(range(1, 41))


def test_full_list_of_a_small_plan_names_every_member():
    assert "more" not in plan_text(samples.full_plan(), full=True)


def test_plan_of_ten_thousand_changes_is_summed_up():
    assert len(plan_text(samples.big_plan()).splitlines()) < 40


def test_long_lists_are_cut_with_their_number_and_given_in_full_on_demand():
    many = samples.partial().targets[0].on_hold * 30
    report = samples.done(on_hold=many)
    assert "and 10 more lines" in run_text(report)
    assert run_text(report, full=True).count("Finance") == 30


def test_last_line_names_the_next_command_with_the_options_of_this_one():
    plan = samples.full_plan()
    call = Call("my sync.yml", "account", ("policy.mode=additive",))
    last = plan_text(plan, call=call).splitlines()[-1]
    options = "-c 'my sync.yml' --target account --set policy.mode=additive"
    assert last.startswith(f"Next: aadsync sync {options} applies it")


def test_last_line_of_a_saved_plan_names_apply():
    last = plan_text(samples.full_plan(), call=Call(saved="p.json")).splitlines()[-1]
    assert last == "Next: aadsync apply p.json applies exactly this."


def test_plan_over_the_limits_says_so_and_how_to_approve_it():
    plan = samples.full_plan()
    text = plan_text(plan, verdict=pages.OVER_LIMITS, call=pages.CALL)
    assert "Over the limits: sync will refuse this (1)" in text
    assert text.splitlines()[-1].endswith(f"aadsync sync -c contoso.yml --approve {plan.digest}")


def test_plan_with_only_waiting_changes_asks_to_look_at_them():
    held = samples.full_plan().targets[0].on_hold
    last = plan_text(samples.plan(samples.target_plan(on_hold=held)), call=Call()).splitlines()[-1]
    assert last == "Next: look at what is held back."


def test_refused_plan_file_is_approved_with_apply():
    last = run_text(samples.refused(), call=Call("f.yml", saved="p.json")).splitlines()[-1]
    assert last.endswith("aadsync apply p.json -c f.yml --approve sha256:d1")


def test_nothing_offers_to_approve_a_change_of_something_protected():
    verdict = Verdict("sha256:d1", (Breach("account", "protected", 1, "0", ("eve",)),))
    for text in (
        plan_text(samples.full_plan(), verdict=verdict, call=Call()),
        run_text(samples.refused(), verdict=verdict, call=Call()),
    ):
        assert "--approve" not in text
        assert text.splitlines()[-1].startswith("Next: look in Entra; what is protected stays")


def test_without_a_command_line_no_command_is_named():
    for text in (plan_text(samples.full_plan()), run_text(samples.done())):
        assert "Next: " not in text
        assert "aadsync " not in text.replace(f"aadsync {samples.HEAD.version}", "")


ADDRESS = "https://contoso.vault.azure.net/secrets/databricks-finance"


@pytest.mark.parametrize(("width", "broken"), [(100, False), (96, False), (94, True)])
def test_an_address_in_a_table_is_broken_only_where_the_page_is_too_narrow(width, broken):
    page = Page(Look(width))
    cells = (
        "failed",
        "a secret of the second target",
        f"{ADDRESS} could not be read",
        "2026-11-30 09:00",
    )
    page.table(("", "Check", "Result", "Since"), [cells], whole=("Since",))
    text = page.text()
    assert (ADDRESS not in text) is broken
    assert max(map(len, text.splitlines())) <= width
    assert {"failed", "second", "could", "2026-11-30"} <= set(text.split())
