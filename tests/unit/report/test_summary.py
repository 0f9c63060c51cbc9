"""Plans and runs as a page of HTML."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import Quarantined, TargetPlan, Unapplied, UnappliedBy, Unowned
from aadsync_lib.model.run import Status, TargetReport
from aadsync_lib.report.escape import cut
from aadsync_lib.report.summary import page
from tests.unit.report import samples
from tests.unit.report.golden import assert_golden
from tests.unit.report.test_text import PLANS, RUNS
from tests.unit.report.written import (
    judged_summary,
    plan_part,
    plan_summary,
    plan_text,
    run_summary,
    run_text,
)

BOUND = 240_000
VOID = frozenset({"meta", "br", "hr", "input"})
MARKUP = "<>&\"'/=`{}%# \nabi\x1b\u202e\U0001f600\ud83d"
NASTY = ('"<b>\u202e&', "\U0001f600", "\udc00", "</style><script>", "Z\u0351\u036b\u0343", "\x00")


class Page(HTMLParser):
    """A page that was read strictly: every element that needs it is closed in its order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.tables = [], [], []
        self._open = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append(0)
        if tag in ("td", "th"):
            self.tables[-1][-1] += 1
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def of(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]


def everything(name, targets=2, each=60):
    """A plan with this name wherever a name or a sentence can be."""
    member = MemberRef(name, name, name, Kind.USER)
    changes = [
        Change(
            Action.RENAME_GROUP, str(n), "t", name, name,
            before=Attributes(display_name=name), after=Attributes(display_name=name),
        )
        for n in range(each)
    ]  # fmt: skip
    changes += [
        Change(action, str(n), "t", name, name, members=(member,) * (each - 10))
        for action in (Action.ADD_MEMBERS, Action.REMOVE_MEMBERS)
        for n in range(each)
    ]
    held = (Quarantined(name, name, name),) * (each // 2)
    found = (Unowned(Kind.USER, name, name, name, name, name),) * (each // 2)
    left = tuple(
        Unapplied(replace(one, drift=one.external_id < "3"), UnappliedBy.DRIFT) for one in changes
    )
    target = TargetPlan(
        name, tuple(changes), held, held, (Notice(name, name),) * (each // 2),
        emptied=(name,) * (each // 2), retired=(name,) * (each // 2), unowned=found, unapplied=left,
    )  # fmt: skip
    return samples.plan(*[target] * targets, complete=False)


def totals(*targets, **more):
    return run_summary(samples.report(*targets), **more)


def pages():
    yield from (judged_summary(plan) for plan in PLANS.values())
    yield from map(run_summary, RUNS.values())
    yield totals(*samples.partial().targets, errors={"third": "broken"}, refused="No.\n  why")


@pytest.mark.parametrize("name", PLANS)
def test_plan_reads_as_agreed(name):
    assert_golden(f"{name}.html", judged_summary(PLANS[name]))


@pytest.mark.parametrize("name", RUNS)
def test_run_reads_as_agreed(name):
    assert_golden(f"{name}.html", run_summary(RUNS[name]))


def test_totals_read_as_agreed():
    lost = TargetReport("third", Status.FAILED)
    html = totals(*samples.partial().targets, lost, errors={"third": "it has moved: plan again"})
    assert_golden("totals.html", html)


@pytest.mark.parametrize("html", list(pages()), ids=str.__len__)
def test_page_runs_nothing_and_asks_for_nothing(html):
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "article", "header", "section", "footer",
        "h1", "h2", "p", "ul", "li", "dl", "dt", "dd", "div", "span", "code", "bdi",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    attributes = {name for _, found in page.elements for name in found}
    assert attributes <= {"class", "scope", "lang", "charset", "name", "content"}
    assert not re.search(r"url\(|@import|expression\(", html)


@pytest.mark.parametrize("html", list(pages()), ids=str.__len__)
def test_tables_are_whole_and_say_what_their_cells_are_about(html):
    page = Page(html)
    assert all(len(set(rows)) == 1 for rows in page.tables)
    assert {attributes.get("scope") for attributes in page.of("th")} <= {"col", "row"}
    assert page.of("html") == [{"lang": "en"}]


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=16))
def test_any_name_stays_text(name):
    calm, nasty = (Page(plan_summary(everything(one))) for one in ("name", name))
    assert nasty.elements == calm.elements


@pytest.mark.parametrize("html", list(pages()), ids=str.__len__)
def test_no_name_brings_a_character_that_steers_or_hides_text(html):
    assert {char for char in html if not char.isprintable()} == {"\n"}
    html.encode()


def test_hostile_name_is_shown_as_it_is():
    assert (
        "\\x1b[31m[red]x[/red]\\x9b2J\\u202e|`<b>@team</b>`"
        in Page(plan_summary(samples.hostile_plan())).text
    )


@pytest.mark.parametrize("part", NASTY)
def test_page_has_a_bound_whatever_the_names(part):
    html = judged_summary(everything(part * 100, targets=15))
    assert len(html.encode()) < BOUND
    Page(html)


def test_plan_of_hundred_thousand_changes_is_a_small_page():
    changes = [samples.create_user(part * 20) for part in (*NASTY, "ada", "bob", "cy", "eve")]
    plan = samples.plan(samples.target_plan(*changes * 10_000))
    html = plan_summary(plan)
    assert len(html.encode()) < BOUND
    assert "100,000 changes on 1 target" in html
    assert "and 99,950 more lines" in html


@pytest.mark.parametrize(("text", "short"), [("abc", "abc"), ("abcd", "abc…"), ("a bc", "a b…")])
def test_text_is_cut_where_it_is_too_long(text, short):
    assert cut(text, 3) == short


@given(st.text(max_size=40), st.integers(1, 20))
def test_cut_text_is_a_beginning(text, limit):
    short = cut(text, limit)
    assert short == text or (short[-1] == "…" and text.startswith(short[:-1]))


def test_plan_is_told_in_the_words_of_the_text():
    plan = samples.full_plan()
    text, page = plan_text(plan, listed=0), Page(plan_summary(plan)).text
    for words in ("Plan for contoso: 12 changes on 2 targets", "A part of Entra could not be read",
                  "account: 12 changes, members +9 -3", "second: nothing to do", "adopt group",
                  "2 (9 memberships)", "create group, members +8", "Groups that left the scope",
                  "Quarantined", "Held back", "Warnings", "Estimate: 12 requests, about 6 s"):  # fmt: skip
        assert words in text
        assert words in page


def test_run_is_told_in_the_words_of_the_text():
    text, page = run_text(samples.partial()), Page(run_summary(samples.partial())).text
    for words in ("Run of contoso: done in part", "partial, 2 changes applied", "not tried, because",
                  "Failed", "7 requests to Microsoft Graph, 12 to Databricks, 3.4 s"):  # fmt: skip
        assert words in text
        assert words in page


def test_plan_over_the_limits_says_how_to_approve_it():
    plan = samples.full_plan()
    page = Page(judged_summary(plan))
    assert "account: groups_emptied is 1, allowed 0: Night shift" in page.text
    assert (
        f"set approve, a widget here and a parameter of the job, to this digest and run it again: {plan.digest}"
        in page.text
    )


def test_plan_of_a_scope_that_finds_nothing_does_not_look_as_if_all_were_well():
    empty = Notice("scope_empty", "name 'Dta': no group; nearest: 'Data'")
    html = plan_summary(samples.plan(samples.target_plan(warnings=(empty,))))
    assert html.index("A selector of scope.groups finds nothing") < html.index(
        "nearest: &#39;Data&#39;"
    )
    assert "Next: correct scope.groups" in html
    assert "Next: nothing to do" not in html


def test_approved_plan_is_not_refused():
    plan = samples.full_plan()
    text = Page(judged_summary(plan, plan.digest)).text
    assert "Over the limits, and approved by its digest" in text
    assert "refuse" not in text
    assert "Next: 03_apply" in text


def test_approval_of_another_plan_is_told():
    text = Page(judged_summary(samples.full_plan(), "sha256:d0")).text
    assert "the digest given, sha256:d0, is of another plan; that of this one is " in text
    assert "Over the limits: sync will refuse this" in text
    empty = samples.plan(samples.target_plan())
    text = Page(judged_summary(empty, "sha256:d0")).text
    assert "Not the plan that was approved: sync will refuse this" in text
    assert "sha256:d0, is of another plan" in text


def test_nothing_offers_to_approve_a_change_of_something_protected():
    [target, _] = samples.full_plan().targets
    plan = samples.plan(replace(target, protected=frozenset({"t-eve"})))
    text = Page(judged_summary(plan, plan.digest)).text
    assert "account: protected is 1, allowed 0: eve@contoso.com" in text
    assert "Next: look in Entra; what is protected stays as it is" in text
    assert "set approve" not in text


@pytest.mark.parametrize("html", list(pages()), ids=str.__len__)
def test_advice_is_for_a_notebook_and_names_no_command(html):
    assert not re.search(r"--approve|aadsync (sync|apply|plan)|--save", html)


def test_refused_run_says_where_the_reason_is():
    assert "Next: 02_plan shows why" in run_summary(samples.refused())


def test_totals_name_targets_that_have_no_report_and_why():
    text = Page(
        totals(
            *samples.done().targets,
            TargetReport("third", Status.FAILED),
            errors={"third": "the world has moved"},
        )
    ).text
    assert "Without a report 1 Target Why third the world has moved" in text
    assert "nothing to do" not in text


def test_totals_of_a_refused_plan_tell_all_that_the_guard_said():
    refused = "The plan goes over a limit. Nothing was changed.\n  a: 9, allowed 3\n  approve = x"
    text = Page(totals(TargetReport("a", Status.REFUSED), refused=refused)).text
    assert "The plan goes over a limit. Nothing was changed. a: 9, allowed 3 approve = x" in text


def test_numbers_add_up_all_targets():
    target = samples.full_plan().targets[0]
    text = Page(plan_summary(samples.plan(target, replace(target, target="second")))).text
    for tile in ("People in 4", "People out 2", "Service principals 2", "Groups, members apart 8",
                 "Members added 18", "Members removed 6", "Quarantined 2"):  # fmt: skip
        assert tile in text


def test_line_says_its_target_only_where_there_are_several():
    target = samples.full_plan().targets[0]
    one, two = (Page(plan_summary(samples.plan(*[target] * n))) for n in (1, 2))
    assert "Target" not in one.text
    assert "Target" in two.text


def test_several_plans_and_what_is_said_of_them_make_one_page():
    plan = samples.full_plan()
    html = page("<i>Day 2</i>", "<p>Ada has left.</p>", plan_part(plan), plan_part(plan))
    read = Page(html)
    assert [tag for tag, _ in read.elements].count("article") == 2
    assert len(read.of("style")) == 1
    assert "<i>Day 2</i>" in read.text
    assert "Ada has left." in read.text


def luminance(colour):
    digits = colour if len(colour) == 6 else "".join(char * 2 for char in colour)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_text_has_enough_contrast_in_both_themes():
    found = re.findall(r"--(\w+): #(\w+)", plan_summary(samples.full_plan()))
    themes = dict(found[: len(found) // 2]), dict(found[len(found) // 2 :])
    for theme in themes:
        for text in ("text", "quiet", "in", "out", "warn", "calm"):
            for ground in ("ground", "soft"):
                light, dark = sorted((luminance(theme[text]), luminance(theme[ground])))[::-1]
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
